"""Fixtures that put a host together: on the test's database or in memory, without a broker or outside services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zlib import crc32

import pytest

from corelib.adapters.memory import ManualClock
from corelib.application.app import App
from corelib.application.host import Host
from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap, load_object
from corelib.errors import InvalidSetting
from corelib.testing.factories.source import Source
from corelib.testing.jobs import Jobs
from corelib.testing.plugin.telling import told_briefly

INI_APP = "corelib_app"

_THREADS = 4


@pytest.fixture
def app_settings(db_url: str) -> Settings:
    """Return which adapters `app` runs on: the test's database, and no broker. Override it to change them."""
    return Settings(database_url=db_url, broker_url="memory:", threads=_THREADS)


@pytest.fixture
def app_services() -> Mapping[type, object]:
    """Return fakes by the port that they stand for. Override it; by default the host makes its own services.

    Example:
        >>> @pytest.fixture
        ... def app_services(gateway: FakeGateway) -> Mapping[type, object]:
        ...     return {PaymentGateway: gateway}
    """
    return {}


@pytest.fixture
def app(
    pytestconfig: pytest.Config,
    app_settings: Settings,
    app_services: Mapping[type, object],
) -> Iterator[Host]:
    """Return the host named by `corelib_app`, on the test's database, without a broker."""
    with told_briefly():
        host = bootstrap(described_app(pytestconfig), app_settings, services=app_services)
    with host:
        yield host


@pytest.fixture
def jobs(app: Host) -> Jobs:
    """Return what the host has enqueued. No job runs until `jobs.run_all()`."""
    return Jobs(app, threads=_THREADS)


@pytest.fixture
def fake_clock() -> ManualClock:
    """Return the clock of `fake_app`, which the test moves. Override it to begin at another instant."""
    return ManualClock()


@pytest.fixture
def fake_app(
    pytestconfig: pytest.Config, app_services: Mapping[type, object], fake_clock: ManualClock
) -> Iterator[Host]:
    """Return the host named by `corelib_app` in memory: no database, no broker, and the time of `fake_clock`."""
    with told_briefly():
        host = bootstrap(described_app(pytestconfig), Settings(), clock=fake_clock, services=app_services)
    with host:
        yield host


@pytest.fixture
def fake_jobs(fake_app: Host) -> Jobs:
    """Return what `fake_app` has enqueued. No job runs until `fake_jobs.run_due()` or `run_for(...)`."""
    return Jobs(fake_app)


@pytest.fixture
def factory_source(request: pytest.FixtureRequest) -> Source:
    """Return where this test's factories take their values from.

    They are the same in every run. With pytest-randomly they change with its seed, which a failing test tells.
    """
    config = request.config
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    seed = crc32(request.node.nodeid.encode()) + int(config.getoption("randomly_seed", 0) or 0)
    request.node.add_report_section("setup", "factories", f"Source(seed={seed}, worker={worker!r})")
    return Source(seed, worker=worker)


def described_app(config: pytest.Config) -> App:
    """Return the host that the ini option names.

    Raises:
        InvalidSetting: if it names none.
    """
    path = str(config.getini(INI_APP) or "")
    if not path:
        raise InvalidSetting(
            f"The fixture app was to put a host together, but {INI_APP} names none.",
            hint=f'Write {INI_APP} = "package.module:app" under [tool.pytest.ini_options].',
        )
    return load_object(path, App)
