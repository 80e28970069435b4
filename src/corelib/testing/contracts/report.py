"""A pytest plugin: the table of what passed, port by adapter.

Load it with `pytest -p corelib.testing.contracts.report`, or name it in `pytest_plugins` of the top `conftest.py`; any
other `conftest.py` calls its `pytest_configure`. With pytest-xdist the controller prints one table for all workers.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Generator, Iterable, Sequence

import pytest

from corelib.testing.contracts.suite import CONTRACT, LACKED, suite_of

PLUGIN = "corelib-contract-report"
PASSED, FAILED, LACKING, OTHERWISE = "passed", "failed", "skipped by capability", "skipped otherwise"
OUTCOMES = (PASSED, FAILED, LACKING, OTHERWISE)

Subject = tuple[str, str]
"""A port and an adapter."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the report, once."""
    if not config.pluginmanager.has_plugin(PLUGIN):
        config.pluginmanager.register(ContractReport(), PLUGIN)


class ContractReport:
    """Counts the outcomes of contract tests for each port and adapter."""

    def __init__(self) -> None:
        self._counts: dict[Subject, Counter[str]] = {}
        self._unfinished: dict[str, str] = {}
        self._places: dict[type, tuple[str, int]] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note on the test what it is about; the note travels with its reports, from an xdist worker as well."""
        suite = suite_of(item)
        if suite is not None:
            item.user_properties.append((CONTRACT, [suite.port, suite.adapter]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a skip point at the adapter's class, which is its cause, so that the summary needs one line for each."""
        report = yield
        suite = suite_of(item)
        if suite is not None and report.skipped and isinstance(report.longrepr, tuple):
            if suite not in self._places:
                self._places[suite] = _place_of(suite)
            report.longrepr = (*self._places[suite], report.longrepr[2])
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test when its last phase has ended: a clean-up that fails makes a passed test a failed one."""
        properties = dict(report.user_properties)
        subject = properties.get(CONTRACT)
        if not isinstance(subject, Sequence):
            return
        outcome = _outcome(report, lacks=LACKED in properties)
        if outcome is not None and self._unfinished.get(report.nodeid) != FAILED:
            self._unfinished[report.nodeid] = outcome
        if report.when == "teardown":
            port, adapter = map(str, subject)
            self._counts.setdefault((port, adapter), Counter())[self._unfinished.pop(report.nodeid)] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        if self._counts:
            terminalreporter.section("contracts")
            for line in table_of(self._counts):
                terminalreporter.write_line(line)


def table_of(counts: dict[Subject, Counter[str]]) -> list[str]:
    """Return the lines of the table, ports and adapters in alphabetical order."""
    header = ("port", "adapter", *OUTCOMES)
    rows = [
        (port, adapter, *(str(counted[outcome]) for outcome in OUTCOMES))
        for (port, adapter), counted in sorted(counts.items())
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    return [_line(row, widths) for row in (header, rule, *rows)]


def _place_of(suite: type) -> tuple[str, int]:
    return inspect.getsourcefile(suite) or suite.__module__, inspect.getsourcelines(suite)[1]


def _outcome(report: pytest.TestReport, *, lacks: bool) -> str | None:
    """Return what a phase says about its test; None if it says nothing, as a set-up or clean-up that went well."""
    if report.failed:
        return FAILED
    if report.skipped:
        return LACKING if lacks else OTHERWISE
    return PASSED if report.when == "call" else None


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    return " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
