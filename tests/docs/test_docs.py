"""The pages say what is true: their Python runs, their links lead somewhere, the examples of the docstrings hold.

The ```python blocks of a page run in their order, in one namespace and in a fresh working directory.

* A block whose first line is `# file: NAME` is that file of the working directory. A Python file is imported as soon as
  it is written. A file `test_*.py` is run by pytest instead, with the `pyproject.toml` that the page brings along in a
  ```toml block. Each of its tests has to run and to pass; of a contract suite, what an adapter declares to lack is left
  out.
* `<!-- needs: NAME NAME -->` names the packages without which the code of the page cannot run. Where one of them is
  not installed, the page is skipped.
* `<!-- project -->` on a page says that its blocks are the files of one project. They are written, and pytest runs all
  its tests in a process of its own, on SQLite; `tests/integration/docs` runs the same pages on a server.
* What is not to be run stands in a block of another kind, as ```text or ```console.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
import sqlite3
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import attrs
import pytest
from attrs import field, frozen
from tests.support.pages import FENCE, PROJECT, ROOT, Block, blocks_of, is_project, names_of_tests_in, run_project

from corelib import App, DatabaseSettings, JobState, Repository, Settings, errors, job
from corelib.cli.main import main
from corelib.domain import fields
from corelib.errors import MissingExtra
from corelib.testing.contracts.suite import LACKED

SOURCE = ROOT / "src"
INDEX = ROOT / "docs" / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
WITH_EXAMPLES = [file for file in sorted(SOURCE.glob("corelib/**/*.py")) if ">>> " in file.read_text(encoding="utf-8")]

USED_BY_EXAMPLES = {
    "corelib.testing.factories.factory": ["polyfactory"],
    "corelib.testing.jobs": ["cattrs", "dramatiq"],
}
"""What the examples of a docstring need beyond what the import of their module does."""

NEEDS = re.compile(r"<!-- needs: (?P<packages>[\w. ]+?) -->")
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z]+:")
SETTINGS = ("toml", '# file: pyproject.toml\n[tool.pytest.ini_options]\npython_classes = ["Test*", "When*"]')
SPARED = ("cacheprovider", "faulthandler", "threadexception", "unraisableexception")
"""Plugins that are no part of a page: the pytest that runs this file has them."""

DB_COMMANDS = ("create", "check", "upgrade", "downgrade", "current", "history", "revision", "sql")
COMMANDS = (["worker"], ["doctor"], ["testing", "files"], *(["db", name] for name in DB_COMMANDS))

Run = Callable[..., None]


def needs_of(page: Path) -> list[str]:
    return [package for found in NEEDS.findall(page.read_text(encoding="utf-8")) for package in found.split()]


def prose_of(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@frozen
class Outcomes:
    """Collects what became of the tests of a page, as a plugin of the pytest that runs them."""

    passed: set[str] = field(factory=set)
    complaints: list[str] = field(factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and LACKED in dict(report.user_properties):
            return
        if not report.passed:
            self.complaints.append(f"{report.nodeid} {report.outcome}: {report.longreprtext}")
        elif report.when == "call":
            self.passed.add(report.location[2].partition("[")[0].rpartition(".")[2])


class Page:
    """Runs the blocks of a page in a directory that the interpreter imports from."""

    def __init__(self, path: Path, directory: Path, module: ModuleType) -> None:
        self._path = path
        self._directory = directory
        self._module = module

    def take(self, block: Block) -> None:
        if block.path is None:
            self._run(block)
            return
        file = self._directory / block.path
        assert not file.exists(), f"{block.path} stands on the page twice"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        if block.is_test:
            self._test(block)
        elif block.language == "python":
            importlib.invalidate_caches()
            importlib.import_module(block.path.removesuffix(".py").replace("/", "."))

    def _run(self, block: Block) -> None:
        assert block.language == "python", f"a ```{block.language} block needs a file: {block.text}"
        placed = "\n" * (block.line - 1) + block.text  # so that a traceback names the line of the page
        exec(compile(placed, str(self._path), "exec"), self._module.__dict__)

    def _test(self, block: Block) -> None:
        outcomes = Outcomes()
        options = ["-q", "-c", "pyproject.toml", f"--basetemp={self._directory / 'temporary'}"]

        pytest.main([*options, *(f"-pno:{name}" for name in SPARED), str(block.path)], plugins=[outcomes])

        assert outcomes.complaints == []
        assert names_of_tests_in(block.text) - outcomes.passed == set(), "not all tests were run"
        assert outcomes.passed, "no test was run"


def run_page(page: Path, directory: Path) -> None:
    """Run a page in a working directory, and forget the modules that it made."""
    module = ModuleType("a_page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.syspath_prepend(directory)
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # what is installed beside pytest is no part of a page
        patch.setitem(sys.modules, module.__name__, module)  # where the classes of the page find their annotations
        try:
            running = Page(page, directory, module)
            for block in blocks_of(page):
                running.take(block)
        finally:
            for name in [name for name, found in sys.modules.items() if _lies_in(found, directory)]:
                del sys.modules[name]


def _lies_in(module: ModuleType, directory: Path) -> bool:
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
    return any(place and Path(place).is_relative_to(directory) for place in places)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a page of blocks, each a pair of what its fence says and its text."""

    def run(*blocks: tuple[str, str]) -> None:
        page = tmp_path / "page.md"
        page.write_text("".join(f"Text.\n\n```{kind}\n{text}\n```\n\n" for kind, text in blocks), encoding="utf-8")
        run_page(page, tmp_path)

    return run


class TestRunPage:
    class WhenABlockNamesNoFile:
        def test_lets_it_see_what_the_blocks_before_it_left(self, run: Run) -> None:
            with pytest.raises(ZeroDivisionError):
                run(("python", "a = 0"), ("console", "$ false"), ("python", "1 / a"))

        def test_names_the_line_of_the_page_that_failed(self, run: Run) -> None:
            with pytest.raises(ZeroDivisionError) as failure:
                run(("python", "a = 0"), ("python", "\n1 / a"))

            assert failure.traceback[-1].lineno + 1 == 11

    class WhenABlockIsAFile:
        def test_lets_the_blocks_behind_it_import_it(self, run: Run) -> None:
            with pytest.raises(ZeroDivisionError):
                run(("python", "# file: own/part.py\na = 0"), ("python", "from own.part import a\n1 / a"))

        def test_imports_it_also_if_nobody_else_does(self, run: Run) -> None:
            with pytest.raises(ZeroDivisionError):
                run(("python", "# file: own.py\n1 / 0"))

        def test_forgets_it_at_the_end(self, run: Run) -> None:
            run(("python", "# file: own/part.py\na = 0"))

            assert not {"own", "own.part"} & set(sys.modules)

    class WhenABlockIsATest:
        def test_is_content_if_it_passes(self, run: Run) -> None:
            run(SETTINGS, ("python", "# file: test_it.py\nclass WhenRun:\n    def test_it(self): pass"))

        def test_fails_if_a_test_fails(self, run: Run) -> None:
            with pytest.raises(AssertionError, match="assert 1 == 2"):
                run(SETTINGS, ("python", "# file: test_it.py\ndef test_it():\n    assert 1 == 2"))

        def test_fails_if_a_test_is_skipped(self, run: Run) -> None:
            with pytest.raises(AssertionError, match="not today"):
                run(SETTINGS, ("python", "# file: test_it.py\nimport pytest\ndef test_it(): pytest.skip('not today')"))

        def test_fails_if_a_test_is_not_collected(self, run: Run) -> None:
            with pytest.raises(AssertionError, match="test_hidden"):
                run(SETTINGS, ("python", "# file: test_it.py\nclass Hidden:\n    def test_hidden(self): pass"))


class TestRunProject:
    @pytest.fixture
    def run_it(self, tmp_path: Path) -> Run:
        """Runs a page whose blocks are a project."""

        def run_it(*blocks: tuple[str, str]) -> None:
            page = tmp_path / "page.md"
            texts = [f"```{kind}\n{text}\n```\n" for kind, text in blocks]
            page.write_text("\n".join([PROJECT, *texts]), encoding="utf-8")
            run_project(page, tmp_path)

        return run_it

    def test_is_content_if_all_tests_pass(self, run_it: Run) -> None:
        run_it(SETTINGS, ("python", "# file: test_it.py\nclass WhenRun:\n    def test_it(self): pass"))

    def test_fails_if_a_test_fails(self, run_it: Run) -> None:
        with pytest.raises(AssertionError, match="assert 1 == 2"):
            run_it(SETTINGS, ("python", "# file: test_it.py\ndef test_it():\n    assert 1 == 2"))

    def test_fails_if_a_test_is_skipped(self, run_it: Run) -> None:
        with pytest.raises(AssertionError, match="not today"):
            run_it(SETTINGS, ("python", "# file: test_it.py\nimport pytest\ndef test_it(): pytest.skip('not today')"))

    def test_fails_if_a_test_is_not_collected(self, run_it: Run) -> None:
        both = "def test_it(): pass\nclass Hidden:\n    def test_hidden(self): pass"

        with pytest.raises(AssertionError, match="not all tests have passed"):
            run_it(SETTINGS, ("python", f"# file: test_it.py\n{both}"))

    def test_fails_if_a_block_is_no_file(self, run_it: Run) -> None:
        with pytest.raises(AssertionError, match="without a name"):
            run_it(SETTINGS, ("python", "print(1)"))


class TestPages:
    @pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page) and not is_project(page)], ids=name_of)
    def test_have_python_that_runs(self, page: Path, tmp_path: Path) -> None:
        for package in needs_of(page):
            pytest.importorskip(package)

        run_page(page, tmp_path)

    @pytest.mark.parametrize("page", [page for page in PAGES if is_project(page)], ids=name_of)
    def test_have_projects_whose_tests_pass(self, page: Path, tmp_path: Path) -> None:
        for package in needs_of(page):
            pytest.importorskip(package)

        told = run_project(page, tmp_path, "--db-url", f"sqlite:///{tmp_path}/")

        assert "named by --db-url" in told

    @pytest.mark.parametrize("page", PAGES, ids=name_of)
    def test_have_links_that_lead_somewhere(self, page: Path) -> None:
        targets = [unquote(target) for target in LINK.findall(prose_of(page)) if not ELSEWHERE.match(target)]

        astray = [target for target in targets if not leads_somewhere(page, target)]

        assert astray == []

    @pytest.mark.parametrize("page", PAGES, ids=name_of)
    def test_have_fences_that_say_what_they_hold(self, page: Path) -> None:
        fences = re.findall(r"^ *```.*$", page.read_text(encoding="utf-8"), re.MULTILINE)

        assert [fence for fence in fences[::2] if not re.fullmatch(r"```\w+", fence)] == []
        assert [fence for fence in fences[1::2] if fence != "```"] == []

    def test_of_the_documentation_are_all_in_its_index(self) -> None:
        linked = {(INDEX.parent / target.partition("#")[0]).resolve() for target in LINK.findall(prose_of(INDEX))}

        left_out = [name_of(page) for page in PAGES if INDEX.parent in page.parents and page not in {INDEX, *linked}]

        assert left_out == []


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    return found.exists() and (not anchor or anchor in anchors_of(found))


def anchors_of(page: Path) -> set[str]:
    """Return the headings as links name them: lower-case, hyphens for blanks, no other marks."""
    titles = [found["title"] for found in HEADING.finditer(prose_of(page))]
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


class TestReference:
    def test_lists_every_error(self) -> None:
        own = {name for name, value in vars(errors).items() if getattr(value, "__module__", "") == errors.__name__}

        assert own - names_on("errors.md") == set()

    @pytest.mark.parametrize("described", [App, DatabaseSettings, Settings])
    def test_lists_every_field(self, described: type) -> None:
        fields = {attribute.name for attribute in attrs.fields(described)}

        assert fields - names_on("settings.md") == set()

    def test_lists_every_known_error_of_a_database(self) -> None:
        pytest.importorskip("sqlalchemy")
        from corelib.adapters.sqlalchemy import mssql_errors, postgresql_errors, sqlite_errors

        text = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
        words = set(re.findall(r"\w+", text))
        results = {value: name.removeprefix("SQLITE_") for name, value in vars(sqlite3).items() if is_result(name)}
        results[sqlite_errors.CONSTRAINT_DATATYPE] = "CONSTRAINT_DATATYPE"

        known = {str(number) for number in mssql_errors.BY_NUMBER} | set(postgresql_errors.BY_STATE)
        known |= {results[code] for code in sqlite_errors.BY_CODE}

        assert known - words == set()

    def test_lists_every_method_of_a_repository(self) -> None:
        methods = {name for name in vars(Repository) if not name.startswith("_")}

        assert methods - {name.partition("(")[0] for name in names_on("repository.md")} == set()

    def test_lists_every_function_that_declares_a_field(self) -> None:
        functions = {name for name in vars(fields) if name.endswith("_field") and not name.startswith("_")}

        assert functions - names_on("repository.md") == set()

    def test_lists_every_extra(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

        assert set(project["optional-dependencies"]) - names_on("settings.md") == set()

    def test_lists_every_argument_of_job(self) -> None:
        assert set(inspect.signature(job).parameters) - names_on("jobs.md") == set()

    def test_lists_every_state_of_a_job(self) -> None:
        assert {state.value for state in JobState} - names_on("jobs.md") == set()

    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_lists_every_option(self, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main([*command, "--help"])

        options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
        assert options - {name.partition(" ")[0] for name in names_on("command-line.md")} == set()

    def test_lists_every_environment_variable(self) -> None:
        sources = [file.read_text(encoding="utf-8") for file in SOURCE.glob("corelib/**/*.py")]
        variables = {name for source in sources for name in re.findall(r"\"((?:CORELIB|MSSQL)_[A-Z_]+)\"", source)}

        assert variables - names_on("environment.md") == set()


def is_result(name: str) -> bool:
    """Return whether a constant of sqlite3 is a result code; others of the same values mean something else."""
    kinds = "BUSY|LOCKED|CONSTRAINT|PROTOCOL|SCHEMA|NOMEM|INTERRUPT|FULL|IOERR|CORRUPT|PERM|AUTH|READONLY|CANTOPEN"
    return re.fullmatch(rf"SQLITE_(?:(?:{kinds})(?:_[A-Z]+)?|NOTADB|MISMATCH|TOOBIG)", name) is not None


def names_on(page: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")))


class TestDocstrings:
    @pytest.mark.parametrize("file", WITH_EXAMPLES, ids=name_of)
    def test_have_examples_that_hold(self, file: Path) -> None:
        module = module_of(file)
        for package in USED_BY_EXAMPLES.get(module.__name__, ()):
            pytest.importorskip(package)

        failed, attempted = doctest.testmod(module)

        assert attempted > 0
        assert failed == 0, "see the output"


def module_of(file: Path) -> ModuleType:
    name = ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "corelib":
            raise
        pytest.skip(f"needs {missing.name}")
    except MissingExtra as missing:
        pytest.skip(f"needs the extra {missing.extra}")
