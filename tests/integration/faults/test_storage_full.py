"""A disk, or a file, with no room left."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.support.bank import HEALTHY, Account, Bank, opened_bank
from tests.support.databases import POSTGRESQL, fresh_database, run_on_server, server_named_by

from corelib import UnitOfWork
from corelib.adapters.sqlalchemy import SqlStorage
from corelib.errors import StorageFull, UnitOfWorkClosed

ROWS = 20_000
"""Far more than there is room for."""


def filling(uow: UnitOfWork) -> None:
    accounts = uow.repository(Account, str)
    accounts.add_many([Account(f"{number:050}") for number in range(ROWS)])
    uow.flush()


@pytest.fixture
def bank(sqlite_url: str) -> Iterator[Bank]:
    """A bank in a file of SQLite that may not grow much."""
    with opened_bank(sqlite_url, accounts=()) as opened:
        limit_pages(opened)
        opened.host.run(lambda uow: uow.repository(Account, str).add(Account("committed")))
        yield opened


def limit_pages(bank: Bank) -> None:
    storage = bank.host.storage
    assert isinstance(storage, SqlStorage)
    sa.event.listen(storage.engine, "connect", lambda driver, _: driver.execute("PRAGMA max_page_count = 100"))
