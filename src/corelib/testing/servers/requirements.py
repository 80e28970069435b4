"""`CORELIB_REQUIRE`: the servers whose absence is a failure, as in continuous integration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from corelib.errors import InvalidSetting
from corelib.testing.servers.model import Kind, Missing

VARIABLE = "CORELIB_REQUIRE"


def names_in(text: str, known: Sequence[str], *, source: str) -> frozenset[str]:
    """Return the names of a comma-separated list; blanks and case do not count, an empty list names none.

    Args:
        text: the list.
        known: the names that may stand in it.
        source: where the list comes from, for the message.

    Raises:
        InvalidSetting: a name is not known.
    """
    names = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    unknown = sorted(names.difference(known))
    if unknown:
        raise InvalidSetting(
            f"{source} names {', '.join(map(repr, unknown))}, which is no server that integration tests use.",
            hint=f"Known are {', '.join(known)}.",
        )
    return names


def required_names(environ: Mapping[str, str], known: Sequence[str]) -> frozenset[str]:
    """Return the names in `CORELIB_REQUIRE`.

    Raises:
        InvalidSetting: a name is not known.
    """
    return names_in(environ.get(VARIABLE, ""), known, source=VARIABLE)


def unmet(required: Iterable[str], kinds: Sequence[Kind], found: Mapping[str, object]) -> list[str]:
    """Return one sentence for each required server that is not there.

    Args:
        required: names of the required servers.
        kinds: all kinds of servers.
        found: what was found for each kind that was looked for; `Missing` or a server.
    """
    wanted = set(required)
    return [_sentence(kind, found.get(kind.name)) for kind in kinds if kind.name in wanted and not _there(kind, found)]


def _there(kind: Kind, found: Mapping[str, object]) -> bool:
    return kind.name in found and not isinstance(found[kind.name], Missing)


def _sentence(kind: Kind, result: object) -> str:
    if isinstance(result, Missing):
        return f"{VARIABLE} names {kind.name}, but there is no {kind.title} ({result.reason}); {kind.remedy}."
    return f"{VARIABLE} names {kind.name}, but --only leaves it out; add it there or take it out of {VARIABLE}."
