from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from corelib.domain.identifiers import new_id
from corelib.domain.job_event_record import JobEventPosition, StoredJobEvent, details_of, event_of, values_of
from corelib.domain.job_events import JOB_EVENTS, AttemptFailed, JobEnqueued, JobEvent, JobRetried, JobStarted
from corelib.errors import InvalidCursor

NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def common() -> dict[str, object]:
    return {
        "job_id": new_id(),
        "name": "charge",
        "queue": "mail",
        "attempt": 2,
        "at": NOON,
        "correlation_id": "c-1",
        "tenant": "t-1",
    }


def failed() -> AttemptFailed:
    return AttemptFailed(**common(), error="bäh 😀", duration=timedelta(hours=30, microseconds=7), worker="w")


class TestJobEventRecord:
    class WhenItIsReadAgain:
        def test_is_the_event_that_was_written(self) -> None:
            shared = common()
            event = AttemptFailed(**shared, error="bäh 😀", duration=timedelta(hours=30, microseconds=7), worker=None)

            assert event_of("failed", shared, details_of(event)) == event

        def test_keeps_instants_to_the_microsecond(self) -> None:
            shared = common()
            event = JobRetried(**shared, due_at=NOON + timedelta(microseconds=1), error=None)

            assert event_of("retried", shared, details_of(event)) == event

        def test_leaves_out_what_a_newer_version_has_added(self) -> None:
            shared = common()

            event = event_of("enqueued", shared, json.dumps({"due_at": NOON.isoformat(), "mood": "good"}))

            assert event == JobEnqueued(**shared, due_at=NOON)

        def test_is_a_plain_event_if_its_kind_is_not_known(self) -> None:
            shared = common()

            event = event_of("enchanted", shared, '{"by": "a witch"}')

            assert event == JobEvent(**shared)
            assert event.kind == "unknown"

    class WhenItIsShown:
        def test_has_all_fields_as_values_of_json(self) -> None:
            event = failed()

            values = values_of(StoredJobEvent("1-2", event))

            assert json.loads(json.dumps(values)) == values
            assert (values["cursor"], values["kind"], values["job_id"]) == ("1-2", "failed", str(event.job_id))
            assert (values["error"], values["duration"]) == ("bäh 😀", 30 * 3_600_000_000 + 7)


class TestJobEvents:
    def test_have_a_kind_of_their_own_that_its_column_takes(self) -> None:
        assert all(JOB_EVENTS[kind].kind == kind and len(kind) <= 16 for kind in JOB_EVENTS)

    def test_tell_how_long_a_job_has_waited_since_it_was_due(self) -> None:
        started = JobStarted(**common(), due_at=NOON - timedelta(seconds=3), worker="w")

        assert started.waited == timedelta(seconds=3)
        assert evolve(started, due_at=NOON + timedelta(seconds=3)).waited == timedelta(0)


class TestJobEventPosition:
    def test_is_read_from_its_own_cursor(self) -> None:
        position = JobEventPosition(2**62, 17)

        assert JobEventPosition.at(position.cursor) == position

    def test_is_before_all_without_a_cursor(self) -> None:
        assert JobEventPosition.at(None) < JobEventPosition(0, 0)

    def test_is_ordered_by_its_mark_first(self) -> None:
        assert JobEventPosition(1, 9) < JobEventPosition(2, 1) < JobEventPosition(2, 2)

    @pytest.mark.parametrize("cursor", ["", "x", "1", "-1-2", "1-", "1-x"])
    def test_refuses_what_is_none(self, cursor: str) -> None:
        with pytest.raises(InvalidCursor, match="not made by a reader of job events"):
            JobEventPosition.at(cursor)
