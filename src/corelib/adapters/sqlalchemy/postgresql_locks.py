"""Advisory locks of PostgreSQL (PostgreSQL: "Explicit Locking", section "Advisory Locks")."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.lock_sessions import APPLICATION
from corelib.domain.lock import LockRequest

LOCK_NOT_AVAILABLE = "55P03"
LONGEST_APPLICATION_NAME = 63

# Seconds and probes after which either side takes a silent other side for dead: about a minute.
KEEPALIVES = {"idle": 30, "interval": 10, "count": 3}
UNANSWERED_MILLISECONDS = 15_000


class PostgresqlLocking:
    """Keeps the contract of `corelib.adapters.sqlalchemy.lock_sessions.ServerLocking`."""

    def login(self, owner: str) -> Mapping[str, object]:
        """Name the session after the owner, and bound the wait for a server that has fallen silent."""
        ours = {f"keepalives_{name}": value for name, value in KEEPALIVES.items()}
        return {"application_name": _application_name(owner), "tcp_user_timeout": UNANSWERED_MILLISECONDS, **ours}

    def acquire(self, connection: Connection, request: LockRequest) -> bool:
        """Try, or wait under `lock_timeout`, for which zero would mean to wait for ever."""
        key = _key(request)
        connection.execute(_settings(request))
        if not request.milliseconds:
            return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar())
        try:
            connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            return False
        return True

    def holder(self, connection: Connection, request: LockRequest) -> str | None:
        """Find the session in pg_locks, where a key of 64 bits stands as two halves of 32."""
        unsigned = int.from_bytes(request.digest(8), "big")
        query = _HOLDER.bindparams(high=unsigned >> 32, low=unsigned & 0xFFFF_FFFF)
        name: str | None = connection.execute(query).scalar()
        return name

    def is_held(self, connection: Connection, request: LockRequest) -> bool:  # noqa: ARG002 - the protocol's signature
        """Ask for nothing: the session is this one as long as it answers, and the lock lives as long as the session."""
        connection.execute(sa.select(1))
        return True

    def release(self, connection: Connection, request: LockRequest) -> bool:
        """Return what the server says: false for a lock that this session does not hold."""
        return bool(connection.execute(sa.select(sa.func.pg_advisory_unlock(_key(request)))).scalar())


def _key(request: LockRequest) -> sa.ColumnElement[int]:
    return sa.literal(int.from_bytes(request.digest(8), "big", signed=True), sa.BigInteger)


def _settings(request: LockRequest) -> sa.Select[tuple[str, ...]]:
    """Settings of the session: nothing but the lock's own timeout ends a wait, and a long idle holder is no fault."""
    settings = {
        "lock_timeout": request.milliseconds,
        "statement_timeout": 0,
        "idle_session_timeout": 0,
        **{f"tcp_keepalives_{name}": value for name, value in KEEPALIVES.items()},
    }
    return sa.select(*(sa.func.set_config(name, str(value), sa.false()) for name, value in settings.items()))


def _application_name(owner: str) -> str:
    """Return a name as the server would store it: ASCII, up to 63 characters."""
    text = f"{APPLICATION}{owner}".encode("ascii", "replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:LONGEST_APPLICATION_NAME]


_HOLDER = sa.text(
    "SELECT activity.application_name FROM pg_locks AS lock "
    "JOIN pg_stat_activity AS activity ON activity.pid = lock.pid "
    "WHERE lock.locktype = 'advisory' AND lock.granted "
    "AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND lock.classid = CAST(:high AS bigint) AND lock.objid = CAST(:low AS bigint) AND lock.objsubid = 1"
)
