from __future__ import annotations

import json

import pytest

from corelib.testing.plugin.figures import Figures, KeptFigure, ResetFigure, TemplateFigure, unpacked
from corelib.testing.plugin.report import kept_lines, named_line, percentile, report_lines, server_line
from corelib.testing.servers import Server
from corelib.testing.servers.named import NamedUrl


def figures() -> Figures:
    made = Figures()
    made.templates = [TemplateFigure("t_1", False, 0.5, 0.25), TemplateFigure("t_1", True, 0.125, 0)]
    made.clone_seconds = [0.1, 0.3, 0.2]
    made.resets = [ResetFigure(f"test_{number}", float(number), 1) for number in range(1, 21)]
    made.reaped = ["c_9"]
    made.left = ["c_8: a stranger", "c_7: in use", "c_8: a stranger"]
    made.kept = [KeptFigure("c_1", "postgresql://host/c_1", "test_1")]
    made.refusals = ["test_2 was about to connect to mail.example:25, which is outside of this machine."]
    return made


class TestReportLines:
    def test_tells_all_figures(self) -> None:
        lines = list(report_lines(figures()))

        assert lines == [
            "template: t_1, built in 0.250 s, hits 1, misses 1, longest wait 0.500 s",
            "clones: 3, median 0.200 s, longest 0.300 s",
            "resets: 20, median 10.5 ms, p95 19.0 ms, tables emptied 20",
            "  20.0 ms, 1 tables: test_20",
            "  19.0 ms, 1 tables: test_19",
            "  18.0 ms, 1 tables: test_18",
            "  17.0 ms, 1 tables: test_17",
            "  16.0 ms, 1 tables: test_16",
            "databases of dead runs dropped: 1 (c_9)",
            "left alone: c_7: in use",
            "left alone: c_8: a stranger",
            "connections refused: 1",
            "test_2 was about to connect to mail.example:25, which is outside of this machine.",
            "kept: c_1, of test_1, at postgresql://host/c_1",
        ]

    def test_tells_a_run_that_found_its_template_ready(self) -> None:
        found = Figures(templates=[TemplateFigure("t_1", True, 0.1, 0)])

        assert next(iter(report_lines(found))) == "template: t_1, found ready, hits 1, misses 0, longest wait 0.100 s"

    def test_tells_a_run_that_did_nothing(self) -> None:
        lines = list(report_lines(Figures()))

        assert lines == ["resets: 0", "databases of dead runs dropped: 0", "connections refused: 0"]


class TestKeptLines:
    def test_tell_which_databases_live_on(self) -> None:
        assert list(kept_lines(figures())) == ["kept: c_1, of test_1, at postgresql://host/c_1"]


class TestServerLine:
    def test_tells_origin_caveat_and_what_is_not_proven_without_the_password(self) -> None:
        server = Server("postgresql://me:s3cret-example@host/db", "PostgreSQL 18", "started here", "Without fsync.")

        assert server_line(server) == (
            "database tests run on PostgreSQL 18, started here, postgresql://me:***@host/db. Without fsync. "
            "SQL Server: lock hints, BACKUP/RESTORE and T-SQL are not proven by this run."
        )


class TestNamedLine:
    def test_tells_who_names_it_and_what_is_not_proven_without_the_password(self) -> None:
        assert named_line(NamedUrl("--db-url", "postgresql://me:s3cret-example@host/db")) == (
            "database tests run on postgresql://me:***@host/db, named by --db-url. "
            "SQL Server: lock hints, BACKUP/RESTORE and T-SQL are not proven by this run."
        )

    def test_tells_that_one_is_looked_for(self) -> None:
        assert named_line(None) == "a database server is looked for when the first test needs it."


class TestFigures:
    def test_come_back_from_a_worker_as_they_were(self) -> None:
        sent = json.loads(json.dumps(figures().packed()))

        assert unpacked(sent) == figures()

    def test_add_up(self) -> None:
        total = figures()

        total.add(figures())

        assert (len(total.resets), len(total.clone_seconds), len(total.kept)) == (40, 6, 2)


class TestPercentile:
    @pytest.mark.parametrize(("share", "value"), [(0.95, 19.0), (0.5, 10.0), (1, 20.0), (0, 1.0)])
    def test_is_the_smallest_value_that_the_share_does_not_exceed(self, share: float, value: float) -> None:
        assert percentile([float(number) for number in range(20, 0, -1)], share) == value
