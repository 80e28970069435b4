"""Who asks for a lock, unless the caller says it."""

from __future__ import annotations

import os
import socket
import threading

from corelib.domain.lock import LONGEST_OWNER


def default_owner() -> str:
    """Return `host:process/thread`, which leads whoever waits to the place where the lock is held.

    The principal of the current context is no part of it: other users of the database server can read the text.
    """
    return f"{socket.gethostname()}:{os.getpid()}/{threading.current_thread().name}"[:LONGEST_OWNER]
