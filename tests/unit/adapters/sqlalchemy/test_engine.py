from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy.sample import FILE, Basket, Ware, file_url, line, opened, shop_schema, stored

from corelib.adapters.sqlalchemy import EngineSettings, SqlStorage, create_engine
from corelib.errors import (
    AlreadyExists,
    DatabaseMissing,
    InvalidSetting,
    ReferenceViolation,
    ServerUnreachable,
    TransientFailure,
    UnknownScheme,
)

SWITCH = "PRAGMA journal_mode = WAL"

# Makes engines in a process where `import psycopg` or `import pyodbc` finds what the attempt says: nothing, a module
# that lacks its system library, or one that knows these drivers. Prints what comes of each.
ATTEMPTS = """
import builtins, json, sys, types

from corelib.adapters.sqlalchemy import EngineSettings, create_engine, create_engines

genuine = builtins.__import__


def without_library(name, *rest):
    if name == "pyodbc":
        raise ImportError("libodbc.so.2: cannot open shared object file: No such file or directory")
    return genuine(name, *rest)


def pyodbc(*drivers):
    made = types.ModuleType("pyodbc")
    made.Error = Exception
    made.Cursor, made.paramstyle, made.version, made.pooling = object, "qmark", "5.3.0", True
    made.drivers = lambda: list(drivers)
    return made


def replica_of(url):
    sys.modules["pyodbc"] = pyodbc("ODBC Driver 18 for SQL Server")
    engines = create_engines(EngineSettings(url=URL, read_only_url=url))
    return [engine.url.query.get("ApplicationIntent", "-") for engine in (engines.primary, engines.replica)]


def attempt(url, *, lacking=None, library=True, drivers=()):
    sys.modules["psycopg"] = sys.modules["pyodbc"] = None
    if lacking != "pyodbc":
        sys.modules["pyodbc"] = pyodbc(*drivers)
    builtins.__import__ = genuine if library else without_library
    try:
        query = create_engine(url).url.query
        return [query["driver"], query.get("Encrypt", "as the driver has it")]
    except Exception as error:
        return [type(error).__name__, str(error)]
    finally:
        builtins.__import__ = genuine


URL = "mssql://sa:s3cret@host/shop"
NEWEST = ("SQL Server", "ODBC Driver 17 for SQL Server", "ODBC Driver 18 for SQL Server", "FreeTDS")
print(json.dumps({
    "no psycopg": attempt("postgresql://user:s3cret@host/shop", lacking="psycopg"),
    "no pyodbc": attempt(URL, lacking="pyodbc"),
    "no pyodbc, but a driver named": attempt(URL + "?driver=FreeTDS", lacking="pyodbc"),
    "no pyodbc, but a connection string": attempt("mssql://?odbc_connect=PWD%3Ds3cret", lacking="pyodbc"),
    "no libodbc": attempt(URL, library=False),
    "no driver": attempt(URL, drivers=("FreeTDS",)),
    "several drivers": attempt(URL, drivers=NEWEST),
    "a driver named": attempt(URL + "?driver=FreeTDS", drivers=NEWEST),
    "a token beside a login": attempt(EngineSettings(url="mssql://?odbc_connect=UID%3Dsa", token=lambda: "s3cret")),
    "a replica": replica_of(URL),
    "a replica with its own word": replica_of(URL + "?applicationintent=ReadWrite"),
    "an old driver": attempt(URL, drivers=NEWEST[:2]),
    "an old driver, encryption off": attempt(URL + "?encrypt=no", drivers=NEWEST[:2]),
    "a very old driver": attempt(URL, drivers=("ODBC Driver 9 for SQL Server", "ODBC Driver 11 for SQL Server")),
}))
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[str]]:
    """What came of the attempts, all of one process since it takes its time to start."""
    run = subprocess.run([sys.executable, "-c", ATTEMPTS], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(run.stdout)
    return found


class TestCreateEngine:
    class WhenTheSchemeIsUnknown:
        @pytest.mark.parametrize(
            ("url", "scheme"),
            [("mysql://user:s3cret@host/shop", "mysql"), ("oracle+oracledb://user:s3cret@host", "oracle+oracledb")],
        )
        def test_lists_those_that_it_knows(self, url: str, scheme: str) -> None:
            with pytest.raises(UnknownScheme) as caught:
                create_engine(url)

            assert str(caught.value) == (
                f"The database URL starts with '{scheme}', which no adapter serves. "
                "Use one of: sqlite, postgresql, mssql."
            )

    class WhenTheUrlCannotBeRead:
        @pytest.mark.parametrize(
            "url", ["", "shop", "user:s3cret@host", "postgresql://user:s3cret@host:port/shop", "//user:s3cret@host"]
        )
        def test_shows_how_to_write_it_and_no_secret(self, url: str) -> None:
            with pytest.raises(InvalidSetting, match="database URL cannot be read") as caught:
                create_engine(url)

            assert caught.value.hint == "Write it as postgresql://user:password@host:5432/database."
            assert "s3cret" not in f"{caught.value}{caught.value!r}"

    class WhenADriverIsMissing:
        @pytest.mark.parametrize(
            ("attempt", "package", "extra"),
            [
                ("no psycopg", "psycopg", "postgresql"),
                ("no pyodbc", "pyodbc", "mssql"),
                ("no pyodbc, but a driver named", "pyodbc", "mssql"),
                ("no pyodbc, but a connection string", "pyodbc", "mssql"),
            ],
        )
        def test_names_the_extra_to_install(
            self, outcomes: dict[str, list[str]], attempt: str, package: str, extra: str
        ) -> None:
            kind, text = outcomes[attempt]

            assert kind == "MissingExtra"
            assert text == (
                f"A {extra}:// database needs {package}, which is not installed. Run: pip install 'corelib[{extra}]'"
            ).replace("A mssql", "An mssql")

        def test_names_the_system_library_behind_it(self, outcomes: dict[str, list[str]]) -> None:
            kind, text = outcomes["no libodbc"]

            assert kind == "MissingDriver"
            assert "pyodbc is installed, but its system library is not: libodbc.so.2" in text
            assert "apt-get install libodbc2" in text

        def test_names_the_odbc_driver_to_install(self, outcomes: dict[str, list[str]]) -> None:
            kind, text = outcomes["no driver"]

            assert kind == "MissingDriver"
            assert "the driver manager lists none" in text
            assert "Install msodbcsql18" in text

        def test_tells_no_secret(self, outcomes: dict[str, list[str]]) -> None:
            assert "s3cret" not in str(outcomes)

    class WhenTheServerIsSqlServer:
        def test_takes_the_newest_driver_of_microsoft(self, outcomes: dict[str, list[str]]) -> None:
            assert outcomes["several drivers"] == ["ODBC Driver 18 for SQL Server", "as the driver has it"]

        def test_takes_the_driver_that_the_url_names(self, outcomes: dict[str, list[str]]) -> None:
            assert outcomes["a driver named"] == ["FreeTDS", "as the driver has it"]

        def test_refuses_a_token_beside_a_connection_string_with_a_login(self, outcomes: dict[str, list[str]]) -> None:
            kind, text = outcomes["a token beside a login"]

            assert kind == "InvalidSetting"
            assert "there is a token provider too" in text

        def test_tells_the_listener_that_a_replica_will_do(self, outcomes: dict[str, list[str]]) -> None:
            assert outcomes["a replica"] == ["-", "ReadOnly"]

        def test_leaves_the_intent_to_a_url_that_speaks_of_it(self, outcomes: dict[str, list[str]]) -> None:
            assert outcomes["a replica with its own word"] == ["-", "-"]

        def test_counts_when_it_looks_for_the_newest(self, outcomes: dict[str, list[str]]) -> None:
            assert outcomes["a very old driver"] == ["ODBC Driver 11 for SQL Server", "yes"]

        def test_tells_an_old_driver_to_encrypt(self, outcomes: dict[str, list[str]]) -> None:
            assert outcomes["an old driver"] == ["ODBC Driver 17 for SQL Server", "yes"]

        def test_leaves_encryption_to_a_url_that_speaks_of_it(self, outcomes: dict[str, list[str]]) -> None:
            assert outcomes["an old driver, encryption off"] == [
                "ODBC Driver 17 for SQL Server",
                "as the driver has it",
            ]

    class WhenTheServerIsPostgresql:
        @pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
        def test_takes_psycopg(self, scheme: str) -> None:
            engine = create_engine(f"{scheme}://user:s3cret@host/shop")

            assert engine.url.drivername == "postgresql+psycopg"

        def test_shows_no_password(self) -> None:
            engine = create_engine("postgresql://user:s3cret@host/shop")

            assert repr(engine) == "Engine(postgresql+psycopg://user:***@host/shop)"

    class WhenTheServerDoesNotAnswer:
        def test_says_so_and_shows_no_password(self, tmp_path: Path) -> None:
            socket = tmp_path / "nobody-here"
            engine = create_engine(f"postgresql://user:s3cret@/shop?host={socket.as_posix()}")

            with pytest.raises(ServerUnreachable, match="The PostgreSQL server does not answer") as caught:
                SqlStorage(engine, shop_schema()).check()

            assert caught.value.hint == "Check host and port, and that the server runs."
            assert "s3cret" not in f"{caught.value}{caught.value!r}{caught.value.__cause__}{caught.value.__cause__!r}"

    class WhenTheDatabaseIsAnSqliteFile:
        def test_accepts_a_parsed_url(self, tmp_path: Path) -> None:
            engine = create_engine(sa.make_url(file_url(tmp_path)))

            assert engine.url.drivername == "sqlite+pysqlite"

        @pytest.mark.parametrize(
            ("pragma", "value"),
            [("foreign_keys", 1), ("journal_mode", "wal"), ("synchronous", 1), ("busy_timeout", 30000)],
        )
        def test_sets_what_makes_it_safe_and_quick(self, tmp_path: Path, pragma: str, value: object) -> None:
            with opened(tmp_path) as storage, storage.engine.connect() as connection:
                found = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()

            assert found == value

        def test_enforces_foreign_keys(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage, pytest.raises(ReferenceViolation):
                stored(storage, Basket("B-1", [line(1, "no ware")]))

        def test_shows_no_values_in_errors(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                stored(storage, Ware("W-1"))

                with pytest.raises(AlreadyExists) as caught:
                    stored(storage, Ware("W-1", "s3cret"))

            assert "s3cret" not in f"{caught.value}{caught.value!r}{caught.value.__cause__}{caught.value.__cause__!r}"

        def test_lets_no_more_connections_out_than_told(self, tmp_path: Path) -> None:
            storage = SqlStorage(
                create_engine(
                    EngineSettings(url=file_url(tmp_path), pool_size=1, max_overflow=0, pool_timeout=timedelta(0))
                ),
                shop_schema(),
            )
            with storage.engine.connect(), pytest.raises(TransientFailure, match="No connection became free"):
                storage.check()
            storage.close()

    class WhenAnotherConnectionHoldsANewSqliteFile:
        """Switching to WAL then fails at once, however long the driver would wait."""

        def test_tries_again_until_it_lets_go(self, tmp_path: Path) -> None:
            other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            engine = create_engine(file_url(tmp_path))
            attempts: list[str] = []

            def note(statement: str) -> None:
                attempts.append(statement)
                if attempts.count(SWITCH) == 2:
                    other.close()

            sa.event.listen(engine, "connect", lambda made, _: made.set_trace_callback(note), insert=True)
            with engine.connect() as connection:
                mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()

            assert mode == "wal"
            assert attempts.count(SWITCH) == 2
            engine.dispose()

    class WhenTheSqliteFileIsNoDatabase:
        def test_says_so(self, tmp_path: Path) -> None:
            (tmp_path / FILE).write_text("Dear reader, " * 100)
            storage = SqlStorage(create_engine(file_url(tmp_path)), shop_schema())

            with pytest.raises(DatabaseMissing, match="not an SQLite database"):
                storage.check()
            storage.close()

    class WhenTheDatabaseIsInMemory:
        @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite+pysqlite://"])
        def test_says_what_to_use_instead(self, url: str) -> None:
            with pytest.raises(InvalidSetting, match="in memory cannot be shared by connections") as caught:
                create_engine(url)

            assert "sqlite:///kitlab.sqlite" in caught.value.hint
            assert "memory:" in caught.value.hint

    class WhenTheFolderOfTheFileIsMissing:
        def test_names_the_folder(self, tmp_path: Path) -> None:
            folder = tmp_path / "not" / "there"

            with pytest.raises(DatabaseMissing) as caught:
                create_engine(file_url(folder))

            assert str(caught.value) == f"The folder {folder} of the database file does not exist. Create it first."
