"""Jobs in memory, from end to end: brokers serve the one process that there is."""

from __future__ import annotations

from typing import ClassVar

from tests.contracts.stages import EndToEnd, stage_of
from tests.support.brokers import RABBITMQ, REDIS

__all__ = ["stage_of"]


class OnMemory(EndToEnd):
    database: ClassVar[str] = "memory:"


class TestWithMemory(OnMemory):
    adapter: ClassVar[str] = "memory with memory"
    broker: ClassVar[str] = "memory:"


class TestWithInProcess(OnMemory):
    adapter: ClassVar[str] = "memory with Dramatiq in process"
    broker: ClassVar[str] = "inprocess:"


class TestWithRabbitmq(OnMemory):
    adapter: ClassVar[str] = "memory with RabbitMQ"
    broker: ClassVar[str] = RABBITMQ


class TestWithRedis(OnMemory):
    adapter: ClassVar[str] = "memory with Redis"
    broker: ClassVar[str] = REDIS
