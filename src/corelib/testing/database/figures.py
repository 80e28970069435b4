"""What a run with the kit has cost."""

from __future__ import annotations

from attrs import define, field, frozen


@frozen
class ReadyTemplate:
    """A template that clones can be made of.

    Args:
        name: of its database.
        fingerprint: of all that it was made from.
        hit: whether it was there already.
        seconds: how long it took to find or to make, waiting for others included.
        build_seconds: how long the migrations and the seed data took of that; zero for a hit.
    """

    name: str
    fingerprint: str
    hit: bool
    seconds: float
    build_seconds: float = 0.0


@define
class KitFigures:
    """Figures of one process, for `--db-report`.

    Args:
        product: of the server.
        cloner: how clones are made.
        source: where the tables come from.
        template: None until it was asked for.
        clones: seconds that each clone took.
        resets: seconds that each reset took.
        dropped: names of databases that were reaped.
        left: databases that could not be reaped, or that look like the kit's but are not in its registry, and why they
            were left alone.
    """

    product: str
    cloner: str
    source: str
    template: ReadyTemplate | None = None
    clones: list[float] = field(factory=list)
    resets: list[float] = field(factory=list)
    dropped: list[str] = field(factory=list)
    left: dict[str, str] = field(factory=dict)
