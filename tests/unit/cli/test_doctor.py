from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.adapters.sqlalchemy.diagnosis import Diagnosis, Finding, State
from corelib.cli.doctor import as_json, as_table, exit_code
from corelib.cli.main import main

GOLDEN = Path(__file__).parent / "golden"
SICK = Diagnosis(
    "mssql://app:***@db.example:1433/shop",
    [
        Finding("version", State.OK, "16.0.4135.4, SQL Server 2022"),
        Finding(
            "READ_COMMITTED_SNAPSHOT",
            State.WARNING,
            "off in shop: readers and writers wait for each other",
            "Run: ALTER DATABASE [shop] SET READ_COMMITTED_SNAPSHOT ON.",
        ),
        Finding(
            "right to create databases",
            State.FAILURE,
            "not granted",
            "Run: GRANT CREATE ANY DATABASE TO [app]",
        ),
        Finding(
            "disk space",
            State.UNKNOWN,
            "the login lacks VIEW SERVER STATE",
            "Run: GRANT VIEW SERVER STATE TO [app]",
        ),
    ],
)


def diagnosis(*states: State, connected: bool = True) -> Diagnosis:
    return Diagnosis("a server", [Finding("a check", state, "something") for state in states], connected=connected)


class TestAsTable:
    @pytest.mark.parametrize("width", [120, 80, 40])
    def test_reads_as_it_was_agreed(self, width: int) -> None:
        table = as_table(SICK, width)

        assert table + "\n" == (GOLDEN / f"doctor_{width}.txt").read_text(encoding="utf-8")

    @pytest.mark.parametrize("width", [120, 80, 60])
    def test_fits_the_terminal(self, width: int) -> None:
        longest = max(as_table(SICK, width).splitlines(), key=len)

        assert len(longest) <= width

    def test_is_readable_in_any_width(self) -> None:
        assert "16.0.4135.4, SQL Server 2022" in as_table(SICK, 1)

    def test_leaves_a_long_word_whole_so_that_it_can_be_copied(self) -> None:
        path = "/var/opt/mssql/data/" + "folder/" * 10
        found = Finding("backup folder", State.FAILURE, "not there", f"Make {path} on the server.")

        assert path in as_table(Diagnosis("a server", [found]), 60)

    def test_needs_no_findings(self) -> None:
        assert as_table(Diagnosis("this machine", []), 80) == "this machine\n\n\n"


class TestAsJson:
    def test_has_everything(self) -> None:
        told = json.loads(json.dumps(as_json(SICK)))

        assert told["subject"] == "mssql://app:***@db.example:1433/shop"
        assert told["connected"] is True
        assert told["checks"][1] == {
            "name": "READ_COMMITTED_SNAPSHOT",
            "state": "warning",
            "found": "off in shop: readers and writers wait for each other",
            "advice": "Run: ALTER DATABASE [shop] SET READ_COMMITTED_SNAPSHOT ON.",
        }


class TestExitCode:
    def test_is_0_without_failures(self) -> None:
        assert exit_code(diagnosis(State.OK, State.WARNING, State.UNKNOWN)) == 0

    def test_is_1_with_a_failure(self) -> None:
        assert exit_code(diagnosis(State.OK, State.FAILURE)) == 1

    def test_is_2_without_a_connection(self) -> None:
        assert exit_code(diagnosis(State.FAILURE, connected=False)) == 2


class TestDoctor:
    class WhenItIsGivenAUrl:
        def test_prints_a_table(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
            code = main(["doctor", "--database-url", f"sqlite:///{tmp_path}/shop.sqlite"])

            printed = capsys.readouterr().out
            assert code == 0
            assert printed.startswith(f"sqlite:///{tmp_path}/shop.sqlite\n\nversion     ok ")

        def test_prints_json_if_asked(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
            main(["doctor", "--json", "--database-url", f"sqlite:///{tmp_path}/shop.sqlite"])

            told = json.loads(capsys.readouterr().out)
            assert [each["name"] for each in told["checks"]] == ["version", "folder", "file", "disk space"]

        def test_ends_with_2_if_it_cannot_be_used(self, capsys: pytest.CaptureFixture[str]) -> None:
            code = main(["doctor", "--database-url", "mysql://app:s3cret@db.example/shop"])

            printed = capsys.readouterr()
            assert code == 2
            assert printed.err.startswith("corelib: The database URL starts with 'mysql'")
            assert "s3cret" not in printed.out + printed.err

    class WhenTheEnvironmentNamesADatabase:
        def test_takes_the_one_of_production_first(
            self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
        ) -> None:
            monkeypatch.setenv("CORELIB_DATABASE_URL", f"sqlite:///{tmp_path}/production.sqlite")
            monkeypatch.setenv("CORELIB_TEST_DATABASE_URL", f"sqlite:///{tmp_path}/tests.sqlite")

            main(["doctor"])

            assert "production.sqlite" in capsys.readouterr().out

        def test_takes_the_one_of_tests_then(
            self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
        ) -> None:
            monkeypatch.delenv("CORELIB_DATABASE_URL", raising=False)
            monkeypatch.setenv("CORELIB_TEST_DATABASE_URL", f"sqlite:///{tmp_path}/tests.sqlite")

            main(["doctor", "--for", "production", "--deep"])

            assert "tests.sqlite" in capsys.readouterr().out

    class WhenNobodyNamesADatabase:
        def test_looks_at_this_machine(
            self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
        ) -> None:
            monkeypatch.delenv("CORELIB_DATABASE_URL", raising=False)
            monkeypatch.delenv("CORELIB_TEST_DATABASE_URL", raising=False)

            main(["doctor"])

            printed = capsys.readouterr().out
            assert printed.startswith("this machine\n")
            assert "localhost:1434" in printed

    class WhenSqlAlchemyIsNotInstalled:
        def test_names_the_extra(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
            monkeypatch.setitem(sys.modules, "corelib.adapters.sqlalchemy", None)

            code = main(["doctor"])

            assert code == 2
            assert "Run: pip install 'corelib[sqlalchemy]'" in capsys.readouterr().err
