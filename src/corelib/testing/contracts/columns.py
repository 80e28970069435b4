"""The contract of `corelib.ports.repository.Repository` about the fields of `corelib.domain.fields`."""
# ruff: noqa: D102, D106, PT012 - test names are the sentences; any statement of a unit of work may raise, commit at the latest

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeVar
from uuid import uuid4

import pytest

from corelib.adapters.memory import ManualClock
from corelib.application.context import use_context
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.specification import ascending, descending, where
from corelib.errors import (
    AlreadyExists,
    ConcurrencyConflict,
    InvalidSpecification,
    MisuseError,
    NotFound,
    TenantMissing,
)
from corelib.ports.repository import Repository
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import transaction, undone
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.column_samples import Patient, Remark, Ticket, Visit, a_patient, a_ticket
from corelib.testing.contracts.suite import ContractSuite

T = TypeVar("T")
Patients = Repository[Patient, object]

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)

CALLS: dict[str, Callable[[Patients], object]] = {
    "get": lambda patients: patients.get(new_id()),
    "find": lambda patients: patients.find(new_id()),
    "get_many": lambda patients: patients.get_many([new_id()]),
    "find_many": lambda patients: patients.find_many([new_id()]),
    "add": lambda patients: patients.add(a_patient()),
    "add_many": lambda patients: patients.add_many([a_patient()]),
    "list": lambda patients: patients.list(),
    "page": lambda patients: patients.page(),
    "page_after": lambda patients: patients.page_after(),
    "exists": lambda patients: patients.exists(where("name") == "Ada"),
    "count": lambda patients: patients.count(),
    "stream": lambda patients: list(patients.stream()),
    "upsert_many": lambda patients: patients.upsert_many([a_patient()]),
    "update_where": lambda patients: patients.update_where(None, {"name": "Bob"}),
    "remove_where": lambda patients: patients.remove_where(None),
    "restore": lambda patients: patients.restore(new_id()),
    "list_removed": lambda patients: patients.list_removed(),
}
"""Every method that can be called without an aggregate in hand."""


class ColumnsContract(ContractSuite):
    """Stamps, removal, tenants, encrypted texts and assigned identifiers, the same on every adapter."""

    port: ClassVar[str] = "Repository"

    @pytest.fixture
    def clock(self) -> ManualClock:
        """Return the clock by which the storage stamps."""
        return ManualClock(NOON)

    @pytest.fixture
    def storage(self, clock: ManualClock) -> Iterator[Storage]:
        """Return an empty storage of `corelib.testing.contracts.column_samples`, with a cipher and this clock."""
        raise NotImplementedError

    class WhenAnAggregateIsFirstWritten:
        def test_is_stamped_with_the_instant_and_the_principal(self, storage: Storage) -> None:
            patient = a_patient()

            store(storage, patient, principal="ada")

            seen = sees(storage, patient)
            assert (seen.created_at, seen.created_by) == (NOON, "ada")
            assert (seen.updated_at, seen.updated_by) == (NOON, "ada")

        def test_has_the_stamps_in_hand(self, storage: Storage) -> None:
            patient = a_patient()

            store(storage, patient, principal="ada")

            assert (patient.created_at, patient.created_by) == (NOON, "ada")
            assert (patient.updated_at, patient.updated_by) == (NOON, "ada")

        def test_names_nobody_without_a_principal(self, storage: Storage) -> None:
            patient = a_patient()

            store(storage, patient)

            assert (sees(storage, patient).created_by, sees(storage, patient).updated_by) == (None, None)

        def test_stamps_what_a_class_has_opted_into_also_without_a_context(self, storage: Storage) -> None:
            ticket = a_ticket()

            with transaction(storage) as begun:
                begun.repository(Ticket).add(ticket)

            assert (ticket.created_at, ticket.updated_by) == (NOON, None)

        def test_can_be_found_by_its_stamps(self, storage: Storage) -> None:
            store(storage, a_patient(name="one"), principal="ada")
            store(storage, a_patient(name="two"), principal="bob")

            with working(storage) as patients:
                found = patients.list((where("created_by") == "bob") & (where("created_at") == NOON))

            assert [patient.name for patient in found] == ["two"]

    class WhenAnAggregateIsChanged:
        def test_is_stamped_anew_and_keeps_its_first_stamps(self, storage: Storage, clock: ManualClock) -> None:
            patient = a_patient()
            store(storage, patient, principal="ada")
            clock.advance(HOUR)

            with working(storage, principal="bob") as patients:
                patients.get(patient.id).name = "changed"

            seen = sees(storage, patient)
            assert (seen.created_at, seen.created_by) == (NOON, "ada")
            assert (seen.updated_at, seen.updated_by) == (NOON + HOUR, "bob")

        def test_is_stamped_for_its_parts_as_well(self, storage: Storage, clock: ManualClock) -> None:
            patient = a_patient()
            store(storage, patient)
            clock.advance(HOUR)

            with working(storage) as patients:
                patients.get(patient.id).visits.append(Visit("flu"))

            assert sees(storage, patient).updated_at == NOON + HOUR

        def test_is_not_stamped_if_it_was_only_read(self, storage: Storage, clock: ManualClock) -> None:
            patient = a_patient(diagnosis="none")
            store(storage, patient, principal="ada")
            clock.advance(HOUR)

            with working(storage, principal="bob") as patients:
                patients.get(patient.id)

            assert (sees(storage, patient).updated_at, sees(storage, patient).updated_by) == (NOON, "ada")

        def test_is_stamped_by_a_change_by_specification(self, storage: Storage, clock: ManualClock) -> None:
            patient, other = a_patient(name="one"), a_patient(name="two")
            store(storage, patient, other, principal="ada")
            clock.advance(HOUR)

            with working(storage, principal="bob") as patients:
                in_hand = patients.get(patient.id)
                patients.update_where(where("name") == "one", {"name": "three"})

            seen = sees(storage, patient)
            assert (seen.name, seen.created_by, seen.updated_by, seen.updated_at) == (
                "three",
                "ada",
                "bob",
                NOON + HOUR,
            )
            assert (in_hand.updated_by, in_hand.updated_at) == ("bob", NOON + HOUR)
            assert sees(storage, other).updated_at == NOON

        def test_keeps_its_first_stamps_when_it_is_stored_over(self, storage: Storage, clock: ManualClock) -> None:
            patient, new = a_patient(), a_patient()
            store(storage, patient, principal="ada")
            clock.advance(HOUR)

            with working(storage, principal="bob") as patients:
                patients.upsert_many([a_patient(id=patient.id, name="changed"), new])

            seen, added = sees(storage, patient), sees(storage, new)
            assert (seen.name, seen.created_at, seen.created_by) == ("changed", NOON, "ada")
            assert (seen.updated_at, seen.updated_by) == (NOON + HOUR, "bob")
            assert (added.created_at, added.created_by) == (NOON + HOUR, "bob")
            assert (added.updated_at, added.updated_by) == (NOON + HOUR, "bob")

    class WhenAnAggregateIsRemoved:
        def test_is_seen_by_no_method(self, storage: Storage) -> None:
            patient = removed(storage)

            with working(storage) as patients:
                assert patients.find(patient.id) is None
                with pytest.raises(NotFound):
                    patients.get(patient.id)
                assert list(patients.find_many([patient.id])) == []
                with pytest.raises(NotFound):
                    patients.get_many([patient.id])
                assert list(patients.list()) == []
                assert patients.page().total == 0
                assert list(patients.page_after().items) == []
                assert not patients.exists(where("id") == patient.id)
                assert patients.count() == 0
                assert list(patients.stream()) == []
                assert patients.update_where(None, {"name": "changed"}) == 0
                assert patients.remove_where(None) == 0

        def test_is_kept_with_its_parts_and_the_instant(self, storage: Storage, clock: ManualClock) -> None:
            patient = a_patient(visits=[Visit("flu")])
            store(storage, patient, principal="ada")
            clock.advance(HOUR)

            with working(storage, principal="bob") as patients:
                patients.remove(patients.get(patient.id))

            with working(storage) as patients:
                (kept,) = patients.list_removed()
            assert (kept.id, kept.visits, kept.removed_at) == (patient.id, [Visit("flu")], NOON + HOUR)
            assert (kept.created_by, kept.updated_by, kept.updated_at) == ("ada", "bob", NOON + HOUR)

        def test_is_gone_for_this_unit_of_work_at_once(self, storage: Storage) -> None:
            patient = a_patient()
            store(storage, patient)

            with working(storage) as patients:
                patients.remove(patients.get(patient.id))

                assert patients.find(patient.id) is None
                assert patients.count() == 0
                assert [kept.id for kept in patients.list_removed()] == [patient.id]

        def test_still_has_its_identifier(self, storage: Storage) -> None:
            patient = removed(storage)

            with pytest.raises(AlreadyExists):
                store(storage, a_patient(id=patient.id))

        def test_was_never_there_if_it_was_added_here(self, storage: Storage) -> None:
            patient = a_patient()

            with working(storage) as patients:
                patients.add(patient)
                patients.remove(patient)

            with working(storage) as patients:
                assert list(patients.list_removed()) == []

        def test_can_be_removed_by_specification(self, storage: Storage, clock: ManualClock) -> None:
            patient, other = a_patient(name="one"), a_patient(name="two")
            store(storage, patient, other)
            clock.advance(HOUR)

            with working(storage) as patients:
                patients.get(patient.id)
                assert patients.remove_where(where("name") == "one") == 1
                assert patients.find(patient.id) is None

            with working(storage) as patients:
                assert [(kept.id, kept.removed_at) for kept in patients.list_removed()] == [(patient.id, NOON + HOUR)]
                assert patients.count() == 1

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_gives_an_older_unit_of_work_a_conflict(self, storage: Storage) -> None:
            patient = a_patient()
            store(storage, patient)

            with pytest.raises(ConcurrencyConflict), working(storage) as patients:
                patients.get(patient.id).name = "older"
                with working(storage) as others:
                    others.remove(others.get(patient.id))

    class WhenRemovedOnesAreListed:
        def test_takes_a_specification_an_order_and_a_limit(self, storage: Storage) -> None:
            for name in ("a", "b", "c", "d"):
                removed(storage, name=name)

            with working(storage) as patients:
                found = patients.list_removed(where("name") != "c", sort=[descending("name")], limit=2)

            assert [patient.name for patient in found] == ["d", "b"]

        def test_does_not_track_them(self, storage: Storage) -> None:
            removed(storage, name="before")

            with working(storage) as patients:
                patients.list_removed()[0].name = "after"

            with working(storage) as patients:
                assert [patient.name for patient in patients.list_removed()] == ["before"]

        def test_leaves_out_those_that_are_there(self, storage: Storage) -> None:
            store(storage, a_patient())

            with working(storage) as patients:
                assert list(patients.list_removed()) == []

        def test_is_refused_for_a_class_that_keeps_none(self, storage: Storage) -> None:
            with undone(storage) as begun, pytest.raises(MisuseError):
                begun.repository(Ticket).list_removed()

    class WhenAnAggregateIsRestored:
        def test_is_there_again_with_its_parts(self, storage: Storage) -> None:
            patient = removed(storage, visits=[Visit("flu")])

            with working(storage) as patients:
                restored = patients.restore(patient.id)
                assert patients.get(patient.id) is restored

            seen = sees(storage, patient)
            assert (seen.visits, seen.removed_at, seen.insurance_number) == (
                [Visit("flu")],
                None,
                patient.insurance_number,
            )
            with working(storage) as patients:
                assert list(patients.list_removed()) == []

        def test_is_seen_by_this_unit_of_work_at_once(self, storage: Storage) -> None:
            patient = removed(storage)

            with working(storage) as patients:
                patients.restore(patient.id)

                assert patients.count() == 1
                assert list(patients.list_removed()) == []

        def test_can_be_changed_in_the_same_unit_of_work(self, storage: Storage, clock: ManualClock) -> None:
            patient = removed(storage)
            clock.advance(HOUR)

            with working(storage, principal="bob") as patients:
                patients.restore(patient.id).name = "restored"

            seen = sees(storage, patient)
            assert (seen.name, seen.updated_by, seen.updated_at) == ("restored", "bob", NOON + HOUR)

        def test_can_be_restored_where_it_was_removed(self, storage: Storage) -> None:
            patient = a_patient()
            store(storage, patient)

            with working(storage) as patients:
                in_hand = patients.get(patient.id)
                patients.remove(in_hand)
                assert patients.restore(patient.id) is in_hand

            assert sees(storage, patient).removed_at is None

        def test_stays_removed_without_commit(self, storage: Storage) -> None:
            patient = removed(storage)

            with within(), undone(storage) as begun:
                begun.repository(Patient).restore(patient.id)

            with working(storage) as patients:
                assert patients.find(patient.id) is None

        def test_is_not_found_if_it_was_not_removed(self, storage: Storage) -> None:
            patient = a_patient()
            store(storage, patient)

            with working(storage) as patients:
                for identifier in (patient.id, new_id()):
                    with pytest.raises(NotFound):
                        patients.restore(identifier)

        def test_is_refused_for_a_class_that_keeps_none(self, storage: Storage) -> None:
            with undone(storage) as begun, pytest.raises(MisuseError):
                begun.repository(Ticket).restore(1)

    class WhenAnAggregateBelongsToATenant:
        def test_is_given_to_the_tenant_of_the_context(self, storage: Storage) -> None:
            added, upserted = a_patient(), a_patient()

            with working(storage, tenant="one") as patients:
                patients.add(added)
                patients.upsert_many([upserted])

            assert sees(storage, added, tenant="one").tenant == "one"
            assert sees(storage, upserted, tenant="one").tenant == "one"

        def test_may_name_the_tenant_itself(self, storage: Storage) -> None:
            patient = a_patient(tenant="one")

            store(storage, patient, tenant="one")

            assert sees(storage, patient, tenant="one").tenant == "one"

        def test_is_seen_by_no_method_of_another(self, storage: Storage) -> None:
            patient = a_patient()
            gone = removed(storage, tenant="one")
            store(storage, patient, tenant="one")

            with working(storage, tenant="two") as patients:
                assert patients.find(patient.id) is None
                with pytest.raises(NotFound):
                    patients.get(patient.id)
                assert list(patients.find_many([patient.id])) == []
                with pytest.raises(NotFound):
                    patients.get_many([patient.id])
                assert list(patients.list()) == []
                assert list(patients.list(~(where("name") == "nobody"))) == []
                assert list(patients.list((where("tenant") == "one") | (where("tenant") == "two"))) == []
                assert patients.page().total == 0
                assert list(patients.page_after().items) == []
                assert not patients.exists(where("id") == patient.id)
                assert patients.count() == 0
                assert list(patients.stream()) == []
                assert list(patients.list_removed()) == []
                with pytest.raises(NotFound):
                    patients.restore(gone.id)

        def test_is_changed_and_removed_by_no_method_of_another(self, storage: Storage) -> None:
            patient = a_patient(name="before", visits=[Visit("flu")])
            store(storage, patient, tenant="one")

            with working(storage, tenant="two") as patients:
                assert patients.update_where(None, {"name": "after"}) == 0
                assert patients.remove_where(where("name") == "before") == 0

            assert sees(storage, patient, tenant="one").name == "before"

        def test_is_not_stored_over_by_another(self, storage: Storage) -> None:
            patient = a_patient(name="before", visits=[Visit("flu")])
            store(storage, patient, tenant="one")

            with pytest.raises(AlreadyExists), working(storage, tenant="two") as patients:
                patients.upsert_many([a_patient(), a_patient(id=patient.id, name="after")])

            seen = sees(storage, patient, tenant="one")
            assert (seen.name, seen.visits, seen.tenant) == ("before", [Visit("flu")], "one")
            with working(storage, tenant="two") as patients:
                assert patients.count() == 0

        def test_has_an_identifier_that_another_cannot_take(self, storage: Storage) -> None:
            patient = a_patient()
            store(storage, patient, tenant="one")

            with pytest.raises(AlreadyExists):
                store(storage, a_patient(id=patient.id), tenant="two")

        def test_is_not_in_the_hand_of_another(self, storage: Storage) -> None:
            patient = a_patient()
            store(storage, patient, tenant="one")

            with undone(storage) as begun:
                with within(tenant="one"):
                    in_hand = begun.repository(Patient).get(patient.id)
                with within(tenant="two"):
                    assert begun.repository(Patient).find(patient.id) is None
                    assert list(begun.repository(Patient).find_many([patient.id])) == []
                with within(tenant="one"):
                    assert begun.repository(Patient).get(patient.id) is in_hand

        def test_is_paged_for_one_with_the_cursor_of_another(self, storage: Storage) -> None:
            names = {tenant: [f"{tenant} {number}" for number in range(3)] for tenant in ("one", "two")}
            for tenant, own in names.items():
                store(storage, *(a_patient(name=name) for name in own), tenant=tenant)
            with working(storage, tenant="one") as patients:
                cursor = patients.page_after(sort=[ascending("name")], size=1).next

            with working(storage, tenant="two") as patients:
                shown = patients.page_after(cursor, sort=[ascending("name")], size=9).items

            assert [patient.name for patient in shown] == names["two"]

        @pytest.mark.parametrize("call", ["add", "add_many", "upsert_many"])
        def test_is_refused_if_it_names_another(self, storage: Storage, call: str) -> None:
            patient = a_patient(tenant="two")

            with within(tenant="one"), undone(storage) as begun, pytest.raises(MisuseError):
                patients = begun.repository(Patient)
                if call == "add":
                    patients.add(patient)
                else:
                    getattr(patients, call)([patient])
                begun.commit()

            with working(storage, tenant="two") as patients:
                assert patients.count() == 0

        def test_cannot_be_handed_to_another(self, storage: Storage) -> None:
            patient = a_patient()
            store(storage, patient, tenant="one")

            with pytest.raises(MisuseError), working(storage, tenant="one") as patients:
                patients.get(patient.id).tenant = "two"

            assert sees(storage, patient, tenant="one").tenant == "one"

    class WhenTheContextNamesNoTenant:
        @pytest.mark.parametrize("name", CALLS)
        def test_is_an_error_of_every_method(self, storage: Storage, name: str) -> None:
            store(storage, a_patient(), tenant="one")

            with within(tenant=None), undone(storage) as begun, pytest.raises(TenantMissing):
                CALLS[name](begun.repository(Patient))

        @pytest.mark.parametrize("name", CALLS)
        def test_is_the_same_without_a_context(self, storage: Storage, name: str) -> None:
            with undone(storage) as begun, pytest.raises(TenantMissing):
                CALLS[name](begun.repository(Patient))

        def test_does_not_matter_to_other_classes(self, storage: Storage) -> None:
            with transaction(storage) as begun:
                begun.repository(Ticket).add(a_ticket())

            with undone(storage) as begun:
                assert begun.repository(Ticket).count() == 1

    class WhenAFieldIsEncrypted:
        @pytest.mark.parametrize("text", ["", "756.9217.0769.85", "  blanks  ", "Zoë 李 \U0001f9ea", "x" * 100])
        def test_comes_back_as_it_was(self, storage: Storage, text: str) -> None:
            patient = a_patient(insurance_number=text, diagnosis=text)

            store(storage, patient)

            assert (sees(storage, patient).insurance_number, sees(storage, patient).diagnosis) == (text, text)

        def test_may_be_none_if_it_is_optional(self, storage: Storage) -> None:
            patient = a_patient(diagnosis=None)

            store(storage, patient)

            assert sees(storage, patient).diagnosis is None

        def test_is_written_when_it_is_changed(self, storage: Storage) -> None:
            patient = a_patient(diagnosis="before")
            store(storage, patient)

            with working(storage) as patients:
                patients.get(patient.id).diagnosis = "after"

            assert sees(storage, patient).diagnosis == "after"

        @pytest.mark.parametrize(
            "changes", [{"diagnosis": "all"}, {"diagnosis": None}, {"insurance_number": "0", "name": "Bob"}], ids=str
        )
        def test_can_be_changed_by_specification(self, storage: Storage, changes: Mapping[str, object]) -> None:
            patient = a_patient(diagnosis="before")
            store(storage, patient)

            with working(storage) as patients:
                patients.update_where(None, changes)

            seen = sees(storage, patient)
            assert {name: getattr(seen, name) for name in changes} == changes

        def test_comes_back_by_every_way_to_read_it(self, storage: Storage) -> None:
            patient = a_patient(diagnosis="flu")
            with working(storage) as patients:
                patients.upsert_many([patient])

            with working(storage) as patients:
                assert [found.diagnosis for found in patients.stream()] == ["flu"]
                assert [found.diagnosis for found in patients.page_after().items] == ["flu"]
                assert [found.diagnosis for found in patients.find_many([patient.id])] == ["flu"]
                patients.remove_where(None)
                assert [found.diagnosis for found in patients.list_removed()] == ["flu"]

        @pytest.mark.parametrize(
            "call",
            [
                lambda patients: patients.list(where("diagnosis") == "flu"),
                lambda patients: patients.list(where("diagnosis").is_null()),
                lambda patients: patients.list(sort=[ascending("diagnosis")]),
                lambda patients: patients.page(where("diagnosis") == "flu"),
                lambda patients: patients.page_after(sort=[ascending("diagnosis")]),
                lambda patients: patients.exists(where("diagnosis") == "flu"),
                lambda patients: patients.count(where("diagnosis") == "flu"),
                lambda patients: list(patients.stream(where("diagnosis") == "flu")),
                lambda patients: patients.list_removed(where("diagnosis") == "flu"),
                lambda patients: patients.update_where(where("diagnosis") == "flu", {"name": "Bob"}),
                lambda patients: patients.remove_where(where("diagnosis") == "flu"),
            ],
        )
        def test_cannot_be_looked_for(self, storage: Storage, call: Callable[[Patients], object]) -> None:
            with working(storage) as patients, pytest.raises(InvalidSpecification):
                call(patients)

    class WhenTheStoreAssignsIdentifiers:
        @needs(Capability.ASSIGNED_IDENTIFIERS)
        def test_assigns_distinct_ones_on_flush(self, storage: Storage) -> None:
            first, second = a_ticket("first"), a_ticket("second")

            with undone(storage) as begun:
                tickets = begun.repository(Ticket)
                tickets.add(first)
                tickets.add(second)
                assert (first.id, second.id) == (None, None)
                begun.flush()

                assert type(first.id) is type(second.id) is int
                assert first.id != second.id
                assert tickets.get(first.id) is first
                assert [ticket.title for ticket in tickets.list()] == ["first", "second"]

        @needs(Capability.ASSIGNED_IDENTIFIERS)
        def test_assigns_them_on_commit_and_loads_by_them(self, storage: Storage) -> None:
            made = [a_ticket(f"ticket {number}", *map(str, range(number))) for number in range(3)]

            with transaction(storage) as begun:
                begun.repository(Ticket).add_many(made)

            with undone(storage) as begun:
                found = [begun.repository(Ticket).get(ticket.id) for ticket in made]
            assert [ticket.title for ticket in found] == ["ticket 0", "ticket 1", "ticket 2"]
            assert [ticket.remarks for ticket in found] == [ticket.remarks for ticket in made]

        def test_assigns_others_in_the_next_unit_of_work(self, storage: Storage) -> None:
            first, second = a_ticket(), a_ticket()

            for ticket in (first, second):
                with transaction(storage) as begun:
                    begun.repository(Ticket).add(ticket)

            assert first.id != second.id

        def test_assigns_them_before_it_looks_for_aggregates(self, storage: Storage) -> None:
            ticket = a_ticket("here")

            with undone(storage) as begun:
                tickets = begun.repository(Ticket)
                tickets.add(ticket)

                assert tickets.list(where("title") == "here") == [ticket]
                assert ticket.id is not None

        def test_never_stores_what_was_removed_before(self, storage: Storage) -> None:
            ticket = a_ticket()

            with transaction(storage) as begun:
                begun.repository(Ticket).add(ticket)
                begun.repository(Ticket).remove(ticket)

            with undone(storage) as begun:
                assert begun.repository(Ticket).count() == 0

        @needs(Capability.ASSIGNED_IDENTIFIERS)
        def test_changes_and_removes_by_them(self, storage: Storage) -> None:
            kept, gone = a_ticket("kept", "a"), a_ticket("gone", "b")
            with transaction(storage) as begun:
                begun.repository(Ticket).add_many([kept, gone])

            with transaction(storage) as begun:
                tickets = begun.repository(Ticket)
                tickets.get(kept.id).remarks.append(Remark("c"))
                tickets.remove(tickets.get(gone.id))

            with undone(storage) as begun:
                (found,) = begun.repository(Ticket).list()
            assert (found.id, found.remarks) == (kept.id, [Remark("a"), Remark("c")])

        def test_refuses_one_that_has_an_identifier(self, storage: Storage) -> None:
            ticket = a_ticket()
            ticket.id = 7

            with undone(storage) as begun, pytest.raises(MisuseError):
                begun.repository(Ticket).add(ticket)
                begun.commit()


def within(*, tenant: str | None = "one", principal: str | None = None) -> AbstractContextManager[object]:
    """Make a context the current one within a block."""
    return use_context(Context(correlation_id=uuid4().hex, tenant=tenant, principal=principal))


@contextmanager
def working(storage: Storage, *, tenant: str = "one", principal: str | None = None) -> Iterator[Patients]:
    """Give the patients of a tenant to the block, and commit at its end."""
    with within(tenant=tenant, principal=principal), transaction(storage) as begun:
        yield begun.repository(Patient)


def store(storage: Storage, *patients: Patient, tenant: str = "one", principal: str | None = None) -> None:
    """Store patients in a transaction of their own."""
    with working(storage, tenant=tenant, principal=principal) as collection:
        for patient in patients:
            collection.add(patient)


def removed(storage: Storage, *, tenant: str = "one", **fields: object) -> Patient:
    """Return a patient that was stored and removed."""
    patient = a_patient(**fields)
    store(storage, patient, tenant=tenant)
    with working(storage, tenant=tenant) as patients:
        patients.remove(patients.get(patient.id))
    return patient


def sees(storage: Storage, patient: Patient, *, tenant: str = "one") -> Patient:
    """Return what another transaction finds."""
    with within(tenant=tenant), undone(storage) as begun:
        return begun.repository(Patient).get(patient.id)
