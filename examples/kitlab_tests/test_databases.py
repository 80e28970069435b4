"""Each way in which a test can use its database, and what the next one then finds."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from corelib import Host
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.database.figures import ReadyTemplate
from corelib.testing.plugin.case import WorkerDatabase
from corelib.testing.servers import Server
from kitlab.adapters import tables
from kitlab.domain.kit import Kit
from kitlab.domain.user import User
from kitlab.testing.factories import Factories
from kitlab.use_cases.read_revenue import ReadRevenue


def count(connection: Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


class TestADatabaseThatIsReset:
    @pytest.mark.parametrize("time", ["first", "second"])
    def test_has_what_was_committed_and_nothing_of_other_tests(
        self, app: Host, factories: Factories, db_connection: Connection, time: str
    ) -> None:
        factories.users.persisted_many(app, 3)

        assert count(db_connection, tables.user) == 3

    def test_has_nothing_of_a_unit_of_work_that_was_left(
        self, factories: Factories, uow: UnitOfWork, db_connection: Connection
    ) -> None:
        with uow:
            factories.users.persisted(uow)
            inside = uow.repository(User).count()

        assert (inside, count(db_connection, tables.user)) == (1, 0)

    @pytest.mark.db(isolation="serializable")
    def test_has_the_isolation_that_the_marker_says(self, db_connection: Connection) -> None:
        assert db_connection.get_isolation_level() == "SERIALIZABLE"


@pytest.mark.db(reset="rollback")
class TestADatabaseThatIsRolledBack:
    @pytest.mark.parametrize("time", ["first", "second"])
    def test_has_what_was_committed_for_the_time_of_the_test(
        self, factories: Factories, uow: UnitOfWork, db_engine: Engine, time: str
    ) -> None:
        with uow:
            factories.users.persisted(uow)
            uow.commit()

        with db_engine.connect() as another:
            assert count(another, tables.user) == 1


@pytest.mark.db(reset="clone")
class TestADatabaseOfItsOwn:
    def test_can_have_other_tables(self, app: Host, factories: Factories, db_engine: Engine) -> None:
        """The next version adds a column while this one still serves: kitlab minds no column that it does not know."""
        with db_engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE kitlab_kit ADD shelf varchar(20)"))

        kit = factories.kits.persisted(app)

        with app.unit_of_work() as uow:
            assert uow.repository(Kit, str).get(kit.id).status is kit.status


@pytest.mark.db(reset="none")
class TestADatabaseThatIsOnlyRead:
    def test_has_the_tables_that_kitlab_names(self, db_engine: Engine) -> None:
        found = set(sa.inspect(db_engine).get_table_names())

        assert set(tables.metadata.tables) <= found

    def test_is_a_clone_of_the_template(
        self, db_server: Server, db_template: ReadyTemplate, worker_db: WorkerDatabase, db_url: str
    ) -> None:
        assert db_template.name.startswith("kitlab_test_t_")
        assert worker_db.name.startswith("kitlab_test_")
        assert worker_db.name != db_template.name
        assert sa.make_url(db_url).host == sa.make_url(db_server.url).host


class TestRevenue:
    def test_is_read_by_sql_of_this_very_engine(self, app: Host, factories: Factories) -> None:
        invoice = factories.invoices.persisted(app)

        (revenue,) = app.execute(ReadRevenue(invoice.issued_at.date()))

        assert (revenue.invoices, revenue.total) == (1, invoice.amount)
