"""The command bus: context, log line, validation, transaction, handler."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from corelib.application import open_units
from corelib.application.binding import BoundHandler
from corelib.application.context import current_context, new_context, use_context
from corelib.application.unit_of_work import HandlerUnitOfWork
from corelib.application.unit_runner import ONE_TRY, Tries, UnitRunner
from corelib.domain.context import Context
from corelib.domain.message import Command
from corelib.errors import CorelibError, PersistenceError, UnboundHandler
from corelib.ports.codec import Codec
from corelib.ports.logger import Logger
from corelib.ports.unit_of_work import UnitOfWork

R = TypeVar("R")


class CommandBus:
    """Runs each command in a unit of work of its own and commits it.

    Args:
        handlers: one for each class of command.
        unit_of_work: makes the unit of work that the handler gets.
        units: runs it, again if need be.
        codec: reads raw commands.
        log: gets one line for each command: how it ended and how long it took.
        attempts: how often a command is run at most, if the caller does not say.

    Raises:
        UnboundHandler: if two handlers take the same command.
    """

    def __init__(
        self,
        handlers: Iterable[BoundHandler],
        *,
        unit_of_work: Callable[[], HandlerUnitOfWork],
        units: UnitRunner,
        codec: Codec,
        log: Logger,
        attempts: int = 1,
    ) -> None:
        self._handlers: dict[type, BoundHandler] = {}
        for handler in handlers:
            other = self._handlers.setdefault(handler.message, handler)
            if other is not handler:
                raise UnboundHandler(
                    f"{handler.message.__name__} has two handlers, {other.name} and {handler.name}.",
                    hint="Keep one of them.",
                )
        self._unit_of_work = unit_of_work
        self._units = units
        self._tries = Tries(attempts)
        self._codec = codec
        self._log = log

    def execute(
        self,
        command: Command[R],
        *,
        context: Context | None = None,
        attempts: int | None = None,
        idempotency_key: str | None = None,
    ) -> R:
        """Run a command and return what its handler returns.

        Args:
            command: of a class that a handler takes.
            context: to run in; by default the current one, else a new one.
            attempts: how often it is run at most while it ends with a `TransientFailure`, by the rules of `Host.run`.
                By default as the settings say, and once within an open unit of work.
            idempotency_key: stored with the effects of the command, by the rules of `Host.run`.

        Raises:
            UnboundHandler: if no handler takes it.
            MisuseError: if several attempts or a key are asked for within an open unit of work.
            CorelibError: what the handler or the commit raises; nothing is stored then.
        """
        with use_context(context or current_context() or new_context()):
            tries = self._tries_for(attempts, idempotency_key)
            return cast("R", self._logged(type(command), command, tries, validate=False))

    def submit(
        self,
        kind: type[Command[R]],
        raw: object,
        *,
        context: Context | None = None,
        attempts: int | None = None,
        idempotency_key: str | None = None,
    ) -> R:
        """Read a command from raw data (what `json.loads` gives, or JSON text), then run it as `execute` does.

        Raises:
            ValidationFailed: with all problems and their field paths.
        """
        with use_context(context or current_context() or new_context()):
            tries = self._tries_for(attempts, idempotency_key)
            return cast("R", self._logged(kind, raw, tries, validate=True))

    def _tries_for(self, attempts: int | None, key: str | None) -> Tries:
        if attempts is not None or key is not None:
            return Tries(self._tries.attempts if attempts is None else attempts, key=key)
        return ONE_TRY if open_units.any_open() else self._tries

    def _logged(self, kind: type, message: object, tries: Tries, *, validate: bool) -> object:
        began = time.perf_counter()
        name = kind.__name__
        try:
            handler = self._handler(kind)
            command = self._read(kind, message) if validate else message
            result = self._units.run(self._unit_of_work, lambda uow: handler.invoke(command, {UnitOfWork: uow}), tries)
        except PersistenceError as error:
            self._log.warning("command failed", command=name, reason=str(error), milliseconds=_since(began))
            raise
        except CorelibError as error:
            self._log.info("command refused", command=name, reason=str(error)[:500], milliseconds=_since(began))
            raise
        except Exception as error:
            self._log.error("command crashed", error, command=name, milliseconds=_since(began))
            raise
        self._log.info("command succeeded", command=name, milliseconds=_since(began))
        return result

    def _handler(self, kind: type) -> BoundHandler:
        try:
            return self._handlers[kind]
        except KeyError:
            known = ", ".join(sorted(kind.__name__ for kind in self._handlers)) or "none"
            raise UnboundHandler(
                f"No handler takes the command {kind.__name__}.", hint=f"Handlers are there for: {known}."
            ) from None

    def _read(self, kind: type, raw: object) -> object:
        if isinstance(raw, str | bytes):
            return self._codec.decode(raw, kind)
        return self._codec.structure(raw, kind)


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
