"""Two whole runs on one server at once."""

from __future__ import annotations

import re

import pytest
from tests.support.host_project import HostProject, Remains

TESTS = """
@pytest.mark.parametrize("time", range(6))
def test_it(db_engine, time):
    add(db_engine, "Bello")
    assert names(db_engine) == ["Bello"]
"""


class TestTwoRunsAtOnce:
    def test_pass_on_one_template_that_was_built_once(self, project: HostProject, remains: Remains) -> None:
        project.tests(TESTS)

        runs = [project.start_on_workers("--db-report") for _ in range(2)]
        codes = [run.ended() for run in runs]

        assert codes == [pytest.ExitCode.OK, pytest.ExitCode.OK]
        assert [run.counts() for run in runs] == [{"passed": 6}, {"passed": 6}]
        ways = [re.findall(r"hits (\d), misses (\d)", line) for run in runs for line in run.told("template: ")]
        assert sorted(ways) == [[("1", "1")], [("2", "0")]]
        assert list(remains.databases) == list(remains.templates)
        assert len(remains.templates) == 1
