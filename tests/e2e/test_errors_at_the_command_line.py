"""What is set up wrongly gives one sentence, exit code 2, no stack trace and no secret."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import sqlalchemy as sa
from tests.e2e.conftest import NewDatabase, named
from tests.support.commands import python

from corelib.testing.servers import postgresql_wheel
from corelib.testing.servers.model import Missing, Server

SECRET = "example-secret-2f9c"
KITLAB = ("--app", "kitlab.app:app")


def assert_one_sentence(ended: CompletedProcess[str], *parts: str) -> None:
    """Assert exit code 2 and a single line on standard error that contains all parts and no secret."""
    printed = ended.stdout + ended.stderr
    assert ended.returncode == 2, printed
    assert "Traceback" not in printed
    assert SECRET not in printed
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, ended.stderr
    for part in parts:
        assert part in lines[0]


def check_database(url: str) -> CompletedProcess[str]:
    return python("-m", "corelib", "db", "check", *KITLAB, "--database-url", url)


def demo(folder: Path, *options: str) -> CompletedProcess[str]:
    return python("-m", "kitlab.demo", "--folder", str(folder), *options)


def worker(*options: str) -> CompletedProcess[str]:
    return python("-m", "corelib", "worker", *KITLAB, *options)


def create(url: str) -> None:
    made = python("-m", "corelib", "db", "create", *KITLAB, "--database-url", url)
    assert made.returncode == 0, made.stderr


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def locked_server() -> Iterator[Server]:
    """A PostgreSQL that asks for a password."""
    server = postgresql_wheel.start(password=SECRET)
    if isinstance(server, Missing):
        pytest.skip(server.reason)
    yield server
    server.stop()


class TestDatabaseUrl:
    @pytest.mark.parametrize("url", [f"mysql://root:{SECRET}@localhost/kitlab", f"oracle+cx://u:{SECRET}@h/x"])
    class WhenNoAdapterServesTheScheme:
        def test_lists_the_schemes_that_there_are(self, url: str, tmp_path: Path) -> None:
            for ended in (check_database(url), demo(tmp_path, "--database-url", url)):
                assert_one_sentence(ended, url.partition(":")[0].partition("+")[0], "sqlite, postgresql, mssql")

    class WhenItIsNoUrl:
        def test_shows_how_to_write_one(self) -> None:
            ended = check_database("kitlab")

            assert_one_sentence(ended, "postgresql://")

    @pytest.mark.parametrize(
        ("module", "url", "extra"),
        [
            ("psycopg", f"postgresql://u:{SECRET}@localhost/x", "corelib[postgresql]"),
            ("pyodbc", f"mssql://u:{SECRET}@localhost/x", "corelib[mssql]"),
            ("sqlalchemy", "sqlite:///x.sqlite", "corelib[sqlalchemy]"),
            ("dramatiq", None, "corelib[dramatiq]"),
        ],
    )
    class WhenTheDriverIsNotInstalled:
        def test_names_the_extra_to_install(self, module: str, url: str | None, extra: str, tmp_path: Path) -> None:
            # In the place of an environment without the package: the import system is told that it is not there.
            (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules['{module}'] = None\n")
            paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
            urls = ["--database-url", url or "memory:", "--broker-url", "inprocess:"]

            ended = python("-m", "corelib", "worker", *KITLAB, *urls, environment=first_on_path(paths))

            assert_one_sentence(ended, extra)

    class WhenAlembicIsNotInstalled:
        @pytest.mark.parametrize("action", ["create", "upgrade", "current", "sql"])
        def test_names_the_extra_to_install(self, action: str, tmp_path: Path) -> None:
            (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['alembic'] = None\n")
            paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
            url = f"sqlite:///{tmp_path / 'kitlab.sqlite'}"

            ended = python(
                "-m", "corelib", "db", action, *KITLAB, "--database-url", url, environment=first_on_path(paths)
            )

            assert_one_sentence(ended, "needs alembic", "corelib[sqlalchemy]")

    class WhenNothingListensThere:
        def test_says_that_the_server_does_not_answer(self, tmp_path: Path) -> None:
            url = f"postgresql://u:{SECRET}@127.0.0.1:{closed_port()}/kitlab"

            upgraded = python("-m", "corelib", "db", "upgrade", *KITLAB, "--database-url", url)
            for ended in (check_database(url), upgraded, demo(tmp_path, "--database-url", url)):
                assert_one_sentence(ended, "does not answer", "Check host and port")

    class WhenThePasswordIsWrong:
        def test_says_that_the_login_is_refused(self, locked_server: Server) -> None:
            url = locked_server.url.replace(SECRET, f"{SECRET}-wrong")

            ended = check_database(url)

            assert_one_sentence(ended, "refuses the user or the password")

    class WhenTheDatabaseDoesNotExist:
        def test_says_so(self, locked_server: Server) -> None:
            ended = check_database(locked_server.url.replace("/postgres?", "/nowhere?"))

            assert_one_sentence(ended, "no database of that name", "nowhere")

    class WhenTheFolderOfTheFileDoesNotExist:
        def test_names_it(self, tmp_path: Path) -> None:
            ended = check_database(f"sqlite:///{tmp_path}/missing/kitlab.sqlite")

            assert_one_sentence(ended, f"{tmp_path}/missing")

    class WhenTheFileIsNoDatabase:
        def test_says_so(self, tmp_path: Path) -> None:
            file = tmp_path / "letter.sqlite"
            file.write_text("Dear reader, " * 100)

            ended = check_database(f"sqlite:///{file}")

            assert_one_sentence(ended, "not an SQLite database")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mssql"])
class TestTables:
    class WhenThereAreNone:
        def test_says_how_to_create_them(self, engine: str, new_database: NewDatabase) -> None:
            ended = check_database(new_database(engine))

            assert_one_sentence(ended, "no tables of corelib", "corelib db create")

    class WhenTheyAreOfANewerRevision:
        @pytest.mark.parametrize("component", ["corelib", "kitlab"])
        def test_asks_for_the_newer_program(self, engine: str, component: str, new_database: NewDatabase) -> None:
            url = new_database(engine)
            create(url)
            set_revision(url, component, "9999")

            ended = check_database(url)

            assert_one_sentence(ended, f"tables of {component}", "9999", "newer version")

    class WhenTheyAreThere:
        def test_check_succeeds_and_create_changes_nothing(self, engine: str, new_database: NewDatabase) -> None:
            url = new_database(engine)
            create(url)
            create(url)

            ended = check_database(url)

            assert ended.returncode == 0, ended.stderr


class TestOlderTables:
    class WhenTheProgramKnowsTheirRevision:
        def test_asks_for_an_upgrade(self, tmp_path: Path) -> None:
            url = f"sqlite:///{tmp_path / 'kitlab.sqlite'}"
            create(url)
            (tmp_path / "newer.py").write_text(
                "from kitlab.app import app as old\n"
                "from kitlab.adapters.tables import schema as old_schema\n"
                "import attrs\n"
                "app = attrs.evolve(old, schema='newer:schema')\n"
                "from corelib.adapters.sqlalchemy import SqlSchema\n"
                "schema = SqlSchema('kitlab', old_schema.metadata, old_schema.mappings, ('0001', '0002', '0003'))\n"
            )
            paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))

            ended = python(
                "-m",
                "corelib",
                "db",
                "check",
                "--app",
                "newer:app",
                "--database-url",
                url,
                environment=first_on_path(paths),
            )

            assert_one_sentence(ended, "revision 0002", "needs 0003", "Upgrade")


class TestBrokerUrl:
    class WhenNoAdapterServesTheScheme:
        def test_lists_the_schemes_that_there_are(self, tmp_path: Path) -> None:
            ended = demo(tmp_path, "--broker-url", f"kafka://u:{SECRET}@localhost")

            assert_one_sentence(ended, "kafka", "amqp", "redis")

    @pytest.mark.parametrize("scheme", ["amqp", "redis"])
    class WhenNothingListensThere:
        def test_says_that_the_broker_does_not_answer(self, scheme: str, tmp_path: Path) -> None:
            url = f"{scheme}://u:{SECRET}@127.0.0.1:{closed_port()}"

            ended = demo(tmp_path, "--broker-url", url)

            assert_one_sentence(ended, "does not answer", "Check host and port")

    class WhenRabbitmqRefusesThePassword:
        def test_says_that_the_login_is_refused(self, tmp_path: Path) -> None:
            url = sa.make_url(named("CORELIB_TEST_RABBITMQ_URL")).set(password=SECRET)

            ended = demo(tmp_path, "--broker-url", url.render_as_string(hide_password=False))

            assert_one_sentence(ended, "refuses the login")

    class WhenRedisRefusesThePassword:
        def test_says_that_the_login_is_refused(self, tmp_path: Path) -> None:
            url = sa.make_url(named("CORELIB_TEST_REDIS_URL")).set(username="nobody", password=SECRET)

            ended = demo(tmp_path, "--broker-url", url.render_as_string(hide_password=False))

            assert_one_sentence(ended, "refuses the login")


class TestWorkerOptions:
    @pytest.mark.parametrize("path", ["kitlab.app", "kitlab.nothing:app", "kitlab.app:nothing", "kitlab.app:services"])
    class WhenTheAppCannotBeLoaded:
        def test_says_what_is_there_instead(self, path: str) -> None:
            ended = python(
                "-m", "corelib", "worker", "--app", path, "--database-url", "memory:", "--broker-url", "memory:"
            )

            assert_one_sentence(ended, path)

    class WhenNoDatabaseIsNamed:
        def test_names_the_option_and_the_variable(self) -> None:
            ended = worker("--broker-url", "inprocess:")

            assert_one_sentence(ended, "--database-url", "CORELIB_DATABASE_URL")

    class WhenTheTablesAreMissing:
        def test_does_not_start(self, tmp_path: Path) -> None:
            url = f"sqlite:///{tmp_path / 'kitlab.sqlite'}"

            ended = worker("--database-url", url, "--broker-url", "inprocess:", "--processes", "2")

            assert_one_sentence(ended, "no tables of corelib")


def set_revision(url: str, component: str, revision: str) -> None:
    statement = f"UPDATE {component}_version SET version_num = '{revision}'"
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
        connection.close()
        return
    from corelib.adapters.sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def first_on_path(paths: str) -> dict[str, str]:
    from tests.support.commands import with_kitlab

    return {"PYTHONPATH": os.pathsep.join([paths, with_kitlab(None)["PYTHONPATH"]])}
