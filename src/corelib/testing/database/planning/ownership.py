"""Whose a database is, and what may be done to it. Decided here, on values; nothing is dropped or reset unasked."""

from __future__ import annotations

from corelib.testing.database.errors import NotOwned
from corelib.testing.database.model import Kind, Mark, OwnedDatabase
from corelib.testing.database.planning.names import belongs_to, template_name


def check_own(name: str, record: OwnedDatabase | None, mark: Mark | None, *, prefix: str, run: str) -> None:
    """Make sure that a database is a clone of this run, which may be reset and dropped.

    Args:
        name: of the database.
        record: what the registry knows of it.
        mark: what the server read in it.
        prefix: of all names of this project's test databases.
        run: of this run.

    Raises:
        NotOwned: if one of the signs is missing. It says which one, and what was found.
    """
    _check_name(name, prefix, Kind.CLONE, run)
    if record is None:
        raise _refused(name, "a record of it in the registry", "none")
    if (record.name, record.kind, record.run) != (name, Kind.CLONE, run):
        raise _refused(name, f"a record of it as a clone of run {run}", f"that of {_told(record)} {record.name}")
    if mark != Mark(Kind.CLONE, run, record.fingerprint):
        raise _refused(name, f"the mark of {_told(record)}", _read(mark))


def check_reapable(record: OwnedDatabase, mark: Mark | None, *, prefix: str) -> None:
    """Make sure that a database is what its record says, so that it may be dropped once nobody needs it.

    Whether its time is over, and its lease free, is asked of the registry. A build or a clone whose maker was killed
    early has no mark, or still that of the template it is a copy of; a template always has its own.

    Args:
        record: of the database, which exists.
        mark: what the server read in it.
        prefix: of all names of this project's test databases.

    Raises:
        NotOwned: if it is not. It says what is wrong, and what was found.
    """
    _check_name(record.name, prefix, record.kind, record.run)
    if record.kind is Kind.TEMPLATE and record.name != template_name(prefix, record.fingerprint):
        raise _refused(record.name, f"the name of the template {record.fingerprint}", "that of another one")
    if not _may_have(record, mark):
        raise _refused(record.name, f"the mark of {_told(record)}", _read(mark))


def taken_by_others(name: str, mark: Mark | None) -> NotOwned:
    """Return the error for a clone that was this run's when its cleaner was made, and has another mark by now."""
    return _refused(name, "the mark that it had when this run made it", _read(mark))


def has_become_template(build: OwnedDatabase, mark: Mark | None) -> bool:
    """Return whether a database under the name of a template is what this build has become.

    A process that is killed after it renamed the database leaves the record under the name of the build.
    """
    return build.kind is Kind.BUILD and mark == Mark(Kind.TEMPLATE, build.run, build.fingerprint)


def _may_have(record: OwnedDatabase, mark: Mark | None) -> bool:
    if record.kind is Kind.TEMPLATE:
        return mark == Mark(Kind.TEMPLATE, record.run, record.fingerprint)
    if mark is None or mark == Mark(record.kind, record.run, record.fingerprint):
        return True
    if mark.kind is not Kind.TEMPLATE or mark.fingerprint != record.fingerprint:
        return False
    return record.kind is Kind.CLONE or mark.run == record.run


def _check_name(name: str, prefix: str, kind: Kind, run: str) -> None:
    if not belongs_to(name, prefix, kind, run):
        raise _refused(name, f"a name as a {kind.value} of run {run} gets with the prefix {prefix!r}", "another one")


def _refused(name: str, wanted: str, found: str) -> NotOwned:
    return NotOwned(
        f"The database {name} was to be reset or dropped, which takes {wanted}; found was {found}.",
        hint="Nothing was done to it. If it is of no use to anybody, drop it by hand.",
    )


def _told(record: OwnedDatabase) -> str:
    return f"the {record.kind.value} of run {record.run} with fingerprint {record.fingerprint[:16]}"


def _read(mark: Mark | None) -> str:
    if mark is None:
        return "no mark that could be read"
    return f"the mark of the {mark.kind.value} of run {mark.run} with fingerprint {mark.fingerprint[:16]}"
