"""What is to be called once a unit of work has ended."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from corelib.ports.logger import Logger

Hook = Callable[[], object]


@define
class Hooks:
    """The hooks of one unit of work; each is called at most once.

    Args:
        log: gets the errors of hooks, which change nothing.
    """

    _log: Logger
    _after_commit: list[Hook] = field(factory=list)
    _after_rollback: list[Hook] = field(factory=list)

    def after_commit(self, hook: Hook) -> None:
        """Register a hook."""
        self._after_commit.append(hook)

    def after_rollback(self, hook: Hook) -> None:
        """Register a hook."""
        self._after_rollback.append(hook)

    def mark(self) -> tuple[int, int]:
        """Return what `return_to` needs to forget what is registered from now on."""
        return len(self._after_commit), len(self._after_rollback)

    def return_to(self, mark: tuple[int, int]) -> None:
        """Forget the hooks that were registered since."""
        del self._after_commit[mark[0] :]
        del self._after_rollback[mark[1] :]

    def committed(self) -> None:
        """Call the hooks for a commit."""
        self._call("after-commit hook failed", self._after_commit)

    def rolled_back(self) -> None:
        """Call the hooks for a rollback."""
        self._call("after-rollback hook failed", self._after_rollback)

    def _call(self, failed: str, hooks: list[Hook]) -> None:
        hooks = list(hooks)
        self._clear()
        for hook in hooks:
            try:
                hook()
            except Exception as error:  # noqa: BLE001 - the outcome stands, whatever a hook does
                self._log.error(failed, error)

    def _clear(self) -> None:
        self._after_commit.clear()
        self._after_rollback.clear()
