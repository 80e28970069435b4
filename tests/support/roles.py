"""Logins of PostgreSQL with fewer rights than the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import sqlalchemy as sa
from tests.support.databases import run_on_server


@contextmanager
def role(server_url: str, rights: str) -> Iterator[str]:
    """Make a login with some rights, give the server's URL with it to the block, and remove it; it must own nothing."""
    name = f"corelib_kit_{uuid4().hex[:12]}"
    run_on_server(server_url, f"CREATE ROLE {name} LOGIN {rights} PASSWORD 'not-a-secret'")
    try:
        yield sa.make_url(server_url).set(username=name, password="not-a-secret").render_as_string(hide_password=False)
    finally:
        run_on_server(server_url, f"DROP ROLE {name}")
