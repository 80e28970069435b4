"""Jobs on SQLite, from end to end: brokers serve the one process that there is."""

from __future__ import annotations

from typing import ClassVar

from tests.contracts.stages import EndToEnd, stage_of
from tests.support.brokers import RABBITMQ, REDIS

__all__ = ["stage_of"]


class OnSqlite(EndToEnd):
    database: ClassVar[str] = "sqlite:"


class TestWithMemory(OnSqlite):
    adapter: ClassVar[str] = "SQLite with memory"
    broker: ClassVar[str] = "memory:"


class TestWithInProcess(OnSqlite):
    adapter: ClassVar[str] = "SQLite with Dramatiq in process"
    broker: ClassVar[str] = "inprocess:"


class TestWithRabbitmq(OnSqlite):
    adapter: ClassVar[str] = "SQLite with RabbitMQ"
    broker: ClassVar[str] = RABBITMQ


class TestWithRedis(OnSqlite):
    adapter: ClassVar[str] = "SQLite with Redis"
    broker: ClassVar[str] = REDIS
