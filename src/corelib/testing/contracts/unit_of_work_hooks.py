"""The contract of `corelib.ports.unit_of_work.UnitOfWork` about hooks, and about use where it does not belong."""
# ruff: noqa: D102, D106, PT012 - the names of the tests are their sentences; blocks fail after what they arrange

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar

import pytest

from corelib.errors import AlreadyExists, MisuseError
from corelib.ports.storage import Storage
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts.arranging import CountItems, StoreContract, Work, count_items
from corelib.testing.contracts.samples import Parcel, a_parcel, contents

USES: dict[str, Callable[[UnitOfWork], object]] = {
    "repository": lambda uow: uow.repository(Parcel),
    "enqueue": lambda uow: uow.jobs.enqueue(count_items, CountItems(a_parcel().id)),
    "flush": lambda uow: uow.flush(),
    "commit": lambda uow: uow.commit(),
    "rollback": lambda uow: uow.rollback(),
    "savepoint": lambda uow: _enter(uow.savepoint()),
    "after_commit": lambda uow: uow.after_commit(print),
    "after_rollback": lambda uow: uow.after_rollback(print),
}


class HookContract(StoreContract):
    """Hooks learn how it ended; one thread has it."""

    port: ClassVar[str] = "UnitOfWork"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenItIsCommitted:
        def test_calls_the_hooks_for_that_in_their_order(self, work: Work) -> None:
            called: list[object] = []
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.after_commit(lambda: called.append(work.sees(parcel)))
                uow.after_commit(lambda: called.append("second"))
                uow.after_rollback(lambda: called.append("rolled back"))
                uow.commit()

            assert called == [contents(parcel), "second"]

        def test_logs_the_error_of_a_hook_and_calls_the_others(self, work: Work) -> None:
            called: list[str] = []

            with work.unit() as uow:
                uow.after_commit(_fail)
                uow.after_commit(lambda: called.append("second"))
                uow.commit()

            assert called == ["second"]
            assert [line.event for line in work.log.lines] == ["after-commit hook failed"]

    class WhenItIsUndone:
        def test_calls_the_hooks_for_that_when_it_is_rolled_back(self, work: Work) -> None:
            called: list[str] = []

            with work.unit() as uow:
                _hook(uow, called)
                uow.rollback()
                at_once = list(called)

            assert (at_once, called) == (["first", "second"], ["first", "second"])

        def test_calls_them_when_its_block_is_left_without_a_commit(self, work: Work) -> None:
            called: list[str] = []

            with work.unit() as uow:
                _hook(uow, called)

            assert called == ["first", "second"]

        def test_calls_them_when_its_block_fails(self, work: Work) -> None:
            called: list[str] = []

            with pytest.raises(ZeroDivisionError), work.unit() as uow:
                _hook(uow, called)
                raise ZeroDivisionError

            assert called == ["first", "second"]

        def test_calls_them_when_the_commit_fails(self, work: Work) -> None:
            called: list[str] = []
            taken = a_parcel()
            work.stores(taken)

            with work.unit() as uow:
                _hook(uow, called)
                uow.repository(Parcel).add(a_parcel(id=taken.id))
                with pytest.raises(AlreadyExists):
                    uow.commit()
                at_once = list(called)

            assert (at_once, called) == (["first", "second"], ["first", "second"])

        def test_logs_the_error_of_a_hook_and_calls_the_others(self, work: Work) -> None:
            called: list[str] = []

            with work.unit() as uow:
                uow.after_rollback(_fail)
                uow.after_rollback(lambda: called.append("second"))

            assert called == ["second"]
            assert [line.event for line in work.log.lines] == ["after-rollback hook failed"]

        def test_has_undone_everything_by_then(self, work: Work) -> None:
            seen: list[object] = []
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.flush()
                uow.after_rollback(lambda: seen.append(work.sees(parcel)))

            assert seen == [None]

    class WhenAnotherThreadUsesIt:
        @pytest.mark.parametrize("use", USES.values(), ids=USES)
        def test_refuses_and_names_both(self, work: Work, use: Callable[[UnitOfWork], object]) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                error = _in_a_thread("the-other-one", lambda: use(uow))
                uow.commit()

            assert isinstance(error, MisuseError)
            assert threading.current_thread().name in str(error)
            assert "the-other-one" in str(error)
            assert work.sees(parcel) == contents(parcel)

        def test_ends_when_its_block_is_left_there(self, work: Work) -> None:
            uow = work.unit()
            uow.__enter__()
            uow.repository(Parcel).count()

            error = _in_a_thread("the-other-one", lambda: uow.__exit__(None, None, None))

            assert isinstance(error, MisuseError)
            work.stores(a_parcel())

    class WhenItIsBegunAgain:
        def test_refuses_within_its_block(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError, match="a second time"):
                uow.__enter__()

        def test_refuses_after_its_block(self, work: Work) -> None:
            with work.unit() as uow:
                uow.commit()

            with pytest.raises(MisuseError, match="a second time"):
                uow.__enter__()


def _fail() -> None:
    raise ZeroDivisionError


def _hook(uow: UnitOfWork, called: list[str]) -> None:
    uow.after_rollback(lambda: called.append("first"))
    uow.after_commit(lambda: called.append("committed"))
    uow.after_rollback(lambda: called.append("second"))


def _enter(block: AbstractContextManager[None]) -> None:
    with block:
        pass


def _in_a_thread(name: str, call: Callable[[], object]) -> Exception | None:
    """Call a function in a thread of this name and return the error that it raised."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - it is what the caller wants
            errors.append(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join()
    return errors[0] if errors else None
