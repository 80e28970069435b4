"""What the repositories of one transaction share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import frozen
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.ports.cipher import Cipher
from corelib.ports.codec import Codec


@frozen
class Seat:
    """The place of a repository in its transaction.

    Args:
        dialect: of the engine.
        connection: returns the connection, with driver errors translated around `execute`.
        flush: writes what has changed in all repositories.
        now: tells the instant for stamps.
        writes: is told the name of a class that is about to be written; raises where nothing may be.
        codec: writes values into JSON columns.
        cipher: encrypts fields.
    """

    dialect: SqlDialect
    connection: Callable[[], Connection]
    flush: Callable[[], None]
    now: Callable[[], datetime]
    writes: Callable[[str], None]
    codec: Codec | None = None
    cipher: Cipher | None = None
