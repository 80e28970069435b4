"""The pytest plugin: databases for a host's tests, from one line of settings.

pytest loads this module wherever corelib is installed, so it imports little and does nothing by itself: a project that
names neither migrations nor an app gets neither fixtures nor markers nor hooks. One that does, in `pyproject.toml`::

    [tool.pytest.ini_options]
    corelib_migrations = "alembic.ini"     # or "package.tables:schema", or a folder of .sql files, or "fixture"
    corelib_app = "package.app:app"

has the fixtures of `corelib.testing.plugin.fixtures`, the markers `db` and `allow_network`, and the options that
`pytest --help` lists under "corelib". With `corelib_migrations = "fixture"` the tables come from a fixture
`db_schema_source` of the project's own, which returns a `corelib.testing.database.ports.schema_source.SchemaSource`.
"""

from __future__ import annotations

import pytest

from corelib.testing.plugin.options import add_options, settings_of


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings; what they mean is read only if a project uses them."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the rest for a project that uses it."""
    settings = settings_of(config)
    if settings is not None:
        from corelib.testing.plugin.activation import activate  # noqa: PLC0415 - not for projects without

        activate(config, settings)
