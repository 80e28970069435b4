"""The servers that integration tests use: found or started, named, handed on, stopped.

Run it in front of a command::

    python -m corelib.testing.servers [--only postgresql,redis] -- pytest tests/integration

Its first lines say which engines the command gets, where each came from, and what the run therefore cannot prove. The
command finds the servers in the variables `CORELIB_TEST_MSSQL_URL`, `CORELIB_TEST_POSTGRESQL_URL`,
`CORELIB_TEST_REDIS_URL` and `CORELIB_TEST_RABBITMQ_URL`; the variable of an absent server is not set.

What is started here is for tests and for nothing else: it keeps its data in a temporary directory and does not survive
a crash of the machine.
"""

from __future__ import annotations

from corelib.testing.servers.model import Kind, Missing, Server

__all__ = ["Kind", "Missing", "Server"]
