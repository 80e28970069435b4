"""Writing a new revision file."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import DowngradeOps, MigrationScript, UpgradeOps
from sqlalchemy.types import TypeEngine

from corelib.adapters import sqlalchemy as adapter
from corelib.adapters.sqlalchemy.migrations.revisions import Revisions
from corelib.adapters.sqlalchemy.migrations.running import OneTransaction

LONGEST_LINE = 110

Imports = dict[str, set[str]]
"""The names that a file needs, by their module."""

_FILE = '''"""{message}."""

from __future__ import annotations
{imports}
revision = "{name}"
down_revision = {after}


def upgrade() -> None:
    """Do it."""
    {up}


def downgrade() -> None:
    """Undo it."""
    {down}
'''


def write(revisions: Revisions, message: str, script: MigrationScript | None, context: OneTransaction | None) -> Path:
    """Write a revision that follows the newest one, and return its file.

    Args:
        revisions: those that there are.
        message: what it does, a short phrase; it becomes the docstring and the end of the file's name.
        script: what it does; None for a file to be filled in.
        context: with which the script was found.
    """
    imports: Imports = {}
    name = _next_name(revisions)
    text = _FILE.format(
        message=message.strip().rstrip(".").replace("\\", "/").replace('"', "'"),
        name=name,
        after=f'"{revisions.head}"' if revisions.head else "None",
        up=_body(script.upgrade_ops if script else None, context, imports),
        down=_body(script.downgrade_ops if script else None, context, imports),
        imports="{imports}",
    )
    text = text.replace("{imports}", _imports(text, imports), 1)
    file = revisions.folder / f"{name}_{_slug(message)}.py"
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def _next_name(revisions: Revisions) -> str:
    number = len(revisions.ordered) + 1
    while f"{number:04}" in revisions.names:
        number += 1
    return f"{number:04}"


def _slug(message: str) -> str:
    return re.sub(r"\W+", "_", message.lower()).strip("_")[:40].rstrip("_") or "change"


def _body(found: UpgradeOps | DowngradeOps | None, context: OneTransaction | None, imports: Imports) -> str:
    if found is None or found.is_empty():
        return "pass"

    def render(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
        return _rendered_type(item, imports) if kind == "type" else False

    code = render_python_code(found, render_as_batch=True, render_item=render, migration_context=context)
    lines = [line for line in code.splitlines() if not line.strip().startswith("# ###")]
    return _tidy(_with_double_quotes("\n".join(lines).strip("\n"))).strip()


def _rendered_type(item: TypeEngine[Any], imports: Imports) -> str | Literal[False]:
    """Return a type of corelib or of the host by its bare name, and note where that comes from."""
    kind = type(item)
    package, _, _ = kind.__module__.partition(".")
    if package == "sqlalchemy":
        if kind.__module__.startswith("sqlalchemy.dialects."):
            imports.setdefault("sqlalchemy.dialects", set()).add(kind.__module__.split(".")[2])
        return False
    home = adapter.__name__ if getattr(adapter, kind.__name__, None) is kind else kind.__module__
    imports.setdefault(home, set()).add(kind.__name__)
    return repr(item)


def _imports(text: str, found: Imports) -> str:
    lines = {module: f"from {module} import {', '.join(sorted(names))}" for module, names in found.items()}
    third = [line for module, line in lines.items() if module.startswith("sqlalchemy")]
    if re.search(r"\bop\.", text):
        third.append("from alembic import op")
    own = [line for line in lines.values() if line not in third]
    groups = [["import sqlalchemy as sa"] * bool(re.search(r"\bsa\.", text)) + sorted(third), sorted(own)]
    return "".join("\n" + "\n".join(group) + "\n" for group in groups if group)


def _tidy(code: str) -> str:
    """Lay out calls as people do: on one line, or each argument on its own."""
    tidy: list[str] = []
    for line in _joined(code.replace(", schema=None) as", ") as").splitlines()):
        call = re.fullmatch(r"( *)([\w.]+\()(.*)\)", line)
        if call and (len(line) > LONGEST_LINE or ".create_table(" in line):
            indentation, function, arguments = call.groups()
            tidy += [f"{indentation}{function}", *(f"{indentation}    {each}," for each in _split(arguments))]
            tidy.append(f"{indentation})")
        else:
            tidy.append(line)
    return "\n".join(tidy)


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Put calls that Alembic has broken into lines back on one."""
    depth = 0
    call = ""
    for each in lines:
        line = re.sub(r", \)(?=,?$)", ")", each)
        call = f"{call} {line.strip()}" if depth else line
        depth += _depth(line)
        if depth == 0:
            yield re.sub(r",? \)$", ")", call)


def _split(arguments: str) -> Iterator[str]:
    """Give the arguments of a call, which may be calls with arguments of their own."""
    argument = ""
    for part in arguments.split(", "):
        argument = f"{argument}, {part}" if argument else part
        if _depth(argument) == 0:
            yield argument
            argument = ""


def _depth(code: str) -> int:
    """Return how many brackets or quotes are open at the end; brackets within texts do not count."""
    outside = re.sub(r"\"(\\.|[^\"\\])*\"|'(\\.|[^'\\])*'", "", code)
    if "'" in outside or '"' in outside:
        return 1
    return sum(outside.count(bracket) for bracket in "([{") - sum(outside.count(bracket) for bracket in ")]}")


def _with_double_quotes(code: str) -> str:
    """Quote texts as the project's other files do; those that have quotes or escapes inside are left alone."""
    lines = code.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.STRING and re.fullmatch(r"'[^'\"\\]*'", token.string):
            row, column = token.start
            line = lines[row - 1]
            end = column + len(token.string)
            lines[row - 1] = f'{line[:column]}"{token.string[1:-1]}"{line[end:]}'
    return "".join(lines)
