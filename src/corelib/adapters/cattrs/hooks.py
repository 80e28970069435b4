"""A converter that takes nothing for what it is not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import partial
from types import NoneType
from typing import TypeVar, cast, get_args, get_origin
from uuid import UUID

import attrs
from cattrs import Converter
from cattrs.cols import homogenous_tuple_structure_factory, list_structure_factory, mapping_structure_factory
from cattrs.errors import IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

E = TypeVar("E", bound=Enum)
Hook = Callable[[object, object], object]

# What is no text in JSON, but is written as one when it is a key.
_SPELLED_KEYS = (int, float, bool, timedelta)
# Python takes more for a number: NaN, underscores, spaces, digits of every script.
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


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
        NoneType: _nothing,
    }
    for kind, read in readers.items():
        converter.register_structure_hook(kind, _reading(read))
    converter.register_unstructure_hook(UUID, str)
    converter.register_unstructure_hook(Decimal, _write_decimal)
    converter.register_unstructure_hook(datetime, _write_datetime)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(timedelta, lambda value: value // timedelta(microseconds=1))
    converter.register_structure_hook_factory(_is_enum, _enum_hook)
    converter.register_structure_hook_factory(attrs.has, lambda kind: _attrs_hook(kind, converter))
    for kind, factory in ((list, _list_hook), (tuple, _tuple_hook), (dict, _dict_hook)):
        converter.register_structure_hook_factory(_is(kind), partial(factory, converter))
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


def _is(collection: type) -> Callable[[object], bool]:
    return lambda kind: kind is collection or get_origin(kind) is collection


def _list_hook(converter: Converter, kind: type) -> Hook:
    build = list_structure_factory(kind, converter)
    return lambda raw, _: build(_items(raw), kind)


def _tuple_hook(converter: Converter, kind: type) -> Hook:
    parts = get_args(kind)
    if not parts or Ellipsis in parts:
        build = homogenous_tuple_structure_factory(kind, converter)
        return lambda raw, _: build(_items(raw), kind)
    return lambda raw, _: _structure_parts(_items(raw), parts, kind, converter)


def _structure_parts(items: Sequence[object], parts: Sequence[type], kind: type, converter: Converter) -> object:
    """Structure a tuple of which each item has a type of its own."""
    if len(items) != len(parts):
        raise ValueError(f"must have {len(parts)} items, not {len(items)}")
    read: list[object] = []
    errors: list[Exception] = []
    for place, (item, part) in enumerate(zip(items, parts, strict=True)):
        try:
            read.append(converter.structure(item, part))
        except Exception as error:  # noqa: BLE001 - collected, so that none hides another
            error.add_note(IterableValidationNote(f"at index {place}", place, part))
            errors.append(error)
    if errors:
        raise IterableValidationError(f"while structuring {kind}", errors, kind)
    return tuple(read)


def _dict_hook(converter: Converter, kind: type) -> Hook:
    build = cast("Hook", mapping_structure_factory(kind, converter))
    spelled = any(map(_is_spelled, get_args(kind)[:1]))

    def hook(raw: object, _: object) -> object:
        if not isinstance(raw, Mapping):
            raise TypeError(f"must be an object, not {_named(raw)}")
        return build({_unspelled(key): value for key, value in raw.items()} if spelled else raw, kind)

    return hook


def _is_spelled(kind: object) -> bool:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return not any(isinstance(member.value, str) for member in kind)
    return kind in _SPELLED_KEYS


def _unspelled(key: object) -> object:
    try:
        return json.loads(key) if isinstance(key, str) else key
    except ValueError:
        return key


def _items(raw: object) -> Sequence[object]:
    if not isinstance(raw, list | tuple):
        raise TypeError(f"must be a list, not {_named(raw)}")
    return raw


def _is_enum(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _enum_hook(kind: type[E]) -> Hook:
    known = {(type(member.value), member.value): member for member in kind}

    def hook(raw: object, _: object) -> E:
        try:
            return known[type(raw), raw]
        except (KeyError, TypeError):
            listed = ", ".join(str(member.value) for member in kind)
            raise ValueError(f"must be one of {listed}, not {_shown(raw)}") from None

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
    if not math.isfinite(raw):
        raise ValueError(f"must be a finite number, not {raw}")
    return float(raw)


def _nothing(raw: object) -> None:
    if raw is not None:
        raise TypeError(f"must be null, not {_named(raw)}")


def _boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise TypeError(f"must be true or false, not {_named(raw)}")
    return raw


def _decimal(raw: object) -> Decimal:
    """From text or a whole number: a JSON number with a point has lost its exact value already."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise TypeError(f"must be a decimal number written as text, not {_named(raw)}")
    if isinstance(raw, str) and not _DECIMAL.fullmatch(raw):
        raise ValueError(f"must be a decimal number, not {_shown(raw)}")
    try:
        return Decimal(raw)
    except InvalidOperation:
        raise ValueError(f"must be a decimal number of a size that can be kept, not {_shown(raw)}") from None


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
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"must be within the years 1 to 9999 of UTC, not {_shown(raw)}") from None
    return value


def _write_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"the decimal {value} is not a number")
    return str(value)


def _write_datetime(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"the datetime {value} has no time zone")
    try:
        in_utc = value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"the datetime {value} is not within the years 1 to 9999 of UTC") from None
    return (in_utc if value.utcoffset() is None else value).isoformat()


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
