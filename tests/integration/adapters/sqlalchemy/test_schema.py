from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy.sample import Basket, Receipt, Ware, file_url, loaded, opened, shop_schema, stored

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, create_engine, mapped
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.errors import ConfigurationError, SchemaMissing, SchemaOutdated, SchemaTooNew


@define(eq=False)
class Left:
    id: str
    right_id: str | None = None


@define(eq=False)
class Right:
    id: str
    left_id: str | None = None


def circular_schema() -> SqlSchema:
    """Each of two tables refers to the other."""
    metadata = sa.MetaData()

    def table(name: str, other: str) -> sa.Table:
        key = sa.ForeignKey(f"{other}.id", name=f"fk_{name}_{other}")
        return sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Unicode(50), primary_key=True),
            sa.Column(f"{other}_id", sa.Unicode(50), key),
            sa.Column("version", sa.Integer, nullable=False),
        )

    left, right = table("left", "right"), table("right", "left")
    return SqlSchema(name="circle", metadata=metadata, mappings=[mapped(Right, right), mapped(Left, left)])


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    """A store over a file without tables."""
    made = SqlStorage(create_engine(file_url(tmp_path)), shop_schema())
    yield made
    made.close()


def set_revision(storage: SqlStorage, component: str, revision: str) -> None:
    with storage.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {component}_version SET version_num = '{revision}'"))


def tables_of(storage: SqlStorage) -> set[str]:
    return set(sa.inspect(storage.engine).get_table_names())


class TestSqlSchema:
    def test_knows_its_mappings_by_class(self) -> None:
        schema = shop_schema()

        found = schema.mapping_of(Ware)

        assert found is not None
        assert found.kind is Ware
        assert schema.mapping_of(Left) is None

    def test_names_the_mapped_classes(self) -> None:
        assert shop_schema().mapped_names == "Basket, Receipt, Ware"

    def test_builds_the_statements_of_a_class_once(self) -> None:
        schema = shop_schema()
        mapping = schema.mappings[0]

        first = schema.statements_of(mapping, SqliteDialect())

        assert schema.statements_of(mapping, SqliteDialect()) is first

    def test_builds_others_for_another_engine(self) -> None:
        schema = shop_schema()
        mapping = schema.mappings[0]

        first = schema.statements_of(mapping, SqliteDialect())

        assert schema.statements_of(mapping, PostgresqlDialect()) is not first

    def test_ranks_a_class_behind_those_that_its_tables_refer_to(self) -> None:
        schema = shop_schema()

        ranked = sorted((Receipt, Basket, Ware), key=schema.rank_of)

        assert ranked == [Ware, Basket, Receipt]

    class WhenNothingIsMapped:
        def test_says_none(self) -> None:
            assert SqlSchema(name="empty", metadata=sa.MetaData(), mappings=[]).mapped_names == "none"

    class WhenClassesReferToEachOtherInACircle:
        def test_ranks_them_as_they_were_given(self) -> None:
            schema = circular_schema()

            assert sorted((Left, Right), key=schema.rank_of) == [Right, Left]

        def test_writes_them_in_that_order(self, tmp_path: Path) -> None:
            with opened(tmp_path, circular_schema) as storage:
                stored(storage, Left("L-1", "R-1"), Right("R-1"))

                found = loaded(storage, Left, "L-1")

            assert found is not None
            assert found.right_id == "R-1"

    class WhenItsNameIsNoTableName:
        @pytest.mark.parametrize("name", ["", "Shop", "1shop", "shop-one", "s; DROP TABLE ware", "x" * 42])
        def test_refuses_to_be_made(self, name: str) -> None:
            with pytest.raises(ValueError, match="name"):
                SqlSchema(name=name, metadata=sa.MetaData(), mappings=[])

    class WhenItHasNoRevisions:
        def test_refuses_to_be_made(self) -> None:
            with pytest.raises(ValueError, match="revisions"):
                SqlSchema(name="shop", metadata=sa.MetaData(), mappings=[], revisions=())


class TestCheck:
    class WhenThereAreNoTables:
        def test_says_how_to_create_them(self, storage: SqlStorage) -> None:
            with pytest.raises(SchemaMissing) as caught:
                storage.check()

            assert str(caught.value) == (
                "The database has no tables of corelib (there is no corelib_version). "
                "Create them: corelib db create --app ..., or Storage.create() in code."
            )

        def test_makes_none(self, storage: SqlStorage) -> None:
            with pytest.raises(ConfigurationError):
                storage.check()

            assert tables_of(storage) == set()

    class WhenOnlyTheTablesOfTheHostAreMissing:
        def test_names_the_host(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                with storage.engine.begin() as connection:
                    connection.execute(sa.text("DROP TABLE shop_version"))

                with pytest.raises(SchemaMissing, match=r"no tables of shop \(there is no shop_version\)"):
                    storage.check()

    class WhenTheTablesAreRight:
        def test_is_content(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                storage.check()

        def test_does_not_wait_for_a_writer(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage, storage.engine.begin() as writing:
                writing.execute(sa.text("DELETE FROM shop_ware"))

                storage.check()

    class WhenTheTablesAreOlder:
        def test_names_both_revisions(self, tmp_path: Path) -> None:
            with opened(tmp_path) as older:
                storage = SqlStorage(older.engine, shop_schema(("0001", "0002", "0003")))

                with pytest.raises(SchemaOutdated) as caught:
                    storage.check()

            assert str(caught.value) == (
                "The tables of shop are of revision 0001; this program needs 0003. "
                "Upgrade the database before starting this version."
            )

    class WhenTheTablesAreNewer:
        @pytest.mark.parametrize("component", ["corelib", "shop"])
        def test_names_the_revision_that_it_does_not_know(self, tmp_path: Path, component: str) -> None:
            with opened(tmp_path) as storage:
                set_revision(storage, component, "0042")

                with pytest.raises(SchemaTooNew) as caught:
                    storage.check()

            assert str(caught.value) == (
                f"The tables of {component} are of revision 0042, which this program does not know yet. "
                "Start the newer version of the program."
            )

    class WhenTheRevisionWasDeleted:
        def test_takes_the_tables_for_missing(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                with storage.engine.begin() as connection:
                    connection.execute(sa.text("DELETE FROM shop_version"))

                with pytest.raises(SchemaMissing):
                    storage.check()


class TestCreate:
    def test_makes_the_tables_of_corelib_and_of_the_host(self, storage: SqlStorage) -> None:
        storage.create()

        assert tables_of(storage) == {
            *("corelib_event", "corelib_idempotency_key", "corelib_version"),
            *("corelib_job", "corelib_job_attempt", "corelib_job_key", "corelib_job_log"),
            *("corelib_job_event", "corelib_job_event_floor", "corelib_flow", "corelib_flow_gate"),
            *("corelib_queue", "corelib_schedule"),
            *("shop_a_receipt", "shop_basket", "shop_basket_line", "shop_ware", "shop_version"),
        }

    def test_makes_what_check_asks_for(self, storage: SqlStorage) -> None:
        storage.create()

        storage.check()

    def test_notes_the_newest_revision(self, tmp_path: Path) -> None:
        storage = SqlStorage(create_engine(file_url(tmp_path)), shop_schema(("0001", "0002")))
        storage.create()

        with storage.engine.connect() as connection:
            found = connection.execute(sa.text("SELECT version_num FROM shop_version")).scalars().all()

        storage.close()
        assert found == ["0002"]

    class WhenTheTablesAreThere:
        def test_leaves_their_data_alone(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                stored(storage, Ware("W-1", "precious"))

                storage.create()
                storage.create()
                found = loaded(storage, Ware, "W-1")

            assert found is not None
            assert found.name == "precious"

        def test_refuses_older_ones(self, tmp_path: Path) -> None:
            with opened(tmp_path) as older:
                storage = SqlStorage(older.engine, shop_schema(("0001", "0002")))

                with pytest.raises(SchemaOutdated):
                    storage.create()

        def test_refuses_newer_ones(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                set_revision(storage, "corelib", "0042")

                with pytest.raises(SchemaTooNew):
                    storage.create()

    class WhenAHostJoinsADatabase:
        def test_adds_its_tables_to_those_of_corelib(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                other = SqlStorage(storage.engine, circular_schema())

                other.create()

                other.check()
                storage.check()

    class WhenFourCreateAtOnce:
        def test_makes_the_tables_once(self, tmp_path: Path) -> None:
            storages = [SqlStorage(create_engine(file_url(tmp_path)), shop_schema()) for _ in range(4)]
            start = threading.Barrier(len(storages))
            failures: list[BaseException] = []

            def create(storage: SqlStorage) -> None:
                start.wait()
                try:
                    storage.create()
                except BaseException as error:  # noqa: BLE001 - shown by the test
                    failures.append(error)

            threads = [threading.Thread(target=create, args=(storage,)) for storage in storages]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert failures == []
            for storage in storages:
                storage.check()
                storage.close()
