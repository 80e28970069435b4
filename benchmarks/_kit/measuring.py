"""Measures templates, clones and resets on one server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from _kit.figures import DELETE_ALL, KIT, TRUNCATE, Figures
from _kit.tables import SixtyTables, make_dirty, tables
from corelib.adapters.sqlalchemy import create_engine
from corelib.testing.database.clones import Clone
from corelib.testing.database.kit import Kit, open_kit
from corelib.testing.database.planning.names import run_id
from corelib.testing.database.settings import KitSettings

PREFIX = "corelib_bench"
NAMES = ", ".join(table.name for table in tables)


def measure(server: str, url: str, *, repeat: int) -> Figures:
    """Return the figures of the server at a URL, without those of whole runs of tests."""
    misses = [_miss(url) for _ in range(max(1, repeat // 10))]
    source = SixtyTables(uuid4().hex)
    with new_kit(url, source) as kit:
        kit.template()
        clones = [_clone_seconds(kit) for _ in range(max(2, repeat // 3))]
        hits = [_hit(url, source) for _ in range(max(2, repeat // 3))]
        resets = _resets(kit, repeat)
        _drop_template(kit)
    return Figures(server, hits, misses, clones, resets)


def new_kit(url: str, source: SixtyTables) -> Kit:
    """Return a kit of a run of its own."""
    return open_kit(url, source, KitSettings(run=run_id(uuid4().hex), prefix=PREFIX))


def _miss(url: str) -> float:
    """Return how many seconds a new template takes beyond its source, opening and closing of the kit left out."""
    with new_kit(url, SixtyTables(uuid4().hex)) as kit:
        ready = kit.template()
        _drop_template(kit)
    return ready.seconds - ready.build_seconds


def _hit(url: str, source: SixtyTables) -> float:
    """Return how many seconds it takes a new process's kit to have the template, its first connections included."""
    began = time.perf_counter()
    kit = new_kit(url, source)
    ready = kit.template()
    seconds = time.perf_counter() - began
    kit.close()
    if not ready.hit:
        raise RuntimeError("the template was built although it was there")
    return seconds


def _clone_seconds(kit: Kit) -> float:
    clone = kit.clone()
    clone.drop()
    return clone.seconds


def _drop_template(kit: Kit) -> None:
    """Leave nothing on the server."""
    ready = kit.template()
    kit.room.server.drop(ready.name)
    kit.room.cloner.discard(ready.name)
    kit.room.registry.forget(ready.name)


def _resets(kit: Kit, repeat: int) -> Mapping[str, list[float]]:
    """Make five tables dirty and empty them, in all ways in turn, each on a clone of its own."""
    ways = _ways(kit)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for round_ in range(repeat + 3):
        for way in Random(round_).sample(list(ways), len(ways)):
            engine, reset = ways[way]
            with engine.begin() as connection:
                make_dirty(connection)
            began = time.perf_counter()
            reset()
            took = time.perf_counter() - began
            if round_ >= 3:  # the first ones prepare statements and fill caches
                seconds[way].append(took)
    for engine, _ in ways.values():
        engine.dispose()
    return seconds


def _ways(kit: Kit) -> dict[str, tuple[Engine, Callable[[], object]]]:
    """Return the contenders: the kit, and what people write by hand. Each has its clone and its open connection."""
    own = kit.clone()
    own.reset("nobody")
    ways: dict[str, tuple[Engine, Callable[[], object]]] = {
        KIT: (create_engine(own.url), lambda: own.reset("a test")),
    }
    by_hand = {DELETE_ALL: _delete_all}
    if kit.room.server.facts().engine == "postgresql":  # SQL Server refuses TRUNCATE of what a key refers to (4712)
        by_hand[TRUNCATE] = _truncate_all
    for way, function in by_hand.items():
        engine, reset = _by_hand(kit.clone(), function)
        ways[way] = (engine, reset)
    return ways


def _by_hand(clone: Clone, empty: Callable[[Connection], None]) -> tuple[Engine, Callable[[], object]]:
    engine = create_engine(clone.url)
    connection = engine.connect()

    def reset() -> None:
        empty(connection)
        connection.commit()

    return engine, reset


def _truncate_all(connection: Connection) -> None:
    connection.exec_driver_sql(f"TRUNCATE {NAMES}")


def _delete_all(connection: Connection) -> None:
    """Delete from each table, children first; the circle is undone before."""
    last, before = tables[-1], tables[-2]
    connection.execute(sa.update(before).values(next_id=None))
    connection.execute(last.delete())
    for table in reversed(tables[:-1]):
        connection.execute(table.delete())
