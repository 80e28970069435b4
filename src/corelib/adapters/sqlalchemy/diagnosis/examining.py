"""Looking at a database server: all checks, whatever becomes of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from sqlalchemy.engine import URL, Engine

from corelib.adapters.sqlalchemy.diagnosis.model import Diagnosis, Finding, Judgement, Purpose, State, unknown
from corelib.adapters.sqlalchemy.diagnosis.mssql import MssqlExamination
from corelib.adapters.sqlalchemy.diagnosis.postgresql import PostgresqlExamination
from corelib.adapters.sqlalchemy.diagnosis.secrets import scrubbed, shown
from corelib.adapters.sqlalchemy.diagnosis.session import Check, Session
from corelib.adapters.sqlalchemy.diagnosis.sqlite import diagnose_file
from corelib.adapters.sqlalchemy.engine import create_engine, dialect_of
from corelib.adapters.sqlalchemy.engine_settings import EngineSettings, parsed
from corelib.adapters.sqlalchemy.failures import translated
from corelib.errors import (
    AuthenticationFailed,
    CorelibError,
    DatabaseMissing,
    MissingDriver,
    MissingExtra,
    PermissionDenied,
)

APPLICATION: Final = "corelib doctor"

_REFUSED: Final[dict[type[CorelibError], str]] = {
    AuthenticationFailed: "login",
    PermissionDenied: "login",
    DatabaseMissing: "database",
    MissingDriver: "driver",
}


class Examination(Protocol):
    """What is particular to an engine."""

    def checks(self, *, deep: bool) -> Sequence[Check]:
        """Return all checks, in the order in which they are told.

        Args:
            deep: also those that make something, or take long.
        """
        ...

    def has(self, session: Session, view: str) -> bool:
        """Return whether the catalogue of the server has a view."""
        ...

    def grant(self, session: Session, right: str) -> str:
        """Return the statement that grants a right to the login."""
        ...


_EXAMINATIONS: Final[dict[str, Examination]] = {"mssql": MssqlExamination(), "postgresql": PostgresqlExamination()}


def diagnose(url: str | URL, *, purpose: Purpose | None = None, deep: bool = False) -> Diagnosis:
    """Look at the database of a URL.

    Args:
        url: of any engine that corelib has an adapter for.
        purpose: what the server is there for; by default anything, so that what one purpose lacks is a warning.
        deep: also try BACKUP on SQL Server, with a database of its own, or read a whole SQLite file.

    Raises:
        InvalidSetting, UnknownScheme: if the URL cannot be used.
    """
    whole = parsed(url)
    if whole.get_backend_name() == "sqlite":
        return diagnose_file(whole, deep=deep)
    try:
        engine = create_engine(EngineSettings(url=whole, pool_size=1, max_overflow=1, application_name=APPLICATION))
    except (MissingExtra, MissingDriver) as error:
        return Diagnosis(shown(whole), [_refusal("driver", error, whole)], connected=False)
    try:
        return diagnose_engine(engine, whole, purpose=purpose, deep=deep)
    finally:
        engine.dispose()


def diagnose_engine(engine: Engine, url: URL, *, purpose: Purpose | None = None, deep: bool = False) -> Diagnosis:
    """Look at the database of an engine; arguments as of `diagnose`."""
    try:
        with translated(dialect_of(engine)), engine.connect():
            pass
    except CorelibError as error:
        name = _REFUSED.get(type(error), "connection")
        return Diagnosis(shown(url), [_refusal(name, error, url)], connected=False)
    session = Session(engine, url, purpose)
    examination = _EXAMINATIONS[engine.dialect.name]
    return Diagnosis(shown(url), _findings(session, examination, deep=deep))


def _refusal(name: str, error: CorelibError, url: URL) -> Finding:
    return Finding(name, State.FAILURE, scrubbed(error.message.rstrip("."), url), error.hint)


def _findings(session: Session, examination: Examination, *, deep: bool) -> Iterator[Finding]:
    for check in examination.checks(deep=deep):
        judgement = run(check, session, examination)
        found = scrubbed(judgement.found, session.url)
        yield Finding(check.name, judgement.state, found, judgement.advice)


def run(check: Check, session: Session, examination: Examination) -> Judgement:
    """Return what a check finds out; one that fails leaves it unknown, and hinders no other."""
    try:
        return check.judge(session)
    except PermissionDenied as error:
        return _lacking(check, error, session, examination)
    except CorelibError as error:
        if check.view and _is_absent(check.view, session, examination):
            return unknown(f"this server has no {check.view}")
        return unknown(f"the server did not answer: {error.message.rstrip('.')}", error.hint)
    except Exception as error:  # noqa: BLE001 - a server may answer anything; the other checks still have their say
        return unknown(f"the server's answer cannot be read ({type(error).__name__})")


def _lacking(check: Check, error: PermissionDenied, session: Session, examination: Examination) -> Judgement:
    if not check.right:
        return unknown(error.message.rstrip("."), error.hint)
    return unknown(f"the login lacks {check.right}", f"Run: {examination.grant(session, check.right)}")


def _is_absent(view: str, session: Session, examination: Examination) -> bool:
    try:
        return not examination.has(session, view)
    except CorelibError:
        return False
