"""Running the command, and what happens to signals before, during and after it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, TracebackType
from typing import Self, TypeAlias

from corelib.testing.servers.terminal import keyboard_reaches_children

EXIT_BY_SIGNAL = 128

_Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None


class SignalRelay:
    """Hands the signals that would end this process to the command, so that the servers outlive it and are stopped.

    Before the command runs a signal raises `SystemExit`, afterwards it is left unheard: stopping the servers takes a
    moment, and a second Ctrl-C must not leave them behind.
    """

    def __init__(self) -> None:
        self._command: subprocess.Popen[bytes] | None = None
        self._starting_command = False
        self._ending = False
        self._early: list[int] = []
        self._before: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        for number in _ending_signals():
            self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def run(self, command: Sequence[str], environ: Mapping[str, str]) -> int:
        """Run a command to its end.

        Args:
            command: the program and its arguments.
            environ: its whole environment.

        Returns:
            Its exit code, or 128 plus the number of the signal that ended it.

        Raises:
            OSError: there is no such program, or it cannot be executed.
        """
        self._starting_command = True
        self._command = subprocess.Popen(command, env=environ)  # noqa: S603 - running it is what the user asked for
        for number in self._early:
            self._command.send_signal(number)
        code = self._command.wait()
        return code if code >= 0 else EXIT_BY_SIGNAL - code

    def ignore(self) -> None:
        """Let no signal interrupt what follows."""
        self._ending = True

    def _received(self, number: int, _frame: FrameType | None) -> None:
        if self._ending:
            return
        if self._command is not None:
            # Ctrl-C has reached the command already; a second one would cut off its clean-up.
            if number != signal.SIGINT or not keyboard_reaches_children():
                self._command.send_signal(number)
        elif self._starting_command:
            self._early.append(number)
        else:
            self.ignore()  # what has been started is stopped now
            raise SystemExit(EXIT_BY_SIGNAL + number)


def _ending_signals() -> list[signal.Signals]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Whoever ignores the end of the terminal (nohup) wants the tests to go on.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
