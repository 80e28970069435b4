"""Jobs on SQL Server, from end to end, if one is named."""

from __future__ import annotations

from typing import ClassVar

from tests.contracts.stages import EndToEnd, stage_of
from tests.support.brokers import RABBITMQ, REDIS
from tests.support.databases import MSSQL

__all__ = ["stage_of"]


class OnMssql(EndToEnd):
    database: ClassVar[str] = MSSQL


class TestWithMemory(OnMssql):
    adapter: ClassVar[str] = "SQL Server with memory"
    broker: ClassVar[str] = "memory:"


class TestWithInProcess(OnMssql):
    adapter: ClassVar[str] = "SQL Server with Dramatiq in process"
    broker: ClassVar[str] = "inprocess:"


class TestWithRabbitmq(OnMssql):
    adapter: ClassVar[str] = "SQL Server with RabbitMQ"
    broker: ClassVar[str] = RABBITMQ


class TestWithRedis(OnMssql):
    adapter: ClassVar[str] = "SQL Server with Redis"
    broker: ClassVar[str] = REDIS
