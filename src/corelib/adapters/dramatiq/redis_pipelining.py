"""Dramatiq's script for Redis, which can be called many times on one way to the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class PipelinedScript:
    """Calls a script as redis-py's own object does, or leaves the call to the pipeline that the thread has opened.

    Args:
        script: as `Redis.register_script` returns it.
    """

    def __init__(self, script: Any) -> None:
        self._script = script
        self._of_thread = threading.local()

    def __call__(self, *, keys: Sequence[object], args: Sequence[object]) -> Any:
        """Call the script; within a pipeline the answer comes with those of the others."""
        return self._script(keys=keys, args=args, client=getattr(self._of_thread, "pipeline", None))

    @contextmanager
    def together(self, client: Any) -> Iterator[None]:
        """Send what this thread calls within the block when it ends, in its order, and wait for all answers."""
        with client.pipeline(transaction=False) as pipeline:
            self._of_thread.pipeline = pipeline
            try:
                yield
            finally:
                del self._of_thread.pipeline
            pipeline.execute()
