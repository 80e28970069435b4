"""Before anything is timed: all contenders have to do the same work."""

from __future__ import annotations

from collections.abc import Mapping

from _persistence.cases import Case, Stored
from _persistence.contenders import CORE, Contender
from _persistence.database import Database


class DifferentAnswer(Exception):
    """A contender returned or stored something else than Core by hand; its times would mean nothing."""


def check(case: Case, contenders: Mapping[str, Contender], database: Database, stored: Stored) -> None:
    """Run a case once with each contender and compare what it returns and what then lies in the tables.

    Versions are compared with the rest. The tables are filled anew for each contender and once more at the end.

    Raises:
        DifferentAnswer: naming the contender.
    """
    calls = case.calls(stored, 0)
    expected = None
    for name in (CORE, *(name for name in contenders if name != CORE)):
        database.fill(stored)
        call = case.method(contenders[name])
        answer = [case.answer(call(*arguments)) for arguments in calls], database.contents()
        expected = expected or answer
        if answer != expected:
            raise DifferentAnswer(f"{name} returns or stores something else than {CORE} in the case {case.name!r}.")
    database.fill(stored)
