"""The first lines of a run: which engines it uses, where they came from, and what it cannot prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corelib.testing.servers.model import Kind, Missing, Server
from corelib.testing.servers.urls import without_password

PREFIX = "servers: "


def report(kinds: Sequence[Kind], results: Mapping[str, Server | Missing]) -> str:
    """Return the lines that tell what was found, in the order of `kinds`.

    Args:
        kinds: all kinds of servers.
        results: what was found for each kind that was looked for, by its name.
    """
    lines = [line_for(kind, results[kind.name]) for kind in kinds if kind.name in results]
    left_out = [kind.title for kind in kinds if kind.name not in results]
    if left_out:
        lines.append(f"not looked for, because --only leaves them out: {', '.join(left_out)}.")
    return "".join(f"{PREFIX}{line}\n" for line in lines)


def line_for(kind: Kind, result: Server | Missing) -> str:
    """Return what is to be said about one kind; no password is in it."""
    if isinstance(result, Missing):
        return (
            f"{kind.title}: {result.reason}: {kind.unproven} are not proven by this run. To change that, {kind.remedy}."
        )
    told = f"{kind.title}: {result.engine}, {result.origin}, {without_password(result.url)}."
    return f"{told} {result.caveat}".rstrip()


def command_environment(
    environ: Mapping[str, str], kinds: Sequence[Kind], results: Mapping[str, Server | Missing]
) -> dict[str, str]:
    """Return the environment of the command: a variable for each server found, none for an absent one."""
    variables = {kind.variable for kind in kinds}
    command_environ = {name: value for name, value in environ.items() if name not in variables}
    for kind in kinds:
        result = results.get(kind.name)
        if isinstance(result, Server):
            command_environ[kind.variable] = result.url
    return command_environ
