"""The report at the end of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from corelib.testing.plugin.figures import Figures
from corelib.testing.plugin.server_choice import unproven_on
from corelib.testing.servers.model import Server
from corelib.testing.servers.named import NamedUrl
from corelib.testing.servers.urls import without_password

SLOWEST = 5


def server_line(server: Server) -> str:
    """Return which server it is, and what is not proven by it."""
    told = f"database tests run on {server.engine}, {server.origin}, {without_password(server.url)}."
    return " ".join(part for part in (told, server.caveat, unproven_on(server.url)) if part)


def named_line(named: NamedUrl | None) -> str:
    """Return which server it will be, before it is asked, and what is not proven by it."""
    if named is None:
        return "a database server is looked for when the first test needs it."
    told = f"database tests run on {without_password(named.url)}, named by {named.variable}."
    return f"{told} {unproven_on(named.url)}".rstrip()


def report_lines(figures: Figures) -> Iterator[str]:
    """Return all figures, a line for each."""
    yield from _templates(figures)
    if figures.clone_seconds:
        seconds = figures.clone_seconds
        yield f"clones: {len(seconds)}, median {median(seconds):.3f} s, longest {max(seconds):.3f} s"
    yield from _resets(figures)
    yield f"databases of dead runs dropped: {len(figures.reaped)}{_listed(figures.reaped)}"
    yield from (f"left alone: {each}" for each in sorted(set(figures.left)))  # several workers meet the same ones
    yield f"connections refused: {len(figures.refusals)}"
    yield from figures.refusals
    yield from kept_lines(figures)


def kept_lines(figures: Figures) -> Iterator[str]:
    """Return a line for each database that lives on."""
    for kept in figures.kept:
        yield f"kept: {kept.name}, of {kept.test}, at {kept.url}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of them, between 0 and 1, does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _templates(figures: Figures) -> Iterator[str]:
    for name in sorted({each.name for each in figures.templates}):
        ways = [each for each in figures.templates if each.name == name]
        built = [each.build_seconds for each in ways if not each.hit]
        made = f"built in {max(built):.3f} s" if built else "found ready"
        hits = len(ways) - len(built)
        longest = max(each.seconds for each in ways)
        yield f"template: {name}, {made}, hits {hits}, misses {len(built)}, longest wait {longest:.3f} s"


def _resets(figures: Figures) -> Iterator[str]:
    resets = figures.resets
    if not resets:
        yield "resets: 0"
        return
    times = [each.milliseconds for each in resets]
    tables = sum(each.emptied for each in resets)
    yield (
        f"resets: {len(resets)}, median {median(times):.1f} ms, p95 {percentile(times, 0.95):.1f} ms, "
        f"tables emptied {tables}"
    )
    for each in sorted(resets, key=lambda each: -each.milliseconds)[:SLOWEST]:
        yield f"  {each.milliseconds:.1f} ms, {each.emptied} tables: {each.test}"


def _listed(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""
