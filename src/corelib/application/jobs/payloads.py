"""Payloads on their way into rows and out of them; what is too large for a row is an object beside it.

Results take the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from attrs import frozen

from corelib.application.jobs.description import JobDescription
from corelib.application.jobs.upcasting import upcasted
from corelib.domain.job import Job
from corelib.domain.stored_object import ObjectInfo
from corelib.errors import CorelibError, MisuseError, NotFound, PayloadTooLarge, Problem, ValidationFailed
from corelib.ports.clock import Clock
from corelib.ports.codec import Codec
from corelib.ports.object_storage import ObjectStorage
from corelib.ports.storage import Storage

PAYLOAD_LIMIT = 256 * 1024
"""Bytes of JSON text that a row takes by default."""

LONGEST_PAYLOAD = 64 * 1024 * 1024
"""Bytes of JSON text that a worker takes into memory."""

A_DAY = timedelta(days=1)
_PORTION = 500
_JSON = "application/json"

Refusal = Callable[[int, int], CorelibError]


@frozen
class Payloads:
    """Writes and reads payloads.

    Args:
        objects: takes those that are too large for a row; None means that they are refused.
        namespace: keeps the objects of hosts apart that share a storage.
        limit: bytes that a row takes.
    """

    objects: ObjectStorage | None = None
    namespace: str = "host"
    limit: int = PAYLOAD_LIMIT

    @property
    def prefix(self) -> str:
        """Return how the keys of all payloads of this host begin."""
        return f"corelib-payloads/{self.namespace}/"

    def stored(self, job: str, job_id: UUID, text: str) -> tuple[str, str | None]:
        """Return what the row holds: the text, or none and the key of the object that has been put now.

        The object is there before the transaction commits. If that never happens, `sweep` finds it.

        Raises:
            PayloadTooLarge: if the text is too long for a row, and there is no storage; or too long for a worker.
            CorelibError: as `ObjectStorage.put` does.
        """
        return self.placed(str(job_id), text, lambda size, limit: PayloadTooLarge(job, size=size, limit=limit))

    def placed(self, name: str, text: str, refusal: Refusal) -> tuple[str, str | None]:
        """Do the same with any text.

        Args:
            name: of the object within those of this host.
            text: to be stored.
            refusal: makes the error of the text's size and the limit, both in bytes.
        """
        # No character has more than four bytes, so that the usual payload is not encoded to be measured.
        if len(text) * 4 <= self.limit:
            return text, None
        content = text.encode()
        if len(content) <= self.limit:
            return text, None
        if self.objects is None or len(content) > LONGEST_PAYLOAD:
            limit = self.limit if self.objects is None else LONGEST_PAYLOAD
            raise refusal(len(content), limit)
        key = f"{self.prefix}{name}"
        self.objects.put(key, content, content_type=_JSON)
        return "", key

    def check_size(self, job: str, text: str) -> None:
        """Make sure that a message may carry a payload: as much as a row takes.

        Raises:
            PayloadTooLarge: if it may not.
        """
        if len(text) * 4 > self.limit and len(text.encode()) > self.limit:
            raise PayloadTooLarge(job, size=len(text.encode()), limit=self.limit)

    def read(self, job: Job, description: JobDescription, codec: Codec) -> object:
        """Return the payload of a stored job as its handler takes it.

        Raises:
            PayloadTooNew: if it is of a version that this program does not know yet.
            ValidationFailed: if it cannot be read, its object included.
            CorelibError: as `ObjectStorage.get` does; it may be there later.
        """
        text = upcasted(
            self.text_of(job),
            name=job.name,
            stored=job.payload_version,
            version=description.version,
            upcast=description.upcast,
        )
        payload: object = codec.decode(text, description.payload)
        return payload

    def fetched(self, text: str, key: str | None, subject: str) -> str:
        """Return the text that a row holds, or that of the object that it names.

        Args:
            text: in the row.
            key: of the object, if there is one.
            subject: names what is wanted in messages.

        Raises:
            ValidationFailed: if the object is gone or is no text.
            CorelibError: as `ObjectStorage.get` does.
        """
        if key is None:
            return text
        if self.objects is None:
            raise _unreadable(subject, "is an object, and this host has no ObjectStorage")
        try:
            return self.objects.get(key, limit=LONGEST_PAYLOAD).decode()
        except NotFound as error:
            raise _unreadable(subject, f"was an object that is gone ({key})") from error
        except UnicodeDecodeError as error:
            raise _unreadable(subject, "is an object of something else than text") from error

    def sweep(self, storage: Storage, clock: Clock, *, older_than: timedelta = A_DAY) -> int:
        """Remove the objects that no job needs: those of transactions that never committed, and of removed jobs.

        Args:
            storage: where the jobs are.
            clock: tells how old an object is.
            older_than: younger ones stay, since their transactions may not have committed yet.

        Returns:
            How many were removed.
        """
        if self.objects is None:
            return 0
        if older_than <= timedelta(0):
            raise MisuseError("A sweep needs an age above zero: a payload is stored before its job is committed.")
        removed, after = 0, None
        until = clock.now() - older_than
        while found := self.objects.list(self.prefix, after=after, limit=_PORTION):
            after = found[-1].key
            removed += self._remove_unused(storage, [info for info in found if info.stored_at < until])
        return removed

    def _remove_unused(self, storage: Storage, old: Sequence[ObjectInfo]) -> int:
        if self.objects is None or not old:
            return 0
        keys = [info.key for info in old]
        unused = set(keys) - storage.payload_keys(keys)
        for key in sorted(unused):
            self.objects.delete(key)
        return len(unused)

    def text_of(self, job: Job) -> str:
        """Return the JSON text of a stored payload, wherever it is; raises as `fetched` does."""
        return self.fetched(job.payload, job.payload_key, f"The payload of the job {job.name}")


def _unreadable(subject: str, reason: str) -> ValidationFailed:
    return ValidationFailed(subject, [Problem("", reason)])
