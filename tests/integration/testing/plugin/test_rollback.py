from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, server_named_by, sqlite_file

from corelib.adapters.sqlalchemy import SqlStorage, create_engine
from corelib.ports.storage import Isolation, Terms
from corelib.testing.contracts.sample_tables import schema
from corelib.testing.database.errors import WrongMode
from corelib.testing.plugin.rollback import rolled_back

SERVERS = {"postgresql": POSTGRESQL, "mssql": MSSQL}
metadata = sa.MetaData()
pets = sa.Table("pets", metadata, sa.Column("name", sa.Unicode(50), primary_key=True))
homes = sa.Table(
    "homes",
    metadata,
    sa.Column("pet", sa.Unicode(50), sa.ForeignKey(pets.c.name, deferrable=True, initially="DEFERRED")),
)


class Base(DeclarativeBase):
    metadata = metadata


class Pet(Base):
    __table__ = pets
    name: Mapped[str]


@pytest.fixture(params=["sqlite", "postgresql", "mssql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with two empty tables, on each engine."""
    if request.param == "sqlite":
        yield with_tables(sqlite_file(tmp_path))
        return
    with fresh_database(server_named_by(SERVERS[request.param])) as made:
        yield with_tables(made)


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    with fresh_database(server_named_by(POSTGRESQL)) as made:
        yield with_tables(made)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with rolled_back(lambda: create_engine(url)) as engine:
        yield engine


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Engine]:
    with rolled_back(lambda: create_engine(postgresql_url)) as engine:
        yield engine


def with_tables(url: str) -> str:
    engine = create_engine(url)
    tables = [pets] if engine.dialect.name == "mssql" else [pets, homes]  # SQL Server defers no checks
    metadata.create_all(engine, tables=tables)
    engine.dispose()
    return url


def add(engine: Engine, *names: str) -> None:
    with engine.begin() as connection:
        for name in names:
            connection.execute(pets.insert().values(name=name))


def names_in(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(pets.c.name).order_by(pets.c.name)))


def names_outside(url: str) -> list[str]:
    engine = create_engine(url)
    try:
        return names_in(engine)
    finally:
        engine.dispose()


class TestRolledBack:
    class WhenTheTestCommits:
        def test_shows_it_to_later_connections_of_the_test(self, engine: Engine) -> None:
            add(engine, "Bello")

            assert names_in(engine) == ["Bello"]

        def test_leaves_nothing_behind(self, url: str) -> None:
            with rolled_back(lambda: create_engine(url)) as engine:
                add(engine, "Bello")

            assert names_outside(url) == []

        def test_leaves_nothing_behind_if_the_test_fails(self, url: str) -> None:
            with suppress(ZeroDivisionError), rolled_back(lambda: create_engine(url)) as engine:
                add(engine, "Bello")
                _ = 1 / 0

            assert names_outside(url) == []

        def test_keeps_what_was_committed_before_a_rollback(self, engine: Engine) -> None:
            add(engine, "Bello")
            with engine.connect() as connection:
                connection.execute(pets.insert().values(name="Rex"))
                connection.rollback()

            assert names_in(engine) == ["Bello"]

        def test_commits_several_times_on_one_connection(self, engine: Engine) -> None:
            with engine.connect() as connection:
                for name in ("Bello", "Hasso", "Rex"):
                    connection.execute(pets.insert().values(name=name))
                    connection.commit()

            assert names_in(engine) == ["Bello", "Hasso", "Rex"]

    class WhenAConnectionIsLeftWithoutACommit:
        def test_undoes_its_work(self, engine: Engine) -> None:
            with engine.connect() as connection:
                connection.execute(pets.insert().values(name="Bello"))

            assert names_in(engine) == []

    class WhenAStatementFails:
        def test_goes_on_after_the_rollback(self, engine: Engine) -> None:
            add(engine, "Bello")
            with pytest.raises(sa.exc.IntegrityError):
                add(engine, "Rex", "Bello")

            assert names_in(engine) == ["Bello"]

        def test_undoes_the_transaction_at_its_commit_where_the_server_would(self, postgresql: Engine) -> None:
            add(postgresql, "Bello")
            with postgresql.connect() as connection:
                connection.execute(pets.insert().values(name="Rex"))
                with pytest.raises(sa.exc.IntegrityError):
                    connection.execute(pets.insert().values(name="Bello"))
                connection.commit()

            assert names_in(postgresql) == ["Bello"]

    class WhenTheTestSetsSavepoints:
        def test_goes_back_to_them(self, engine: Engine) -> None:
            with engine.begin() as connection:
                connection.execute(pets.insert().values(name="Bello"))
                nested = connection.begin_nested()
                connection.execute(pets.insert().values(name="Rex"))
                nested.rollback()

            assert names_in(engine) == ["Bello"]

    class WhenAConstraintIsChecked:
        def test_checks_what_is_deferred_at_each_commit(self, postgresql: Engine) -> None:
            with pytest.raises(sa.exc.IntegrityError), postgresql.begin() as connection:
                connection.execute(homes.insert().values(pet="Nobody"))

        def test_leaves_the_check_deferred_afterwards(self, postgresql: Engine) -> None:
            add(postgresql, "Bello")
            with postgresql.begin() as connection:
                connection.execute(homes.insert().values(pet="Rex"))
                connection.execute(pets.insert().values(name="Rex"))

            assert names_in(postgresql) == ["Bello", "Rex"]

    class WhenOneTransactionLiesWithinAnother:
        def test_keeps_the_outer_one_when_the_inner_one_is_rolled_back(self, engine: Engine) -> None:
            with engine.begin() as outer:
                outer.execute(pets.insert().values(name="Bello"))
                with engine.connect() as inner:
                    inner.execute(pets.insert().values(name="Rex"))

            assert names_in(engine) == ["Bello"]

        def test_keeps_the_outer_one_when_a_connection_that_has_committed_is_given_back(self, engine: Engine) -> None:
            with engine.begin() as outer:
                outer.execute(pets.insert().values(name="Bello"))
                add(engine, "Rex")

            assert names_in(engine) == ["Bello", "Rex"]

        def test_lets_the_outer_one_commit_first(self, engine: Engine) -> None:
            with engine.connect() as outer, engine.connect() as inner:
                outer.execute(pets.insert().values(name="Bello"))
                inner.execute(pets.insert().values(name="Rex"))
                outer.commit()
                inner.commit()

            assert names_in(engine) == ["Bello", "Rex"]

        def test_refuses_to_undo_the_outer_one_first(self, engine: Engine) -> None:
            with engine.connect() as outer, engine.connect() as inner:
                outer.execute(pets.insert().values(name="Bello"))
                inner.execute(pets.insert().values(name="Rex"))

                with pytest.raises(WrongMode, match="while a later one was open"):
                    outer.rollback()

    class WhenAnOrmSessionUsesTheEngine:
        def test_keeps_what_it_commits_and_undoes_what_it_rolls_back(self, engine: Engine) -> None:
            with Session(engine) as session:
                session.add(Pet(name="Bello"))
                session.commit()
                session.add(Pet(name="Rex"))
                session.flush()
                session.rollback()

            assert names_in(engine) == ["Bello"]

    class WhenAStorageUsesTheEngine:
        def test_serves_on_after_the_storage_is_closed(self, engine: Engine) -> None:
            add(engine, "Bello")

            SqlStorage(engine, schema).close()

            assert names_in(engine) == ["Bello"]

        def test_lets_units_of_work_only_read(self, engine: Engine) -> None:
            transaction = SqlStorage(engine, schema).begin(Terms(read_only=True))

            found = transaction.connection.execute(sa.select(pets)).all()
            transaction.rollback()

            assert found == []

    class WhenAnIsolationLevelIsWanted:
        def test_has_it_from_the_start(self, postgresql_url: str) -> None:
            with (
                rolled_back(lambda: create_engine(postgresql_url), "SERIALIZABLE") as engine,
                engine.connect() as connection,
            ):
                assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "serializable"

        def test_takes_the_same_one_again(self, postgresql_url: str) -> None:
            with rolled_back(lambda: create_engine(postgresql_url), "SERIALIZABLE") as engine:
                transaction = SqlStorage(engine, schema).begin(Terms(isolation=Isolation.SERIALIZABLE))

                found = transaction.connection.execute(sa.select(pets)).all()
                transaction.rollback()

            assert found == []

        def test_refuses_another_one_within_the_test(self, postgresql: Engine) -> None:
            with pytest.raises(WrongMode, match="cannot become SERIALIZABLE"):
                postgresql.connect().execution_options(isolation_level="SERIALIZABLE")

    class WhenAConnectionIsInvalidated:
        def test_commits_nothing_on_the_next_one_either(self, url: str) -> None:
            with rolled_back(lambda: create_engine(url)) as engine:
                with engine.connect() as connection:
                    connection.invalidate()
                add(engine, "Bello")
                seen = names_in(engine)

            assert (seen, names_outside(url)) == (["Bello"], [])
