from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import define, frozen

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.row_codec import RowCodec
from corelib.adapters.sqlalchemy.shape import shape_of
from corelib.domain.fields import encrypted_field
from corelib.errors import InvalidSetting
from corelib.ports.cipher import Cipher


@frozen
class Note:
    text: str
    author: str


@define
class Secret:
    id: str
    text: str | None = encrypted_field()


@define
class Noted:
    id: str
    note: Note


class Reversing:
    """Hides texts by turning them round."""

    def encrypt(self, text: str) -> str:
        return text[::-1]

    decrypt: Callable[[Reversing, str], str] = encrypt

    def is_current(self, text: str) -> bool:
        return bool(text)


def codec_of(kind: type, column: sa.Column[object], cipher: Cipher | None = None) -> RowCodec:
    table = sa.Table("box", sa.MetaData(), sa.Column("id", sa.Unicode(9)), column)
    return RowCodec(shape_of(kind, frozenset(table.c.keys())), table, offset=1, codec=None, cipher=cipher)


class TestRowCodec:
    def test_writes_and_reads_an_encrypted_text(self) -> None:
        codec = codec_of(Secret, sa.Column("text", sa.Unicode(9)), Reversing())

        assert codec.written({"id": "S-1", "text": "abc"}) == {"id": "S-1", "text": "cba"}
        assert codec.rows([(1, "S-1", "cba")]) == [(1, "S-1", "abc")]  # type: ignore[list-item]

    def test_leaves_null_alone(self) -> None:
        codec = codec_of(Secret, sa.Column("text", sa.Unicode(9)), Reversing())

        assert codec.written({"text": None}) == {"text": None}
        assert codec.rows([(1, "S-1", None)]) == [(1, "S-1", None)]  # type: ignore[list-item]

    class WhenThereIsNoCipher:
        def test_names_the_column_and_says_what_to_do(self) -> None:
            with pytest.raises(InvalidSetting, match=r"box\.text is encrypted, but the storage has no cipher.*cipher="):
                codec_of(Secret, sa.Column("text", sa.Unicode(9)))

    class WhenThereIsNoCodec:
        def test_names_the_column_and_says_what_to_do(self) -> None:
            with pytest.raises(InvalidSetting, match=r"box\.note holds values as JSON, but the storage has no codec"):
                codec_of(Noted, sa.Column("note", sa.JSON))
