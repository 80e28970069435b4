from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import corelib

RUNS = 7
LOADED_BY = """
import json, sys
before = set(sys.modules)
{statements}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded - sys.stdlib_module_names)))
"""
SECONDS_OF = """
import time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began)
"""


def output_of(program: str) -> str:
    """Run a program in a fresh interpreter; one that measures coverage would load more and take longer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return ran.stdout


def third_party_modules(statements: str) -> list[str]:
    return json.loads(output_of(LOADED_BY.format(statements=statements)))


class TestImportCorelib:
    def test_loads_no_third_party_module_but_attrs(self) -> None:
        loaded = third_party_modules("import corelib")

        assert loaded == ["attr", "attrs", "corelib"]

    def test_takes_at_most_one_and_a_half_times_as_long_as_attrs(self) -> None:
        seconds: dict[str, list[float]] = {"attrs": [], "corelib": []}

        for _ in range(RUNS):
            for module, taken in seconds.items():
                taken.append(float(output_of(SECONDS_OF.format(module=module))))

        # The fastest run of each: whatever else the machine does only ever adds time.
        assert min(seconds["corelib"]) <= 1.5 * min(seconds["attrs"]), seconds


class TestPytestPlugin:
    def test_loads_nothing_beside_pytest_and_attrs(self) -> None:
        needed = set(third_party_modules("import pytest, attrs"))

        loaded = third_party_modules("import corelib.testing.plugin")

        assert set(loaded) - needed == {"corelib"}

    def test_loads_nothing_more_where_a_project_uses_it_before_a_test_does(self) -> None:
        needed = set(third_party_modules("import pytest, attrs"))

        loaded = third_party_modules("import corelib.testing.plugin.activation")

        assert set(loaded) - needed == {"corelib"}

    def test_is_the_one_that_the_project_file_names(self) -> None:
        project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())["project"]

        assert project["entry-points"]["pytest11"] == {"corelib": "corelib.testing.plugin"}


class TestPublicNames:
    def test_load_no_third_party_module_but_attrs(self) -> None:
        loaded = third_party_modules("import corelib; [getattr(corelib, name) for name in corelib.__all__]")

        assert loaded == ["attr", "attrs", "corelib"]

    def test_load_none_with_the_composition_root_either(self) -> None:
        loaded = third_party_modules("from corelib.bootstrap import bootstrap")

        assert loaded == ["attr", "attrs", "corelib"]

    @pytest.mark.parametrize("name", sorted(corelib.__all__))
    def test_are_there_under_their_own_name(self, name: str) -> None:
        value = getattr(corelib, name)

        assert value.__name__ == name

    def test_are_listed(self) -> None:
        listed = dir(corelib)

        assert set(corelib.__all__) <= set(listed)

    def test_are_all_that_there_is(self) -> None:
        with pytest.raises(AttributeError, match="'corelib' has no attribute 'nothing'"):
            _ = corelib.nothing

    def test_version_is_that_of_the_project_file(self) -> None:
        project = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())["project"]

        assert corelib.__version__ == project["version"]
