"""Catalogues for tests, made by hand and by Hypothesis."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import strategies as st

from corelib.testing.database.planning.catalogue import Catalogue, ForeignKey, OnDelete, Table, TableName

NAMES = ["order", "user", 'Weiß "x"', "a.b", "[x]", "group", "A", "a"]
SCHEMAS = ["app", "audit log", "App"]


def named(name: str) -> TableName:
    return TableName("app", name)


def tables(names: str, *, reference: Collection[str] = ()) -> list[Table]:
    """Tables of the names in a text, as `a b c`."""
    return [Table(named(name), has_rows=name in reference) for name in names.split()]


def key(text: str, *, enabled: bool = True) -> ForeignKey:
    """A foreign key from child to parent, as `lines > orders`."""
    child, _, parent = text.partition(" > ")
    return ForeignKey(f"fk_{child}_{parent}", named(child), named(parent), enabled=enabled)


def catalogue(names: str, *keys: str, reference: Collection[str] = ()) -> Catalogue:
    return Catalogue(tables(names, reference=reference), [key(text) for text in keys])


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Up to eight tables in several schemas, with keys of all kinds between them, and some that have rows."""
    places = st.builds(TableName, st.sampled_from(SCHEMAS), st.sampled_from(NAMES))
    names = draw(st.lists(places, min_size=1, max_size=8, unique=True))
    kept = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names))
    keys = [
        ForeignKey(
            f"fk {number}", child, parent, on_delete=draw(st.sampled_from(OnDelete)), enabled=draw(st.booleans())
        )
        for number, (child, parent) in enumerate(draw(st.lists(ends, max_size=14)))
    ]
    return Catalogue([Table(name, has_rows=rows) for name, rows in zip(names, kept, strict=True)], keys)
