"""What a terminal does with Ctrl-C, and how servers are spared from it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def keyboard_interrupt_withheld() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach.

    A terminal sends it to every process of the foreground at once. A server that stops at the same moment as the tests
    that use it makes their clean-up fail, so it inherits a signal mask that holds SIGINT back; SIGTERM still ends it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def keyboard_reaches_children() -> bool:
    """Return whether this process is in the foreground of a terminal, so that Ctrl-C goes to its children as well."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (OSError, AttributeError):  # no controlling terminal, or a system without the notion
        return False
