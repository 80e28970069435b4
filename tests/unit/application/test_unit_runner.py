from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import define
from tests.unit.fakes import Workshop, workshop

from corelib.adapters.memory import MemoryStorage
from corelib.application.unit_runner import Tries
from corelib.domain.aggregate import Aggregate
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    ConcurrencyConflict,
    MisuseError,
    ServerUnreachable,
    TransientFailure,
)
from corelib.ports.storage import Terms, Transaction
from corelib.ports.unit_of_work import UnitOfWork


@define(eq=False)
class Kit(Aggregate):
    id: str


class FaultyStorage:
    """A store whose next commits, and next questions for a key, go wrong in the ways that are in the lists.

    `lost` breaks the connection before the commit, `unanswered` after it, `late` lets it happen when the key is asked
    for, or stored, the next time.
    """

    def __init__(self, sound: MemoryStorage, commits: list[str], questions: list[Exception]) -> None:
        self.sound = sound
        self.commits = commits
        self.questions = questions
        self.pending: list[Transaction] = []

    def begin(self, terms: Terms) -> FaultyTransaction:
        return FaultyTransaction(self, self.sound.begin(terms))

    def remembers(self, key: str) -> bool:
        if self.questions:
            raise self.questions.pop(0)
        return self.sound.remembers(key)


class FaultyTransaction:
    def __init__(self, storage: FaultyStorage, sound: Transaction) -> None:
        self._storage = storage
        self._sound = sound

    def __getattr__(self, name: str) -> object:
        return getattr(self._sound, name)

    def remember(self, key: str) -> None:
        for transaction in self._storage.pending:
            transaction.commit()
        self._sound.remember(key)

    def commit(self) -> None:
        fault = self._storage.commits.pop(0) if self._storage.commits else ""
        if fault == "deadlock":
            self._sound.rollback()
            raise TransientFailure("deadlock")
        if fault == "unanswered":
            self._sound.commit()
        if fault == "late":
            self._storage.pending.append(self._sound)
        if fault:
            raise AmbiguousCommit("The connection was lost.") from OSError("reset by peer")
        self._sound.commit()


def faulty_workshop(*commits: str, questions: tuple[Exception, ...] = ()) -> Workshop:
    return workshop(storage=lambda memory: FaultyStorage(memory, list(commits), list(questions)))  # type: ignore[arg-type, return-value]


def adding(identifier: str, calls: list[int] | None = None) -> Callable[[UnitOfWork], int]:
    """Work that adds a kit and returns how often it was called."""
    made = [] if calls is None else calls

    def add(uow: UnitOfWork) -> int:
        made.append(len(made) + 1)
        uow.repository(Kit, str).add(Kit(identifier))
        return made[-1]

    return add


def run(shop: Workshop, work: Callable[[UnitOfWork], int], **tries: object) -> int:
    return shop.units.run(shop.handler_unit_of_work, work, Tries(**tries))  # type: ignore[arg-type]


def kits_in(shop: Workshop) -> list[str]:
    transaction = shop.storage.begin()
    return [kit.id for kit in transaction.repository(Kit).list()]


class TestUnitRunner:
    class WhenTheWorkSucceeds:
        def test_commits_and_returns_its_result(self) -> None:
            shop = workshop()

            result = run(shop, adding("K-1"))

            assert (result, kits_in(shop), shop.log.lines) == (1, ["K-1"], ())

    class WhenTheWorkFails:
        def test_stores_nothing_and_is_not_repeated(self) -> None:
            shop = workshop()
            calls: list[int] = []

            def fail(uow: UnitOfWork) -> int:
                adding("K-1", calls)(uow)
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                run(shop, fail)

            assert (kits_in(shop), calls) == ([], [1])

        def test_does_not_repeat_a_conflict(self) -> None:
            shop = workshop()
            calls: list[int] = []

            def fail(uow: UnitOfWork) -> int:
                calls.append(1)
                raise ConcurrencyConflict("Kit", "K-1", expected=1, found=2)

            with pytest.raises(ConcurrencyConflict):
                run(shop, fail)

            assert calls == [1]

    class WhenTheStoreRollsItBack:
        def test_runs_all_of_it_again(self) -> None:
            shop = faulty_workshop("deadlock", "deadlock")

            result = run(shop, adding("K-1"))

            assert (result, kits_in(shop)) == (3, ["K-1"])

        def test_logs_each_further_attempt(self) -> None:
            shop = faulty_workshop("deadlock")

            run(shop, adding("K-1"))

            (line,) = shop.log.lines
            assert (line.level, line.event) == ("warning", "unit of work is run again")
            assert line.fields == {"attempt": 2, "reason": "deadlock"}

        def test_gives_up_after_the_last_attempt(self) -> None:
            shop = faulty_workshop("deadlock", "deadlock", "deadlock")

            with pytest.raises(TransientFailure, match="deadlock"):
                run(shop, adding("K-1"), attempts=2)

            assert kits_in(shop) == []

        def test_gives_up_when_the_time_is_over(self) -> None:
            shop = faulty_workshop("deadlock")
            calls: list[int] = []

            with pytest.raises(TransientFailure, match="deadlock"):
                run(shop, adding("K-1", calls), timeout=timedelta(microseconds=1))

            assert calls == [1]

        def test_runs_once_if_that_is_all(self) -> None:
            shop = faulty_workshop("deadlock")

            with pytest.raises(TransientFailure, match="deadlock"):
                run(shop, adding("K-1"), attempts=1)

    class WhenTheCommitIsAmbiguous:
        @pytest.mark.parametrize("fault", ["lost", "unanswered"])
        def test_is_never_repeated_without_a_key(self, fault: str) -> None:
            shop = faulty_workshop(fault)
            calls: list[int] = []

            with pytest.raises(AmbiguousCommit):
                run(shop, adding("K-1", calls))

            assert calls == [1]

        def test_returns_the_result_if_the_key_is_there(self) -> None:
            shop = faulty_workshop("unanswered")

            result = run(shop, adding("K-1"), key="add K-1")

            assert (result, kits_in(shop)) == (1, ["K-1"])

        def test_runs_it_again_if_the_key_is_not_there(self) -> None:
            shop = faulty_workshop("lost")

            result = run(shop, adding("K-1"), key="add K-1")

            assert (result, kits_in(shop)) == (2, ["K-1"])

        def test_says_that_nothing_holds_if_there_is_no_attempt_left(self) -> None:
            shop = faulty_workshop("lost")

            with pytest.raises(TransientFailure, match="the key 'add K-1' is not stored: nothing was committed"):
                run(shop, adding("K-1"), key="add K-1", attempts=1)

        def test_returns_the_first_result_if_that_commit_came_late(self) -> None:
            shop = faulty_workshop("late")

            result = run(shop, adding("K-1"), key="add K-1")

            assert (result, kits_in(shop)) == (1, ["K-1"])

        def test_asks_again_while_the_server_comes_back(self) -> None:
            shop = faulty_workshop("unanswered", questions=(ServerUnreachable("down"), TransientFailure("starting")))

            result = run(shop, adding("K-1"), key="add K-1")

            assert result == 1

        def test_stays_ambiguous_if_the_key_cannot_be_asked_for(self) -> None:
            shop = faulty_workshop("unanswered", questions=(ServerUnreachable("down"),) * 3)

            with pytest.raises(AmbiguousCommit) as raised:
                run(shop, adding("K-1"), key="add K-1")

            assert raised.value.__notes__ == ["Whether the key 'add K-1' is stored could not be asked either: down"]
            assert isinstance(raised.value.__cause__, OSError)

    class WhenTheKeyIsStoredAlready:
        def test_refuses_before_the_work_begins(self) -> None:
            shop = workshop()
            run(shop, adding("K-1"), key="add a kit")
            calls: list[int] = []

            with pytest.raises(AlreadyExists, match="The idempotency key 'add a kit' is stored already"):
                run(shop, adding("K-2", calls), key="add a kit")

            assert (calls, kits_in(shop)) == ([], ["K-1"])

    class WhenItIsWithinAnOpenUnitOfWork:
        @pytest.mark.parametrize("tries", [{"attempts": 2}, {"attempts": 1, "key": "add K-1"}])
        def test_refuses(self, tries: dict[str, object]) -> None:
            shop = workshop()

            with shop.unit_of_work(), pytest.raises(MisuseError, match="within an open one"):
                run(shop, adding("K-1"), **tries)

            assert kits_in(shop) == []

        def test_allows_a_single_attempt(self) -> None:
            shop = workshop()

            with shop.unit_of_work():
                run(shop, adding("K-1"), attempts=1)

            assert kits_in(shop) == ["K-1"]

        def test_allows_it_once_that_is_committed(self) -> None:
            shop = workshop()

            with shop.unit_of_work() as uow:
                uow.after_commit(lambda: run(shop, adding("K-1")))
                uow.commit()

            assert kits_in(shop) == ["K-1"]

        def test_allows_it_after_its_block(self) -> None:
            shop = workshop()
            with shop.unit_of_work():
                pass

            run(shop, adding("K-1"))

            assert kits_in(shop) == ["K-1"]


class TestTries:
    @pytest.mark.parametrize("attempts", [0, -1])
    def test_refuses_fewer_attempts_than_one(self, attempts: int) -> None:
        with pytest.raises(MisuseError, match="attempts=1 or more"):
            Tries(attempts)

    def test_refuses_a_timeout_that_is_over_already(self) -> None:
        with pytest.raises(MisuseError, match="not positive"):
            Tries(timeout=timedelta(0))

    def test_takes_no_timeout(self) -> None:
        assert Tries(timeout=None).timeout is None

    @pytest.mark.parametrize("key", ["", " ", "a ", " a", "x" * 201])
    def test_refuses_a_key_that_not_every_store_can_tell_from_others(self, key: str) -> None:
        with pytest.raises(MisuseError, match="1 to 200 characters"):
            Tries(key=key)
