from __future__ import annotations

import math

import pytest

from corelib.domain.job import Progress
from corelib.domain.job_progress import LONGEST_LINE, LONGEST_TEXT, cut, progress_of
from corelib.errors import MisuseError


class TestProgress:
    @pytest.mark.parametrize(
        ("progress", "fraction", "text"),
        [
            (Progress(0.256), 0.256, "26%"),
            (Progress(3.0, 10.0), 0.3, "30% (3 of 10)"),
            (Progress(3.0, 10.0, "page 3"), 0.3, "30% (3 of 10): page 3"),
            (Progress(0.0, 0.0), 1.0, "100% (0 of 0)"),
            (Progress(11.0, 10.0), 1.0, "100% (11 of 10)"),
            (Progress(1_500_000.0, 2_000_000.0), 0.75, "75% (1.5e+06 of 2e+06)"),
        ],
    )
    def test_is_a_fraction_and_a_text(self, progress: Progress, fraction: float, text: str) -> None:
        assert progress.fraction == pytest.approx(fraction)
        assert str(progress) == text


class TestProgressOf:
    def test_takes_a_fraction(self) -> None:
        assert progress_of(0.5) == Progress(0.5)

    def test_takes_so_much_of_a_total_and_a_text(self) -> None:
        assert progress_of(3, 10, "page 3") == Progress(3.0, 10.0, "page 3")

    def test_takes_no_empty_text(self) -> None:
        assert progress_of(1, text="").text is None

    def test_cuts_a_text_that_is_too_long(self) -> None:
        text = progress_of(1, text="x" * 1000).text

        assert text == "x" * (LONGEST_TEXT - 3) + "..."

    @pytest.mark.parametrize(("done", "total"), [(-1, None), (math.nan, None), (1, -1), (math.inf, 10), (1, math.nan)])
    def test_refuses_what_is_no_number_of_things(self, done: float, total: float | None) -> None:
        with pytest.raises(MisuseError, match="Give a number that is not negative"):
            progress_of(done, total)

    def test_refuses_per_cent(self) -> None:
        with pytest.raises(MisuseError, match=r"The progress 40 is no fraction from 0 to 1\. Name the total"):
            progress_of(40)


class TestCut:
    def test_leaves_a_text_that_fits(self) -> None:
        assert cut("x" * LONGEST_LINE, LONGEST_LINE) == "x" * LONGEST_LINE

    def test_replaces_what_no_database_takes(self) -> None:
        assert cut("a\x00b\ud800c", 10) == "a\ufffdb?c"
