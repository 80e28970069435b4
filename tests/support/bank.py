"""A bank for tests of faults: accounts, and transfers between them that a ledger lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import sqlalchemy as sa
from attrs import define, field, frozen
from tests.support.until import until

from corelib import Aggregate, App, Settings, UnitOfWork, job
from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, create_engine, mapped
from corelib.application.host import Host
from corelib.application.settings import DatabaseSettings
from corelib.bootstrap import bootstrap
from corelib.ports.storage import Storage, Terms

OPENING_BALANCE = 1000


@define(eq=False)
class Account(Aggregate):
    id: str
    balance: int = OPENING_BALANCE


@frozen
class Booked:
    transfer_id: str


@define(eq=False)
class Transfer(Aggregate):
    """A line of the ledger."""

    id: str
    source: str
    target: str
    amount: int

    def book(self, source: Account, target: Account) -> None:
        """Move the amount."""
        source.balance -= self.amount
        target.balance += self.amount
        self.record(Booked(self.id))


@job(queue="letters")
def write_letter(payload: Booked) -> None:
    """Stand for a job; nobody runs it."""


metadata = sa.MetaData()
account = sa.Table(
    "bank_account",
    metadata,
    sa.Column("id", sa.Unicode(50), primary_key=True),
    sa.Column("balance", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
transfer = sa.Table(
    "bank_transfer",
    metadata,
    sa.Column("id", sa.Unicode(50), primary_key=True),
    sa.Column("source", sa.Unicode(50), sa.ForeignKey("bank_account.id"), nullable=False),
    sa.Column("target", sa.Unicode(50), sa.ForeignKey("bank_account.id"), nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
schema = SqlSchema("bank", metadata, [mapped(Account, account), mapped(Transfer, transfer)])
app = App("bank", jobs=[write_letter], schema="tests.support.bank:schema")


def moving(
    amount: int, source: str = "A", target: str = "B", *, name: str | None = None
) -> Callable[[UnitOfWork], str]:
    """A use case: two accounts, a line of the ledger, an event and a job in one unit of work."""
    identifier = name or uuid4().hex

    def move(uow: UnitOfWork) -> str:
        found = {held.id: held for held in uow.repository(Account, str).get_many(sorted([source, target]))}
        moved = Transfer(identifier, source, target, amount)
        moved.book(found[source], found[target])
        uow.repository(Transfer, str).add(moved)
        uow.jobs.enqueue(write_letter, Booked(identifier))
        return identifier

    return move


@frozen
class State:
    """What another connection sees of the bank.

    Args:
        balances: by account.
        transfers: amounts of the ledger's lines.
        complete: whether each line has its one event and its one job.
        by_ledger: the balances that the lines of the ledger make.
    """

    balances: dict[str, int]
    transfers: dict[str, int]
    complete: bool
    by_ledger: dict[str, int] = field(factory=dict, eq=False, repr=False)


@frozen
class Health:
    """How a host is after a fault.

    Args:
        checked_out: connections that were not given back.
        working: connections of the pool on which a unit of work can be committed, all at the same time.
        left_open: transactions that the server still has open.
    """

    checked_out: int
    working: bool
    left_open: int


HEALTHY = Health(checked_out=0, working=True, left_open=0)


@define
class Bank:
    """A host and, apart from it, a way to see what is stored.

    Args:
        host: that meets faults.
        observer: has connections of its own, that meet none.
    """

    host: Host
    observer: Storage
    log: MemoryLogger = field(factory=MemoryLogger)

    def open(self, *names: str) -> None:
        """Open accounts."""
        transaction = self.observer.begin()
        for name in names:
            transaction.repository(Account).add(Account(name))
        transaction.commit()

    def state(self) -> State:
        """Look at what is stored."""
        transaction = self.observer.begin(Terms(read_only=True))
        try:
            balances = {held.id: held.balance for held in transaction.repository(Account).list()}
            ledger = transaction.repository(Transfer).list()
        finally:
            transaction.rollback()
        events = sorted(event.payload for event in self.observer.events())
        jobs = sorted(stored.payload for stored in self.observer.jobs.list(limit=len(ledger) + 1))
        transfers = {line.id: line.amount for line in ledger}
        complete = events == jobs and len(jobs) == len(ledger)
        return State(balances, transfers, complete, _balances_by(ledger, balances))

    def health(self) -> Health:
        """Use every connection of the pool at once, and count what was left behind."""
        storage = self.host.storage
        if not isinstance(storage, SqlStorage):
            return HEALTHY
        checked_out = _checked_out(storage)
        return Health(checked_out, _works(storage), _left_open(self.observer))


@contextmanager
def opened_bank(
    url: str, *, observed: str | None = None, accounts: tuple[str, ...] = ("A", "B"), **database: object
) -> Iterator[Bank]:
    """Give a bank with accounts to the block.

    Args:
        url: of the host's database, which has no tables yet.
        observed: another way to the same database; by default the same.
        accounts: names.
        database: what `DatabaseSettings` takes.
    """
    observer = SqlStorage(create_engine(observed or url), schema)
    log = MemoryLogger()
    settings = Settings(database_url=url, database=DatabaseSettings(**database))  # type: ignore[arg-type]
    try:
        observer.create()
        with bootstrap(app, settings, log=log) as host:
            bank = Bank(host, observer, log)
            bank.open(*accounts)
            yield bank
    finally:
        observer.close()


def _balances_by(ledger: Sequence[Transfer], accounts: Iterable[str]) -> dict[str, int]:
    balances = dict.fromkeys(accounts, OPENING_BALANCE)
    for line in ledger:
        balances[line.source] -= line.amount
        balances[line.target] += line.amount
    return balances


def _checked_out(storage: SqlStorage) -> int:
    return int(storage.engine.pool.checkedout())  # type: ignore[attr-defined]


def _works(storage: SqlStorage) -> bool:
    """Begin a unit of work on each connection of the pool, then write with the one after the other, and commit."""
    pooled = max(1, int(storage.engine.pool.checkedin()))  # type: ignore[attr-defined]
    begun = [storage.begin() for _ in range(1 if storage.engine.dialect.name == "sqlite" else pooled)]
    for transaction in begun:
        transaction.repository(Account).count()
    for transaction in begun:
        proof = Account(f"proof {uuid4().hex[:8]}", 0)
        transaction.repository(Account).add(proof)
        transaction.flush()
        transaction.repository(Account).remove(proof)
        transaction.commit()
    return _checked_out(storage) == 0


def _left_open(observer: Storage) -> int:
    """Count, on PostgreSQL, the transactions of other sessions; a session that has just been cut needs a moment."""
    if not isinstance(observer, SqlStorage) or observer.engine.dialect.name != "postgresql":
        return 0

    def count() -> int:
        with observer.engine.connect() as connection:
            return int(connection.exec_driver_sql(_OPEN).scalar_one())

    until(lambda: count() == 0, "no transaction is open")
    return count()


_OPEN = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' AND xact_start IS NOT NULL"
)
