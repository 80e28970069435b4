from __future__ import annotations

import pytest
from tests.integration.testing.plugin.conftest import Project

CONNECTS = """
import socket

def connect(host="192.0.2.1", port=25):
    socket.create_connection((host, port), timeout=0.2)
"""


class TestNetworkGuard:
    class WhenATestUsesTheDatabase:
        def test_fails_it_at_a_connection_to_the_outside(self, project: Project) -> None:
            project.tests(f"{CONNECTS}\ndef test_it(db_engine): connect()")

            ran = project.run("--db-report")

            ran.assert_outcomes(failed=1)
            ran.stdout.fnmatch_lines(
                [
                    "E *NetworkRefused: test_it.py::test_it was about to connect to 192.0.2.1:25, which is outside*",
                    "connections refused: 1",
                ]
            )

        def test_fails_it_at_a_connection_to_a_broker(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
            monkeypatch.setenv("SHOP_BROKER_URL", "amqp://127.0.0.1:15672/")
            project.tests(f"{CONNECTS}\n@pytest.mark.db\ndef test_it(): connect('127.0.0.1', 15672)")

            ran = project.run()

            ran.assert_outcomes(failed=1)
            ran.stdout.fnmatch_lines(["*connect to 127.0.0.1:15672, where a broker listens. *fixture jobs*"])

        def test_fails_it_even_if_it_hides_the_error(self, project: Project) -> None:
            project.tests(f"""{CONNECTS}
def test_it(db_engine):
    try:
        connect()
    except Exception:
        pass
""")

            ran = project.run()

            ran.assert_outcomes(failed=1)
            ran.stdout.fnmatch_lines(["*NetworkRefused: test_it.py::test_it was about to connect*"])

        def test_tells_what_a_fixture_hides_at_the_end(self, project: Project) -> None:
            project.tests(f"""{CONNECTS}
@pytest.fixture
def reporting(db_engine):
    yield
    try:
        connect()
    except Exception:
        pass

def test_it(reporting): pass
""")

            project.run().assert_outcomes(passed=1, errors=1)

        def test_lets_it_pass_where_the_test_has_opened_the_way(self, project: Project) -> None:
            project.tests(f"""{CONNECTS}
@pytest.mark.allow_network("192.0.2.1")
def test_it(db_engine):
    with pytest.raises(OSError):
        connect()
""")

            project.run().assert_outcomes(passed=1)

    class WhenATestUsesNoDatabase:
        TESTS = f"{CONNECTS}\ndef test_it():\n    with pytest.raises(OSError):\n        connect()"

        def test_lets_it_pass(self, project: Project) -> None:
            project.tests(self.TESTS)

            project.run().assert_outcomes(passed=1)

        def test_fails_it_if_all_tests_are_guarded(self, project: Project) -> None:
            project.settings(corelib_network_guard="all")
            project.tests(self.TESTS)

            project.run().assert_outcomes(failed=1)

    class WhenItIsOff:
        def test_lets_everything_pass(self, project: Project) -> None:
            project.settings(corelib_network_guard="off")
            project.tests(f"{CONNECTS}\ndef test_it(db_engine):\n    with pytest.raises(OSError):\n        connect()")

            project.run().assert_outcomes(passed=1)
