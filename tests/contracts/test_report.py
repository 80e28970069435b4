"""The suites and their report as a host uses them: with pytest as it is by default, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOST_TESTS = """
import pytest

from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.suite import ContractSuite


class GreeterContract(ContractSuite):
    port = "Greeter"

    @pytest.fixture
    def greeting(self):
        raise NotImplementedError

    class WhenItGreets:
        def test_is_polite(self, greeting):
            assert "please" in greeting

        @needs(Capability.SERVER)
        def test_is_heard_far_away(self, greeting):
            assert greeting.isupper()

    @needs(Capability.SCHEMA)
    class WhenItHasTables:
        def test_is_neat(self, greeting):
            assert greeting.isprintable()


class TestPolite(GreeterContract):
    adapter = "polite"
    lacks = frozenset({Capability.SERVER, Capability.SCHEMA})

    @pytest.fixture
    def greeting(self):
        return "hello, please"


class TestRude(GreeterContract):
    adapter = "rude"

    @pytest.fixture
    def greeting(self):
        return "OI"


class TestUntidy(GreeterContract):
    adapter = "untidy"

    @pytest.fixture
    def greeting(self):
        yield "HELLO, please".upper() + " please"
        raise OSError("the clean-up failed")


class TestAbsent(GreeterContract):
    adapter = "absent"

    @pytest.fixture
    def greeting(self):
        pytest.skip("nobody is at home")


def test_of_another_kind():
    pass
"""

TABLE = """\
port    | adapter | passed | failed | skipped by capability | skipped otherwise
------- | ------- | ------ | ------ | --------------------- | -----------------
Greeter | absent  | 0      | 0      | 0                     | 3
Greeter | polite  | 1      | 0      | 2                     | 0
Greeter | rude    | 2      | 1      | 0                     | 0
Greeter | untidy  | 0      | 3      | 0                     | 0
"""


def run_host_tests(folder: Path, *options: str) -> str:
    """Run the tests of a host that has no configuration, and return what pytest printed."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_greeter.py").write_text(HOST_TESTS)
    plugin = ("-p", "corelib.testing.contracts.report")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-rs", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return run.stdout


class TestContractReport:
    class WhenAHostRunsItsSuites:
        @pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two processes"])
        def test_prints_one_table(self, tmp_path: Path, options: tuple[str, ...]) -> None:
            printed = run_host_tests(tmp_path, *options)

            assert printed.count("port    | adapter") == 1
            assert TABLE in printed

        def test_points_from_a_skip_to_the_class_that_declares_the_lack(self, tmp_path: Path) -> None:
            printed = run_host_tests(tmp_path)

            line = HOST_TESTS.splitlines().index("class TestPolite(GreeterContract):") + 1
            assert f"test_greeter.py:{line}: polite declares that it lacks SERVER: talks to a server" in printed
            assert f"test_greeter.py:{line}: polite declares that it lacks SCHEMA: keeps its data in tables" in printed

    class WhenNoContractTestRuns:
        def test_prints_no_table(self, tmp_path: Path) -> None:
            printed = run_host_tests(tmp_path, "-k", "of_another_kind")

            assert "1 passed" in printed
            assert "port" not in printed
