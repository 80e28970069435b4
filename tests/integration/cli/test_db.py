from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

import sqlalchemy as sa
from attrs import frozen
from tests.support.databases import sqlite_file
from tests.support.garden import BEDS, write_revision, write_two

from corelib.adapters.sqlalchemy.migrations.revisions import revisions_in
from corelib.adapters.sqlalchemy.tables import MIGRATIONS
from corelib.cli.main import main

NEWEST = revisions_in(MIGRATIONS, "corelib").head


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "revisions"
    made.mkdir()
    return made


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_file(tmp_path)


@pytest.fixture
def db(
    tmp_path: Path, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return a function that runs `corelib db` for the garden."""
    name = f"garden_{uuid4().hex}"
    (tmp_path / f"{name}.py").write_text(
        "from pathlib import Path\n"
        "from corelib import App\n"
        "from tests.support.garden import garden\n"
        f"schema = garden(Path({str(folder)!r}))\n"
        f"app = App('garden', schema='{name}:schema')\n"
        "homeless = App('garden')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CORELIB_DATABASE_URL", url)

    def run(action: str, *options: str, app: str = "app") -> Ended:
        code = main(["db", action, "--app", f"{name}:{app}", *options])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run


def kitlab(capsys: pytest.CaptureFixture[str], action: str, *options: str) -> Ended:
    code = main(["db", action, "--app", "kitlab.app:app", *options])
    printed = capsys.readouterr()
    return Ended(code, printed.out, printed.err)


def tables_of(url: str) -> set[str]:
    engine = sa.create_engine(url)
    found = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return found


class TestCreate:
    def test_says_what_it_did(self, db: Run, folder: Path) -> None:
        write_two(folder)

        ended = db("create")

        own = [line for line in ended.out.splitlines() if line.startswith("corelib: ")]
        assert own[:2] == ["corelib: 0001 (Jobs and events)", "corelib: 0002 (Idempotency keys)"]
        assert ended == Ended(
            0, "\n".join([*own, "garden: 0001 (Beds)", "garden: 0002 (Plants)", "The tables are there.", ""]), ""
        )

    class WhenTheDatabaseIsTheMemory:
        def test_says_that_there_are_no_tables(self, db: Run) -> None:
            ended = db("create", "--database-url", "memory:")

            assert (ended.code, ended.err) == (
                2,
                "corelib: There are no tables in memory. Name a database by its URL.\n",
            )


class TestUpgrade:
    def test_runs_the_migrations(self, db: Run, folder: Path, url: str) -> None:
        write_two(folder)

        ended = db("upgrade")

        assert ended.code == 0
        assert ended.out.endswith("garden: 0001 (Beds)\ngarden: 0002 (Plants)\n")
        assert {"garden_bed", "garden_plant", "corelib_job"} <= tables_of(url)

    def test_stops_at_a_revision(self, db: Run, folder: Path) -> None:
        write_two(folder)

        assert db("upgrade", "+1").out == "garden: 0001 (Beds)\n"

    def test_upgrades_one_component(self, db: Run) -> None:
        ended = db("upgrade", "--component", "corelib")

        assert ended.out.startswith("corelib: 0001 (Jobs and events)\n")
        assert "garden" not in ended.out

    class WhenThereIsNothingToDo:
        def test_says_so(self, db: Run, folder: Path) -> None:
            write_two(folder)
            db("upgrade")

            assert db("upgrade") == Ended(0, "There is nothing to upgrade.\n", "")

    class WhenAMigrationFails:
        def test_ends_with_one_and_names_it(self, db: Run, folder: Path, url: str) -> None:
            write_revision(folder, "0001", None, f"{BEDS}\nop.execute('SELECT nonsense FROM garden_bed')")

            ended = db("upgrade")

            assert ended.code == 1
            assert ended.err.startswith(
                "corelib: The migration 0001 (Step 0001) of garden failed, and nothing was changed"
            )
            assert "Correct the migration" in ended.err
            assert tables_of(url) == set()

    class WhenTheRevisionIsUnknown:
        def test_lists_those_that_there_are(self, db: Run, folder: Path) -> None:
            write_two(folder)

            ended = db("upgrade", "0009")

            assert (ended.code, ended.out) == (2, "")
            assert "garden have no revision 0009. Known are: base, 0001, 0002." in ended.err

    class WhenTheComponentIsUnknown:
        def test_lists_those_that_there_are(self, db: Run) -> None:
            ended = db("upgrade", "--component", "kitchen")

            assert (ended.code, ended.err) == (
                2,
                "corelib: There is no component kitchen. Known are: corelib, garden.\n",
            )


class TestDowngrade:
    def test_undoes_migrations_of_the_host(self, db: Run, folder: Path) -> None:
        write_two(folder)
        db("upgrade")

        assert db("downgrade", "-1") == Ended(0, "garden: undid 0002 (Plants)\n", "")
        assert db("downgrade", "0001") == Ended(0, "There is nothing to undo.\n", "")
        assert db("downgrade", "base") == Ended(0, "garden: undid 0001 (Beds)\n", "")

    class WhenItWouldGoPastTheBase:
        def test_says_so(self, db: Run, folder: Path) -> None:
            write_two(folder)

            ended = db("downgrade", "-1")

            assert ended.code == 2
            assert "-1 from revision base of garden is before the first revision" in ended.err


class TestCurrent:
    def test_shows_where_each_component_stands(self, db: Run, folder: Path) -> None:
        write_two(folder)
        db("upgrade", "0001")

        assert db("current").out == f"corelib: no tables (head is {NEWEST})\ngarden: 0001 (head is 0002)\n"
        assert db("current", "--component", "garden").out == "garden: 0001 (head is 0002)\n"

    def test_marks_the_head(self, db: Run, folder: Path) -> None:
        write_two(folder)
        db("upgrade")

        assert db("current").out == f"corelib: {NEWEST} (head)\ngarden: 0002 (head)\n"


class TestHistory:
    def test_lists_the_newest_first_and_needs_no_database(self, db: Run, folder: Path, url: str) -> None:
        write_two(folder)

        ended = db("history", "--component", "garden")

        assert ended.out == "garden: 0001 -> 0002 (Plants)\ngarden: base -> 0001 (Beds)\n"
        assert not Path(url.removeprefix("sqlite:///")).exists()

    class WhenThereAreSeveralHeads:
        def test_names_them(self, db: Run, folder: Path) -> None:
            write_two(folder)
            write_revision(folder, "0003", "0001")

            ended = db("history")

            assert ended.code == 2
            assert "several heads: 0002, 0003" in ended.err


class TestCheck:
    def test_is_content_at_the_head(self, db: Run) -> None:
        db("upgrade", "--component", "corelib")
        db("revision", "--autogenerate", "-m", "All")
        db("upgrade")

        assert db("check") == Ended(0, "The tables are those that this version needs.\n", "")

    class WhenTheModelsDiffer:
        def test_lists_how_and_ends_with_one(self, db: Run, folder: Path) -> None:
            write_revision(folder, "0001", None, BEDS)
            db("upgrade")

            ended = db("check")

            assert ended.code == 1
            assert "garden: table garden_plant is not in the database\n" in ended.out
            assert "garden: column garden_bed.number is not in the database\n" in ended.out
            assert ended.out.endswith(
                "The models differ from the migrations; write one: corelib db revision --autogenerate -m TEXT\n"
            )

    class WhenTheDatabaseIsNotAtTheHead:
        def test_asks_for_an_upgrade(self, db: Run, folder: Path) -> None:
            write_two(folder)
            db("upgrade", "--component", "corelib")
            db("upgrade", "0001")

            ended = db("check")

            assert ended.code == 2
            assert "revision 0001; this program needs 0002" in ended.err


class TestRevision:
    def test_writes_what_the_database_lacks(self, db: Run, folder: Path) -> None:
        ended = db("revision", "--autogenerate", "-m", "All tables")

        assert ended == Ended(0, f"Wrote {folder / '0001_all_tables.py'}. Read it before you run it.\n", "")

    def test_writes_an_empty_one_without_a_database(self, db: Run, folder: Path, url: str) -> None:
        ended = db("revision", "-m", "By hand")

        assert ended.out == f"Wrote {folder / '0001_by_hand.py'}. Read it before you run it.\n"
        assert tables_of(url) == set()

    class WhenNothingIsLacking:
        def test_writes_none(self, db: Run, folder: Path) -> None:
            db("revision", "--autogenerate", "-m", "All tables")
            db("upgrade")

            ended = db("revision", "--autogenerate", "-m", "More")

            assert ended == Ended(0, "The tables are like the models: there is nothing to write.\n", "")
            assert len(list(folder.glob("*.py"))) == 1

    class WhenTheDatabaseIsNotAtTheHead:
        def test_asks_for_an_upgrade(self, db: Run, folder: Path) -> None:
            write_two(folder)

            ended = db("revision", "--autogenerate", "-m", "More")

            assert ended.code == 2
            assert "garden are of revision base; what they lack of revision 0002 is written already." in ended.err
            assert "Upgrade the database first" in ended.err


class TestSql:
    def test_prints_a_script_for_the_dialect(self, db: Run, folder: Path) -> None:
        write_two(folder)

        ended = db("sql", "--dialect", "mssql")

        assert ended.code == 0
        assert "name NVARCHAR(50) NOT NULL" in ended.out
        assert ended.out.count("\nGO\n") > 10

    def test_takes_the_dialect_from_the_url(self, db: Run, folder: Path, url: str) -> None:
        write_two(folder)

        ended = db("sql", "--database-url", "postgresql://nobody@nowhere/x", "--from", "0001", "--to", "head")

        assert "name VARCHAR(50) NOT NULL" in ended.out
        assert "garden_bed" not in ended.out
        assert not Path(url.removeprefix("sqlite:///")).exists()

    class WhenNoEngineIsNamed:
        def test_says_how_to(self, db: Run, monkeypatch: pytest.MonkeyPatch) -> None:
            monkeypatch.delenv("CORELIB_DATABASE_URL")

            ended = db("sql")

            assert ended == Ended(2, "", "corelib: No engine is named. Pass --dialect, or the URL of a database.\n")

    class WhenTheAppNamesNoSchema:
        def test_says_how_to(self, db: Run) -> None:
            ended = db("sql", app="homeless")

            assert ended.code == 2
            assert "names no schema" in ended.err


class TestKitlab:
    def test_is_made_by_its_migrations(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        created = kitlab(capsys, "create", "--database-url", url)
        checked = kitlab(capsys, "check", "--database-url", url)

        assert "kitlab: 0001 (Catalogue, orders, billing and the books of the sandbox)" in created.out
        assert checked == Ended(0, "The tables are those that this version needs.\n", "")


class TestHostWithoutMigrations:
    @pytest.fixture
    def db(self, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
        name = f"plain_{uuid4().hex}"
        (tmp_path / f"{name}.py").write_text(
            "from corelib import App\n"
            "from corelib.testing.contracts.sample_tables import schema\n"
            f"app = App('sample', schema='{name}:schema')\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("CORELIB_DATABASE_URL", url)

        def run(action: str, *options: str) -> Ended:
            code = main(["db", action, "--app", f"{name}:app", *options])
            printed = capsys.readouterr()
            return Ended(code, printed.out, printed.err)

        return run

    def test_is_created_and_checked_as_before(self, db: Run, url: str) -> None:
        assert db("create").code == 0
        assert db("check").code == 0
        assert db("current").out == f"corelib: {NEWEST} (head)\nsample: 0001 (head)\n"
        assert "sample: no migrations\n" in db("history").out
        assert "CREATE TABLE sample_parcel" in db("sql", "--dialect", "mssql").out

    @pytest.mark.parametrize(
        "arguments",
        [
            ("revision", "-m", "x"),
            ("revision", "-m", "x", "--autogenerate"),
            ("downgrade", "base"),
            ("upgrade", "0001"),
        ],
    )
    def test_says_how_to_begin_with_migrations(self, db: Run, arguments: tuple[str, ...]) -> None:
        ended = db(*arguments)

        assert ended.code == 2
        assert 'SqlSchema(..., migrations="sample.migrations")' in ended.err
