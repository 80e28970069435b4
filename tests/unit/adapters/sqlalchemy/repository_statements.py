"""What repositories send, by the kind of statement, written for one engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.unit.adapters.sqlalchemy.club import (
    Errand,
    Member,
    MemberId,
    Setting,
    Step,
    Ticket,
    errand_mapping,
    member_mapping,
    setting_mapping,
    ticket_mapping,
)
from tests.unit.adapters.sqlalchemy.recording import Rows, Sent, Target, sent_for
from tests.unit.adapters.sqlalchemy.sample import Basket, Money, line, shop_schema

from corelib.adapters.sqlalchemy.repository import SqlRepository
from corelib.application.context import use_context
from corelib.domain.context import Context
from corelib.domain.cursor import encode_cursor
from corelib.domain.specification import ascending, descending, where
from corelib.ports.repository import Locking

Work = Callable[[SqlRepository[Any]], object]
OPENED = datetime(2026, 1, 2, tzinfo=UTC)
BASKET: Rows = [(1, "B-1", OPENED, Decimal(1000), "EUR", "open", None)]
BASKETS: Rows = [*BASKET, (1, "B-2", OPENED, Decimal(1000), "EUR", "open", None)]
LINES: Rows = [("B-1", "W-1", quantity, Decimal("9.90"), "EUR") for quantity in (1, 2, 3)]
IN_CONTEXT = Context("c-1", tenant="one", principal="ada")


def of_baskets(target: Target) -> dict[str, Sent]:
    """An aggregate with a list of values, told apart by their position."""
    mapping = shop_schema().mapping_of(Basket)
    assert mapping is not None

    def sent(work: Work, *answers: Rows) -> list[Sent]:
        return sent_for(mapping, target, work, *answers)

    named: dict[str, Sent] = {}
    named |= named_as(
        ("insert", "insert parts"), sent(lambda found: found.add_many([Basket("B-1", [line()]), Basket("B-2", [])]))
    )
    named |= named_as(("select one", "select parts of one"), sent(lambda found: found.find("B-1"), BASKET))
    named |= named_as(
        ("select many", "select parts of many"), sent(lambda found: found.find_many(["B-1", "B-2"]), BASKETS)
    )
    named |= named_as(("list",), sent(lambda found: found.list(where("note") == "a", sort=[ascending("note")])))
    for lock in Locking:
        named |= named_as(
            (f"select one, lock {lock.value}",), sent(lambda found, lock=lock: found.find("B-1", lock=lock))
        )
        named |= named_as(
            (f"list, lock {lock.value}",),
            sent(lambda found, lock=lock: found.list(where("status") == STATUS, limit=5, lock=lock)),
        )
    named |= of_pages(sent)
    named |= named_as(("stream",), sent(lambda found: list(found.stream(batch=2))))
    named |= named_as(
        ("count", "exists"), sent(lambda found: (found.count(), found.exists(where("note").is_null())), [(1,)])
    )
    named |= of_changes(sent)
    named |= named_as(
        ("update where", "update where, some in hand"),
        sent(lambda found: found.update_where(where("note") == "a", {"note": None, "limit.amount": Decimal(1)}))
        + sent(changed_in_hand, BASKET, LINES)[-1:],
    )
    named |= named_as(
        ("lock what is removed where", "delete parts of the removed", "delete the removed"),
        sent(lambda found: found.remove_where(where("note") == "a"), [("B-1",), ("B-2",)]),
    )
    upserts = sent(lambda found: found.upsert_many([Basket("B-1", [line()]), Basket("B-2", [])]), [("B-1",)])
    if target.ours.inserts_or_updates:
        return named | named_as(("upsert", "upsert: delete parts", "upsert: insert parts"), upserts)
    kinds = ("lock keys", "update", "insert", "delete parts", "insert parts")
    return named | named_as([f"upsert: {kind}" for kind in kinds], upserts)


STATUS = Basket("", []).status


def changed_in_hand(repository: SqlRepository[Any]) -> None:
    """Change what is in hand as well."""
    repository.get("B-1")
    repository.update_where(where("note") == "a", {"note": "b"})


def of_pages(sent: Callable[..., list[Sent]]) -> dict[str, Sent]:
    """Pages by number, and by cursor; the note may be missing."""
    sort = [descending("note"), ascending("opened_at")]
    named = named_as(
        ("page with offset", "page: total"),
        sent(lambda found: found.page(where("note") == "a", sort=sort, number=3, size=2), [], [(0,)]),
    )
    named |= named_as(("first page after",), sent(lambda found: found.page_after(sort=sort, size=2)))
    cursor = encode_cursor(Basket, sort, ["a", OPENED], "B-1")
    named |= named_as(("page after",), sent(lambda found: found.page_after(cursor, sort=sort, size=2)))
    missing = encode_cursor(Basket, sort, [None, OPENED], "B-1")
    return named | named_as(("page after a missing value",), sent(lambda found: found.page_after(missing, sort=sort)))


def of_changes(sent: Callable[..., list[Sent]]) -> dict[str, Sent]:
    """Changes of a root and of its parts."""

    def change(repository: SqlRepository[Any]) -> None:
        basket = repository.get("B-1")
        basket.note, basket.limit = "fragile", Money(Decimal(1))
        basket.lines = [line(7), line(2)]

    def clear(repository: SqlRepository[Any]) -> None:
        repository.get("B-1").note = None

    kinds = ("update", "delete parts from a place", "update parts")
    named = named_as(kinds, sent(change, BASKET, LINES)[2:])
    noted = [(1, "B-1", OPENED, Decimal(1000), "EUR", "open", "a")]
    named |= named_as(("update to null",), sent(clear, noted)[2:])
    named |= named_as(("delete parts", "delete"), sent(lambda found: found.remove(found.get("B-1")), BASKET, LINES)[2:])
    located = sent(lambda found: (found.get("B-1"), found.find("B-1", lock=Locking.SKIP)), BASKET, LINES, [], [(1,)])
    return named | named_as(("select the version",), located[3:])


def of_streams(target: Target) -> dict[str, Sent]:
    """Streams: portions by key where no cursor of the server can stay open."""
    basket, member = shop_schema().mapping_of(Basket), member_mapping()
    assert basket is not None
    if target.ours.streams_with_cursor:
        return named_as(("stream",), sent_for(basket, target, lambda found: list(found.stream(batch=2)), BASKETS)[:1])
    members: Rows = [(1, "chess", 1, "Ann"), (1, "chess", 2, "Ben")]
    found = sent_for(basket, target, lambda found: list(found.stream(batch=2)), BASKETS, LINES)
    of_members = sent_for(member, target, lambda found: list(found.stream(batch=2)), members)
    return named_as(("first portion", "next portion"), [found[0], found[2]]) | named_as(
        ("first portion, composite key", "next portion, composite key"), [of_members[0], of_members[3]]
    )


def of_members(target: Target) -> dict[str, Sent]:
    """An identifier of two columns, a list and a set of texts."""
    mapping = member_mapping()
    ann, ben = MemberId("chess", 1), MemberId("chess", 2)
    row: Rows = [(1, "chess", 1, "Ann")]
    rows: Rows = [*row, (1, "chess", 2, "Ben")]
    phones: Rows = [("chess", 1, "044")]
    roles: Rows = [("chess", 1, "boss"), ("chess", 1, "cook")]

    def sent(work: Work, *answers: Rows) -> list[Sent]:
        return sent_for(mapping, target, work, *answers)

    def member(identifier: MemberId) -> Member:
        return Member(identifier, "Ann", ["044"], frozenset({"boss"}))

    def change(repository: SqlRepository[Any]) -> None:
        found = repository.get(ann)
        found.name, found.phones, found.roles = "Anna", ["044", "079"], frozenset({"cook", "guard"})

    named = named_as(("insert", "insert positioned values", "insert a set"), sent(lambda found: found.add(member(ann))))
    named |= named_as(
        ("select one", "select positioned values", "select a set"), sent(lambda found: found.find(ann), row)
    )
    named |= named_as(
        ("select many", "select positioned values of many", "select sets of many"),
        sent(lambda found: found.find_many([ann, ben]), rows),
    )
    named |= named_as(
        ("update", "add a positioned value", "delete from a set", "add to a set"),
        sent(change, row, phones, roles)[3:],
    )
    named |= named_as(
        ("delete positioned values", "delete a set", "delete"),
        sent(lambda found: found.remove(found.get(ann)), row, phones, roles)[3:],
    )
    cursor = encode_cursor(Member, [], [], ann)
    named |= named_as(("page after",), sent(lambda found: found.page_after(cursor, size=2)))
    upserts = sent(lambda found: found.upsert_many([member(ann), member(ben)]), [("chess", 1)])
    return named | {f"upsert {number}": statement for number, statement in enumerate(upserts, 1)}


def of_tickets(target: Target) -> dict[str, Sent]:
    """An identifier that the server makes."""

    def add(repository: SqlRepository[Any]) -> None:
        repository.add_many([Ticket("a"), Ticket("b")])

    return named_as(("insert",), sent_for(ticket_mapping(), target, add, [(1,), (2,)]))


def of_settings(target: Target) -> dict[str, Sent]:
    """A version that SQL Server makes, and the others count."""
    row: Rows = [(1, "S-1", "old")]

    def change(repository: SqlRepository[Any]) -> None:
        repository.get("S-1").value = "new"

    def change_parts(repository: SqlRepository[Any]) -> None:
        repository.get("S-1").words.append("new")

    def add(repository: SqlRepository[Any]) -> None:
        repository.add(Setting("S-1", "new", []))

    named = named_as(("insert",), sent_for(setting_mapping(), target, add))
    named |= named_as(("update",), sent_for(setting_mapping(), target, change, row)[2:])
    named |= named_as(("update for parts", "insert parts"), sent_for(setting_mapping(), target, change_parts, row)[2:])
    where_new = sent_for(setting_mapping(), target, lambda found: found.update_where(None, {"value": "b"}))
    return named | named_as(("update where",), where_new)


def of_errands(target: Target) -> dict[str, Sent]:
    """Tenants, stamps, removal by a mark, and entities with a key and a position as parts."""
    mapping = errand_mapping()
    row: Rows = [(1, "E-1", "Shopping", "one", OPENED, "ada", OPENED, "ada", None)]
    gone: Rows = [(1, "E-1", "Shopping", "one", OPENED, "ada", OPENED, "ada", OPENED)]
    steps: Rows = [("E-1", number, "go", False) for number in (1, 2, 3)]

    def sent(work: Work, *answers: Rows) -> list[Sent]:
        with use_context(IN_CONTEXT):
            return sent_for(mapping, target, work, *answers)

    def change(repository: SqlRepository[Any]) -> None:
        errand = repository.get("E-1")
        first, second, _ = errand.steps
        second.text = "run"
        errand.steps = [second, first, Step(4, "rest")]

    kept = where("title") == "Shopping"
    named = named_as(
        ("insert", "insert parts"), sent(lambda found: found.add(Errand("E-1", "Shopping", [Step(1, "go")])))
    )
    named |= named_as(("select one", "select parts of one"), sent(lambda found: found.find("E-1"), row))
    named |= named_as(("select many",), sent(lambda found: found.find_many(["E-1", "E-2"])))
    named |= named_as(
        ("update", "delete parts", "move and change a part", "move a part", "insert a part"),
        sent(change, row, steps)[2:],
    )
    named |= named_as(("mark as removed",), sent(lambda found: found.remove(found.get("E-1")), row)[2:])
    named |= named_as(("mark as removed where",), sent(lambda found: found.remove_where(kept)))
    named |= named_as(("update where",), sent(lambda found: found.update_where(kept, {"title": "Walk"})))
    named |= named_as(("list", "count"), sent(lambda found: (found.list(kept), found.count()), [], [(0,)]))
    named |= named_as(("list removed",), sent(lambda found: found.list_removed(kept, limit=3)))
    restored = sent(lambda found: found.restore("E-1"), gone)
    named |= named_as(("select a removed one", "restore"), [restored[0], restored[2]])
    upserts = sent(lambda found: found.upsert_many([Errand("E-1", "a", []), Errand("E-2", "b", [])]), [("E-1", "one")])
    return named | {f"upsert {number}": statement for number, statement in enumerate(upserts, 1)}


def named_as(names: tuple[str, ...] | list[str], sent: list[Sent]) -> dict[str, Sent]:
    """Give every statement its name."""
    return dict(zip(names, sent, strict=True))


SOURCES: dict[str, Callable[[Target], dict[str, Sent]]] = {
    "repository": of_baskets,
    "streams": of_streams,
    "composite_keys": of_members,
    "assigned_keys": of_tickets,
    "row_versions": of_settings,
    "tenants_and_marks": of_errands,
}
