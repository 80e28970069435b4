"""The contract of `corelib.testing.database.ports.cleaner.Cleaner`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences
# ruff: noqa: ARG002 - tests ask for tables that they do not touch themselves

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.database.errors import CannotReset, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.model import Identity
from corelib.testing.database.ports.cleaner import Cleaner

TEST = "tests/test_orders.py::test_pays"

AUDIT_TRIGGERS: Mapping[str, str] = {
    "postgresql": """CREATE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO notes (text) VALUES (''deleted''); RETURN OLD; END';
        CREATE TRIGGER note_deletion BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note_deletion()""",
    "sqlite": """CREATE TRIGGER note_deletion BEFORE DELETE ON orders
        BEGIN INSERT INTO notes (text) VALUES ('deleted'); END""",
    "mssql": """CREATE TRIGGER note_deletion ON orders AFTER DELETE
        AS INSERT INTO notes (text) SELECT 'deleted' FROM deleted""",
}
"""By the name of SQLAlchemy's dialect: whoever deletes an order gets a row in `notes`."""

Making = Callable[[], Cleaner]


class Shop:
    """Tables of a host: reference data, parents and children, a table that refers to itself, and a cycle."""

    def __init__(self, schema: str | None = None) -> None:
        self.metadata: sa.MetaData = sa.MetaData(schema=schema)
        self.countries: sa.Table = self._table("countries", text=True)
        self.notes: sa.Table = self._table("notes", text=True)
        self.orders: sa.Table = self._table("orders", "countries", text=True)
        self.lines: sa.Table = self._table("lines", "orders")
        self.categories: sa.Table = self._table("categories", "categories")
        self.teams: sa.Table = self._table("teams", "members", text=True)
        self.members: sa.Table = self._table("members", "teams")

    def create(self, database: Engine) -> None:
        """Make the tables, and two rows of reference data."""
        self.metadata.create_all(database)
        self.insert(database, self.countries, text="Norway")
        self.insert(database, self.countries, text="Chile")

    def insert(self, database: Engine, table: sa.Table, **values: object) -> int:
        """Insert a row in a transaction of its own, and return its key."""
        with database.begin() as connection:
            return insert(connection, table, **values)

    def fill(self, database: Engine) -> None:
        """Put rows into every table but that with the reference data."""
        order = self.insert(database, self.orders, text="Skis", countries_id=1)
        self.insert(database, self.lines, orders_id=order)
        self.insert(database, self.lines, orders_id=order)
        self.insert(database, self.notes, text="paid")
        root = self.insert(database, self.categories)
        self.insert(database, self.categories, categories_id=root)
        team = self.insert(database, self.teams)
        member = self.insert(database, self.members, teams_id=team)
        with database.begin() as connection:
            connection.execute(self.teams.update().values(members_id=member))
            connection.execute(self.categories.update().where(self.categories.c.id == root).values(categories_id=root))

    def counts(self, database: Engine) -> Mapping[str, int]:
        """Return how many rows each table has."""
        with database.connect() as connection:
            return {table.name: count(connection, table) for table in self.metadata.tables.values()}

    def _table(self, name: str, parent: str = "", *, text: bool = False) -> sa.Table:
        columns: list[sa.Column[object]] = [sa.Column("text", sa.String(50))] if text else []
        if parent:
            target = f"{self.metadata.schema}.{parent}.id" if self.metadata.schema else f"{parent}.id"
            key = sa.ForeignKey(target, name=f"fk_{name}_{parent}", use_alter=name == "teams")
            columns.append(sa.Column(f"{parent}_id", sa.Integer, key))
        identifier = sa.Column("id", sa.Integer, primary_key=True)
        return sa.Table(name, self.metadata, identifier, *columns, sqlite_autoincrement=True)


def insert(connection: Connection, table: sa.Table, **values: object) -> int:
    """Insert a row and return its key."""
    key = connection.execute(table.insert().values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def count(connection: Connection, table: sa.Table) -> int:
    """Return how many rows a table has."""
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


class CleanerContract(ContractSuite):
    """Afterwards the database is as its template, or the test is named that made it otherwise."""

    port: ClassVar[str] = "Cleaner"

    @pytest.fixture
    def database(self) -> Engine:
        """Return an engine on an empty database, which is thrown away afterwards."""
        raise NotImplementedError

    @pytest.fixture
    def open_cleaner(self, database: Engine) -> Making:
        """Return a function that makes a cleaner of that database, whose tables are there by then."""
        raise NotImplementedError

    @pytest.fixture
    def make_cleaner(self, open_cleaner: Making) -> Iterator[Making]:
        """Close the cleaners after the test."""
        with ExitStack() as closing:

            def make() -> Cleaner:
                cleaner = open_cleaner()
                closing.callback(cleaner.close)
                return cleaner

            yield make

    @pytest.fixture
    def shop(self, database: Engine) -> Shop:
        shop = Shop()
        shop.create(database)
        return shop

    @pytest.fixture
    def other(self, database: Engine) -> Iterator[Connection]:
        """Return a connection that a test may forget to close."""
        connection = database.connect()
        yield connection
        with suppress(sa.exc.DBAPIError):
            connection.invalidate()
            connection.close()

    class WhenTablesHaveRows:
        def test_empties_all_but_reference_data(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            shop.fill(database)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert {name for name, rows in shop.counts(database).items() if rows} == {"countries"}
            assert shop.counts(database)["countries"] == 2

        def test_tells_which_tables_had_rows(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            order = shop.insert(database, shop.orders)
            shop.insert(database, shop.lines, orders_id=order)

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert sorted(name.rpartition(".")[2] for name in outcome.emptied) == ["lines", "orders"]

        def test_asks_the_server_once(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            shop.fill(database)

            assert cleaner.reset(TEST, identity=Identity.RESEED).round_trips == 1

        def test_empties_them_again_and_again(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            shop.fill(database)
            cleaner.reset(TEST, identity=Identity.SPREAD)
            shop.insert(database, shop.notes, text="sent")

            outcome = cleaner.reset(TEST, identity=Identity.SPREAD)

            assert [name.rpartition(".")[2] for name in outcome.emptied] == ["notes"]
            assert shop.counts(database)["notes"] == 0

        def test_keeps_foreign_keys_checked(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            shop.fill(database)

            cleaner.reset(TEST, identity=Identity.KEEP)

            for table, column in [(shop.lines, "orders_id"), (shop.teams, "members_id"), (shop.members, "teams_id")]:
                with pytest.raises(sa.exc.IntegrityError):
                    shop.insert(database, table, **{column: 12345})

        @pytest.mark.parametrize("name", ["order", 'Weiß "x"', "a.b", "it's", "[x]", "100%"])
        def test_takes_tables_of_any_name(self, database: Engine, make_cleaner: Making, name: str) -> None:
            metadata = sa.MetaData()
            column = sa.Column("group", sa.String(10))
            table = sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), column)
            metadata.create_all(database)
            cleaner = make_cleaner()
            with database.begin() as connection:
                connection.execute(table.insert().values(id=1))

            outcome = cleaner.reset(TEST, identity=Identity.RESEED)

            assert outcome.emptied[0].endswith(name)

        @needs(Capability.SCHEMAS)
        def test_empties_tables_of_every_schema(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            with database.begin() as connection:
                connection.execute(sa.schema.CreateSchema("Second shop"))
            second = Shop("Second shop")
            second.create(database)
            cleaner = make_cleaner()
            shop.fill(database)
            second.fill(database)

            cleaner.reset(TEST, identity=Identity.SPREAD)

            assert sum(shop.counts(database).values()) == 2
            assert sum(second.counts(database).values()) == 2

    class WhenNothingHasRows:
        def test_empties_nothing(self, shop: Shop, make_cleaner: Making) -> None:
            assert make_cleaner().reset(TEST, identity=Identity.KEEP).emptied == ()

        @pytest.mark.parametrize("identity", list(Identity))
        def test_takes_a_database_without_tables(self, make_cleaner: Making, identity: Identity) -> None:
            assert make_cleaner().reset(TEST, identity=identity).emptied == ()

    class WhenKeysAreCounted:
        def test_goes_on_counting(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            before = shop.insert(database, shop.notes)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert shop.insert(database, shop.notes) == before + 1

        def test_starts_again_at_one_in_a_table_that_was_never_used(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            cleaner = make_cleaner()
            for _ in range(3):
                shop.insert(database, shop.notes)
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert shop.insert(database, shop.notes) == 1

        def test_starts_again_where_the_template_stands(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            last = [shop.insert(database, shop.notes) for _ in range(5)][-1]
            with database.begin() as connection:
                connection.execute(shop.notes.delete())
            cleaner = make_cleaner()
            for _ in range(2):
                shop.insert(database, shop.notes)
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert shop.insert(database, shop.notes) == last + 1

        @pytest.mark.parametrize("identity", [Identity.RESEED, Identity.SPREAD])
        def test_forgets_an_insert_that_was_rolled_back(
            self, database: Engine, shop: Shop, make_cleaner: Making, identity: Identity
        ) -> None:
            cleaner = make_cleaner()
            cleaner.reset(TEST, identity=identity)
            with database.connect() as connection:
                first = insert(connection, shop.notes)
                connection.rollback()

            cleaner.reset(TEST, identity=identity)

            assert shop.insert(database, shop.notes) == first

        def test_spreads_keys_so_that_no_two_tables_share_one(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            make_cleaner().reset(TEST, identity=Identity.SPREAD)

            tables = [shop.notes, shop.orders, shop.lines, shop.teams, shop.members]
            keys = [shop.insert(database, table) for table in tables for _ in range(20)]

            assert len(set(keys)) == 100

        def test_spreads_keys_alike_for_every_test(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            cleaner.reset(TEST, identity=Identity.SPREAD)
            first = shop.insert(database, shop.orders)

            cleaner.reset(TEST, identity=Identity.SPREAD)

            assert shop.insert(database, shop.orders) == first

        def test_spreads_keys_within_the_range_of_a_small_type(self, database: Engine, make_cleaner: Making) -> None:
            metadata = sa.MetaData()
            small = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
            tables = [
                sa.Table(f"t{number}", metadata, sa.Column("id", small, primary_key=True), sqlite_autoincrement=True)
                for number in range(40)
            ]
            metadata.create_all(database)

            make_cleaner().reset(TEST, identity=Identity.SPREAD)

            with database.begin() as connection:
                keys = {insert(connection, table) for table in tables for _ in range(10)}
            assert len(keys) == 400

        def test_leaves_the_counter_of_reference_data_where_the_template_has_it(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            cleaner = make_cleaner()
            with database.connect() as connection:
                first = insert(connection, shop.countries)
                connection.rollback()

            cleaner.reset(TEST, identity=Identity.SPREAD)

            with database.connect() as connection:
                assert insert(connection, shop.countries) == first

    class WhenRowsAreDeletedUnderATrigger:
        @pytest.fixture
        def audited(self, database: Engine, shop: Shop) -> Shop:
            with database.begin() as connection:
                connection.exec_driver_sql(AUDIT_TRIGGERS[database.dialect.name])
            return shop

        def test_does_not_fire_it(self, database: Engine, audited: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            audited.fill(database)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert sum(audited.counts(database).values()) == 2

        def test_lets_it_fire_again_afterwards(self, database: Engine, audited: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            for _ in range(2):
                audited.fill(database)
                cleaner.reset(TEST, identity=Identity.KEEP)
            audited.insert(database, audited.orders)

            with database.begin() as connection:
                connection.execute(audited.orders.delete())

            assert audited.counts(database)["notes"] == 1

    class WhenReferenceDataWasChanged:
        def test_names_table_and_test_for_a_new_row(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            shop.insert(database, shop.countries, text="Peru")

            with pytest.raises(ReferenceDataChanged) as raised:
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert raised.value.test == TEST
            assert [name.rpartition(".")[2] for name in raised.value.tables] == ["countries"]

        def test_notices_a_row_that_is_gone(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            with database.begin() as connection:
                connection.execute(shop.countries.delete().where(shop.countries.c.text == "Chile"))

            with pytest.raises(ReferenceDataChanged):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_notices_a_value_that_is_another(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            cleaner.reset(TEST, identity=Identity.KEEP)
            with database.begin() as connection:
                connection.execute(shop.countries.update().where(shop.countries.c.id == 1).values(text="Norge"))

            with pytest.raises(ReferenceDataChanged):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_notices_a_row_that_took_the_place_of_another(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            cleaner = make_cleaner()
            with database.begin() as connection:
                connection.execute(shop.countries.delete().where(shop.countries.c.text == "Chile"))
                insert(connection, shop.countries, text="Chile")

            with pytest.raises(ReferenceDataChanged):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_does_not_mind_a_row_written_anew_with_what_it_had(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            cleaner = make_cleaner()
            shop.fill(database)
            with database.begin() as connection:
                connection.execute(shop.countries.update().values(text=shop.countries.c.text))

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert sum(shop.counts(database).values()) == 2

        def test_does_not_mind_a_change_that_was_rolled_back(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            cleaner = make_cleaner()
            with database.connect() as connection:
                connection.execute(shop.countries.delete())
                connection.rollback()

            assert cleaner.reset(TEST, identity=Identity.RESEED).emptied == ()

        def test_takes_an_order_of_a_country_for_no_change(
            self, database: Engine, shop: Shop, make_cleaner: Making
        ) -> None:
            cleaner = make_cleaner()
            shop.insert(database, shop.orders, countries_id=2)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert sum(shop.counts(database).values()) == 2

    class WhenATransactionIsOpen:
        def test_names_the_test(self, shop: Shop, make_cleaner: Making, other: Connection) -> None:
            cleaner = make_cleaner()
            insert(other, shop.notes)

            with pytest.raises(TransactionLeaked, match=TEST) as raised:
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert raised.value.test == TEST
            assert len(raised.value.sessions) == 1

        def test_empties_the_tables_once_it_has_ended(
            self, database: Engine, shop: Shop, make_cleaner: Making, other: Connection
        ) -> None:
            cleaner = make_cleaner()
            shop.fill(database)
            insert(other, shop.notes)
            with pytest.raises(TransactionLeaked):
                cleaner.reset(TEST, identity=Identity.KEEP)
            other.invalidate()

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert sum(shop.counts(database).values()) == 2

        @needs(Capability.ENDS_SESSIONS)
        def test_ends_the_session_and_empties_the_tables_all_the_same(
            self, database: Engine, shop: Shop, make_cleaner: Making, other: Connection
        ) -> None:
            cleaner = make_cleaner()
            shop.fill(database)
            other.execute(shop.orders.update().values(text="locked"))

            with pytest.raises(TransactionLeaked):
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert sum(shop.counts(database).values()) == 2
            with pytest.raises(sa.exc.DBAPIError):
                count(other, shop.orders)

        @needs(Capability.ENDS_SESSIONS)
        def test_notices_one_that_only_read(self, shop: Shop, make_cleaner: Making, other: Connection) -> None:
            cleaner = make_cleaner()
            count(other, shop.countries)

            with pytest.raises(TransactionLeaked):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_does_not_mind_an_idle_connection(
            self, database: Engine, shop: Shop, make_cleaner: Making, other: Connection
        ) -> None:
            cleaner = make_cleaner()
            insert(other, shop.notes)
            other.commit()

            assert len(cleaner.reset(TEST, identity=Identity.KEEP).emptied) == 1

    class WhenATestChangedTables:
        def test_names_a_new_one(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            sa.Table("invoices", sa.MetaData(), sa.Column("id", sa.Integer)).create(database)

            with pytest.raises(CannotReset, match="invoices"):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_names_one_that_is_gone(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            shop.notes.drop(database)

            with pytest.raises(CannotReset, match="notes"):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_names_one_with_another_column(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            with database.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE notes ADD extra INT")

            with pytest.raises(CannotReset, match="notes"):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_does_not_mind_one_that_is_gone_again(self, database: Engine, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()
            shop.fill(database)
            table = sa.Table("invoices", sa.MetaData(), sa.Column("id", sa.Integer))
            table.create(database)
            table.drop(database)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert sum(shop.counts(database).values()) == 2

    class WhenItIsClosed:
        def test_may_be_closed_again(self, shop: Shop, make_cleaner: Making) -> None:
            cleaner = make_cleaner()

            cleaner.close()
            cleaner.close()
