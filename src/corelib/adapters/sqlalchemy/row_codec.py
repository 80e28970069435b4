"""What becomes of single values between a shape and the driver: encrypted texts, and values in JSON columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Row

from corelib.adapters.sqlalchemy.mapping import AggregateMapping, needs_codec
from corelib.adapters.sqlalchemy.shape import Leaf, Shape
from corelib.domain.fields import Role
from corelib.errors import InvalidSetting
from corelib.ports.cipher import Cipher
from corelib.ports.codec import Codec


@frozen
class _Conversion:
    """How one value is written and read; never called with None."""

    write: Callable[[Any], object]
    read: Callable[[Any], object]


class RowCodec:
    """Converts the values of certain columns; does nothing, at no cost, where a table has none of them.

    Args:
        shape: of the rows.
        table: whose columns they are.
        offset: how many other values precede the shape's in rows that are read.
        codec: writes values into JSON columns.
        cipher: encrypts.

    Raises:
        InvalidSetting: if a column needs a codec or a cipher, and there is none.
    """

    def __init__(
        self, shape: Shape, table: sa.Table, *, offset: int, codec: Codec | None, cipher: Cipher | None
    ) -> None:
        self._conversions: dict[str, _Conversion] = {}
        for leaf in shape.leaves:
            if leaf.role is Role.ENCRYPTED:
                self._conversions[leaf.column] = _encryption(leaf, table, cipher)
            elif needs_codec(leaf, table.c[leaf.column]):
                self._conversions[leaf.column] = _json(leaf, table, codec)
        self._places = [
            (offset + place, self._conversions[name].read)
            for place, name in enumerate(shape.columns)
            if name in self._conversions
        ]

    def written(self, values: dict[str, object]) -> dict[str, object]:
        """Return the values that the driver gets, by column; the same object where nothing is converted."""
        if not self._conversions:
            return values
        return {name: self.value(name, value) for name, value in values.items()}

    def value(self, column: str, value: object) -> object:
        """Return the value that the driver gets for a column."""
        conversion = self._conversions.get(column)
        return value if conversion is None or value is None else conversion.write(value)

    def rows(self, rows: Sequence[Row[Any]]) -> Sequence[Sequence[Any]]:
        """Return rows as the shape loads them; the same object where nothing is converted."""
        return list(map(self._read, rows)) if self._places else rows

    def _read(self, row: Row[Any]) -> Sequence[Any]:
        values = list(row)
        for place, read in self._places:
            if values[place] is not None:
                values[place] = read(values[place])
        return tuple(values)


@frozen
class Codecs:
    """The conversions of one mapping: of the root's columns, and of each collection's."""

    root: RowCodec
    parts: Mapping[str, RowCodec]


def codecs_of(mapping: AggregateMapping, codec: Codec | None, cipher: Cipher | None) -> Codecs:
    """Return the conversions of a mapping.

    Raises:
        InvalidSetting: if a column needs a codec or a cipher, and there is none.
    """
    root = RowCodec(mapping.shape, mapping.table, offset=1, codec=codec, cipher=cipher)
    parts = {
        name: RowCodec(part.shape, part.table, offset=len(part.owners), codec=codec, cipher=cipher)
        for name, part in mapping.parts.items()
    }
    return Codecs(root, parts)


def _encryption(leaf: Leaf, table: sa.Table, cipher: Cipher | None) -> _Conversion:
    if cipher is None:
        raise InvalidSetting(
            f"{table.name}.{leaf.column} is encrypted, but the storage has no cipher.",
            hint="Set encryption_keys in Settings, or pass cipher= to the storage.",
        )
    return _Conversion(cipher.encrypt, cipher.decrypt)


def _json(leaf: Leaf, table: sa.Table, codec: Codec | None) -> _Conversion:
    if codec is None:
        raise InvalidSetting(
            f"{table.name}.{leaf.column} holds values as JSON, but the storage has no codec.",
            hint="Pass codec= to the storage, as CattrsCodec().",
        )
    kind: Any = leaf.kind
    return _Conversion(lambda value: json.loads(codec.encode(value)), lambda raw: codec.structure(raw, kind))
