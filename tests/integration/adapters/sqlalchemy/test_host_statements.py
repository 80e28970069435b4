"""A host's own statements in the transaction of a unit of work, on real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, server_named_by, skip_on_mssql_lacking

from corelib import App, Settings
from corelib.adapters.sqlalchemy import connection_of
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.errors import TransientFailure
from corelib.testing.contracts.capabilities import Capability
from kitlab.adapters.tables import kit_type
from kitlab.domain.catalogue import KitType


@pytest.fixture(params=[POSTGRESQL, MSSQL])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with fresh_database(server_named_by(request.param)) as url:
        app = App("kitlab", schema="kitlab.adapters.tables:schema")
        with bootstrap(app, Settings(database_url=url)) as host:
            host.storage.create()
            yield host


# PostgreSQL gives a transaction up after any error, SQL Server after some: as of a conversion.
GIVING_UP = "SELECT CAST('one' AS int)"


def codes(host: Host) -> list[str]:
    with host.unit_of_work() as uow:
        return [kit.id for kit in uow.repository(KitType, str).stream()]


def connection_is_mssql(host: Host) -> bool:
    with host.unit_of_work() as uow:
        return connection_of(uow).dialect.name == "mssql"


class TestConnectionOf:
    class WhenItsStatementsSucceed:
        def test_commits_them_with_the_unit_of_work(self, host: Host) -> None:
            with host.unit_of_work() as uow:
                uow.repository(KitType, str).add(KitType("A", "by the repository", active=True))
                row = {"id": "B", "name": "by hand", "active": True, "version": 1}
                connection_of(uow).execute(kit_type.insert(), row)
                uow.commit()

            assert codes(host) == ["A", "B"]

        def test_rolls_them_back_with_the_unit_of_work(self, host: Host) -> None:
            with host.unit_of_work() as uow:
                row = {"id": "B", "name": "by hand", "active": True, "version": 1}
                connection_of(uow).execute(kit_type.insert(), row)

            assert codes(host) == []

    class WhenAFailedStatementIsSwallowed:
        def test_refuses_the_commit_that_would_store_nothing(self, host: Host) -> None:
            if connection_is_mssql(host):
                skip_on_mssql_lacking(Capability.TRANSACTION_STATE)

            with host.unit_of_work() as uow:
                uow.repository(KitType, str).add(KitType("A", "lost without a word", active=True))
                uow.flush()
                with pytest.raises(sa.exc.DBAPIError):
                    connection_of(uow).exec_driver_sql(GIVING_UP)

                with pytest.raises(TransientFailure, match="nothing can be committed"):
                    uow.commit()

            assert codes(host) == []

        def test_commits_what_a_savepoint_has_saved(self, host: Host) -> None:
            with host.unit_of_work() as uow:
                uow.repository(KitType, str).add(KitType("A", "saved", active=True))
                uow.flush()
                row = {"id": "A", "name": "there already", "active": True, "version": 1}
                with pytest.raises(sa.exc.IntegrityError), connection_of(uow).begin_nested():
                    connection_of(uow).execute(kit_type.insert(), row)
                uow.commit()

            assert codes(host) == ["A"]

    class WhenASavepointIsTheFirstThing:
        def test_commits_what_follows(self, host: Host) -> None:
            row = {"id": "B", "name": "by hand", "active": True, "version": 1}
            with host.unit_of_work() as uow:
                with connection_of(uow).begin_nested():
                    connection_of(uow).execute(kit_type.insert(), row)
                uow.commit()

            assert codes(host) == ["B"]

        def test_rolls_back_to_it(self, host: Host) -> None:
            row = {"id": "B", "name": "by hand", "active": True, "version": 1}
            with host.unit_of_work() as uow:
                savepoint = connection_of(uow).begin_nested()
                connection_of(uow).execute(kit_type.insert(), row)
                savepoint.rollback()
                connection_of(uow).execute(kit_type.insert(), {**row, "id": "C"})
                uow.commit()

            assert codes(host) == ["C"]
