"""What can be seen of a socket from here."""

from __future__ import annotations

import select


def has_something_to_read(file_number: int) -> bool:
    """Return whether a socket has data or has come to its end, without waiting."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([file_number], [], [], 0)[0])
    poll = select.poll()
    poll.register(file_number, select.POLLIN)
    return bool(poll.poll(0))
