from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from attrs import frozen
from tests.unit.fakes import Workshop, workshop

from corelib.application.context import use_context
from corelib.application.jobs.description import job
from corelib.application.jobs.enqueuing import Wanted
from corelib.domain.context import Context
from corelib.domain.job import NewJob
from corelib.domain.job_queues import PerKey
from corelib.domain.unique_job import UniqueJob, debounce
from corelib.errors import MisuseError

WAIT = timedelta(seconds=5)


@frozen
class Render:
    video: str
    size: int = 1


@job(unique=UniqueJob())
def whole(render: Render) -> None: ...


@job(unique=UniqueJob("video"))
def by_field(render: Render) -> None: ...


@job(unique=UniqueJob(["size", "video"]))
def by_fields(render: Render) -> None: ...


@job(unique=UniqueJob(lambda render: (render.video.casefold(), datetime(2026, 1, 1, tzinfo=UTC))))
def by_function(render: Render) -> None: ...


@job(unique=UniqueJob("film"))
def by_nothing(render: Render) -> None: ...


@job(unique=debounce("video", wait=WAIT))
def debounced(render: Render) -> None: ...


@job()
def plain(render: Render) -> None: ...


def made(handler: Callable[..., None], payload: Render, wanted: Wanted | None = None) -> NewJob:
    shop: Workshop = workshop(jobs=[handler])
    [new] = shop.around.enqueuing.jobs(handler, [payload], wanted or Wanted())
    return new


def key(handler: Callable[..., None], payload: Render, unique_key: str | None = None) -> str:
    unique = made(handler, payload, Wanted(unique_key=unique_key)).unique
    assert unique is not None
    return unique.digest


class TestEnqueuing:
    class WhenAJobIsUniqueByItsWholePayload:
        def test_has_one_key_for_equal_payloads(self) -> None:
            assert key(whole, Render("a", 2)) == key(whole, Render("a", 2))

        @pytest.mark.parametrize("other", [Render("a", 3), Render("b", 2)])
        def test_has_another_key_for_another_payload(self, other: Render) -> None:
            assert key(whole, Render("a", 2)) != key(whole, other)

    class WhenAJobIsUniqueByAField:
        def test_looks_at_no_other(self) -> None:
            assert key(by_field, Render("a", 1)) == key(by_field, Render("a", 2))
            assert key(by_field, Render("a", 1)) != key(by_field, Render("b", 1))

        def test_is_refused_if_the_payload_has_none_of_that_name(self) -> None:
            with pytest.raises(MisuseError, match=r"unique by 'film'.* It has: size, video\."):
                made(by_nothing, Render("a"))

    class WhenAJobIsUniqueByFields:
        def test_looks_at_all_of_them(self) -> None:
            assert key(by_fields, Render("a", 1)) == key(by_fields, Render("a", 1))
            assert len({key(by_fields, Render(*each)) for each in (("a", 1), ("a", 2), ("b", 1))}) == 3

    class WhenAJobIsUniqueByAFunction:
        def test_takes_what_it_returns(self) -> None:
            assert key(by_function, Render("A")) == key(by_function, Render("a"))
            assert key(by_function, Render("A")) != key(by_function, Render("b"))

    class WhenAKeyIsGiven:
        def test_takes_it_for_that_of_the_rule(self) -> None:
            assert key(by_field, Render("a"), "k") == key(by_field, Render("b"), "k")
            assert key(by_field, Render("a"), "k") != key(by_field, Render("a"), "K")

        def test_makes_a_job_without_a_rule_unique_until_its_end(self) -> None:
            unique = made(plain, Render("a"), Wanted(unique_key="")).unique

            assert unique is not None
            assert unique.rule == UniqueJob()

    class WhenAJobIsNotUnique:
        def test_has_no_key(self) -> None:
            assert made(plain, Render("a")).unique is None

    class WhenAJobIsDebounced:
        @pytest.mark.parametrize("delay", [timedelta(0), WAIT / 2])
        def test_waits_at_least_as_long_as_its_rule_says(self, delay: timedelta) -> None:
            assert made(debounced, Render("a"), Wanted(delay)).delay == WAIT

        def test_waits_longer_if_it_is_asked_to(self) -> None:
            assert made(debounced, Render("a"), Wanted(2 * WAIT)).delay == 2 * WAIT

        def test_waits_for_an_instant_instead(self) -> None:
            instant = datetime(2999, 1, 1, tzinfo=UTC)

            new = made(debounced, Render("a"), Wanted(at=instant))

            assert (new.delay, new.due_at) == (timedelta(0), instant)


@job(per_key=PerKey("video", concurrency=1))
def limited(render: Render) -> None: ...


@job(per_key=PerKey(lambda render: render.video.casefold(), concurrency=1))
def limited_by_function(render: Render) -> None: ...


@job(per_key=PerKey("film", concurrency=1))
def limited_by_nothing(render: Render) -> None: ...


class TestEnqueuingWithLimitsOfKeys:
    def test_gives_jobs_of_equal_fields_the_same_key(self) -> None:
        keys = {made(limited, Render("a", size)).limit_key for size in (1, 2)}

        assert len(keys) == 1
        assert keys != {made(limited, Render("b")).limit_key}

    def test_takes_what_a_function_returns(self) -> None:
        assert made(limited_by_function, Render("A")).limit_key == made(limited_by_function, Render("a")).limit_key

    def test_gives_tenants_keys_of_their_own(self) -> None:
        with use_context(Context("c", tenant="one")):
            first = made(limited, Render("a")).limit_key

        assert first != made(limited, Render("a")).limit_key

    def test_has_no_key_for_a_job_without_such_limits(self) -> None:
        assert made(plain, Render("a")).limit_key is None

    def test_is_refused_if_the_payload_has_no_such_field(self) -> None:
        with pytest.raises(MisuseError, match="limited by 'film', which its payload does not have"):
            made(limited_by_nothing, Render("a"))
