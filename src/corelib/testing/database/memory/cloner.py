"""A cloner and a cleaner in memory."""

from __future__ import annotations

from attrs import field, frozen

from corelib.errors import DatabaseMissing
from corelib.testing.database.errors import ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.memory.process import MemoryProcess
from corelib.testing.database.memory.world import MemoryDatabase
from corelib.testing.database.model import Identity, Mark, ResetOutcome
from corelib.testing.database.planning.ownership import taken_by_others


@frozen
class MemoryCloner:
    """Keeps the contract of `ports.cloner.Cloner`, for one simulated process."""

    process: MemoryProcess

    @property
    def label(self) -> str:
        """Return how clones are made."""
        return "copy in memory"

    def prepare(self, build: str, template: str) -> None:  # noqa: ARG002 - the port's
        """Note that clones of the template can be made."""
        self.process.step("prepare", lambda: self.process.world.prepared.add(template))

    def is_prepared(self, template: str) -> bool:
        """Return whether it was noted."""
        self.process.live()
        return template in self.process.world.prepared

    def clone(self, template: str, name: str) -> None:
        """Copy a template."""
        self.process.step("clone", lambda: self.process.world.add(name, self._copied(template)))

    def discard(self, template: str) -> None:
        """Forget that the template was prepared."""
        self.process.step("discard", lambda: self.process.world.prepared.discard(template))

    def _copied(self, template: str) -> MemoryDatabase:
        if template not in self.process.world.databases or template not in self.process.world.prepared:
            raise DatabaseMissing(f"There is no template {template}.")
        return self.process.world.databases[template].copied()


@frozen
class MemoryCleaner:
    """Keeps the contract of `ports.cleaner.Cleaner` for a database in memory."""

    database: MemoryDatabase
    _mark: Mark | None = field(init=False)

    @_mark.default
    def _mark_now(self) -> Mark | None:
        return self.database.mark

    def reset(self, test: str, *, identity: Identity) -> ResetOutcome:  # noqa: ARG002 - no table has a counter
        """Empty the tables in which the template has no rows."""
        if self.database.mark != self._mark:
            raise taken_by_others("in memory", self.database.mark)
        changed = [name for name, rows in self.database.reference.items() if list(rows) != self.database.tables[name]]
        emptied = sorted(set(self._dirty()) - set(changed))
        for name in emptied:
            self.database.tables[name].clear()
        leaked, self.database.sessions[:] = [str(session) for session in self.database.sessions], []
        if changed:
            raise ReferenceDataChanged(test, changed)
        if leaked:
            raise TransactionLeaked(test, leaked)
        return ResetOutcome(emptied)

    def close(self) -> None:
        """Do nothing more."""

    def _dirty(self) -> list[str]:
        return [name for name, rows in self.database.tables.items() if rows and name not in self.database.reference]
