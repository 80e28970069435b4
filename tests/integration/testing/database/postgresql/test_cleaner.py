"""What the contract of cleaners does not say: particular to PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import timedelta

import pytest

pytest.importorskip("psycopg")

import sqlalchemy as sa
from tests.integration.testing.database.postgresql.databases import ask, empty_database, owner_of, run, state
from tests.support.until import until

from corelib.adapters.sqlalchemy import create_engine
from corelib.errors import CorelibError, PermissionDenied, RowLocked
from corelib.testing.database.errors import CannotReset, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.model import Identity
from corelib.testing.database.postgresql.cleaner import PostgresqlCleaner

TEST = "test_orders.py::test_pays"
SHORTLY = timedelta(milliseconds=200)

Making = Callable[[str], PostgresqlCleaner]


@pytest.fixture
def url() -> Iterator[str]:
    with empty_database() as url:
        yield url


@pytest.fixture
def owner(url: str) -> Iterator[str]:
    with owner_of(url) as owner:
        yield owner


@pytest.fixture
def clean() -> Iterator[Making]:
    """Makes cleaners, and closes them after the test."""
    with ExitStack() as stack:

        def make(url: str) -> PostgresqlCleaner:
            return stack.enter_context(closing(PostgresqlCleaner(url, lock_timeout=SHORTLY)))

        yield make


@pytest.fixture
def other(url: str) -> Iterator[sa.Connection]:
    """A connection that a test forgets."""
    engine = create_engine(url)
    connection = engine.connect()
    yield connection
    with suppress(sa.exc.DBAPIError):
        connection.invalidate()
        connection.close()
    engine.dispose()


def count(url: str, table: str) -> object:
    return ask(url, f"SELECT count(*) FROM {table}")[0][0]


AUDITED = (
    "CREATE TABLE orders (id serial PRIMARY KEY)",
    "CREATE TABLE notes (note text)",
    """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO notes VALUES (TG_NAME); RETURN NULL; END'""",
    "CREATE TRIGGER before_row BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note()",
    "CREATE TRIGGER after_statement AFTER DELETE ON orders EXECUTE FUNCTION note()",
    "CREATE TRIGGER always BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note()",
    "CREATE TRIGGER in_replica BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note()",
    "CREATE TRIGGER disabled BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note()",
    "CREATE TRIGGER on_insert BEFORE TRUNCATE ON orders EXECUTE FUNCTION note()",
    "ALTER TABLE orders ENABLE ALWAYS TRIGGER always",
    "ALTER TABLE orders ENABLE REPLICA TRIGGER in_replica",
    "ALTER TABLE orders DISABLE TRIGGER disabled",
)


class TestPostgresqlCleaner:
    class WhenTriggersFireOnDelete:
        @pytest.mark.parametrize("login", ["url", "owner"])
        def test_none_fires_and_all_are_in_the_mode_that_they_had(
            self, request: pytest.FixtureRequest, clean: Making, login: str
        ) -> None:
            url: str = request.getfixturevalue(login)
            run(url, *AUDITED)
            before = state(url)
            cleaner = clean(url)
            run(url, "INSERT INTO orders DEFAULT VALUES")

            outcomes = [cleaner.reset(TEST, identity=Identity.KEEP), cleaner.reset(TEST, identity=Identity.KEEP)]

            assert [outcome.emptied for outcome in outcomes] == [("public.orders",), ()]
            assert [outcome.round_trips for outcome in outcomes] == [1, 1]
            assert count(url, "notes") == 0
            assert state(url) == before

        def test_one_with_checks_put_off_is_disabled_too(self, owner: str, clean: Making) -> None:
            run(
                owner,
                *AUDITED,
                "CREATE TABLE lines (id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED, "
                "parent int UNIQUE REFERENCES lines (parent) DEFERRABLE INITIALLY DEFERRED)",
            )
            cleaner = clean(owner)
            run(owner, "INSERT INTO orders DEFAULT VALUES", "INSERT INTO lines SELECT id, 1 FROM orders")

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert [count(owner, table) for table in ("orders", "lines", "notes")] == [0, 0, 0]

        def test_one_that_is_new_is_a_change(self, url: str, clean: Making) -> None:
            run(url, *AUDITED)
            cleaner = clean(url)
            run(url, "CREATE TRIGGER another BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note()")

            with pytest.raises(CannotReset, match=r"public\.orders \(triggers\)"):
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenATableIsNotPlain:
        def test_refuses_a_foreign_table_by_name(self, url: str, clean: Making) -> None:
            run(
                url,
                "CREATE FOREIGN DATA WRAPPER nothing",
                "CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing",
                "CREATE FOREIGN TABLE parcels (id int) SERVER elsewhere",
            )

            with pytest.raises(CannotReset, match=r"public\.parcels is a foreign table"):
                clean(url)

        def test_refuses_a_rule_that_keeps_rows(self, owner: str, clean: Making) -> None:
            run(owner, "CREATE TABLE ledger (id int)", "CREATE RULE keep AS ON DELETE TO ledger DO INSTEAD NOTHING")

            with pytest.raises(CannotReset, match="the rule keep"):
                clean(owner)

        def test_empties_a_table_with_such_a_rule_for_a_superuser(self, url: str, clean: Making) -> None:
            run(url, "CREATE TABLE ledger (id int)", "CREATE RULE keep AS ON DELETE TO ledger DO INSTEAD NOTHING")
            cleaner = clean(url)
            run(url, "INSERT INTO ledger VALUES (1)")

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert count(url, "ledger") == 0

        @pytest.mark.parametrize("login", ["url", "owner"])
        def test_empties_partitions_through_their_table(
            self, request: pytest.FixtureRequest, clean: Making, login: str
        ) -> None:
            url: str = request.getfixturevalue(login)
            run(
                url,
                "CREATE TABLE days (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                "CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (1) TO (10)",
                "CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id)",
                "CREATE TABLE days_2a PARTITION OF days_2 DEFAULT",
                "CREATE TABLE hours (day int REFERENCES days)",
            )
            cleaner = clean(url)
            run(url, "INSERT INTO days VALUES (1), (11)", "INSERT INTO hours VALUES (1), (11)")

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert outcome.emptied == ("public.hours", "public.days")
            assert [count(url, table) for table in ("days", "hours")] == [0, 0]

        def test_leaves_reference_data_in_a_table_that_inherits_from_an_emptied_one(
            self, url: str, clean: Making
        ) -> None:
            run(
                url,
                "CREATE TABLE goods (id int)",
                "CREATE TABLE books () INHERITS (goods)",
                "INSERT INTO books VALUES (1)",
            )
            cleaner = clean(url)
            run(url, "INSERT INTO goods VALUES (2)")

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert [count(url, "ONLY goods"), count(url, "books")] == [0, 1]

        def test_takes_columns_with_the_names_of_its_own_variables(self, url: str, clean: Making) -> None:
            columns = "since xid, outline text, identity text, alone boolean, emptied int, filled int, place int"
            run(url, f"CREATE TABLE kinds ({columns})", "INSERT INTO kinds (place) VALUES (1)")
            run(url, f"CREATE TABLE things (id serial, {columns})")
            cleaner = clean(url)
            run(url, "INSERT INTO things (place) VALUES (1)")

            outcome = cleaner.reset(TEST, identity=Identity.SPREAD)

            assert outcome.emptied == ("public.things",)

    class WhenRowsAreHidden:
        @pytest.fixture
        def tenant(self, url: str, owner: str) -> str:
            """The URL of the owner of a table whose policy hides every row from whoever is subject to it."""
            run(
                owner,
                "CREATE TABLE public.orders (id int)",
                "CREATE POLICY nobody ON public.orders USING (false)",
                "ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY",
            )
            return owner

        def test_empties_the_table_as_a_superuser(self, url: str, tenant: str, clean: Making) -> None:
            cleaner = clean(url)
            run(url, "INSERT INTO orders VALUES (1)")

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert (outcome.emptied, count(url, "orders")) == (("public.orders",), 0)

        def test_empties_the_table_as_its_owner(self, url: str, tenant: str, clean: Making) -> None:
            cleaner = clean(tenant)
            run(url, "INSERT INTO orders VALUES (1)")

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert (outcome.emptied, count(url, "orders")) == (("public.orders",), 0)

        def test_refuses_the_owner_on_whom_it_is_forced(self, url: str, tenant: str, clean: Making) -> None:
            run(url, "ALTER TABLE orders FORCE ROW LEVEL SECURITY", "INSERT INTO orders VALUES (1)")

            with pytest.raises(
                CannotReset, match=r"hides rows of these tables from a reset: public\.orders\."
            ) as refused:
                clean(tenant)

            assert "BYPASSRLS" in refused.value.hint

        def test_empties_it_also_then_with_the_right_to_pass_it_by(self, url: str, tenant: str, clean: Making) -> None:
            run(url, "ALTER TABLE orders FORCE ROW LEVEL SECURITY")
            run(url, f"ALTER ROLE {sa.make_url(tenant).username} BYPASSRLS")
            cleaner = clean(tenant)
            run(url, "INSERT INTO orders VALUES (1)")

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert count(url, "orders") == 0

        def test_refuses_somebody_who_does_not_own_the_table(self, url: str, tenant: str, clean: Making) -> None:
            with owner_of(url) as somebody:
                name = sa.make_url(somebody).username
                run(url, f"GRANT ALL ON orders TO {name}")

                with pytest.raises(CannotReset, match=r"public\.orders"):
                    clean(somebody)

        def test_refuses_it_of_reference_data_too(self, url: str, tenant: str, clean: Making) -> None:
            run(url, "INSERT INTO orders VALUES (1)", "ALTER TABLE orders FORCE ROW LEVEL SECURITY")

            with pytest.raises(CannotReset, match=r"public\.orders"):
                clean(tenant)

        def test_does_not_mind_policies_of_a_partition_alone(self, url: str, owner: str, clean: Making) -> None:
            run(
                owner,
                "CREATE TABLE days (day int) PARTITION BY LIST (day)",
                "CREATE TABLE monday PARTITION OF days FOR VALUES IN (1)",
                "ALTER TABLE monday ENABLE ROW LEVEL SECURITY",
                "ALTER TABLE monday FORCE ROW LEVEL SECURITY",
            )
            cleaner = clean(owner)
            run(url, "INSERT INTO days VALUES (1)")

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert count(url, "days") == 0

        @pytest.mark.parametrize(
            ("change", "aspect"),
            [("FORCE ROW LEVEL SECURITY", "row security"), ("DISABLE ROW LEVEL SECURITY", "kind")],
        )
        def test_names_the_table_if_a_test_changed_it(
            self, url: str, tenant: str, clean: Making, change: str, aspect: str
        ) -> None:
            cleaner = clean(tenant)
            run(url, "INSERT INTO orders VALUES (1)", f"ALTER TABLE orders {change}")

            with pytest.raises(CannotReset, match=rf"public\.orders \({aspect}\)"):
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenSequencesCount:
        def test_sets_back_those_that_belong_to_no_column(self, url: str, clean: Making) -> None:
            run(url, "CREATE SEQUENCE invoice_numbers START 100", "SELECT nextval('invoice_numbers')")
            cleaner = clean(url)
            run(url, "SELECT nextval('invoice_numbers')", "SELECT nextval('invoice_numbers')")

            cleaner.reset(TEST, identity=Identity.SPREAD)

            assert ask(url, "SELECT nextval('invoice_numbers')") == [(101,)]

        def test_sets_back_one_that_a_test_has_put_elsewhere(self, url: str, clean: Making) -> None:
            run(url, "CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY)")
            cleaner = clean(url)
            run(url, "SELECT setval('orders_id_seq', 500, false)")

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert ask(url, "SELECT nextval('orders_id_seq')") == [(1,)]

        def test_spreads_the_sequence_of_a_default_and_one_that_counts_downward(self, url: str, clean: Making) -> None:
            run(
                url,
                "CREATE SEQUENCE numbers",
                "CREATE TABLE a (id smallint DEFAULT nextval('numbers'))",
                "CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY (INCREMENT -1))",
            )

            clean(url).reset(TEST, identity=Identity.SPREAD)

            assert ask(url, "SELECT nextval('numbers'), nextval('b_id_seq')") == [(1001, -1001)]

        def test_sets_back_the_default_of_reference_data_as_the_template_has_it(self, url: str, clean: Making) -> None:
            run(
                url,
                "CREATE SEQUENCE numbers",
                "CREATE TABLE kinds (id int DEFAULT nextval('numbers'), name text)",
                "INSERT INTO kinds (name) VALUES ('a'), ('b')",
            )
            cleaner = clean(url)
            run(url, "SELECT nextval('numbers')")

            cleaner.reset(TEST, identity=Identity.SPREAD)

            assert ask(url, "SELECT nextval('numbers')") == [(3,)]

    class WhenTablesWereTouchedButAreAsBefore:
        @pytest.mark.parametrize(
            "statement",
            [
                "TRUNCATE orders RESTART IDENTITY CASCADE",
                "CREATE TEMPORARY TABLE mine (id int)",
                "VACUUM FULL orders",
                "ANALYZE",
                "ALTER TABLE orders ADD x int; ALTER TABLE orders DROP x",
            ],
        )
        def test_resets_in_one_round_trip_again_afterwards(self, url: str, clean: Making, statement: str) -> None:
            run(url, "CREATE TABLE orders (id serial)")
            cleaner = clean(url)
            run(url, "INSERT INTO orders DEFAULT VALUES", statement, "INSERT INTO orders DEFAULT VALUES")

            first = cleaner.reset(TEST, identity=Identity.KEEP)
            second = cleaner.reset(TEST, identity=Identity.KEEP)

            assert first.emptied == ("public.orders",)
            assert second.round_trips == 1

    class WhenTablesWereChanged:
        @pytest.mark.parametrize(
            ("statement", "change"),
            [
                ("ALTER TABLE lines ADD FOREIGN KEY (id) REFERENCES orders", r"public\.lines \(foreign keys\)"),
                ("ALTER TABLE lines DISABLE TRIGGER ALL", r"public\.lines \(foreign keys\)"),
                ("DROP SEQUENCE numbers", r"public\.numbers \(gone\)"),
                ("CREATE SCHEMA s CREATE TABLE t (id int)", r"s\.t \(new\)"),
                ("CREATE RULE r AS ON DELETE TO lines DO INSTEAD NOTHING", r"public\.lines \(rules\)"),
            ],
        )
        def test_names_the_change(self, url: str, clean: Making, statement: str, change: str) -> None:
            run(
                url,
                "CREATE TABLE orders (id int PRIMARY KEY)",
                "CREATE TABLE lines (id int, parent int CONSTRAINT known REFERENCES orders)",
                "CREATE SEQUENCE numbers",
            )
            cleaner = clean(url)
            run(url, statement)

            with pytest.raises(CannotReset, match=change):
                cleaner.reset(TEST, identity=Identity.RESEED)

    class WhenReferenceDataIsLarge:
        @pytest.fixture
        def large(self, url: str) -> str:
            run(
                url,
                "CREATE TABLE places (id int PRIMARY KEY)",
                "INSERT INTO places SELECT generate_series(1, 10001)",
                "CREATE TABLE orders (id int)",
            )
            return url

        def test_compares_it_when_it_is_closed(self, large: str) -> None:
            cleaner = PostgresqlCleaner(large)
            run(large, "UPDATE places SET id = 0 WHERE id = 1")
            cleaner.reset(TEST, identity=Identity.KEEP)

            with pytest.raises(ReferenceDataChanged, match=r"public\.places"):
                cleaner.close()

        def test_is_closed_quietly_if_it_is_as_before(self, large: str) -> None:
            cleaner = PostgresqlCleaner(large)
            run(large, "UPDATE places SET id = id")

            cleaner.close()

    class WhenATransactionIsOpen:
        def test_tells_the_session_without_values(self, url: str, clean: Making, other: sa.Connection) -> None:
            run(url, "CREATE TABLE users (name text)")
            cleaner = clean(url)
            other.exec_driver_sql("INSERT INTO users VALUES ('Hopper')")
            number = other.exec_driver_sql("SELECT pg_backend_pid() -- 'Hopper'").scalar_one()

            with pytest.raises(TransactionLeaked) as raised:
                cleaner.reset(TEST, identity=Identity.KEEP)

            (session,) = raised.value.sessions
            assert session.startswith(f"session {number} (corelib) idle in transaction since ")
            assert "SELECT pg_backend_pid()" in session
            assert "Hopper" not in str(raised.value)

        def test_ends_one_that_locks_a_table(self, url: str, clean: Making, other: sa.Connection) -> None:
            run(url, "CREATE TABLE users (name text)")
            cleaner = clean(url)
            run(url, "INSERT INTO users VALUES ('Hopper')")
            other.exec_driver_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")

            with pytest.raises(TransactionLeaked):
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert count(url, "users") == 0

        def test_names_what_the_test_changed_besides(self, url: str, clean: Making, other: sa.Connection) -> None:
            run(url, "CREATE TABLE kinds (name text)", "INSERT INTO kinds VALUES ('a')")
            cleaner = clean(url)
            run(url, "DELETE FROM kinds")
            other.exec_driver_sql("SELECT 1")

            with pytest.raises(ReferenceDataChanged) as raised:
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert isinstance(raised.value.__cause__, TransactionLeaked)

        def test_learns_of_one_of_a_role_that_it_may_not_see_when_it_is_blocked(
            self, url: str, owner: str, clean: Making, other: sa.Connection
        ) -> None:
            run(owner, "CREATE TABLE users (name text)")
            cleaner = clean(owner)
            run(owner, "INSERT INTO users VALUES ('Hopper')")
            other.exec_driver_sql("LOCK TABLE users")

            with pytest.raises(PermissionDenied):  # a superuser's session is ended by superusers alone
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenOthersComeAndGo:
        def test_takes_short_transactions_for_no_leak(self, url: str, clean: Making) -> None:
            run(url, "CREATE TABLE orders (id int)")
            cleaner = clean(url)
            run(url, "INSERT INTO orders VALUES (1)")
            done = threading.Event()
            polls: list[int] = []

            def poll(poller: int) -> None:
                engine = create_engine(url)
                while not done.is_set():
                    with engine.begin() as connection:
                        connection.exec_driver_sql("SELECT count(*), pg_sleep(0.02) FROM orders")
                    polls.append(poller)
                engine.dispose()

            workers = [threading.Thread(target=poll, args=[number]) for number in range(4)]
            for worker in workers:
                worker.start()
            until(lambda: len(set(polls)) == 4, "all of them poll")

            try:
                outcome = cleaner.reset(TEST, identity=Identity.KEEP)
            finally:
                done.set()
                for worker in workers:
                    worker.join()

            assert outcome.emptied == ("public.orders",)

        def test_gives_up_on_a_lock_that_no_session_holds(self, url: str, clean: Making) -> None:
            if ask(url, "SHOW max_prepared_transactions") == [("0",)]:
                pytest.skip("the server allows no prepared transactions")
            run(url, "CREATE TABLE orders (id int)")
            cleaner = clean(url)
            run(url, "INSERT INTO orders VALUES (1)", "BEGIN; LOCK orders; PREPARE TRANSACTION 'left'")

            try:
                with pytest.raises(RowLocked, match=TEST):
                    cleaner.reset(TEST, identity=Identity.KEEP)
            finally:
                run(url, "ROLLBACK PREPARED 'left'")

    class WhenTheServerRefuses:
        def test_says_so_if_a_right_was_taken_away(self, owner: str, clean: Making) -> None:
            run(owner, "CREATE TABLE orders (id int)")
            cleaner = clean(owner)
            run(owner, "INSERT INTO orders VALUES (1)", "REVOKE DELETE ON orders FROM CURRENT_USER")

            with pytest.raises(PermissionDenied):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_says_so_if_a_setting_is_out_of_range(self, url: str) -> None:
            with pytest.raises(CorelibError):
                PostgresqlCleaner(url, lock_timeout=timedelta(seconds=-1))

    class WhenItsOwnConnectionIsEnded:
        def test_connects_again(self, url: str, clean: Making) -> None:
            run(url, *AUDITED)
            cleaner = clean(url)
            run(url, "INSERT INTO orders DEFAULT VALUES")
            run(
                url,
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert [count(url, table) for table in ("orders", "notes")] == [0, 0]

    class WhenAnEmptiedTableHasGrown:
        def test_frees_it(self, url: str, clean: Making) -> None:
            run(url, "CREATE TABLE orders (name text)")
            cleaner = clean(url)
            run(url, "INSERT INTO orders SELECT repeat('x', 1000) FROM generate_series(1, 500)")

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert outcome.round_trips == 2
            assert ask(url, "SELECT pg_relation_size('orders')") == [(0,)]
