from __future__ import annotations

import pytest

from corelib import errors
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    ConcurrencyConflict,
    ConfigurationError,
    CorelibError,
    InvalidData,
    LockLost,
    LockNotAvailable,
    MigrationFailed,
    MissingExtra,
    MisuseError,
    NotFound,
    PermissionDenied,
    PersistenceError,
    PersistentFailure,
    Problem,
    ReadOnlyStore,
    ReferenceViolation,
    RowLocked,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    ServerUnreachable,
    StatementTimeout,
    StorageFull,
    TransientFailure,
    UnboundHandler,
    UnitOfWorkClosed,
    UnknownScheme,
    ValidationFailed,
)

FAMILIES = [
    (ServerUnreachable, ConfigurationError),
    (UnboundHandler, ConfigurationError),
    (UnknownScheme, ConfigurationError),
    (MissingExtra, ConfigurationError),
    (SchemaMissing, SchemaMismatch),
    (SchemaOutdated, SchemaMismatch),
    (SchemaTooNew, SchemaMismatch),
    (SchemaMismatch, ConfigurationError),
    (PermissionDenied, ConfigurationError),
    (ReadOnlyStore, ConfigurationError),
    (RowLocked, TransientFailure),
    (StatementTimeout, PersistenceError),
    (StorageFull, PersistentFailure),
    (AlreadyExists, PersistentFailure),
    (ReferenceViolation, PersistentFailure),
    (InvalidData, PersistentFailure),
    (LockNotAvailable, TransientFailure),
    (MigrationFailed, PersistentFailure),
    (UnitOfWorkClosed, MisuseError),
]


class TestIntegrityViolation:
    def test_names_the_constraint(self) -> None:
        error = AlreadyExists("A row with this key exists.", hint="Choose another.", constraint="uq_ware_name")

        assert error.constraint == "uq_ware_name"
        assert str(error) == "A row with this key exists. Choose another."

    def test_may_not_know_it(self) -> None:
        assert InvalidData("Too long.").constraint is None


class TestCorelibError:
    def test_is_the_root_of_every_error(self) -> None:
        kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]

        strangers = [kind for kind in kinds if not issubclass(kind, CorelibError)]

        assert len(kinds) > 20
        assert strangers == []

    @pytest.mark.parametrize(("kind", "family"), FAMILIES)
    def test_is_caught_by_its_family(self, kind: type[CorelibError], family: type[CorelibError]) -> None:
        assert issubclass(kind, family)

    @pytest.mark.parametrize("kind", [TransientFailure, AmbiguousCommit])
    def test_that_may_pass_is_no_persistent_failure(self, kind: type[CorelibError]) -> None:
        assert not issubclass(kind, PersistentFailure)

    class WhenItHasAHint:
        def test_reads_message_then_hint(self) -> None:
            error = CorelibError("The door is shut.", hint="Open it.")

            assert str(error) == "The door is shut. Open it."
            assert (error.message, error.hint) == ("The door is shut.", "Open it.")

    class WhenItHasNone:
        def test_reads_as_the_message(self) -> None:
            error = CorelibError("The door is shut.")

            assert str(error) == "The door is shut."


class TestUnknownScheme:
    def test_lists_the_known_ones(self) -> None:
        error = UnknownScheme("database", "oracle", ["memory", "sqlite"])

        assert str(error) == (
            "The database URL starts with 'oracle', which no adapter serves. Use one of: memory, sqlite."
        )
        assert error.scheme == "oracle"


class TestMissingExtra:
    def test_says_what_to_install(self) -> None:
        error = MissingExtra("pika", extra="rabbitmq", purpose="An amqp:// broker")

        assert str(error) == (
            "An amqp:// broker needs pika, which is not installed. Run: pip install 'corelib[rabbitmq]'"
        )
        assert error.extra == "rabbitmq"


class TestProblem:
    @pytest.mark.parametrize(
        ("problem", "text"),
        [
            (Problem("lines[1].quantity", "must be positive"), "lines[1].quantity: must be positive"),
            (Problem("", "is not JSON"), "is not JSON"),
        ],
    )
    def test_reads_as_path_and_reason(self, problem: Problem, text: str) -> None:
        assert str(problem) == text

    def test_is_invalid_unless_it_says_otherwise(self) -> None:
        assert Problem("a", "b").code == "invalid"


class TestValidationFailed:
    def test_names_every_problem(self) -> None:
        problems = [Problem("name", "is missing", "missing"), Problem("", "is too much")]

        error = ValidationFailed("Order", problems)

        assert str(error) == "Order is not valid: name: is missing; is too much."
        assert (error.subject, error.problems) == ("Order", tuple(problems))


class TestNotFound:
    def test_names_what_was_sought(self) -> None:
        error = NotFound("Order", "ORD-1")

        assert str(error) == "There is no Order with the identifier 'ORD-1'."
        assert (error.kind, error.identifier) == ("Order", "ORD-1")


class TestConcurrencyConflict:
    class WhenTheAggregateWasChanged:
        def test_names_both_versions(self) -> None:
            error = ConcurrencyConflict("Order", "ORD-1", expected=2, found=5)

            assert error.message == "Order 'ORD-1' was loaded as version 2, but it is version 5 now."
            assert (error.kind, error.identifier, error.expected, error.found) == ("Order", "ORD-1", 2, 5)

    class WhenTheAggregateWasRemoved:
        def test_says_that_it_is_gone(self) -> None:
            error = ConcurrencyConflict("Order", "ORD-1", expected=2, found=None)

            assert error.message == "Order 'ORD-1' was loaded as version 2, but it is gone."
            assert error.found is None

    def test_says_what_to_do(self) -> None:
        error = ConcurrencyConflict("Order", "ORD-1", expected=2, found=5)

        assert error.hint == "Load it again and repeat the change."


class TestLockNotAvailable:
    def test_names_the_lock_and_its_holder(self) -> None:
        error = LockNotAvailable("invoices", waited=5.04, holder="web1:4711/7")

        assert error.message == "The lock 'invoices' was not free within 5.0 s: web1:4711/7 holds it."
        assert (error.name, error.waited, error.holder) == ("invoices", 5.04, "web1:4711/7")

    class WhenTheHolderIsNotKnown:
        def test_says_somebody_else(self) -> None:
            error = LockNotAvailable("invoices", waited=0)

            assert error.message == "The lock 'invoices' was not free within 0.0 s: somebody else holds it."
            assert error.holder is None


class TestLockLost:
    def test_says_what_became_of_it(self) -> None:
        error = LockLost("invoices", "the connection is gone")

        assert error.message == "The lock 'invoices' was to be held, but was lost: the connection is gone."
        assert error.name == "invoices"

    def test_is_not_to_be_repeated_without_a_look(self) -> None:
        assert not issubclass(LockLost, TransientFailure)
