"""What attrs validators demand, as polyfactory takes it.

attrs keeps the classes of its validators to itself, but documents what they take (attrs: "Validators"). They are told
by their names here; a validator of another kind demands nothing that a factory could know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import frozen

_BOUNDS = {">=": "ge", ">": "gt", "<=": "le", "<": "lt"}


@frozen
class Rules:
    """What is known about the values of a field.

    Args:
        constraints: by polyfactory's names.
        options: the only values that are allowed; empty if there is no such rule.
    """

    constraints: Mapping[str, object]
    options: Sequence[object] = ()


def rules_of(validator: Callable[..., object] | None) -> Rules:
    """Return what a field's validator demands."""
    constraints: dict[str, object] = {}
    options: Sequence[object] = ()
    for single in _single(validator):
        constraints.update(_constraint(single))
        if type(single).__name__ == "_InValidator":
            options = tuple(single.options)  # type: ignore[attr-defined] # of attrs' validator
    return Rules(constraints, options)


def _single(validator: object) -> Iterator[object]:
    """Take combinations apart."""
    kind = type(validator).__name__
    if kind == "_AndValidator":
        for part in validator._validators:  # type: ignore[attr-defined]
            yield from _single(part)
    elif kind == "_OptionalValidator":
        yield from _single(validator.validator)  # type: ignore[attr-defined] # of attrs' optional()
    elif validator is not None:
        yield validator


def _constraint(validator: object) -> Mapping[str, object]:
    kind = type(validator).__name__
    attributes = {name: getattr(validator, name, None) for name in ("bound", "min_length", "max_length", "pattern")}
    if kind == "_NumberValidator":
        return {_BOUNDS[str(getattr(validator, "compare_op", ""))]: attributes["bound"]}
    if kind == "_MinLengthValidator":
        return {"min_length": attributes["min_length"]}
    if kind == "_MaxLengthValidator":
        return {"max_length": attributes["max_length"]}
    if kind == "_MatchesReValidator":
        return {"pattern": getattr(attributes["pattern"], "pattern", None)}
    return {}
