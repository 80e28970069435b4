from __future__ import annotations

from tests.integration.testing.plugin.conftest import Project


class TestDbServer:
    def test_tells_which_server_it_is(self, project: Project) -> None:
        project.tests("""
def test_server(db_server):
    assert db_server.engine.startswith("PostgreSQL")
    assert db_server.origin == "named by CORELIB_TEST_POSTGRESQL_URL"
""")

        project.run().assert_outcomes(passed=1)

    def test_stands_in_the_header_with_what_it_does_not_prove(self, project: Project) -> None:
        project.tests("def test_nothing(): pass")

        ran = project.run()

        ran.stdout.fnmatch_lines(
            ["corelib: database tests run on postgresql://*, named by CORELIB_TEST_POSTGRESQL_URL.*not proven*"]
        )


class TestDbTemplate:
    def test_is_built_once_and_found_by_the_next_run(self, project: Project) -> None:
        project.tests("""
def test_template(db_template, request):
    print(f"hit={db_template.hit} name={db_template.name}")
""")

        first, second = project.run("-s"), project.run("-s")

        first.stdout.fnmatch_lines([f"*hit=False name={project.prefix}_t_*"])
        second.stdout.fnmatch_lines([f"*hit=True name={project.prefix}_t_*"])

    def test_is_built_anew_when_that_is_asked_for(self, project: Project) -> None:
        project.tests("def test_template(db_template): print(f'hit={db_template.hit}')")

        project.run()
        again = project.run("-s", "--db-rebuild")

        again.stdout.fnmatch_lines(["*hit=False*"])


class TestWorkerDb:
    def test_is_a_clone_with_the_tables_of_the_template(self, project: Project) -> None:
        project.tests("""
import sqlalchemy as sa

def test_tables(worker_db, db_engine):
    assert sa.make_url(worker_db.url).database == worker_db.name
    assert sorted(sa.inspect(db_engine).get_table_names()) == ["colour", "pet"]
""")

        ran = project.run()

        ran.assert_outcomes(passed=1)
        assert project.databases() == []


class TestDbUrl:
    def test_is_that_of_the_database_that_is_reset(self, project: Project) -> None:
        project.tests("""
from corelib.adapters.sqlalchemy import create_engine

@pytest.mark.parametrize("time", [1, 2])
def test_own_engine(db_url, time):
    engine = create_engine(db_url)
    add(engine, "Bello")
    engine.dispose()
""")

        project.run().assert_outcomes(passed=2)

    def test_is_refused_where_another_connection_sees_nothing(self, project: Project) -> None:
        project.tests("""
@pytest.mark.db(reset="rollback")
def test_url(db_url): pass
""")

        ran = project.run()

        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines(["*WrongMode: A URL was asked for*fixture db_engine."])


class TestDbEngine:
    def test_is_at_the_isolation_level_of_the_marker(self, project: Project) -> None:
        project.tests("""
def level(connection):
    return connection.exec_driver_sql("SHOW transaction_isolation").scalar_one()

@pytest.mark.db(isolation="serializable")
def test_serializable(db_connection):
    assert level(db_connection) == "serializable"

@pytest.mark.db(isolation="snapshot", reset="rollback")
def test_snapshot(db_connection):
    assert level(db_connection) == "repeatable read"

def test_default(db_connection):
    assert level(db_connection) == "read committed"
""")

        project.run().assert_outcomes(passed=3)

    def test_forgets_what_a_test_listens_to(self, project: Project) -> None:
        project.tests("""
from sqlalchemy import event
heard = []

@pytest.mark.parametrize("time", [1, 2])
def test_listens(db_engine, time):
    event.listen(db_engine, "before_cursor_execute", lambda *_: heard.append(time))
    names(db_engine)
    assert set(heard) == {1} if time == 1 else heard.count(1) == 1
""")

        project.run().assert_outcomes(passed=2)


class TestDbConnection:
    def test_rolls_back_what_the_test_does_not_commit(self, project: Project) -> None:
        project.tests("""
def test_connection(db_engine, db_connection):
    db_connection.exec_driver_sql("INSERT INTO pet (name) VALUES ('Bello')")
    assert names(db_engine) == []
""")

        project.run().assert_outcomes(passed=1)


class TestUow:
    STOCKS = """
from kitlab.domain.catalogue import KitType

@pytest.mark.parametrize("reset", ["delete", "rollback"])
def test_stores(request, reset, uow, db_connection):
    with uow:
        uow.repository(KitType, str).add(KitType("K1", name="Kit", active=True))
        uow.commit()
    assert db_connection.exec_driver_sql("SELECT id FROM kitlab_kit_type").scalar_one() == "K1"
"""

    def test_stores_what_the_schema_of_the_app_maps(self, project: Project) -> None:
        project.settings(corelib_migrations="", corelib_app="kitlab.app:app")
        project.tests(self.STOCKS)

        project.run().assert_outcomes(passed=2)

    def test_stores_what_a_schema_maps(self, project: Project) -> None:
        project.settings(corelib_migrations="kitlab.adapters.tables:schema")
        project.tests(self.STOCKS.replace("def test_stores", "@pytest.mark.db(reset='rollback')\ndef test_stores"))

        project.run().assert_outcomes(passed=2)

    def test_says_what_it_needs_to_know(self, project: Project) -> None:
        project.tests("def test_uow(uow): pass")

        ran = project.run()

        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines(["*InvalidSetting: The fixture uow needs to know*corelib_app*"])


class TestRace:
    def test_lets_one_of_several_win(self, project: Project) -> None:
        project.tests("""
import sqlalchemy as sa

def test_race(race):
    def add(connection):
        connection.exec_driver_sql("INSERT INTO pet (name) VALUES ('Bello')")
        connection.commit()
        return "won"

    results = race(3, add)

    assert results.count("won") == 1
    assert sum(isinstance(result, sa.exc.IntegrityError) for result in results) == 2
""")

        project.run().assert_outcomes(passed=1)

    def test_is_refused_where_all_have_one_connection(self, project: Project) -> None:
        project.tests("""
from corelib.testing.database.errors import WrongMode

@pytest.mark.db(reset="rollback")
def test_race(race):
    with pytest.raises(WrongMode, match="all have one connection"):
        race(2, lambda connection: None)
""")

        project.run().assert_outcomes(passed=1)
