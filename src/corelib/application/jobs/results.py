"""What handlers return, on its way into rows and out of them."""

from __future__ import annotations

from typing import TypeVar

from attrs import frozen

from corelib.application.jobs.payloads import Payloads
from corelib.domain.job import Claim, Job, JobResult
from corelib.errors import ResultMissing, ResultTooLarge, ValidationFailed
from corelib.ports.codec import Codec

T = TypeVar("T")


@frozen
class Results:
    """Writes and reads results.

    Args:
        codec: makes texts of them.
        payloads: puts those away that are too large for a row.
    """

    codec: Codec
    payloads: Payloads

    def stored(self, claim: Claim, returned: object) -> JobResult | None:
        """Return what the row holds of what a handler returned; of None, nothing.

        An object is named after the claim, so that a run that has lost its job does not overwrite the result of the
        one that has it. If the transaction does not commit, a sweep removes it.

        Raises:
            ValidationFailed: if it cannot be written as JSON.
            ResultTooLarge: if it is too long for a row, and there is no storage of objects.
            CorelibError: as `ObjectStorage.put` does.
        """
        if returned is None:
            return None
        name = claim.job.name
        try:
            text = self.codec.encode(returned)
        except ValidationFailed as error:
            raise ValidationFailed(f"The result of the job {name}", error.problems) from error

        def refusal(size: int, limit: int) -> ResultTooLarge:
            return ResultTooLarge(name, size=size, limit=limit)

        return JobResult(*self.payloads.placed(f"{claim.job.id}-result-{claim.token}", text, refusal))

    def read(self, job: Job, kind: type[T]) -> T:
        """Return the result of a stored job.

        Raises:
            ResultMissing: if there is none.
            ValidationFailed: if it is not a `kind`, or its object is gone.
            CorelibError: as `ObjectStorage.get` does; it may be there later.
        """
        if job.result is None:
            raise ResultMissing(job.name, job.id, state=job.state.value)
        subject = f"The result of the job {job.name}"
        text = self.payloads.fetched(job.result.text, job.result.key, subject)
        try:
            return self.codec.decode(text, kind)
        except ValidationFailed as error:
            raise ValidationFailed(f"{subject}, read as {error.subject},", error.problems) from error
