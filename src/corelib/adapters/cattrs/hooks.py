"""A converter that takes nothing for what it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TypeVar, cast, get_origin
from uuid import UUID

import attrs
from cattrs import Converter
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn, override

E = TypeVar("E", bound=Enum)
Hook = Callable[[object, object], object]


def strict_converter() -> Converter:
    """Return a converter that refuses unknown fields and silent conversions, and asks validators field by field."""
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    readers: dict[type, Callable[[object], object]] = {
        str: _text,
        int: _integer,
        float: _number,
        bool: _boolean,
        Decimal: _decimal,
        UUID: _uuid,
        datetime: _datetime,
        date: _date,
        timedelta: _duration,
    }
    for kind, read in readers.items():
        converter.register_structure_hook(kind, _reading(read))
    for kind in (Decimal, UUID):
        converter.register_unstructure_hook(kind, str)
    converter.register_unstructure_hook(datetime, _write_datetime)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(timedelta, lambda value: value // timedelta(microseconds=1))
    converter.register_structure_hook_factory(_is_enum, _enum_hook)
    converter.register_structure_hook_factory(attrs.has, lambda kind: _attrs_hook(kind, converter))
    converter.register_structure_hook_factory(_is_list, lambda kind: _list_hook(kind, converter))
    return converter


def _reading(read: Callable[[object], object]) -> Hook:
    return lambda raw, _: read(raw)


def _attrs_hook(kind: type, converter: Converter) -> Hook:
    """Structure field by field, so that a validator's complaint is filed under its field and none hides another."""
    attrs.resolve_types(kind)
    overrides = {
        field.name: override(struct_hook=_validating(field, converter)) for field in attrs.fields(kind) if field.init
    }
    build = cast("Hook", make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **overrides))  # type: ignore[arg-type]

    def hook(raw: object, _: object) -> object:
        if not isinstance(raw, Mapping):
            raise TypeError(f"must be an object, not {_named(raw)}")
        return build(raw, kind)

    return hook


def _validating(field: attrs.Attribute[object], converter: Converter) -> Hook:
    def hook(raw: object, kind: object) -> object:
        value = raw if kind is None else converter.structure(raw, kind)  # type: ignore[arg-type]
        if field.validator is not None and field.converter is None:
            try:
                field.validator(None, field, value)
            except AttributeError:
                # A validator that looks at other fields needs the instance: it is asked when the instance is made.
                return value
        return value

    return hook


def _list_hook(kind: type, converter: Converter) -> Hook:
    build = list_structure_factory(kind, converter)

    def hook(raw: object, _: object) -> object:
        if not isinstance(raw, list | tuple):
            raise TypeError(f"must be a list, not {_named(raw)}")
        return build(raw, kind)

    return hook


def _is_list(kind: object) -> bool:
    origin: object = get_origin(kind)
    return origin is list


def _is_enum(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _enum_hook(kind: type[E]) -> Hook:
    known = {member.value: member for member in kind}

    def hook(raw: object, _: object) -> E:
        try:
            return known[raw]
        except (KeyError, TypeError):
            raise ValueError(f"must be one of {', '.join(map(str, known))}, not {_shown(raw)}") from None

    return hook


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise TypeError(f"must be a text, not {_named(raw)}")
    if not raw.isascii():
        try:
            raw.encode()
        except UnicodeEncodeError:
            raise ValueError("contains half of a surrogate pair, which no text may") from None
    return raw


def _integer(raw: object) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise TypeError(f"must be a whole number, not {_named(raw)}")
    return raw


def _number(raw: object) -> float:
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise TypeError(f"must be a number, not {_named(raw)}")
    return float(raw)


def _boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise TypeError(f"must be true or false, not {_named(raw)}")
    return raw


def _decimal(raw: object) -> Decimal:
    """From text or a whole number: a JSON number with a point has lost its exact value already."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise TypeError(f"must be a decimal number written as text, not {_named(raw)}")
    try:
        value = Decimal(raw)
    except InvalidOperation:
        raise ValueError(f"must be a decimal number, not {_shown(raw)}") from None
    if not value.is_finite():
        raise ValueError(f"must be a finite number, not {_shown(raw)}")
    return value


def _uuid(raw: object) -> UUID:
    try:
        return UUID(_text(raw))
    except ValueError:
        raise ValueError(f"must be a UUID, not {_shown(raw)}") from None


def _datetime(raw: object) -> datetime:
    try:
        value = datetime.fromisoformat(_text(raw))
    except ValueError as error:
        raise ValueError(f"must be a date and time of ISO 8601, not {_shown(raw)} ({error})") from None
    if value.tzinfo is None:
        raise ValueError(f"must have an offset from UTC, as +01:00 or Z: {_shown(raw)}")
    return value


def _write_datetime(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"the datetime {value} has no time zone")
    return (value.astimezone(UTC) if value.utcoffset() is None else value).isoformat()


def _date(raw: object) -> date:
    try:
        return date.fromisoformat(_text(raw))
    except ValueError as error:
        raise ValueError(f"must be a date as 2026-01-31, not {_shown(raw)} ({error})") from None


def _duration(raw: object) -> timedelta:
    return timedelta(microseconds=_integer(raw))


def _named(raw: object) -> str:
    names = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return "null" if raw is None else names.get(type(raw), f"a {type(raw).__name__}")


def _shown(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}..."
