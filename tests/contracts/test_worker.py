from __future__ import annotations

from tests.contracts.workers import InMemory, InProcess, OnRabbitmq, OnRedis

from corelib.testing.contracts.worker import WorkerContract


class TestInlineWorker(InMemory, WorkerContract): ...


class TestDramatiqInProcess(InProcess, WorkerContract): ...


class TestDramatiqRabbitmq(OnRabbitmq, WorkerContract): ...


class TestDramatiqRedis(OnRedis, WorkerContract): ...
