from __future__ import annotations

import pytest
from tests.integration.testing.plugin.conftest import Project

IMPORTS = """
from kitlab.adapters.fakes import FakeEmailSender, FakePaymentGateway
from kitlab.ports import EmailSender, PaymentGateway
from kitlab.use_cases.register_user import RegisterUser, send_welcome
"""


@pytest.fixture
def kitlab_project(project: Project) -> Project:
    """A project whose tests are of kitlab."""
    project.settings(corelib_migrations="", corelib_app="kitlab.app:app")
    return project


class TestApp:
    def test_is_the_host_on_the_database_of_the_test(self, kitlab_project: Project) -> None:
        kitlab_project.tests(f"""
import sqlalchemy as sa
{IMPORTS}
def test_app(app, db_connection):
    app.execute(RegisterUser("Ada", "ada@example.org"))
    assert db_connection.execute(sa.text("SELECT email FROM kitlab_user")).scalars().all() == ["ada@example.org"]
""")

        kitlab_project.run().assert_outcomes(passed=1)

    def test_begins_without_what_another_test_has_stored(self, kitlab_project: Project) -> None:
        kitlab_project.tests(f"""
{IMPORTS}
@pytest.mark.parametrize("time", [1, 2, 3])
def test_app(app, time):
    app.execute(RegisterUser("Ada", "ada@example.org"))
""")

        kitlab_project.run().assert_outcomes(passed=3)

    def test_takes_the_services_that_the_project_puts_in_place(self, kitlab_project: Project) -> None:
        kitlab_project.conftest(f"""
import pytest
{IMPORTS}
@pytest.fixture
def sender():
    return FakeEmailSender()

@pytest.fixture
def app_services(sender):
    return {{EmailSender: sender}}
""")
        kitlab_project.tests(f"""
{IMPORTS}
def test_app(app, jobs, sender):
    app.execute(RegisterUser("Ada", "ada@example.org"))
    jobs.run_all()
    assert [email.recipient for email in sender.emails] == ["ada@example.org"]
""")

        kitlab_project.run().assert_outcomes(passed=1)

    def test_runs_on_the_settings_that_the_project_makes(self, kitlab_project: Project) -> None:
        kitlab_project.conftest("""
import pytest
from corelib import Settings

@pytest.fixture
def app_settings():
    return Settings()
""")
        kitlab_project.tests(f"""
{IMPORTS}
def test_app(app):
    app.execute(RegisterUser("Ada", "ada@example.org"))
    assert type(app.storage).__name__ == "MemoryStorage"
""")

        kitlab_project.run().assert_outcomes(passed=1)

    def test_closes_its_connections(self, kitlab_project: Project) -> None:
        kitlab_project.tests(f"""
import sqlalchemy as sa
{IMPORTS}
def test_app(app):
    app.execute(RegisterUser("Ada", "ada@example.org"))

def test_afterwards(db_connection):
    open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kitlab' AND datname = current_database()"
    assert db_connection.execute(sa.text(open)).scalar_one() == 0
""")

        kitlab_project.run().assert_outcomes(passed=2)

    class WhenNoAppIsNamed:
        def test_says_what_to_write(self, project: Project) -> None:
            project.tests("def test_app(app): pass")

            ran = project.run()

            ran.assert_outcomes(errors=1)
            ran.stdout.fnmatch_lines(["*InvalidSetting: The fixture app was to put a host together*corelib_app =*"])

    class WhenNobodyElseSeesWhatTheTestDoes:
        def test_is_refused(self, kitlab_project: Project) -> None:
            kitlab_project.tests("""
@pytest.mark.db(reset="rollback")
def test_app(app):
    pass
""")

            ran = kitlab_project.run()

            ran.assert_outcomes(errors=1)
            ran.stdout.fnmatch_lines(["*WrongMode*reset=*delete*"])


class TestJobsFixture:
    def test_lists_what_was_enqueued_and_runs_nothing_by_itself(self, kitlab_project: Project) -> None:
        kitlab_project.tests(f"""
{IMPORTS}
def test_jobs(app, jobs):
    app.execute(RegisterUser("Ada", "ada@example.org"))
    (welcome,) = jobs.stored(send_welcome)
    assert (welcome.attempts, welcome.payload.email) == (0, "ada@example.org")
""")

        kitlab_project.run().assert_outcomes(passed=1)

    def test_begins_with_none_in_the_next_test(self, kitlab_project: Project) -> None:
        kitlab_project.tests(f"""
{IMPORTS}
@pytest.mark.parametrize("time", [1, 2])
def test_jobs(app, jobs, time):
    assert jobs.stored() == []
    app.execute(RegisterUser("Ada", "ada@example.org"))
""")

        kitlab_project.run().assert_outcomes(passed=2)


class TestFactorySource:
    def test_gives_each_test_its_own_and_every_run_the_same(self, kitlab_project: Project) -> None:
        kitlab_project.tests("""
@pytest.mark.parametrize("time", [1, 2])
def test_source(factory_source, time):
    assert factory_source.number("order") == 1
    print(f"{time} gave {factory_source.random.random()}")
""")

        first, second = (kitlab_project.run("-s").outlines for _ in range(2))

        gave = [[line for line in lines if " gave " in line] for lines in (first, second)]
        assert gave[0] == gave[1]
        assert len(set(gave[0])) == 2

    def test_is_told_when_a_test_fails(self, kitlab_project: Project) -> None:
        kitlab_project.tests("def test_source(factory_source): assert factory_source.number('order') == 2")

        ran = kitlab_project.run()

        ran.stdout.fnmatch_lines(["*Captured factories setup*", "Source(seed=*, worker='')"])

    def test_follows_the_seed_of_pytest_randomly(self, kitlab_project: Project) -> None:
        kitlab_project.tests("def test_source(factory_source): print(f'seed {factory_source.seed}')")

        options = ["-s", "-p", "pytest_randomly"]
        runs = [kitlab_project.run(*options, f"--randomly-seed={number}") for number in (1, 2)]
        seeds = {line for run in runs for line in run.outlines if " seed " in line}

        assert len(seeds) == 2

    def test_differs_from_worker_to_worker(self, kitlab_project: Project) -> None:
        kitlab_project.tests("""
@pytest.mark.parametrize("time", range(2))
def test_source(factory_source, time, request):
    place = int(request.config.workerinput["workerid"].removeprefix("gw")) + 1
    assert factory_source.number("order") == place * 1_000_000 + 1
""")

        kitlab_project.run_on_workers().assert_outcomes(passed=2)


class TestFakeApp:
    def test_is_the_host_in_memory_with_a_clock_that_the_test_moves(self, kitlab_project: Project) -> None:
        kitlab_project.conftest(f"""
import pytest
{IMPORTS}
@pytest.fixture
def sender():
    return FakeEmailSender()

@pytest.fixture
def app_services(sender):
    return {{EmailSender: sender}}
""")
        kitlab_project.tests(f"""
{IMPORTS}
from datetime import timedelta

def test_app(fake_app, fake_clock, fake_jobs, sender):
    fake_app.execute(RegisterUser("Ada", "ada@example.org"))
    fake_app.enqueue(send_welcome, fake_jobs.enqueued(send_welcome)[0], delay=timedelta(minutes=1))
    assert len(fake_jobs.run_due()) == 1
    fake_clock.advance(timedelta(minutes=1))
    assert len(fake_jobs.run_due()) == 1
    assert len(sender.emails) == 2
""")

        kitlab_project.run().assert_outcomes(passed=1)

    def test_needs_no_database(self, kitlab_project: Project) -> None:
        kitlab_project.tests("""
def test_app(fake_app):
    assert type(fake_app.storage).__name__ == "MemoryStorage"
""")

        kitlab_project.run("--db-url", "postgresql://nobody@127.0.0.1:1/none").assert_outcomes(passed=1)
