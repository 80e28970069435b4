from __future__ import annotations

import sys

import pytest

pytest.importorskip("sqlalchemy")

from corelib.adapters.sqlalchemy.diagnosis import Finding, State, diagnose
from corelib.errors import InvalidSetting, UnknownScheme


class TestDiagnose:
    class WhenTheDriverIsNotInstalled:
        def test_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
            monkeypatch.setitem(sys.modules, "psycopg", None)

            found = diagnose("postgresql://app:s3cret@db.example/shop")

            assert not found.connected
            assert found.subject == "postgresql://app:***@db.example/shop"
            assert found.findings == (
                Finding(
                    "driver",
                    State.FAILURE,
                    "A postgresql:// database needs psycopg, which is not installed",
                    "Run: pip install 'corelib[postgresql]'",
                ),
            )

    class WhenTheUrlCannotBeUsed:
        def test_refuses_one_that_cannot_be_read(self) -> None:
            with pytest.raises(InvalidSetting, match="cannot be read"):
                diagnose("shop")

        def test_refuses_an_engine_without_adapter(self) -> None:
            with pytest.raises(UnknownScheme, match="mysql"):
                diagnose("mysql://app:s3cret@db.example/shop")
