"""Whether what a transaction has written keeps the rules of its store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corelib.adapters.memory.tables import Stored, Tables, value_of
from corelib.adapters.memory.view import View
from corelib.domain.constraint import Constraint, LongestText, NotNull, Reference, Unique
from corelib.domain.specification_evaluation import at
from corelib.errors import AlreadyExists, InvalidData, ReferenceViolation

Written = Iterable[tuple[type, object]]
"""Classes and identifiers of what was written."""


def check_constraints(tables: Tables, view: View, written: Written, rules: Sequence[Constraint]) -> None:
    """Make sure that what was written keeps rules, together with what is committed.

    Raises:
        AlreadyExists: for a second use of a unique value.
        ReferenceViolation: for a reference to nothing, or if something still refers to what was removed.
        InvalidData: for a missing value, or a text that is too long.
    """
    for kind, identifier in written:
        stored = view.current(kind, identifier)
        for rule in rules:
            if stored is None:
                if isinstance(rule, Reference) and rule.target is kind:
                    _check_unused(tables, view, rule, identifier)
            elif rule.kind is not kind:
                continue
            elif isinstance(rule, Unique):
                _check_unique(tables, view, rule, identifier, stored)
            elif isinstance(rule, Reference):
                _check_target(view, rule, stored)
            else:
                _check_value(rule, stored)


def _check_unique(tables: Tables, view: View, rule: Unique, identifier: object, stored: Stored) -> None:
    value = value_of(rule, stored)
    if value is not None and any(other != identifier for other in _holders(tables, view, rule, value)):
        raise AlreadyExists(f"There is a {rule.kind.__name__} with the same {' and '.join(rule.paths)} already.")


def _check_target(view: View, rule: Reference, stored: Stored) -> None:
    target = value_of(rule, stored)
    if target is not None and view.current(rule.target, target) is None:
        raise ReferenceViolation(
            f"{rule.kind.__name__}.{rule.path} refers to the {rule.target.__name__} {target!r}, which is not there."
        )


def _check_unused(tables: Tables, view: View, rule: Reference, target: object) -> None:
    if _holders(tables, view, rule, target):
        raise ReferenceViolation(
            f"The {rule.target.__name__} {target!r} cannot be removed: {rule.kind.__name__}.{rule.path} refers to it."
        )


def _check_value(rule: NotNull | LongestText, stored: Stored) -> None:
    if isinstance(rule, NotNull):
        missing = [path for path in rule.paths if at(stored.aggregate, path) is None]
        if missing:
            raise InvalidData(f"{rule.kind.__name__}.{missing[0]} is None, but has to have a value.")
        return
    text = at(stored.aggregate, rule.path)
    if text is not None and len(text) > rule.length:
        raise InvalidData(f"{rule.kind.__name__}.{rule.path} has {len(text)} characters, {rule.length} are allowed.")


def _holders(tables: Tables, view: View, rule: Unique | Reference, value: object) -> list[object]:
    """Return the identifiers of those who have a value now; what the indexes say may be out of date."""
    named = dict.fromkeys([*tables.index.holders(rule, value), *view.index.holders(rule, value)])
    return [entry for entry in named if value_of(rule, view.current(rule.kind, entry)) == value]
