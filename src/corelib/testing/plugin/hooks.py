"""What the plugin does in the course of a run."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import pytest

from corelib.errors import ConfigurationError, MisuseError
from corelib.testing.database.settings import Keep
from corelib.testing.plugin.figures import unpacked
from corelib.testing.plugin.fixtures import RUN
from corelib.testing.plugin.marking import ALLOW_NETWORK, DB, Reset, allowed_hosts, database_use
from corelib.testing.plugin.options import Guarding
from corelib.testing.plugin.report import kept_lines, named_line, report_lines, server_line
from corelib.testing.plugin.server_choice import named_url
from corelib.testing.plugin.state import CASE, HANDED, State, Worker

FIGURES = "corelib_figures"


class Hooks:
    """Registered for a project that uses the plugin; in the controller of pytest-xdist and in its workers as well."""

    def __init__(self, config: pytest.Config, state: State) -> None:
        self._config = config
        self._state = state

    def pytest_report_header(self) -> str:
        """Say which server it will be; the controller of pytest-xdist has to have one by now, a single process not."""
        state = self._state
        if self._config.pluginmanager.hasplugin("dsession"):
            try:
                return f"corelib: {server_line(state.server())}"
            except ConfigurationError as error:
                return f"corelib: {error}"
        return f"corelib: {named_line(named_url(state.settings.url, os.environ))}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Worker) -> None:
        """Hand the server to a worker, one that takes the place of a crashed one included."""
        node.workerinput[HANDED] = self._state.to_hand_over()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Worker) -> None:
        """Take the figures of a worker; one that has crashed has none."""
        packed = getattr(node, "workeroutput", {}).get(FIGURES)
        if packed is not None:
            self._state.figures.add(unpacked(packed))

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Look at the markers while tests are collected, so that a wrong one is told before anything runs."""
        try:
            database_use(metafunc.definition.iter_markers(DB))
            allowed_hosts(metafunc.definition.iter_markers(ALLOW_NETWORK))
        except MisuseError as error:
            pytest.fail(f"{metafunc.definition.nodeid}: {error}", pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch the connections of the test."""
        with self._watching(item) if self._is_guarded(item) else nullcontext():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Fail a test that was refused a connection and has hidden the error."""
        return (yield from self._with_refusals_told())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """The same for its fixtures and for the threads that it has left behind."""
        return (yield from self._with_refusals_told())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Remember that a test has failed, and say where its database is."""
        report = yield
        case = item.stash.get(CASE, None)
        if case is not None and report.failed:
            case.failed = True
            kept = case.is_kept if report.when == "teardown" else self._keeps_failed(case.use.reset)
            if kept:
                report.sections.append(("Database", case.kept_text()))
        return report

    def pytest_sessionfinish(self) -> None:
        """Send the figures of a worker to the controller."""
        self._state.figures.refusals += [refusal.message for refusal in self._state.guard.refusals]
        if hasattr(self._config, "workeroutput"):
            cast("Worker", self._config).workeroutput[FIGURES] = self._state.figures.packed()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what was asked for, and which databases live on in any case."""
        state = self._state
        lines = list(report_lines(state.figures) if state.settings.report else kept_lines(state.figures))
        if state.has_server and (state.settings.report or self._was_looked_for):
            lines.insert(0, server_line(state.server()))
        if lines:
            terminalreporter.section("corelib: databases for tests", sep="-")
        for line in lines:
            terminalreporter.write_line(line)

    @property
    def _was_looked_for(self) -> bool:
        """Return whether the header could not yet say which server it would be."""
        named = named_url(self._state.settings.url, os.environ)
        return named is None and not self._config.pluginmanager.hasplugin("dsession")

    def _is_guarded(self, item: pytest.Item) -> bool:
        guarding = self._state.settings.guard
        if guarding is not Guarding.DB:
            return guarding is Guarding.ALL
        return item.get_closest_marker(DB) is not None or RUN in getattr(item, "fixturenames", ())

    def _watching(self, item: pytest.Item) -> AbstractContextManager[None]:
        return self._state.guard.watching(item.nodeid, allowed_hosts(item.iter_markers(ALLOW_NETWORK)))

    def _with_refusals_told(self) -> Generator[None, object, object]:
        try:
            result = yield
        finally:
            refusal = self._state.guard.take_refusal()
        if refusal is not None:
            raise refusal
        return result

    def _keeps_failed(self, reset: Reset) -> bool:
        return self._state.settings.keep is not Keep.NEVER and reset is not Reset.ROLLBACK
