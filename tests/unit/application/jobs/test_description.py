from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import frozen

from corelib.application.jobs.description import description_of, job
from corelib.domain.backoff import Backoff
from corelib.domain.job_queues import PerKey, Rate
from corelib.domain.unique_job import UniqueJob
from corelib.errors import MisuseError, UnboundHandler


@frozen
class Label:
    text: str


@frozen
class LongLabel(Label): ...


def print_label(label: Label) -> None: ...


class TestJob:
    def test_leaves_the_function_as_it_is(self) -> None:
        printed: list[str] = []

        def print_now(label: Label) -> None:
            printed.append(label.text)

        described = job()(print_now)

        described(Label("x"))
        assert described is print_now
        assert printed == ["x"]

    def test_describes_one_run_of_a_minute_in_the_default_queue_by_default(self) -> None:
        @job()
        def plain(label: Label) -> None: ...

        description = description_of(plain)

        assert (description.name, description.queue, description.attempts) == ("plain", "default", 1)
        assert (description.backoff, description.timeout) == (Backoff(), timedelta(minutes=1))
        assert description.handler is plain

    def test_describes_what_it_is_told(self) -> None:
        backoff = Backoff(first=timedelta(seconds=9))

        @job(
            queue="mail",
            attempts=3,
            backoff=backoff,
            timeout=timedelta(seconds=5),
            name="print",
            priority=9,
            concurrency=5,
            rate=Rate(10),
        )
        def rich(label: Label) -> None: ...

        description = description_of(rich)

        assert (description.name, description.queue, description.attempts) == ("print", "mail", 3)
        assert (description.priority, description.concurrency, description.rate) == (9, 5, Rate(10))
        assert (description.backoff, description.timeout) == (backoff, timedelta(seconds=5))

    def test_describes_unique_jobs_and_versions(self) -> None:
        rule = UniqueJob("text")
        upcast = {1: dict}

        @job(unique=rule, version=2, upcast=upcast)
        def versioned(label: Label) -> None: ...

        description = description_of(versioned)

        assert (description.unique, description.version, description.upcast) == (rule, 2, upcast)

    class WhenAVersionIsLeftOut:
        def test_is_refused(self) -> None:
            with pytest.raises(MisuseError, match="oldest that may be stored to 2"):

                @job(version=3, upcast={1: dict})
                def gap(label: Label) -> None: ...

    class WhenAValueCannotBeUsed:
        @pytest.mark.parametrize("version", [0, -1])
        def test_refuses_versions_that_do_not_count_from_one(self, version: int) -> None:
            with pytest.raises(ValueError, match="version"):
                job(version=version)(print_label)

        @pytest.mark.parametrize("queue", ["", "Mail", "-mail", "my mail", "q" * 62])
        def test_refuses_the_queue(self, queue: str) -> None:
            with pytest.raises(ValueError, match="queue"):
                job(queue=queue)(print_label)

        @pytest.mark.parametrize("priority", [-101, 101])
        def test_refuses_the_priority(self, priority: int) -> None:
            with pytest.raises(ValueError, match="priority"):
                job(priority=priority)(print_label)

        @pytest.mark.parametrize("attempts", [0, -1])
        def test_refuses_the_number_of_attempts(self, attempts: int) -> None:
            with pytest.raises(ValueError, match="attempts"):
                job(attempts=attempts)(print_label)


class TestDescriptionOf:
    class WhenTheFunctionIsNotDescribed:
        @pytest.mark.parametrize(("handler", "name"), [(print_label, "print_label"), (7, "7")])
        def test_says_what_to_do(self, handler: object, name: str) -> None:
            with pytest.raises(MisuseError, match=rf"{name} is not a job\. Put @job\(\.\.\.\) above it\."):
                description_of(handler)


class TestDurable:
    def test_is_what_a_job_is_by_default(self) -> None:
        @job()
        def plain(label: Label) -> None: ...

        assert description_of(plain).durable

    @pytest.mark.parametrize(
        "asked",
        [
            {"attempts": 2},
            {"backoff": Backoff(first=timedelta(seconds=9))},
            {"non_retryable": (KeyError,)},
            {"priority": 1},
            {"concurrency": 5},
            {"rate": Rate(1, per=timedelta(seconds=1))},
            {"per_key": PerKey("text", concurrency=1)},
            {"retention": timedelta(days=1)},
            {"unique": UniqueJob()},
        ],
        ids=lambda asked: next(iter(asked)),
    )
    def test_cannot_be_left_out_where_a_row_is_needed(self, asked: dict[str, object]) -> None:
        with pytest.raises(MisuseError, match=f"cannot have {next(iter(asked))}: these need a row"):
            job(durable=False, **asked)(print_label)  # type: ignore[arg-type]

    def test_may_be_left_out_with_all_that_needs_none(self) -> None:
        @job(durable=False, queue="mail", timeout=timedelta(seconds=5), name="x", version=2, upcast={1: dict})
        def plain(label: Label) -> None: ...

        assert not description_of(plain).durable


class TestJobDescription:
    def test_knows_the_class_of_the_payload(self) -> None:
        @job()
        def plain(label: Label) -> None: ...

        assert description_of(plain).payload is Label

    class WhenTheHandlerTakesNothing:
        def test_says_so_when_it_is_asked(self) -> None:
            @job()
            def empty() -> None: ...

            with pytest.raises(UnboundHandler, match="does not say which message it takes"):
                _ = description_of(empty).payload

    class TestCheckPayload:
        def test_accepts_the_class(self) -> None:
            @job()
            def plain(label: Label) -> None: ...

            description_of(plain).check_payload(Label("x"))

        @pytest.mark.parametrize("payload", [LongLabel("x"), {"text": "x"}, None])
        def test_refuses_every_other_class(self, payload: object) -> None:
            @job()
            def plain(label: Label) -> None: ...

            with pytest.raises(MisuseError, match=f"takes a Label, not a {type(payload).__name__}"):
                description_of(plain).check_payload(payload)
