"""The contract of `corelib.ports.retrier.Retrier`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.ports.retrier import Retrier
from corelib.testing.contracts.suite import ContractSuite


class Failing:
    """A function that fails so often before it succeeds, and counts its calls."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls: int = 0

    def __call__(self) -> str:
        """Fail or succeed."""
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError(self.calls)
        return "done"


class RetrierContract(ContractSuite):
    """It calls again what may succeed, and gives up in time."""

    port: ClassVar[str] = "Retrier"

    @pytest.fixture
    def retrier(self) -> Retrier:
        """Return the retrier; one that waits is to wait for next to nothing."""
        raise NotImplementedError

    class WhenTheFunctionSucceeds:
        def test_calls_it_once(self, retrier: Retrier) -> None:
            function = Failing(0)

            result = retrier.call(function, again=_always, attempts=3, timeout=None)

            assert (result, function.calls) == ("done", 1)

    class WhenTheFunctionFails:
        def test_calls_it_until_it_succeeds(self, retrier: Retrier) -> None:
            function = Failing(2)

            result = retrier.call(function, again=_always, attempts=3, timeout=timedelta(minutes=1))

            assert (result, function.calls) == ("done", 3)

        def test_raises_the_last_error_after_so_many_attempts(self, retrier: Retrier) -> None:
            function = Failing(5)

            with pytest.raises(ConnectionError) as raised:
                retrier.call(function, again=_always, attempts=3, timeout=None)

            assert (raised.value.args, function.calls) == ((3,), 3)

        def test_raises_at_once_what_is_not_to_be_tried_again(self, retrier: Retrier) -> None:
            function = Failing(2)

            with pytest.raises(ConnectionError):
                retrier.call(function, again=lambda error: False, attempts=3, timeout=None)  # noqa: ARG005 - any error

            assert function.calls == 1

        def test_asks_about_each_error(self, retrier: Retrier) -> None:
            function = Failing(5)

            with pytest.raises(ConnectionError):
                retrier.call(function, again=lambda error: error.args == (1,), attempts=5, timeout=None)

            assert function.calls == 2

        def test_has_one_attempt_if_that_is_all(self, retrier: Retrier) -> None:
            function = Failing(1)

            with pytest.raises(ConnectionError):
                retrier.call(function, again=_always, attempts=1, timeout=None)

            assert function.calls == 1

        def test_gives_up_when_the_time_is_over(self, retrier: Retrier) -> None:
            function = Failing(5)

            with pytest.raises(ConnectionError):
                retrier.call(function, again=_always, attempts=5, timeout=timedelta(microseconds=1))

            assert function.calls == 1


def _always(_: Exception) -> bool:
    return True
