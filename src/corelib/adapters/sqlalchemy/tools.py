"""What a storage brings into its transactions beside the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from attrs import frozen

from corelib.ports.cipher import Cipher
from corelib.ports.codec import Codec


def utc_now() -> datetime:
    """Return the present instant by this machine's clock."""
    return datetime.now(UTC)


@frozen
class Tools:
    """Tools of the repositories.

    Args:
        now: tells the instant for stamps.
        codec: writes values into JSON columns; None where there are no such columns.
        cipher: encrypts fields; None where there are no encrypted ones.
    """

    now: Callable[[], datetime] = utc_now
    codec: Codec | None = None
    cipher: Cipher | None = None
