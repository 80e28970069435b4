"""Simulated processes that share one server, and what else may be on it."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

from attrs import frozen

from corelib.testing.database.kit import Kit
from corelib.testing.database.memory import MemoryDatabase, MemoryProcess, MemorySource, MemoryWorld, memory_room
from corelib.testing.database.planning.names import clone_name, run_id
from corelib.testing.database.settings import KitSettings

PREFIX = "orders_test"
RUN = run_id("this run")
OTHER_RUN = run_id("another run")
NEXT_RUN = run_id("the next run")
DEAD_RUN = run_id("a run long ago")


def kit_of(
    process: MemoryProcess,
    run: str = RUN,
    *,
    prefix: str = PREFIX,
    source: MemorySource | None = None,
    version: str = "1.0/1",
    **settings: object,
) -> Kit:
    """Return the kit of a process."""
    told = KitSettings(run=run, prefix=prefix, **settings)  # type: ignore[arg-type]
    return Kit(memory_room(process), source or MemorySource(process.world), told, version)


@frozen
class Bystanders:
    """What is on a server besides a run's own databases: all of it has to be there afterwards, as it was."""

    world: MemoryWorld
    living: tuple[Kit, ...]
    before: dict[str, object]

    def now(self) -> dict[str, object]:
        """Return the same databases and records as they are now."""
        return {key: value for key, value in _all_of(self.world).items() if key in self.before}


def with_bystanders(world: MemoryWorld) -> Bystanders:
    """Put onto a server whatever nobody but its owner may touch."""
    world.databases["orders"] = MemoryDatabase({"orders": [1]})
    world.databases["orders_test"] = MemoryDatabase({"orders": [2]})
    world.databases[clone_name(PREFIX, DEAD_RUN, "main", 1)] = MemoryDatabase({"orders": [3]})
    living = (
        kit_of(MemoryProcess(world), OTHER_RUN, version="0.9/1"),
        kit_of(MemoryProcess(world), OTHER_RUN, prefix=f"{PREFIX}_eu"),
    )
    for each in living:
        each.clone()
    dying = MemoryProcess(world)
    kit = kit_of(dying, DEAD_RUN, version="0.9/1")
    kit.clone().keep("test_that_failed", timedelta(days=2))
    dying.kill()
    return Bystanders(world, living, deepcopy(_all_of(world)))


def _all_of(world: MemoryWorld) -> dict[str, object]:
    records = {f"record of {name}": record for name, record in world.records.items()}
    return {**world.databases, **records}
