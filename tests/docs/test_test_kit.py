"""The pages on the database test kit name what there is, all of it and nothing else."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from tests.support.pages import FENCE, ROOT

from corelib import errors
from corelib.testing.database.model import Identity, OwnedDatabase
from corelib.testing.database.planning.catalogue import Trait
from corelib.testing.plugin.marking import MARKERS, Reset
from corelib.testing.plugin.network import BROKER_PORTS
from corelib.testing.plugin.options import PluginSettings, add_options

SOURCE = ROOT / "src" / "corelib"
TESTING = SOURCE / "testing"
REFERENCE = (ROOT / "docs" / "reference" / "test-kit.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "how-to" / "integration-tests.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`\n]+)`")
IMAGE = re.compile(r"mcr\.microsoft\.com/mssql/server:\S+")
QUOTED_ERROR = re.compile(r"(?P<name>[A-Z]\w+): (?P<text>.+)")


def section(page: str, title: str) -> str:
    """The text below a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", FENCE.sub("", page), re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {title}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The rows of all tables in a text, without those of the heads; each a list of cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {number - 1 for number, line in enumerate(lines) if set(line) <= set("|- ")}
    kept = [line for number, line in enumerate(lines) if number not in heads and not set(line) <= set("|- ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in kept]


def first_names(title: str) -> set[str]:
    """The names in the first column of the tables of a section."""
    return {name for row in rows(section(REFERENCE, title)) for name in CODE.findall(row[0])}


class _Parser:
    """Takes down what the plugin declares, as `pytest.Parser` does."""

    def __init__(self) -> None:
        self.ini: set[str] = set()
        self.options: set[str] = set()

    def addini(self, name: str, *_: object, **__: object) -> None:
        self.ini.add(name)

    def getgroup(self, *_: object) -> _Parser:
        return self

    def addoption(self, name: str, **_: object) -> None:
        self.options.add(name)


@pytest.fixture
def declared() -> _Parser:
    parser = _Parser()
    add_options(parser)  # type: ignore[arg-type]
    return parser


def fixture_scopes() -> dict[str, str]:
    """The fixtures of the plugin, with their scopes, as their decorators say."""
    trees = [ast.parse((TESTING / "plugin" / name).read_text(encoding="utf-8")) for name in ("fixtures.py", "app.py")]
    return {
        node.name: "session" if "scope='session'" in ast.unparse(node.decorator_list[0]) else "function"
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }


def error_classes() -> dict[str, str]:
    """The public errors of the kit, the plugin and its helpers, with their modules."""
    files = [TESTING / "jobs.py", *TESTING.glob("database/**/*.py"), *TESTING.glob("plugin/**/*.py")]
    return {
        node.name: ".".join(file.relative_to(ROOT / "src").with_suffix("").parts)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and any(map(_is_error, node.bases))
    }


def _is_error(base: ast.expr) -> bool:
    name = base.id if isinstance(base, ast.Name) else ""
    found = getattr(errors, name, None) or getattr(builtins, name, None)
    return inspect.isclass(found) and issubclass(found, Exception)


def texts() -> Iterator[str]:
    """All texts of the sources; what is filled in at run time is a mark that no page has."""
    for file in SOURCE.glob("**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                yield "".join(map(str, parts))


class TestReference:
    def test_lists_the_settings(self, declared: _Parser) -> None:
        settings = {name for name in first_names("Settings") if name.startswith("corelib_")}

        assert settings == declared.ini

    def test_lists_the_options(self, declared: _Parser) -> None:
        assert first_names("Command line") == declared.options

    def test_lists_the_fixtures_with_their_scopes(self) -> None:
        told = {CODE.findall(row[0])[0]: row[1] for row in rows(section(REFERENCE, "Fixtures"))}

        there = fixture_scopes()
        assert told == {name: scope for name, scope in there.items() if not name.startswith("_")}

    def test_lists_the_markers(self) -> None:
        names = first_names("Markers") - {"reset"}
        modes = {f'"{each.value}"' for each in Reset}

        assert names == {marker.partition("(")[0] for marker in MARKERS} | modes

    def test_lists_the_errors_with_their_modules(self) -> None:
        told = {CODE.findall(row[0])[0]: CODE.findall(row[1])[0] for row in rows(section(REFERENCE, "Errors"))}

        assert told == error_classes()

    def test_lists_the_columns_of_the_registry(self) -> None:
        columns = {each.name for each in attrs.fields(OwnedDatabase)}

        assert first_names("The registry") == columns

    def test_lists_every_kind_of_table(self) -> None:
        kinds = {row[0] for row in rows(section(REFERENCE, "Kinds of tables"))}

        assert {trait.value for trait in Trait} - kinds == set()

    def test_lists_the_modes_of_counters(self) -> None:
        assert first_names("Counters of keys") == {each.value for each in Identity}

    def test_lists_the_ports_of_brokers(self) -> None:
        assert set(map(str, BROKER_PORTS)) - set(re.findall(r"\d+", section(REFERENCE, "The network guard"))) == set()

    def test_names_the_defaults_that_hold(self) -> None:
        told = {
            CODE.findall(row[0])[0]: row[1].strip("`") for row in rows(section(REFERENCE, "Settings")) if len(row) == 3
        }
        settings = PluginSettings(migrations="")

        assert told["corelib_db_prefix"] == settings.prefix
        assert told["corelib_db_identity"] == settings.identity.value
        assert told["corelib_network_guard"] == settings.guard.value

    def test_names_variables_that_are_read(self) -> None:
        sources = "".join(file.read_text(encoding="utf-8") for file in TESTING.glob("**/*.py"))

        assert [name for name in first_names("Environment variables") if f'"{name}"' not in sources] == []


class TestRunbook:
    def test_quotes_errors_that_there_are(self) -> None:
        known = {*vars(errors), *error_classes()}
        all_texts = list(texts())

        quoted = [QUOTED_ERROR.fullmatch(code) for row in troubles() for code in CODE.findall(row[0]) if ": " in code]

        assert len(quoted) > 20
        assert None not in quoted
        assert {found["name"] for found in quoted if found} - known == set()
        assert [found[0] for found in quoted if found and not is_told(found["text"], all_texts)] == []

    def test_has_an_error_of_every_class_of_the_kit(self) -> None:
        names = {
            found["name"] for row in troubles() for code in CODE.findall(row[0]) if (found := QUOTED_ERROR.match(code))
        }

        assert set(error_classes()) - names == set()

    def test_names_fixtures_that_there_are(self) -> None:
        named = {name for row in rows(section(RUNBOOK, "The fixtures")) for name in CODE.findall(row[0])}

        assert named - set(fixture_scopes()) == set()

    def test_names_settings_and_options_that_there_are(self, declared: _Parser) -> None:
        settings = set(re.findall(r"\bcorelib_(?!test_)\w+", RUNBOOK))
        options = set(re.findall(r"--db-[a-z-]+", RUNBOOK))

        assert (settings - declared.ini, options - declared.options) == (set(), set())

    def test_quotes_the_text_of_a_database_that_is_kept(self) -> None:
        (quoted,) = re.findall(r"`(The database of this test is kept:)`", RUNBOOK)

        assert any(quoted in text for text in texts())


class TestFilesForSqlServer:
    def test_all_name_the_same_image(self) -> None:
        files = [".github/workflows/ci.yml", "docker-compose.test.yml", "src/corelib/cli/templates/integration.yml"]
        files.append("src/corelib/cli/templates/docker-compose.test.yml")

        images = {image for file in files for image in IMAGE.findall(Path(ROOT / file).read_text(encoding="utf-8"))}

        assert len(images) == 1


def troubles() -> list[list[str]]:
    return rows(section(RUNBOOK, "Troubleshooting"))


def is_told(quoted: str, all_texts: list[str]) -> bool:
    """Whether one text of the sources has all parts of what is quoted, in their order; `...` stands for the rest."""
    parts = [re.escape(part.strip()) for part in quoted.split("...") if part.strip()]
    pattern = re.compile(r".*".join(parts), re.DOTALL)
    return any(pattern.search(text) for text in all_texts)


class TestIsTold:
    def test_takes_parts_in_their_order(self) -> None:
        assert is_told("was ... or dropped, ...", ["it was reset or dropped, \0"])

    def test_refuses_parts_of_different_texts(self) -> None:
        assert not is_told("was ... or dropped", ["it was", "or dropped"])

    def test_refuses_what_no_text_has(self) -> None:
        assert not is_told("was ... lost", ["it was reset or dropped"])
