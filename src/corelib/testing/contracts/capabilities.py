"""What an adapter may lack by its nature, and how a test says that it needs it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

T = TypeVar("T", bound=Callable[..., object])
_MARK = "__corelib_needs__"


class Capability(Enum):
    """Something that an adapter may be unable to do although it keeps its port's contract; the value says it in words.

    Everything else a suite demands of every adapter.
    """

    CONCURRENT_TRANSACTIONS = "keeps several transactions open at the same time"
    """Two units of work may read and change things in turn. A store that lets one write after the other lacks it."""

    CONSTRAINTS = "refuses data that breaks a foreign key, a unique key or the size of a column"
    """The store knows rules beyond the identifiers of aggregates. A store without a schema of columns lacks it."""

    ROW_LOCKS = "keeps others from what a unit of work has locked"
    """Locks can be asked for aggregate by aggregate. A store that ignores the request lacks it."""

    HOLDERS = "tells who holds a named lock"
    """A refused caller learns the owner. A server that shows its sessions to administrators only lacks it."""

    SCHEMA = "keeps its data in tables that have to be made first"
    """There is a state before `create`. A store that is there from the beginning lacks it."""

    SNAPSHOT_ISOLATION = "lets a unit of work see one state of the store from beginning to end"
    """`Isolation.SNAPSHOT` is kept. A server on which nobody has allowed it lacks it."""

    SERIALIZABLE_ISOLATION = "lets units of work run as if one came after the other"
    """`Isolation.SERIALIZABLE` is kept."""

    STATEMENT_TIMEOUT = "gives up a statement that takes too long"
    """`Terms.statement_timeout` is kept also while a statement waits. A store that never waits long lacks it."""

    LOCK_TIMEOUT = "lets a second writer wait for the first, and gives up when that takes too long"
    """`Terms.lock_timeout` is kept by writes. A store whose writers do not wait for each other lacks it."""

    ASSIGNED_IDENTIFIERS = "makes the identifiers of several aggregates at once, in their order"
    """A flush may add more than one aggregate that has no identifier yet."""

    PARAMETER_TYPES = "tells the driver the types of a statement's parameters"
    """Changes of many rows then go in one call. A server that fails at that, and rolls back, lacks it."""

    REFLECTION = "tells what its tables are like: keys, references, constraints"
    """Migrations are compared with the models. A server whose catalogue has gaps lacks it."""

    ERROR_TEXTS = "quotes the names of constraints in its errors as the product does for which it stands"
    """`IntegrityViolation.constraint` is told. A server with texts of its own lacks it."""

    TRANSACTION_STATE = "tells by the number of an error that it has rolled back the transaction"
    """A commit that would store nothing is refused, also if somebody has caught the error."""

    PRESIGNED_URLS = "gives out URLs that hold for a while"
    """Others can get or put an object without a login. A store without a server of its own lacks it."""

    SESSIONS = "shows who is connected to a database, and can end that"
    """Users of a database have sessions that can be listed. A store of plain files lacks it."""

    SCHEMAS = "keeps tables in several schemas of one database"
    """`app.items` and `audit.items` are two tables. A file lacks it."""

    ENDS_SESSIONS = "ends the session of somebody else"
    """Whoever holds a lock too long loses it. What lives in a file lacks it."""

    SERVER = "talks to a server, which may be absent or refuse the login"
    """Somebody else has to answer. What lives within the process or in a file lacks it."""


def needs(capability: Capability) -> Callable[[T], T]:
    """Mark a test, or a class of tests, that only adapters with this capability can pass.

    Example:
        >>> @needs(Capability.SERVER)
        ... def test_says_that_nobody_answers() -> None: ...
        >>> needed_by(test_says_that_nobody_answers)
        {<Capability.SERVER: 'talks to a server, which may be absent or refuse the login'>}
    """

    def mark(test: T) -> T:
        setattr(test, _MARK, needed_by(test) | {capability})
        return test

    return mark


def needed_by(*tests: object) -> set[Capability]:
    """Return the capabilities that tests, or the classes around them, are marked with."""
    needed: set[Capability] = set()
    for test in tests:
        needed |= getattr(test, _MARK, set())
    return needed
