"""Hosts at work for the suite of jobs from end to end: any store with any transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.brokers import broker_named_by, fresh_namespace
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, server_named_by, sqlite_file

from corelib import App, Host, Settings
from corelib.bootstrap import bootstrap
from corelib.testing.contracts.jobs_end_to_end import JobsEndToEndContract
from corelib.testing.contracts.stage import Stage, working

StageOf = Callable[[str, str], Stage]


@contextmanager
def staged(database: str, broker: str, folder: Path) -> Iterator[Stage]:
    """Give a stage over a store and a transport to the block; each is a URL, or the variable that names a server."""
    broker_url = broker if broker.endswith(":") else broker_named_by(broker)
    with ExitStack() as stack:
        if database in (POSTGRESQL, MSSQL):
            database_url = stack.enter_context(fresh_database(server_named_by(database)))
        else:
            database_url = sqlite_file(folder) if database == "sqlite:" else database
        namespace = stack.enter_context(fresh_namespace(broker_url))

        def make(app: App, settings: Mapping[str, Any]) -> Host:
            host = bootstrap(app, Settings(database_url, broker_url, namespace, **settings))
            host.storage.create()
            return host

        yield stack.enter_context(working(make))


@pytest.fixture(scope="module")
def stage_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StageOf]:
    """Return what opens a stage, once in a module: a worker takes longer to start and stop than a job to run."""
    stages: dict[str, Stage] = {}
    with ExitStack() as stack:

        def opened(database: str, broker: str) -> Stage:
            if broker not in stages:
                folder = tmp_path_factory.mktemp("stage")
                stages[broker] = stack.enter_context(staged(database, broker, folder))
            return stages[broker]

        yield opened


class EndToEnd(JobsEndToEndContract):
    """A store with a transport."""

    database: ClassVar[str]
    broker: ClassVar[str]

    @pytest.fixture
    def stage(self, stage_of: StageOf) -> Stage:
        return stage_of(self.database, self.broker)
