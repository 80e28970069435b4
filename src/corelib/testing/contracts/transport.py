"""The contract of `corelib.ports.transport.JobTransport`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob
from corelib.errors import AuthenticationFailed, ConfigurationError, ServerUnreachable
from corelib.ports.transport import JobTransport
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import at_the_same_time

QUEUES = ("default", "mail")
"""The queues of the host that the suite plays."""

WRONG_PASSWORD = "not-the-password"  # noqa: S105 - it opens nothing
"""What adapters take as the password that their server refuses."""

Receive = Callable[[int], Sequence[JobRef]]
ReceiveLossy = Callable[[int], Sequence[LossyJob]]


class TransportContract(ContractSuite):
    """What is sent arrives where workers look; what cannot be sent is told."""

    port: ClassVar[str] = "JobTransport"

    @pytest.fixture
    def transport(self) -> JobTransport:
        """Return a transport of a host with the queues `QUEUES`, which nobody else uses."""
        raise NotImplementedError

    @pytest.fixture
    def receive(self) -> Receive:
        """Return a function that takes so many refs off the queues of `transport`.

        It waits until they are there, and gives up with fewer after `corelib.testing.contracts.waiting.PATIENCE`.
        """
        raise NotImplementedError

    @pytest.fixture
    def receive_lossy(self) -> ReceiveLossy:
        """Return a function that takes so many jobs without rows off the queues of `transport`, as `receive` does."""
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> JobTransport:
        """Return a transport to an address where nothing answers; for adapters with `Capability.SERVER`."""
        raise NotImplementedError

    @pytest.fixture
    def refusing(self) -> JobTransport:
        """Return a transport that logs in with `WRONG_PASSWORD`; for adapters with `Capability.SERVER`."""
        raise NotImplementedError

    @pytest.fixture
    def cut_off(self) -> Callable[[], None]:
        """Return a function that makes the server of `transport` vanish; for adapters with `Capability.SERVER`."""
        raise NotImplementedError

    @pytest.fixture
    def all_connections_end(self) -> Callable[[], bool]:
        """Return a function that waits for the last connection of `transport` to end, and tells whether it did.

        For adapters with `Capability.SERVER`.
        """
        raise NotImplementedError

    class WhenJobsAreSent:
        def test_arrive(self, transport: JobTransport, receive: Receive) -> None:
            ref = JobRef(new_id(), "default")

            transport.send([ref])

            assert list(receive(1)) == [ref]

        def test_arrive_all(self, transport: JobTransport, receive: Receive) -> None:
            refs = [JobRef(new_id(), "default") for _ in range(100)]

            transport.send(refs)

            assert by_id(receive(100)) == refs

        def test_arrive_in_their_own_queues(self, transport: JobTransport, receive: Receive) -> None:
            refs = [JobRef(new_id(), queue) for queue in QUEUES]

            transport.send(refs)

            assert by_id(receive(2)) == refs

        def test_arrive_from_call_after_call(self, transport: JobTransport, receive: Receive) -> None:
            first, second = JobRef(new_id(), "default"), JobRef(new_id(), "default")

            transport.send([first])
            transport.send([second])

            assert by_id(receive(2)) == [first, second]

        def test_arrive_from_many_threads(self, transport: JobTransport, receive: Receive) -> None:
            refs = [JobRef(new_id(), "default") for _ in range(4)]

            at_the_same_time(*(lambda ref=ref: transport.send([ref]) for ref in refs))

            assert by_id(receive(4)) == refs

        def test_may_be_sent_again(self, transport: JobTransport, receive: Receive) -> None:
            ref = JobRef(new_id(), "default")

            transport.send([ref])
            transport.send([ref])

            assert receive(1)[0] == ref

    class WhenNothingIsSent:
        def test_lets_nothing_arrive(self, transport: JobTransport, receive: Receive) -> None:
            later = JobRef(new_id(), "default")

            transport.send([])

            transport.send([later])
            assert list(receive(1)) == [later]

    class WhenJobsWithoutRowsAreSent:
        def test_arrive_as_they_are(self, transport: JobTransport, receive_lossy: ReceiveLossy) -> None:
            context = Context("way", "cause", "ada", "kits", datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC))
            full = LossyJob(new_id(), "send", "mail", '{"text":"✓ \\u0000 x"}', context, payload_version=3)

            transport.deliver([full])

            assert list(receive_lossy(1)) == [full]

        def test_arrive_without_what_the_context_does_not_have(
            self, transport: JobTransport, receive_lossy: ReceiveLossy
        ) -> None:
            plain = a_lossy_job()

            transport.deliver([plain])

            assert list(receive_lossy(1)) == [plain]

        def test_arrive_all(self, transport: JobTransport, receive_lossy: ReceiveLossy) -> None:
            jobs = [a_lossy_job(queue) for queue in QUEUES for _ in range(20)]

            transport.deliver(jobs)

            assert sorted(receive_lossy(40), key=lambda job: job.id) == sorted(jobs, key=lambda job: job.id)

        @needs(Capability.SERVER)
        def test_are_told_to_be_lost_when_nothing_answers(self, unreachable: JobTransport) -> None:
            with pytest.raises(ConfigurationError):
                unreachable.deliver([a_lossy_job()])

    class WhenAJobIsForAQueueOfAnotherVersionOfTheHost:
        def test_still_sends_the_others(self, transport: JobTransport, receive: Receive) -> None:
            ref = JobRef(new_id(), "default")

            transport.send([JobRef(new_id(), "given-up"), ref])

            assert list(receive(1)) == [ref]

    class WhenTheBrokerIsThere:
        def test_passes_the_check(self, transport: JobTransport) -> None:
            transport.check()

        def test_passes_it_again_after_jobs_were_sent(self, transport: JobTransport) -> None:
            transport.send([JobRef(new_id(), "default")])

            transport.check()

    @needs(Capability.SERVER)
    class WhenNothingAnswers:
        def test_fails_the_check(self, unreachable: JobTransport) -> None:
            with pytest.raises(ServerUnreachable):
                unreachable.check()

        def test_says_so_when_jobs_are_sent(self, unreachable: JobTransport) -> None:
            with pytest.raises(ConfigurationError):
                unreachable.send([JobRef(new_id(), "default")])

    @needs(Capability.SERVER)
    class WhenTheLoginIsRefused:
        def test_fails_the_check(self, refusing: JobTransport) -> None:
            with pytest.raises(AuthenticationFailed):
                refusing.check()

        def test_says_so_when_jobs_are_sent(self, refusing: JobTransport) -> None:
            with pytest.raises(ConfigurationError):
                refusing.send([JobRef(new_id(), "default")])

        def test_does_not_tell_the_password(self, refusing: JobTransport) -> None:
            with pytest.raises(AuthenticationFailed) as refused:
                refusing.check()

            assert WRONG_PASSWORD not in str(refused.value)

    @needs(Capability.SERVER)
    class WhenTheServerVanishes:
        def test_fails_the_check(self, transport: JobTransport, cut_off: Callable[[], None]) -> None:
            transport.send([JobRef(new_id(), "default")])
            transport.check()

            cut_off()

            with pytest.raises(ServerUnreachable):
                transport.check()

        def test_says_so_when_jobs_are_sent(self, transport: JobTransport, cut_off: Callable[[], None]) -> None:
            transport.send([JobRef(new_id(), "default")])

            cut_off()

            with pytest.raises(ConfigurationError):
                transport.send([JobRef(new_id(), "default")])

    class WhenItIsClosed:
        def test_may_not_have_been_used(self, transport: JobTransport) -> None:
            transport.close()

        def test_may_have_been_used(self, transport: JobTransport) -> None:
            transport.send([JobRef(new_id(), "default")])

            transport.close()

        @needs(Capability.SERVER)
        def test_gives_back_every_connection(
            self, transport: JobTransport, all_connections_end: Callable[[], bool]
        ) -> None:
            transport.check()
            at_the_same_time(*[lambda: transport.send([JobRef(new_id(), "default")])] * 2)

            transport.close()

            assert all_connections_end()


def a_lossy_job(queue: str = "default") -> LossyJob:
    """Return a job without a row."""
    return LossyJob(new_id(), "send", queue, "{}", Context("way"))


def by_id(refs: Sequence[JobRef]) -> list[JobRef]:
    """Return refs in the order in which their jobs were made: queues promise no order among them."""
    return sorted(refs, key=lambda ref: ref.id)
