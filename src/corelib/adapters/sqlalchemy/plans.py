"""What is known of each mapped class on one engine, worked out once and shared by all transactions."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.queries import Queries
from corelib.adapters.sqlalchemy.row_codec import Codecs, codecs_of
from corelib.adapters.sqlalchemy.schema import SqlSchema
from corelib.adapters.sqlalchemy.statements import Statements
from corelib.adapters.sqlalchemy.tools import Tools
from corelib.errors import UnboundHandler


@frozen
class Plan:
    """How one class is loaded and stored.

    Args:
        mapping: where it lies.
        statements: those that are always the same.
        queries: those that depend on a specification.
        codecs: convert what lies encrypted or as JSON.
    """

    mapping: AggregateMapping
    statements: Statements
    queries: Queries
    codecs: Codecs


class Plans:
    """The plans of a schema; each is made when it is first asked for.

    Args:
        schema: what the host stores.
        dialect: of the engine.
        tools: what the storage brings.
    """

    def __init__(self, schema: SqlSchema, dialect: SqlDialect, tools: Tools) -> None:
        self.dialect = dialect
        self._schema = schema
        self._tools = tools
        self._made: dict[type, Plan] = {}

    def of(self, kind: type) -> Plan:
        """Return the plan of a class.

        Raises:
            UnboundHandler: if no table is mapped for it.
            InvalidSetting: if it needs a codec or a cipher that the storage has not.
        """
        plan = self._made.get(kind)
        if plan is None:
            plan = self._made[kind] = self._make(kind)
        return plan

    def now(self) -> datetime:
        """Return the instant for stamps."""
        return self._tools.now()

    def rank_of(self, kind: type) -> int:
        """Return the place of a class among the mapped ones, those that others refer to first."""
        return self._schema.rank_of(kind)

    def _make(self, kind: type) -> Plan:
        mapping = self._schema.mapping_of(kind)
        if mapping is None:
            raise UnboundHandler(
                f"No table is mapped for {kind.__name__}.", hint=f"Mapped are: {self._schema.mapped_names}."
            )
        statements, queries = self._schema.statements_of(mapping, self.dialect)
        return Plan(mapping, statements, queries, codecs_of(mapping, self._tools.codec, self._tools.cipher))
