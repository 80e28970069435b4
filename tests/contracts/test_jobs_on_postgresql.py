"""Jobs on PostgreSQL, from end to end."""

from __future__ import annotations

from typing import ClassVar

from tests.contracts.stages import EndToEnd, stage_of
from tests.support.brokers import RABBITMQ, REDIS
from tests.support.databases import POSTGRESQL

__all__ = ["stage_of"]


class OnPostgresql(EndToEnd):
    database: ClassVar[str] = POSTGRESQL


class TestWithMemory(OnPostgresql):
    adapter: ClassVar[str] = "PostgreSQL with memory"
    broker: ClassVar[str] = "memory:"


class TestWithInProcess(OnPostgresql):
    adapter: ClassVar[str] = "PostgreSQL with Dramatiq in process"
    broker: ClassVar[str] = "inprocess:"


class TestWithRabbitmq(OnPostgresql):
    adapter: ClassVar[str] = "PostgreSQL with RabbitMQ"
    broker: ClassVar[str] = RABBITMQ


class TestWithRedis(OnPostgresql):
    adapter: ClassVar[str] = "PostgreSQL with Redis"
    broker: ClassVar[str] = REDIS
