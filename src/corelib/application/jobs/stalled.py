"""Jobs whose worker was lost: back to the others that wait, or dead."""

from __future__ import annotations

from collections.abc import Sequence

from corelib.domain.job import JobRef
from corelib.ports.job_store import JobStore


def to_announce(store: JobStore, refs: Sequence[JobRef]) -> list[JobRef]:
    """Return those of the refs that wait for a worker now, having put back the jobs whose lease has ended.

    Workers take the best of the pending jobs. So one that is still held by a lost worker is put back among them; if no
    attempt is left, it is dead instead.
    """
    return [ref for ref in refs if not ref.stalled or store.put_back(ref.id)]
