"""Errors as a person reads them in the output of pytest: what is wrong and what to do, no traceback of the kit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from corelib.errors import CorelibError, MissingExtra


@contextmanager
def told_briefly() -> Iterator[None]:
    """Turn an error of the block into one that pytest shows as a text alone."""
    try:
        yield
    except CorelibError as error:
        raise pytest.fail.Exception(f"{type(error).__name__}: {error}", pytrace=False) from None
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("sqlalchemy", "alembic"):
            raise
        missing = missing_for_databases(package)
        raise pytest.fail.Exception(f"MissingExtra: {missing} For SQL Server take mssql.", pytrace=False) from None


def missing_for_databases(package: str) -> MissingExtra:
    """Return the error for a package that databases for tests need."""
    return MissingExtra(package, extra="postgresql,testing", purpose="A database for tests")
