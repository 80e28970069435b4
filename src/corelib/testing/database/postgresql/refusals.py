"""What a reset does not take, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corelib.testing.database.errors import CannotReset
from corelib.testing.database.planning.catalogue import Table, TableName, Trait
from corelib.testing.database.postgresql.reset_sql import fires
from corelib.testing.database.postgresql.structure import FiringTrigger, Structure


def refuse_what_cannot_be_emptied(structure: Structure, emptied: Sequence[Table], *, as_replica: bool) -> None:
    """Look for tables that a DELETE would not empty, or not without effects on others.

    Raises:
        CannotReset: which names all of them.
    """
    reasons = [reason for table in emptied for reason in _reasons(structure, table, as_replica=as_replica)]
    if reasons:
        raise CannotReset(
            f"These tables cannot be emptied between tests: {'; '.join(reasons)}.",
            hint='Give the tests databases of their own, @pytest.mark.db(reset="clone"), leave these tables out of the '
            "schema for tests, or log in as a superuser, whose resets fire neither triggers nor rules.",
        )


def refuse_what_cannot_be_seen(structure: Structure) -> None:
    """Look for tables whose policies hide rows from this login: it could neither see nor delete them.

    They stay as they are: to lift FORCE ROW LEVEL SECURITY for the moment would lock the table at every reset, whether
    it has rows or not, and change a row of the catalogue by which resets notice what tests do to tables.

    Raises:
        CannotReset: which names all of them.
    """
    if structure.filtered:
        named = ", ".join(map(str, sorted(structure.filtered)))
        raise CannotReset(
            f"Row-level security hides rows of these tables from a reset: {named}.",
            hint="Log in as a superuser, as a role with BYPASSRLS, or as the owner of tables on which it is not forced "
            "(ALTER TABLE ... NO FORCE ROW LEVEL SECURITY), or give the tests databases of their own: "
            '@pytest.mark.db(reset="clone").',
        )


def _reasons(structure: Structure, table: Table, *, as_replica: bool) -> Iterator[str]:
    if Trait.FOREIGN in table.traits:
        yield f"{table.name} is a {Trait.FOREIGN.value}, or has one as a partition"
    for rule in structure.rules.get(table.name, ()):
        if fires(rule[0], as_replica=as_replica):
            yield f"{table.name} has the rule {rule[1:]} for DELETE"
    for trigger in table.triggers:
        if isinstance(trigger, FiringTrigger) and fires(trigger.mode, as_replica=as_replica):
            if trigger.on_partition:
                yield f"{table.name} has a partition with the trigger {trigger.name} for DELETE"
            elif table.name in structure.not_owned:
                yield f"{table.name} has the trigger {trigger.name}, which only the owner of the table may disable"


def what_changed(before: Structure, now: Structure) -> Sequence[str]:
    """Return what somebody did to the tables, each with its name, as `app.orders (foreign keys)`."""
    changes = {name: _changes(before, now, name) for name in _names(before, now)}
    return [f"{name} ({', '.join(changes[name])})" for name in changes if changes[name]]


def _names(before: Structure, now: Structure) -> Sequence[TableName]:
    loose = {counter.sequence for counter in [*before.loose, *now.loose] if counter.sequence}
    return sorted({table.name for table in [*before.tables, *now.tables]} | {*before.columns, *now.columns} | loose)


def _changes(before: Structure, now: Structure, name: TableName) -> Sequence[str]:
    old, new = _aspects(before, name), _aspects(now, name)
    if not any(old.values()):
        return ["new"]
    if not any(new.values()):
        return ["gone"]
    return [aspect for aspect in old if old[aspect] != new[aspect]]


def _aspects(structure: Structure, name: TableName) -> dict[str, object]:
    """Return what is compared of one table or loose sequence, by words for people."""
    table = next((table for table in structure.tables if table.name == name), None)
    return {
        "columns": structure.columns.get(name),
        "foreign keys": [
            (key, structure.modes.get((name, key.name))) for key in structure.foreign_keys if key.table == name
        ],
        "triggers": table.triggers if table else (),
        "rules": structure.rules.get(name),
        "counters": table.counters if table else [c for c in structure.loose if c.sequence == name],
        "kind": table.traits if table else frozenset(),
        "row security": name in structure.filtered,
    }
