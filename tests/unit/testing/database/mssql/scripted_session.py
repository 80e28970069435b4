"""A server that gives the answers it is told, and notes the batches that it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from corelib.testing.database.mssql.catalogue_sql import CATALOGUE, POLICIES
from corelib.testing.database.mssql.leaks_sql import HOLDERS, MAY_SEE
from corelib.testing.database.mssql.rows import Result, Row
from corelib.testing.database.mssql.snapshot_sql import COUNTERS, FULL_TEXT_CATALOGUES

Answer = Sequence[Sequence[Mapping[str, object]]] | Exception

RESET = "COMMIT TRANSACTION"
STAMP = "SELECT HASHBYTES"
IDENTITY = "SELECT DB_NAME()"
COUNTS = "COUNT_BIG(*) AS quantity FROM"
COLUMNS = "FROM sys.columns AS c LEFT JOIN"
EDGES = "sys.edge_constraints"
DIGESTS = "SELECT N'reference'"
SEEN: Answer = [[{"allowed": 1, "login_name": "tester"}]]
BLIND: Answer = [[{"allowed": 0, "login_name": "tester"}]]
NOBODY: Answer = [[]]


@define
class Scripted:
    """Answers a batch by the part that it begins with, or else has: one answer after the other, the last for good.

    What is not said has no results.
    """

    answers: Mapping[str, Sequence[Answer]]
    sent: list[str] = field(factory=list)
    closed: bool = False
    _asked: dict[str, int] = field(factory=dict)

    def run(self, batch: str) -> Sequence[Result]:
        self.sent.append(batch)
        part = next((part for part in self.answers if batch.startswith(part)), None)
        part = part or next((part for part in self.answers if part in batch), None)
        if part is None:
            return []
        number = self._asked.get(part, 0)
        self._asked[part] = number + 1
        answer = self.answers[part][min(number, len(self.answers[part]) - 1)]
        if isinstance(answer, Exception):
            raise answer
        return [[Row(values) for values in result] for result in answer]

    def close(self) -> None:
        self.closed = True

    def resets(self) -> list[str]:
        """Return the batches that are resets."""
        return [batch for batch in self.sent if RESET in batch]


def catalogue(
    tables: Sequence[Mapping[str, object]] = (),
    counters: Sequence[Mapping[str, object]] = (),
    keys: Sequence[Mapping[str, object]] = (),
    triggers: Sequence[Mapping[str, object]] = (),
    views: Sequence[Mapping[str, object]] = (),
    shapes: Sequence[Mapping[str, object]] = (),
    sequences: Sequence[Mapping[str, object]] = (),
    secured: Sequence[Mapping[str, object]] = (),
) -> Answer:
    """Return the answer to the questions about the catalogue."""
    return [tables, counters, keys, triggers, views, shapes, sequences, secured]


def table(number: int, name: str, **columns: object) -> Mapping[str, object]:
    """Return a row of sys.tables."""
    return {"schema_name": "dbo", "name": name, "object_id": number, **columns}


def policy(target: int, **columns: object) -> Mapping[str, object]:
    """Return a row about a security policy that hides rows of a table."""
    said = {"schema_name": "sec", "name": "tenants", "predicate_type_desc": "FILTER", "predicate_definition": "(1)"}
    return {**said, "target_object_id": target, "may_alter": 1, **columns}


def server(*tables: Mapping[str, object], **answers: Sequence[Answer]) -> Scripted:
    """Return a server with these tables; other answers are by what is asked."""
    usual: dict[str, Sequence[Answer]] = {
        "catalogue": [catalogue(tables)],
        "may_see": [SEEN],
        "stamp": [[[{"stamp": b"\x01\x02"}]]],
        "counts": [[[]]],
        "holders": [NOBODY],
        "reset": [[]],
        "full_text": [[[]]],
        "counters": [[[]]],
    }
    parts = {
        "catalogue": CATALOGUE,
        "may_see": MAY_SEE,
        "holders": HOLDERS,
        "stamp": STAMP,
        "identity": IDENTITY,
        "digests": DIGESTS,
        "reset": RESET,
        "edges": EDGES,
        "columns": COLUMNS,
        "counts": COUNTS,
        "kill": "KILL",
        "full_text": FULL_TEXT_CATALOGUES,
        "counters": COUNTERS,
        "policies": POLICIES,
    }
    return Scripted({parts[name]: answer for name, answer in {**usual, **answers}.items()})
