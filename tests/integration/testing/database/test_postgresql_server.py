"""What a PostgreSQL server does beyond the contract of all servers."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from tests.support.databases import at_closed_port, run_on_server, with_wrong_login
from tests.support.sessions import session_of

from corelib.adapters.sqlalchemy import EngineSettings, create_engine
from corelib.errors import AuthenticationFailed, InvalidSetting, PermissionDenied, ServerUnreachable, TransientFailure
from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.postgresql.cloner import PostgresqlCloner
from corelib.testing.database.postgresql.server import PostgresqlServer
from corelib.testing.database.registry_database import REGISTRY_DATABASE, make_registry_database
from corelib.testing.servers.postgresql_cluster import PostgresqlCluster

MARK = Mark(Kind.CLONE, "0123456789ab", "'\\f%s:x\u00e4")


def engine_of(server: PostgresqlServer, name: str) -> Engine:
    return create_engine(EngineSettings(url=server.url(name), application_name="somebody's test"))


def show(server: PostgresqlServer, database: str, setting: str) -> object:
    engine = engine_of(server, database)
    with engine.connect() as connection:
        value = connection.exec_driver_sql(f"SHOW {setting}").scalar()
    engine.dispose()
    return value


class TestPostgresqlServer:
    class WhenATemplateIsSealed:
        def test_lets_nobody_in(self, server: PostgresqlServer, template: str) -> None:
            server.seal(template)

            engine = engine_of(server, template)
            with pytest.raises(sa.exc.OperationalError, match="not currently accepting connections"):
                engine.connect()

        def test_is_told_so_by_the_catalogue(self, server: PostgresqlServer, template: str) -> None:
            server.seal(template)

            with server.connected() as connection:
                found = connection.execute(
                    sa.text("SELECT datistemplate, datallowconn FROM pg_database WHERE datname = :name"),
                    {"name": template},
                ).one()
            assert tuple(found) == (True, False)

    class WhenTheHostWantsSettings:
        @pytest.mark.parametrize(
            ("setting", "value", "shown"),
            [
                ("TimeZone", "Asia/Tokyo", "Asia/Tokyo"),
                ("search_path", 'app, "Odd, name"', 'app, "Odd, name"'),
                ("shop.tenant", "it's \\ 100 %s :x", "it's \\ 100 %s :x"),
            ],
            ids=["a word", "a list of names", "one of its own"],
        )
        def test_gives_them_to_a_database_and_its_clones(
            self, server_url: str, prefix: str, setting: str, value: str, shown: str
        ) -> None:
            server = PostgresqlServer(server_url, options={setting: value})
            server.create(f"{prefix}_t")
            PostgresqlCloner(server).clone(f"{prefix}_t", f"{prefix}_c")

            found = [show(server, f"{prefix}_{which}", setting) for which in "tc"]

            server.close()
            assert found == [shown, shown]

        def test_lets_a_clone_wait_for_the_disk_if_they_say_so(self, server_url: str, prefix: str) -> None:
            server = PostgresqlServer(server_url, options={"synchronous_commit": "local"})
            server.create(f"{prefix}_t")
            PostgresqlCloner(server).clone(f"{prefix}_t", f"{prefix}_c")

            found = show(server, f"{prefix}_c", "synchronous_commit")

            server.close()
            assert found == "local"

        def test_has_another_fingerprint(self, server_url: str, server: PostgresqlServer) -> None:
            other = PostgresqlServer(server_url, options={"timezone": "Asia/Tokyo"})

            found = dict(other.facts().options)

            other.close()
            assert found == {**server.facts().options, "database.timezone": "Asia/Tokyo"}

        @pytest.mark.parametrize(
            ("setting", "value"),
            [("no_such_setting", "1"), ("timezone", "Mars/Olympus"), ("shared_buffers", "1GB"), ("collate", "C")],
        )
        def test_refuses_what_the_server_does_not_take_and_leaves_nothing(
            self, server_url: str, prefix: str, setting: str, value: str
        ) -> None:
            server = PostgresqlServer(server_url, options={setting: value})

            with pytest.raises(InvalidSetting, match=f"the setting {setting} = '{value}' for a database"):
                server.create(f"{prefix}_t")

            left = server.names(prefix)
            server.close()
            assert left == []

        def test_gives_none_to_the_registry(self, cluster: PostgresqlCluster, own_server: PostgresqlServer) -> None:
            server = PostgresqlServer(cluster.url, options={"timezone": "Asia/Tokyo"})

            make_registry_database(server)

            found = show(own_server, REGISTRY_DATABASE, "timezone")
            server.close()
            assert found != "Asia/Tokyo"

        def test_says_so_if_the_login_may_not(self, owner: PostgresqlServer) -> None:
            name = f"{sa.make_url(owner.url('postgres')).username}_t"
            server = PostgresqlServer(owner.url("postgres"), options={"log_statement": "all"})

            with pytest.raises(PermissionDenied, match="log_statement"):
                server.create(name)

            left = server.names(name)
            server.close()
            assert left == []

    class WhenADatabaseIsMarked:
        def test_says_to_people_what_it_is(self, server: PostgresqlServer, template: str) -> None:
            server.mark(template, MARK)

            with server.connected() as connection:
                comment = connection.execute(
                    sa.text("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :name"),
                    {"name": template},
                ).scalar_one()
            assert "Made by the database test kit of corelib" in comment
            assert server.mark_of(template) == MARK

        def test_takes_the_comment_of_somebody_else_for_none(
            self, server: PostgresqlServer, template: str, server_url: str
        ) -> None:
            run_on_server(server_url, f"COMMENT ON DATABASE {template} IS 'the orders of 2026'")

            assert server.mark_of(template) is None

    class WhenItsDropWasBrokenOff:
        def test_is_listed_and_can_be_dropped(self, server: PostgresqlServer, template: str, server_url: str) -> None:
            server.seal(template)
            run_on_server(
                server_url,
                f"UPDATE pg_database SET datconnlimit = -2, datistemplate = false WHERE datname = '{template}'",
            )
            assert list(server.names(template)) == [template]

            server.drop(template)

            assert list(server.names(template)) == []

    class WhenSomebodyIsConnected:
        def test_tells_program_state_and_statement_but_no_values(self, server: PostgresqlServer, template: str) -> None:
            engine = engine_of(server, template)
            with engine.connect() as connection:
                connection.execute(sa.select(sa.literal("not-for-others")))
                connection.execute(sa.text("SELECT CAST(:value AS text)"), {"value": "not-for-others"})

                (session,) = server.sessions(template)

                assert session.number == session_of(connection)
            engine.dispose()
            assert (session.program, session.state) == ("somebody's test", "idle in transaction")
            assert session.since is not None
            assert session.statement.startswith("SELECT CAST(")
            assert "not-for-others" not in str(session)

        def test_cuts_a_long_statement_short(self, server: PostgresqlServer, template: str) -> None:
            engine = engine_of(server, template)
            with engine.connect() as connection:
                connection.execute(sa.text(f"SELECT 1 /* {'x' * 500} */"))

                (session,) = server.sessions(template)

            engine.dispose()
            assert len(session.statement) == 200

        def test_keeps_a_database_from_being_renamed(self, server: PostgresqlServer, template: str) -> None:
            impatient = PostgresqlServer(server.url("postgres"), attempts=1)
            engine = engine_of(server, template)

            with engine.connect(), pytest.raises(TransientFailure, match="in use"):
                impatient.rename(template, f"{template}_2")

            engine.dispose()
            impatient.close()
            assert list(server.names(template)) == [template]

        def test_does_not_count_its_own_connections(self, server: PostgresqlServer, server_url: str) -> None:
            own = sa.make_url(server_url).database or "postgres"

            with server.connected() as connection:
                numbers = [session.number for session in server.sessions(own)]

                assert session_of(connection) not in numbers

    class WhenTheLoginMayCreateDatabases:
        def test_does_all_that_the_kit_needs(self, owner: PostgresqlServer) -> None:
            name = sa.make_url(owner.url("x")).username or ""

            owner.create(f"{name}_b")
            owner.mark(f"{name}_b", MARK)
            owner.rename(f"{name}_b", f"{name}_t")
            owner.seal(f"{name}_t")
            owner.mark(f"{name}_t", MARK)

            assert owner.mark_of(f"{name}_t") == MARK
            owner.drop(f"{name}_t")
            assert list(owner.names(name)) == []

        def test_is_told_so_in_the_facts(self, owner: PostgresqlServer, server: PostgresqlServer) -> None:
            assert (owner.facts().traits["superuser"], owner.facts().traits["createdb"]) == ("no", "yes")
            assert server.facts().traits["superuser"] == "yes"

    class WhenTheLoginMayNot:
        def test_is_refused_a_database(self, stranger: PostgresqlServer, prefix: str) -> None:
            with pytest.raises(PermissionDenied, match="permission denied to create database"):
                stranger.create(f"{prefix}_1")

        def test_is_refused_the_drop_of_somebody_elses(self, stranger: PostgresqlServer, template: str) -> None:
            with pytest.raises(PermissionDenied):
                stranger.drop(template)

            assert list(stranger.names(template)) == [template]

        def test_is_refused_a_mark(self, stranger: PostgresqlServer, template: str) -> None:
            with pytest.raises(PermissionDenied):
                stranger.mark(template, MARK)

        def test_may_look(self, stranger: PostgresqlServer, server: PostgresqlServer, template: str) -> None:
            server.mark(template, MARK)

            assert stranger.mark_of(template) == MARK
            assert stranger.facts().version == server.facts().version

    class WhenTheServerCannotBeUsed:
        def test_says_that_nobody_answers(self, server_url: str) -> None:
            server = PostgresqlServer(at_closed_port(server_url))

            with pytest.raises(ServerUnreachable):
                server.facts()

        def test_says_that_the_login_is_refused_without_its_password(self, server_url: str) -> None:
            server = PostgresqlServer(with_wrong_login(server_url))

            with pytest.raises(AuthenticationFailed) as refused:
                server.create("corelib_never")

            assert "not-the-password" not in str(refused.value)

    class WhenTheServerIsBehindASocketAndThePasswordIsOdd:
        def test_makes_databases_that_their_urls_lead_to(self, own_server: PostgresqlServer) -> None:
            own_server.create("corelib_one")

            engine = engine_of(own_server, "corelib_one")
            with engine.connect() as connection:
                assert connection.execute(sa.text("SELECT current_database()")).scalar() == "corelib_one"
            engine.dispose()
            assert own_server.host == ""

        def test_has_locks(self, own_server: PostgresqlServer) -> None:
            with own_server.locks.hold("invoices") as held:
                held.check()
