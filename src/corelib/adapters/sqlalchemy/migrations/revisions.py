"""The revision files of a component, read without running them.

`Storage.check` needs no more than their order, so that a worker starts without loading Alembic.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from corelib.errors import InvalidSetting

_PARSING = threading.Lock()
"""Python 3.11 counts the depth of a tree for all threads together, and fails where two parse at once (gh-106905)."""


@frozen
class Revision:
    """One revision file.

    Args:
        name: the value of its `revision`.
        after: the revisions that it follows, `down_revision`: one; none for the first; several for a merge.
        message: the first line of its docstring, without the full stop.
        file: where it is.
    """

    name: str
    after: tuple[str, ...]
    message: str
    file: Path

    def __str__(self) -> str:
        return f"{self.name} ({self.message})" if self.message else self.name


@frozen
class Revisions:
    """The revisions of a component.

    Args:
        component: the component's name.
        folder: where the files are.
        ordered: all of them, oldest first; the last is the only one that no other follows.
    """

    component: str
    folder: Path
    ordered: Sequence[Revision]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, oldest first."""
        return tuple(revision.name for revision in self.ordered)

    @property
    def head(self) -> str | None:
        """Return the newest, or None if there are none yet."""
        return self.ordered[-1].name if self.ordered else None

    def resolve(self, wanted: str, *, found: str | None) -> str | None:
        """Return the name of a revision; None is the base, where there are no tables.

        Args:
            wanted: a name or its unmistakable beginning, `head`, `base`, or steps from the present one as `+1` or `-2`.
            found: the present revision of the database.

        Raises:
            InvalidSetting: if there is no such revision.
        """
        if wanted == "base":
            return None
        if wanted == "head":
            return self.head
        if wanted[:1] in {"+", "-"} and wanted[1:].isdigit():
            return self._stepped(int(wanted), found)
        matching = [name for name in self.names if name == wanted] or [
            name for name in self.names if wanted and name.startswith(wanted)
        ]
        if len(matching) != 1:
            raise InvalidSetting(
                f"The migrations of {self.component} have no revision {wanted}.", hint=f"Known are: {self._listed}."
            )
        return matching[0]

    def place(self, name: str | None) -> int:
        """Return how many steps from the base a known revision is."""
        return 0 if name is None else self.names.index(name) + 1

    def _stepped(self, steps: int, found: str | None) -> str | None:
        place = self.place(found) + steps
        if not 0 <= place <= len(self.ordered):
            end = "before the first" if place < 0 else "after the last"
            raise InvalidSetting(
                f"{steps:+d} from revision {found or 'base'} of {self.component} is {end} revision.",
                hint=f"Known are: {self._listed}.",
            )
        return self.ordered[place - 1].name if place else None

    @property
    def _listed(self) -> str:
        return ", ".join(("base", *self.names))


def revisions_in(place: str | Path, component: str) -> Revisions:
    """Read the revision files of a component.

    Args:
        place: the importable package that holds them, or their folder.
        component: its name, for messages.

    Raises:
        InvalidSetting: if there is no such package, or the files make no single line from a first to a last revision.
    """
    folder = _folder(place, component)
    found = [_read(file) for file in sorted(folder.glob("*.py")) if file.name != "__init__.py"]
    return Revisions(component, folder, _ordered(found, component))


def _folder(place: str | Path, component: str) -> Path:
    folder = place if isinstance(place, Path) else _folder_of_package(place)
    if folder is None or not folder.is_dir():
        raise InvalidSetting(
            f"The migrations of {component} should be in {place}, which does not exist.",
            hint="Make that folder, with an empty __init__.py if it is a package.",
        )
    return folder


def _folder_of_package(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    locations = spec.submodule_search_locations if spec else None
    return next(map(Path, locations), None) if locations else None


def _read(file: Path) -> Revision:
    with _PARSING:
        try:
            module = ast.parse(file.read_bytes())
        except SyntaxError as error:
            raise InvalidSetting(f"The migration {file} is no Python: {error}.") from error
        assigned = dict(_assignments(module))
    name, after = assigned.get("revision"), assigned.get("down_revision", ())
    if not isinstance(name, str) or not isinstance(after, str | list | tuple | None):
        raise InvalidSetting(
            f"The migration {file} does not name its revision.",
            hint='Write revision = "0002" and down_revision = "0001" as plain texts; the first has None there.',
        )
    followed = (after,) if isinstance(after, str) else tuple(map(str, after or ()))
    message = (ast.get_docstring(module) or "").partition("\n")[0].rstrip(".")
    return Revision(name, followed, message, file)


def _assignments(module: ast.Module) -> Iterable[tuple[str, object]]:
    """Give the constants that the module assigns to names, annotated or not."""
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    with suppress(ValueError):  # computed, not a constant
                        yield target.id, ast.literal_eval(node.value)


def _ordered(found: Sequence[Revision], component: str) -> Sequence[Revision]:
    by_name: dict[str, Revision] = {}
    for revision in found:
        other = by_name.setdefault(revision.name, revision)
        if other is not revision:
            raise InvalidSetting(
                f"The migrations of {component} have the revision {revision.name} twice: "
                f"{other.file.name} and {revision.file.name}.",
                hint="Give the later one the next number, and let it follow the earlier one.",
            )
    for revision in found:
        for name in revision.after:
            if name not in by_name:
                raise InvalidSetting(
                    f"The migration {revision.file.name} of {component} follows revision {name}, which is not there.",
                    hint=f"Known are: {', '.join(by_name)}.",
                )
    try:
        names = list(TopologicalSorter({revision.name: revision.after for revision in found}).static_order())
    except CycleError as error:
        raise InvalidSetting(
            f"The migrations of {component} follow one another in a circle: {', '.join(error.args[1])}."
        ) from None
    _refuse_several(component, "first revisions", [revision.name for revision in found if not revision.after])
    followed = {name for revision in found for name in revision.after}
    _refuse_several(component, "heads", [name for name in names if name not in followed])
    return [by_name[name] for name in names]


def _refuse_several(component: str, what: str, names: Sequence[str]) -> None:
    if len(names) > 1:
        raise InvalidSetting(
            f"The migrations of {component} have several {what}: {', '.join(sorted(names))}.",
            hint="Let one follow the other by its down_revision.",
        )
