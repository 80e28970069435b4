from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from corelib.errors import InvalidSetting
from corelib.testing.database.mssql.quoting import checked_name, identifier, literal


class TestIdentifier:
    @given(st.text())
    def test_ends_at_its_own_bracket_only(self, name: str) -> None:
        quoted = identifier(name)

        inside = quoted[1:-1]
        assert (quoted[0], quoted[-1]) == ("[", "]")
        assert inside.replace("]]", "]") == name
        assert inside.count("]") == 2 * name.count("]")


class TestLiteral:
    @given(st.text())
    def test_ends_at_its_own_quote_only(self, text: str) -> None:
        quoted = literal(text)

        inside = quoted[2:-1]
        assert (quoted[:2], quoted[-1]) == ("N'", "'")
        assert inside.replace("''", "'") == text
        assert inside.count("'") == 2 * text.count("'")


class TestCheckedName:
    def test_takes_letters_digits_and_underscores(self) -> None:
        assert checked_name("shop_c_0a1b2c_gw3_1") == "shop_c_0a1b2c_gw3_1"

    @pytest.mark.parametrize(
        "name", ["", "1shop", "_shop", "sh op", "shop]", "shop'", "../shop", "shop\n", "sch\u00f6n", "a" * 125]
    )
    def test_refuses_what_could_not_be_part_of_a_path(self, name: str) -> None:
        with pytest.raises(InvalidSetting, match="cannot be the name of a test database"):
            checked_name(name)
