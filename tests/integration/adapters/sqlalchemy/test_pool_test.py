"""Connections of a pool that were in use a moment ago, on PostgreSQL: they are looked at, and not asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from tests.support.cuttable import CuttableWay, url_through, way_to_database
from tests.support.databases import POSTGRESQL, fresh_database, server_named_by

from corelib.adapters.sqlalchemy import EngineSettings, create_engine

A_MOMENT, NO_TIME = timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture
def way() -> Iterator[tuple[str, CuttableWay]]:
    with fresh_database(server_named_by(POSTGRESQL)) as url, way_to_database(url) as way:
        yield url_through(url, way), way


def engine_to(url: str, untested_for: timedelta | None = None) -> tuple[Engine, list[object]]:
    """Return an engine, and the connections of which its pool has asked the server whether they are there."""
    engine = create_engine(EngineSettings(url=url, untested_for=untested_for))
    asked: list[object] = []
    ping: Any = engine.dialect.do_ping

    def noted(connection: Any) -> bool:
        asked.append(connection)
        return bool(ping(connection))

    engine.dialect.do_ping = noted  # type: ignore[method-assign]
    return engine, asked


def one(engine: Engine) -> object:
    with engine.connect() as connection:
        return connection.execute(sa.text("SELECT 1")).scalar_one()


class TestPooledConnection:
    class WhenItWasInUseAMomentAgo:
        def test_is_taken_without_a_question(self, way: tuple[str, CuttableWay]) -> None:
            engine, asked = engine_to(way[0], A_MOMENT)
            one(engine)

            found = one(engine)

            engine.dispose()
            assert (found, asked) == (1, [])

        def test_is_replaced_if_the_server_has_closed_it(self, way: tuple[str, CuttableWay]) -> None:
            engine, asked = engine_to(way[0], A_MOMENT)
            one(engine)
            way[1].break_connections()
            assert way[1].all_connections_end(10)

            found = one(engine)

            engine.dispose()
            assert (found, len(asked)) == (1, 1)

    class WhenItWasIdleForLonger:
        def test_is_asked(self, way: tuple[str, CuttableWay]) -> None:
            engine, asked = engine_to(way[0], NO_TIME)
            one(engine)

            found = one(engine)

            engine.dispose()
            assert (found, len(asked)) == (1, 1)
