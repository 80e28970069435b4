"""Row-level security, as T-SQL; nothing here connects.

A filter predicate hides rows from SELECT and DELETE alike, without an error, from the owner of the database and from
administrators too (Microsoft: "Row-level security"). So whether a table has rows can be seen only while its policy is
off: every reset switches it off and on again, whatever is in the tables. That happens within the transaction of the
reset, with which it is rolled back (Microsoft: "ALTER SECURITY POLICY (Transact-SQL)").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corelib.testing.database.mssql.described import Policy
from corelib.testing.database.mssql.quoting import quoted


def switched_off(policies: Iterable[Policy]) -> str:
    """Return what lets all rows be seen and deleted; "" where nothing hides them."""
    return "".join(f"ALTER SECURITY POLICY {quoted(policy.name)} WITH (STATE = OFF);\n" for policy in policies)


def switched_on(policies: Iterable[Policy]) -> str:
    """Return what makes the policies as they were."""
    return "".join(
        f"ALTER SECURITY POLICY {quoted(policy.name)} WITH (STATE = ON)"
        f"{' NOT FOR REPLICATION' if policy.not_for_replication else ''};\n"
        for policy in policies
    )


def unfiltered(policies: Sequence[Policy], batch: str) -> str:
    """Return a batch that reads all rows, whatever the policies hide, and leaves the policies as they were."""
    if not policies:
        return batch
    return f"BEGIN TRANSACTION;\n{switched_off(policies)}{batch};\nROLLBACK TRANSACTION;\n"
