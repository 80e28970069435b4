from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.diagnosis.secrets import scrubbed, shown

URLS = [
    "mssql://sa:p%40ss%2Fword@host/shop",
    "mssql://host/shop?PWD=p%40ss%2Fword",
    "mssql://?odbc_connect=DRIVER%3Dx%3BPWD%3Dp%40ss%2Fword%3BUID%3Dsa",
    "postgresql://host/shop?user=app&password=p%40ss%2Fword",
]


class TestShown:
    @pytest.mark.parametrize("url", URLS)
    def test_has_no_password(self, url: str) -> None:
        text = shown(sa.make_url(url))

        assert "word" not in text.replace("password", "")
        assert "***" in text


class TestScrubbed:
    @pytest.mark.parametrize("url", URLS)
    @pytest.mark.parametrize("spelling", ["p@ss/word", "PWD=p@ss/word;UID=sa"])
    def test_has_no_password_however_it_is_spelt(self, url: str, spelling: str) -> None:
        text = scrubbed(f"cannot connect with {spelling}", sa.make_url(url))

        assert "p@ss/word" not in text
        assert text.startswith("cannot connect with ")

    def test_is_the_text_where_there_is_no_password(self) -> None:
        assert scrubbed("cannot connect", sa.make_url("mssql://host/shop")) == "cannot connect"

    def test_hides_urls_of_others(self) -> None:
        assert scrubbed("see mssql://a:b@c", sa.make_url("sqlite://")) == "see mssql://a:***@c"
