"""The clock of the database, as SQL expressions; each dialect file says how its engine spells them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.sql.functions import FunctionElement

from corelib.adapters.sqlalchemy.types import UtcDateTime


class utc_now(FunctionElement[datetime]):  # noqa: N801 - reads as a SQL function
    """The present instant, also within a transaction that began earlier; within one statement it stands still.

    So an index serves a comparison with it, as it would not with an instant that is another one for each row.
    """

    name = "utc_now"
    inherit_cache: bool | None = True
    type: UtcDateTime = UtcDateTime()


class utc_in(FunctionElement[datetime]):  # noqa: N801 - reads as a SQL function
    """The instant so many milliseconds from now: `utc_in(bindparam("wait_ms"))`."""

    name = "utc_in"
    inherit_cache: bool | None = True
    type: UtcDateTime = UtcDateTime()

    def __init__(self, milliseconds: sa.ColumnElement[int]) -> None:
        super().__init__(milliseconds)
