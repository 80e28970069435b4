from __future__ import annotations

from corelib.application.jobs.run import JobRun
from corelib.domain.identifiers import new_id


class TestJobRun:
    def test_has_the_same_idempotency_key_in_every_attempt(self) -> None:
        job_id = new_id()

        keys = {JobRun(job_id, attempt, 3).idempotency_key for attempt in (1, 2, 3)}

        assert keys == {str(job_id)}

    def test_has_another_key_than_other_jobs(self) -> None:
        assert JobRun(new_id(), 1, 1).idempotency_key != JobRun(new_id(), 1, 1).idempotency_key
