"""What the end-to-end tests run on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests.support.brokers import RABBITMQ, REDIS, clean
from tests.support.commands import PROJECT, python

from corelib.adapters.sqlalchemy import create_engine

NewDatabase = Callable[[str], str]


@pytest.fixture(scope="session")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of 1,000 orders with faults of every kind; `expected.json` lies beside it."""
    file = tmp_path_factory.mktemp("orders") / "orders.jsonl"
    made = python(
        str(PROJECT / "examples/kitlab/data/generate.py"), "--orders", "1000", "--seed", "7", "--out", str(file)
    )
    assert made.returncode == 0, made.stderr
    return file


@pytest.fixture(scope="session")
def expected(orders: Path) -> dict[str, Any]:
    """Return the figures that the orders have to arrive at."""
    return dict(json.loads(orders.with_name("expected.json").read_text(encoding="utf-8")))


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[NewDatabase]:
    """Return a function that makes an empty database on `sqlite`, `postgresql` or `mssql` and returns its URL."""
    dropping: list[Callable[[], None]] = []

    def make(engine: str) -> str:
        if engine == "sqlite":
            return f"sqlite:///{tmp_path / 'kitlab.sqlite'}"
        server = named(f"CORELIB_TEST_{engine.upper()}_URL")
        name = f"corelib_e2e_{uuid4().hex[:12]}"
        _administer(server, f"CREATE DATABASE {name}")
        force = " WITH (FORCE)" if engine == "postgresql" else ""
        dropping.append(lambda: _administer(server, f"DROP DATABASE {name}{force}"))
        return sa.make_url(server).set(database=name).render_as_string(hide_password=False)

    yield make
    for drop in dropping:
        drop()


@pytest.fixture
def namespace() -> Iterator[str]:
    """Return a prefix on the brokers that no other test uses; nothing is left under it."""
    namespace = f"e2e-{uuid4().hex[:12]}"
    yield namespace
    for variable in (RABBITMQ, REDIS):
        if url := os.environ.get(variable):
            clean(url, namespace)


def broker_url(broker: str) -> str:
    """Return the URL of `memory`, `inprocess`, `rabbitmq` or `redis`; skip if there is no such server."""
    return f"{broker}:" if broker in ("memory", "inprocess") else named(f"CORELIB_TEST_{broker.upper()}_URL")


def named(variable: str) -> str:
    """Return the URL of a server for tests; skip if there is none."""
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} names no server")
    return url


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def money_after_mending(expected: dict[str, Any]) -> dict[str, str]:
    """Return what is charged once the orders with unreachable cards have other ones, by currency."""
    totals = {currency: Decimal(amount) for currency, amount in expected["charged"].items()}
    for currency, amount in expected["unreachable"].items():
        totals[currency] = totals.get(currency, Decimal(0)) + Decimal(amount)
    return {currency: str(amount) for currency, amount in sorted(totals.items())}
