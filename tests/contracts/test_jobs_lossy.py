from __future__ import annotations

from typing import ClassVar

from tests.contracts.workers import InMemory, InProcess, OnRabbitmq, OnRedis

from corelib.testing.contracts.jobs_lossy import LossyJobsContract


class TestInlineWorker(InMemory, LossyJobsContract):
    threads: ClassVar[int] = 1


class TestDramatiqInProcess(InProcess, LossyJobsContract):
    threads: ClassVar[int] = 1


class TestDramatiqRabbitmq(OnRabbitmq, LossyJobsContract):
    threads: ClassVar[int] = 1


class TestDramatiqRedis(OnRedis, LossyJobsContract):
    threads: ClassVar[int] = 1
