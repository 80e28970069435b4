"""The one root error of corelib and its small families.

A caller catches by what it can do about the failure, not by where it came from:

* `ConfigurationError`: somebody has to change how the program is set up. The command line prints it and exits with 2.
* `ValidationFailed`: the input is wrong; the problems name their field paths.
* `NotFound`, `AlreadyExists`, `ConcurrencyConflict`, ...: a business answer that a use case may handle.
* `TransientFailure`: the same unit of work may succeed when it is run again.
* `StatementTimeout`: it took longer than allowed; whether it would again, only the caller can tell.
* `PersistentFailure`: it will not.
* `MisuseError`: the calling code is wrong.

Every message says what was wanted, what was found and, as the hint, what to do next. None carries a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from attrs import frozen


class CorelibError(Exception):
    """Root of every error that corelib raises on purpose.

    Args:
        message: what was wanted and what was found.
        hint: what to do next, a sentence of its own.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigurationError(CorelibError):
    """The program is set up wrongly: a person has to change a setting, install something or start a server."""


class InvalidSetting(ConfigurationError):
    """A setting has a value that cannot be used."""


class UnknownScheme(ConfigurationError):
    """A URL names a scheme that no adapter serves."""

    def __init__(self, purpose: str, scheme: str, known: Iterable[str]) -> None:
        listed = ", ".join(known)
        super().__init__(
            f"The {purpose} URL starts with {scheme!r}, which no adapter serves.", hint=f"Use one of: {listed}."
        )
        self.scheme = scheme


class MissingExtra(ConfigurationError):
    """An optional dependency is not installed.

    Args:
        package: the distribution or module that could not be imported.
        extra: the extra of corelib that brings it.
        purpose: what it is needed for.
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {package}, which is not installed.", hint=f"Run: pip install 'corelib[{extra}]'"
        )
        self.extra = extra


class MissingDriver(ConfigurationError):
    """A database driver is installed, but a system library or ODBC driver behind it is not."""


class ServerUnreachable(ConfigurationError):
    """Nothing answered at the address of a database or a broker."""


class AuthenticationFailed(ConfigurationError):
    """A server answered and refused the login."""


class DatabaseMissing(ConfigurationError):
    """A server accepted the login, but has no database of that name."""


class PermissionDenied(ConfigurationError):
    """The user of the database URL lacks a right: somebody has to grant it."""


class ReadOnlyStore(ConfigurationError):
    """A change went to a store that takes none: a replica, a read-only database, file or transaction."""


class SchemaMismatch(ConfigurationError):
    """The tables of a database are not those that this version of the program needs."""


class SchemaMissing(SchemaMismatch):
    """The tables do not exist."""


class SchemaOutdated(SchemaMismatch):
    """The tables were made by an older version."""


class SchemaTooNew(SchemaMismatch):
    """The tables were made by a newer version."""


class UnboundHandler(ConfigurationError):
    """A command, query, job or port has nobody who serves it, or more than one."""


@frozen
class Problem:
    """One thing that is wrong with an input.

    Args:
        path: where, as `lines[1].quantity`; the empty string is the input as a whole.
        reason: what is wrong there, a phrase for people.
        code: the kind of problem, for programs: `not_json`, `missing`, `unknown_field`, `wrong_type`, `invalid`, or a
            host's own.
    """

    path: str
    reason: str
    code: str = "invalid"

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class ValidationFailed(CorelibError):
    """An input does not have the shape or the values that its class asks for.

    Args:
        subject: the name of what was validated.
        problems: all that is wrong, not just the first; at least one.
    """

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        listed = "; ".join(map(str, problems))
        super().__init__(f"{subject} is not valid: {listed}.")
        self.subject = subject
        self.problems: tuple[Problem, ...] = tuple(problems)


class InvalidCursor(ValidationFailed):
    """A cursor was not made for this class and order, or was changed on the way."""

    def __init__(self, reason: str) -> None:
        super().__init__("The cursor", [Problem("", reason)])


class JobEventsPurged(CorelibError):
    """Job events behind a reader's cursor are not kept any more, so that the reader has missed some."""

    def __init__(self, cursor: str) -> None:
        super().__init__(
            f"Job events behind the cursor {cursor} were purged before they were read.",
            hint="Look at the jobs themselves, read on without a cursor, or keep events for longer.",
        )


class NotFound(CorelibError):
    """No aggregate has that identifier."""

    def __init__(self, kind: str, identifier: object) -> None:
        super().__init__(f"There is no {kind} with the identifier {identifier!r}.")
        self.kind = kind
        self.identifier = identifier


class ConcurrencyConflict(CorelibError):
    """Somebody else changed or removed an aggregate between its loading and its saving.

    Args:
        kind: name of the aggregate's class.
        identifier: which one.
        expected: the version that was loaded.
        found: the version that the store holds now; None where it is gone.
    """

    def __init__(self, kind: str, identifier: object, *, expected: int, found: int | None) -> None:
        state = "it is gone" if found is None else f"it is version {found} now"
        super().__init__(
            f"{kind} {identifier!r} was loaded as version {expected}, but {state}.",
            hint="Load it again and repeat the change.",
        )
        self.kind = kind
        self.identifier = identifier
        self.expected = expected
        self.found = found


class PersistenceError(CorelibError):
    """A store failed; the vendor's error is chained as `__cause__`."""


class TransientFailure(PersistenceError):
    """The transaction was rolled back by circumstances (a deadlock, a conflict): run the whole unit of work again."""


class RowLocked(TransientFailure):
    """Somebody else holds a lock on what was wanted, and did not let go of it in time."""


class StatementTimeout(PersistenceError):
    """A statement took longer than allowed, or was cancelled; the connection is as good as before.

    Neither transient nor persistent: the same statement may be quick when the server is less busy, or never.
    """


class LockNotAvailable(TransientFailure):
    """Somebody else held a named lock for as long as the caller was willing to wait.

    Args:
        name: of the lock.
        waited: seconds.
        holder: who holds it, as far as the adapter knows; it may have changed since.
    """

    def __init__(self, name: str, *, waited: float, holder: str | None = None) -> None:
        super().__init__(
            f"The lock {name!r} was not free within {waited:.1f} s: {holder or 'somebody else'} holds it.",
            hint="Try again later, or with a longer timeout. Nobody can hold the same lock twice.",
        )
        self.name = name
        self.waited = waited
        self.holder = holder


class AmbiguousCommit(PersistenceError):
    """The connection was lost during COMMIT: nobody knows whether the transaction holds."""


class PersistentFailure(PersistenceError):
    """The store refused, and will refuse the same again."""


class StorageFull(PersistentFailure):
    """The store has no room left, on its disk or in its quota, until somebody makes some."""


class ObjectTooLarge(CorelibError):
    """An object has more bytes than the store takes, or than the caller wants in memory.

    Args:
        key: of the object.
        limit: bytes that were allowed.
    """

    def __init__(self, key: str, *, limit: int) -> None:
        super().__init__(
            f"The object {key!r} has more than {limit} bytes.",
            hint="Read it in portions with open(), or raise the limit.",
        )
        self.key = key
        self.limit = limit


class MigrationFailed(PersistentFailure):
    """A migration could not be run; the tables are as they were before."""


class IntegrityViolation(PersistentFailure):
    """A constraint of the database refuses the data.

    Args:
        message: what was wanted and what was found.
        hint: what to do next.
        constraint: name of the constraint or index, as the database has it; None where the engine does not tell.
    """

    def __init__(self, message: str, *, hint: str = "", constraint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.constraint = constraint


class AlreadyExists(IntegrityViolation):
    """A row with the same primary or unique key exists."""


class ReferenceViolation(IntegrityViolation):
    """A foreign key points at nothing, or something still points at a removed row."""


class InvalidData(IntegrityViolation):
    """A value is NULL, too long, out of range or against a check constraint."""


class DecryptionFailed(PersistentFailure):
    """A stored text cannot be decrypted with any of the keys."""


class LeaseLost(CorelibError):
    """Another worker has taken a running job over, or it was handed back: the effects of this run must not be kept."""


class LockLost(CorelibError):
    """A named lock was lost while it was held: somebody else may have held it since.

    Args:
        name: of the lock.
        reason: what became of it.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The lock {name!r} was to be held, but was lost: {reason}.",
            hint="Others may have worked at the same time: check what was done before doing more.",
        )
        self.name = name


class TimedOut(LeaseLost):
    """A run took longer than the time-out of its job: it was rolled back, and counts as a failed attempt."""


class JobCancelled(CorelibError):
    """The run of a job is to stop: somebody cancelled the job, its time is up, or another worker has taken it over.

    `JobRun.check_cancelled` raises it; a handler lets it pass, so that everything is rolled back.
    """


class NonRetryableError(CorelibError):
    """A job has failed in a way that another attempt would not change: it becomes a dead letter at once.

    Raised by handlers, or a base of a host's own errors. For errors of others there is `@job(non_retryable=...)`.
    """


class UnknownJob(CorelibError):
    """A stored job has a name that this host does not know."""


class JobExists(CorelibError):
    """A unique job was to be enqueued, and one with its key is there. The unit of work can go on.

    Args:
        name: of the job.
        job_id: which one is there.
    """

    def __init__(self, name: str, job_id: object) -> None:
        super().__init__(
            f"There is a job {name} with the same unique key already: {job_id}.",
            hint="Wait for its end, or take OnConflict.KEEP.",
        )
        self.name = name
        self.job_id = job_id


class PayloadTooLarge(CorelibError):
    """A payload has more bytes than a row of the job table may have, and there is no storage of objects for it.

    Args:
        name: of the job.
        size: of its payload, in bytes.
        limit: bytes that were allowed.
    """

    def __init__(self, name: str, *, size: int, limit: int) -> None:
        super().__init__(
            f"The payload of a job {name} has {size} bytes, {limit} are allowed in its row.",
            hint="Supply the port ObjectStorage among the services of the App, or raise Settings.payload_limit.",
        )
        self.name = name
        self.size = size
        self.limit = limit


class ResultTooLarge(CorelibError):
    """What a handler returned has more bytes than a row may have, and there is no storage of objects for it.

    The job is dead at once: another attempt would return as much.

    Args:
        name: of the job.
        size: of the result, in bytes.
        limit: bytes that were allowed.
    """

    def __init__(self, name: str, *, size: int, limit: int) -> None:
        super().__init__(
            f"The result of a job {name} has {size} bytes, {limit} are allowed in its row.",
            hint="Return a key to what was made; supply the port ObjectStorage among the services of the App; or raise "
            "Settings.payload_limit.",
        )
        self.name = name
        self.size = size
        self.limit = limit


class ResultMissing(CorelibError):
    """The result of a job was asked for, and there is none: its handler returned nothing, or has not ended.

    Args:
        name: of the job.
        job_id: which one.
        state: the job's, as `succeeded`.
    """

    def __init__(self, name: str, job_id: object, *, state: str) -> None:
        super().__init__(
            f"The job {name} {job_id} is {state}, and has no result.",
            hint="Its handler has to return one, as an attrs class." if state == "succeeded" else "Wait for its end.",
        )
        self.name = name
        self.job_id = job_id


class JobFailed(CorelibError):
    """A job that somebody has waited for did not succeed.

    Args:
        name: of the job.
        job_id: which one.
        state: `dead` or `cancelled`.
        error: how its last attempt ended, one line; None if there was none.
    """

    def __init__(self, name: str, job_id: object, *, state: str, error: str | None) -> None:
        because = f": {error.rstrip('.')}" if error else ""
        super().__init__(f"The job {name} {job_id} is {state}{because}.")
        self.name = name
        self.job_id = job_id
        self.state = state
        self.error = error


class WaitTimedOut(CorelibError):
    """A job has not ended in the time that somebody was willing to wait. The job goes on.

    Args:
        name: of the job.
        job_id: which one.
        state: where it stands, as `running`.
        waited: how long.
    """

    def __init__(self, name: str, job_id: object, *, state: str, waited: timedelta) -> None:
        super().__init__(
            f"The job {name} {job_id} has not ended within {waited.total_seconds():g} s: it is {state}.",
            hint="It goes on as if nobody had waited; wait again, or look for it later.",
        )
        self.name = name
        self.job_id = job_id
        self.state = state
        self.waited = waited


class PayloadTooNew(ValidationFailed):
    """A stored payload is of a version that this program does not know: a newer one has enqueued it.

    Args:
        name: of the job.
        version: of the payload.
        known: the newest version that this program knows.
    """

    def __init__(self, name: str, *, version: int, known: int) -> None:
        reason = f"is of version {version}, this worker knows versions up to {known}"
        super().__init__(f"The payload of the job {name}", [Problem("", reason, "too_new")])
        self.version = version
        self.known = known


class MisuseError(CorelibError):
    """The calling code uses a part of corelib in a way it does not allow."""


class UnitOfWorkClosed(MisuseError):
    """A unit of work was used before it began or after it ended."""


class TenantMissing(MisuseError):
    """Aggregates that belong to tenants were asked for in a context without one."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"{kind} belongs to tenants, but the current context names none.",
            hint="Run within use_context(Context(..., tenant=...)).",
        )


class InvalidSpecification(MisuseError):
    """A specification names a field that is not there, or compares it with a value of another type."""
