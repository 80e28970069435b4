"""Reference data for the tables of another source."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import FunctionType

from attrs import frozen

from corelib.adapters.sqlalchemy import create_engine
from corelib.bootstrap import load_object
from corelib.errors import InvalidSetting
from corelib.testing.database.ports.schema_source import SchemaSource
from corelib.testing.database.sources.digest import digest_of, file_digest


@frozen
class SeededSource:
    """Calls a function with an SQLAlchemy Connection when the tables are there; its rows are part of the template.

    The digest covers the file of the function, and not what that imports.

    Args:
        tables: makes the tables.
        seed: the function, as `package.module:function`. It runs in one transaction, which the source commits.
    """

    tables: SchemaSource
    seed: str

    @property
    def label(self) -> str:
        """Return both."""
        return f"{self.tables.label} + {self.seed}"

    def fingerprint(self) -> str:
        """Return the digest of both."""
        file = inspect.getsourcefile(self._function())
        if file is None:
            raise InvalidSetting(f"The source of {self.seed} cannot be found.", hint="Write it in a file of its own.")
        return digest_of([("tables", self.tables.fingerprint()), (self.seed, file_digest(Path(file)))])

    def build(self, url: str) -> None:
        """Make the tables, and fill them."""
        self.tables.build(url)
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                self._function()(connection)
        finally:
            engine.dispose()

    def _function(self) -> FunctionType:
        return load_object(self.seed, FunctionType)
