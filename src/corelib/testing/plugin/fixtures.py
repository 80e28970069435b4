"""The fixtures of the plugin.

`db_engine` is the usual entrance: it gives a test the worker's database, and sees to it that the next test gets it
clean. A fixture of a host that opens connections by itself takes `db_url`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from corelib.testing.plugin.case import Case, WorkerDatabase
from corelib.testing.plugin.marking import DB, database_use
from corelib.testing.plugin.race import Race
from corelib.testing.plugin.state import CASE, STATE, State
from corelib.testing.plugin.telling import told_briefly
from corelib.testing.servers.model import Server

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from corelib.application.unit_of_work import TransactionalUnitOfWork
    from corelib.testing.database.figures import ReadyTemplate
    from corelib.testing.database.ports.schema_source import SchemaSource
    from corelib.testing.plugin.run import DatabaseRun

RUN = "_db_run"
"""The fixture that all others which touch the database lead to."""


@pytest.fixture(scope="session")
def db_server(request: pytest.FixtureRequest) -> Server:
    """The database server: named, found, or started for this run."""
    state = _state(request)
    with told_briefly(), state.guard.paused():
        return state.server()


@pytest.fixture(scope="session")
def db_schema_source(request: pytest.FixtureRequest) -> SchemaSource:
    """Where the tables come from: what `corelib_migrations` names, or the app's schema; a host may override it."""
    with told_briefly():
        from corelib.testing.plugin.opening import source_of  # noqa: PLC0415 - needs SQLAlchemy

        return source_of(_state(request).settings)


@pytest.fixture(scope="session")
def _db_run(request: pytest.FixtureRequest, db_server: Server, db_schema_source: SchemaSource) -> Iterator[DatabaseRun]:
    state = _state(request)
    with told_briefly(), state.guard.paused():
        from corelib.testing.plugin.opening import open_run  # noqa: PLC0415 - needs SQLAlchemy

        run = open_run(state, db_server, db_schema_source)
    yield run
    with told_briefly(), state.guard.paused():
        run.close()


@pytest.fixture(scope="session")
def db_template(request: pytest.FixtureRequest, _db_run: DatabaseRun) -> ReadyTemplate:
    """The migrated template, of which all databases of tests are clones: its name, and what it took to find or make."""
    with told_briefly(), _state(request).guard.paused():
        return _db_run.template()


@pytest.fixture(scope="session")
def worker_db(
    request: pytest.FixtureRequest,
    _db_run: DatabaseRun,
    db_template: ReadyTemplate,  # noqa: ARG001 - it comes first
) -> WorkerDatabase:
    """The database of this worker: its name and URL. It is not reset by this; a test takes `db_url` or `db_engine`."""
    with told_briefly(), _state(request).guard.paused():
        _db_run.current()
    return WorkerDatabase(_db_run.current)


@pytest.fixture
def _db_case(
    request: pytest.FixtureRequest,
    _db_run: DatabaseRun,
    worker_db: WorkerDatabase,  # noqa: ARG001 - it comes first
) -> Iterator[Case]:
    item: pytest.Item = request.node
    guard = _state(request).guard
    with told_briefly(), guard.paused():
        case = _db_run.begin(item.nodeid, database_use(item.iter_markers(DB)))
    item.stash[CASE] = case
    yield case
    with told_briefly(), guard.paused():
        _db_run.end(case)


@pytest.fixture(autouse=True)
def _db_marked(request: pytest.FixtureRequest) -> None:
    """See to the database of a test that has the marker and opens its connections by itself."""
    if request.node.get_closest_marker(DB) is not None:
        request.getfixturevalue("_db_case")


@pytest.fixture
def db_url(_db_case: Case) -> str:
    """The URL of the test's database, with its password."""
    with told_briefly():
        return _db_case.url


@pytest.fixture
def db_engine(_db_case: Case) -> Iterator[Engine]:
    """A SQLAlchemy engine on the test's database; its connections are at the isolation level of the marker."""
    with _db_case.engine() as engine:
        yield engine


@pytest.fixture
def db_connection(db_engine: Engine) -> Iterator[Connection]:
    """A connection of that engine; what the test does not commit is rolled back."""
    with db_engine.connect() as connection:
        yield connection


@pytest.fixture
def uow(request: pytest.FixtureRequest, db_engine: Engine) -> TransactionalUnitOfWork:
    """A unit of work on that engine, for `with uow:`; needs `corelib_app`, or a schema in `corelib_migrations`."""
    from corelib.testing.plugin.units import unit_of_work  # noqa: PLC0415 - needs SQLAlchemy

    with told_briefly():
        return unit_of_work(db_engine, _state(request).settings)


@pytest.fixture
def race(_db_case: Case, db_engine: Engine) -> Race:
    """A function that runs another in several threads at once: `race(3, function)` (see `Race.__call__`)."""
    return Race(db_engine, _db_case.use.reset)


def _state(request: pytest.FixtureRequest) -> State:
    return request.config.stash[STATE]
