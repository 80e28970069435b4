"""Retrying dead jobs with payloads that somebody has edited."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from attrs import evolve, frozen

from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.runner import JobRunner
from corelib.domain.job import Job, JobState
from corelib.errors import MisuseError, Problem, ValidationFailed
from corelib.ports.job_steering import JobFilter
from corelib.ports.storage import Storage

JsonObject = dict[str, object]
Edit = Callable[[JsonObject], JsonObject]
"""Makes the JSON object of a payload of the one that was there."""

PORTION = 100


@frozen
class DeadLetters:
    """Retries dead jobs of a host.

    Args:
        storage: where they are.
        payloads: reads them.
        runner: knows what each job takes, and how many attempts it gets.
    """

    storage: Storage
    payloads: Payloads
    runner: JobRunner

    def retry(self, which: JobFilter, edit: Edit, attempts: int | None) -> int:
        """Edit and retry all jobs that are dead now, and return how many; see `Host.retry_dead_jobs`."""
        if attempts is not None and attempts < 1:
            raise MisuseError(f"Jobs are to be retried {attempts} times.", hint="Say 1 or more, or leave it out.")
        retried, began = 0, self.storage.schedules.now()
        while portion := self._dead_before(began, which):
            for job in portion:
                text = self.edited(job, edit)
                more = self.runner.attempts_of(job) if attempts is None else attempts
                retried += self.storage.jobs.retry_dead(job.id, attempts=more, payload=text)
        return retried

    def edited(self, job: Job, edit: Edit) -> str:
        """Return the edited payload of a job as JSON text.

        Raises:
            ValidationFailed: if it is no JSON object, or not what the handler takes.
            UnknownJob: if this host does not know the job.
        """
        subject = f"The edited payload of the job {job.name} {job.id}"
        raw = json.loads(self.payloads.text_of(job))
        if not isinstance(raw, dict):
            raise ValidationFailed(subject, [Problem("", "was no JSON object before", "wrong_type")])
        try:
            text = json.dumps(edit(raw), ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValidationFailed(subject, [Problem("", f"is no JSON ({error})", "not_json")]) from error
        self.runner.payload_of(evolve(job, payload=text, payload_key=None))
        return text

    def _dead_before(self, instant: datetime, which: JobFilter) -> list[Job]:
        """Return a portion of those that died before; one that dies again is not edited twice."""
        dead = self.storage.jobs.list(state=JobState.DEAD, which=which, limit=PORTION)
        return [job for job in dead if job.finished_at is not None and job.finished_at <= instant]
