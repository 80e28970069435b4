from __future__ import annotations

from datetime import timedelta

import pytest

from corelib.domain.lock import LockRequest
from corelib.errors import MisuseError


def request(name: str = "invoices", *, timeout: timedelta = timedelta(0), owner: str = "me") -> LockRequest:
    return LockRequest(name, timeout, owner)


class TestLockRequest:
    class WhenSomethingIsNotAllowed:
        @pytest.mark.parametrize(
            ("name", "text"),
            [
                ("", "The name of a lock has 0 characters. Give it 1 to 200."),
                ("n" * 201, "The name of a lock has 201 characters. Give it 1 to 200."),
            ],
        )
        def test_tells_the_length_of_the_name(self, name: str, text: str) -> None:
            with pytest.raises(MisuseError) as refused:
                request(name)

            assert str(refused.value) == text

        def test_tells_the_length_of_the_owner(self) -> None:
            with pytest.raises(MisuseError, match="The owner of a lock has 101 characters"):
                request(owner="o" * 101)

        @pytest.mark.parametrize("timeout", [timedelta(microseconds=-1), timedelta(days=1, microseconds=1)])
        def test_tells_the_timeout(self, timeout: timedelta) -> None:
            with pytest.raises(MisuseError) as refused:
                request(timeout=timeout)

            assert refused.value.message == f"A lock was asked for with a timeout of {timeout}."

    @pytest.mark.parametrize(
        ("timeout", "milliseconds"),
        [
            (timedelta(0), 0),
            (timedelta(microseconds=1), 1),
            (timedelta(milliseconds=1), 1),
            (timedelta(milliseconds=1, microseconds=1), 2),
            (timedelta(days=1), 86_400_000),
        ],
    )
    def test_takes_no_wait_for_none(self, timeout: timedelta, milliseconds: int) -> None:
        assert request(timeout=timeout).milliseconds == milliseconds

    def test_has_a_digest_that_stays_the_same_for_ever(self) -> None:
        digest = request("invoices 2026").digest(8)

        assert digest.hex() == "22d838f640731b94"

    def test_has_a_digest_of_any_text(self) -> None:
        assert len(request("\ud800").digest(12)) == 12

    def test_has_a_digest_of_the_name_alone(self) -> None:
        first, second = request(owner="a"), request(owner="b", timeout=timedelta(1))

        assert first.digest(16) == second.digest(16)
