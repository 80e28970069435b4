from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import Pauses, ScriptedConsole, Then, refusal

from corelib.errors import PersistentFailure
from corelib.testing.database.mssql.patience import Patience, has_number

BUSY = (1807, "Could not obtain exclusive lock on database 'model'. Retry the operation later.")
FULL = (1105, "Could not allocate space.")


def make(answers: Then, pauses: Pauses, attempts: int = 4) -> ScriptedConsole:
    """Let a console make a database, with patience."""
    console = ScriptedConsole({"CREATE": answers})
    patience = Patience(attempts=attempts, sleep=pauses.sleep)
    patience.retry(lambda: console.rows("CREATE DATABASE [shop]"), has_number({1807}))
    return console


class TestPatience:
    def test_asks_once_when_all_goes_well(self) -> None:
        pauses = Pauses()

        console = make(Then([[]]), pauses)

        assert (len(console.ran), pauses.seconds) == (1, [])

    def test_asks_again_after_growing_pauses(self) -> None:
        pauses = Pauses()

        console = make(Then([refusal(BUSY), refusal(BUSY), []]), pauses)

        assert (len(console.ran), pauses.seconds) == (3, [0.05, 0.1])

    def test_gives_up_after_so_many_attempts(self) -> None:
        pauses = Pauses()

        with pytest.raises(PersistentFailure, match="exclusive lock on database 'model'"):
            make(Then([refusal(BUSY)]), pauses)

        assert len(pauses.seconds) == 3

    def test_asks_once_where_it_is_of_no_use_to_ask_again(self) -> None:
        pauses = Pauses()

        with pytest.raises(PersistentFailure):
            make(Then([refusal(FULL)]), pauses)

        assert pauses.seconds == []

    def test_never_waits_longer_than_told(self) -> None:
        pauses = Pauses()

        with pytest.raises(PersistentFailure):
            make(Then([refusal(BUSY)]), pauses, attempts=10)

        assert max(pauses.seconds) == 1.0
