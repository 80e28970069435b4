from __future__ import annotations

from datetime import datetime
from itertools import islice

import pytest

pytest.importorskip("cronsim")

from corelib.adapters.cronsim import CronsimReader
from corelib.errors import MisuseError

NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - a wall time


class TestCronsimReader:
    def test_goes_forward_from_behind_a_wall_time(self) -> None:
        walls = CronsimReader().read("0 */6 * * *").after(NOON)

        assert [wall.hour for wall in islice(walls, 3)] == [18, 0, 6]

    def test_goes_back_from_the_wall_time_itself(self) -> None:
        walls = CronsimReader().read("0 */6 * * *").until(NOON)

        assert [wall.hour for wall in islice(walls, 3)] == [12, 6, 0]

    @pytest.mark.parametrize("text", ["", "* * * *", "61 * * * *", "0 0 31 2 *", "nightly"])
    def test_says_what_is_no_cron_expression(self, text: str) -> None:
        with pytest.raises(MisuseError, match="is no cron expression"):
            CronsimReader().read(text)
