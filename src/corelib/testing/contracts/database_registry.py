"""The contract of `corelib.testing.database.ports.registry.Registry`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

import pytest

from corelib.errors import AlreadyExists, LockNotAvailable, NotFound
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import at_the_same_time, eventually
from corelib.testing.database.model import Kind, OwnedDatabase
from corelib.testing.database.ports.registry import Registry

RUN = "0123456789ab"
FINGERPRINT = "f" * 64
LONG = timedelta(days=100)
NO_TIME = timedelta(0)


class DatabaseRegistryContract(ContractSuite):
    """Records and leases, which all who use the server share; each test works on names of its own."""

    port: ClassVar[str] = "Registry"

    @pytest.fixture
    def registry(self) -> Iterator[Registry]:
        """Return a registry that may be shared with others."""
        raise NotImplementedError

    @pytest.fixture
    def others(self, registry: Registry) -> Iterator[Registry]:
        """Return the same registry as another process sees it."""
        raise NotImplementedError

    @pytest.fixture
    def tick(self) -> Callable[[], None]:
        """Return what lets the registry's clock go on; a real one does so by itself."""
        return lambda: None

    @pytest.fixture
    def prefix(self, registry: Registry) -> Iterator[str]:
        """Return how the names of this test's records begin; they are forgotten after it."""
        prefix = f"corelib_contract_{uuid4().hex[:12]}"
        yield prefix
        for each in registry.all(prefix):
            registry.forget(each.name)

    @pytest.fixture
    def clone(self, registry: Registry, prefix: str) -> OwnedDatabase:
        """Return the record of a clone."""
        return registry.record(f"{prefix}_c", Kind.CLONE, run=RUN, fingerprint=FINGERPRINT)

    @pytest.fixture
    def build(self, registry: Registry, prefix: str) -> OwnedDatabase:
        """Return the record of a build."""
        return registry.record(f"{prefix}_b", Kind.BUILD, run=RUN, fingerprint=FINGERPRINT)

    @pytest.fixture
    def template(self, registry: Registry, build: OwnedDatabase, prefix: str) -> OwnedDatabase:
        """Return the record of a template."""
        return registry.become_template(build.name, f"{prefix}_t")

    class WhenADatabaseIsRecorded:
        @pytest.mark.parametrize("kind", list(Kind))
        def test_tells_what_was_written_down(self, registry: Registry, prefix: str, kind: Kind) -> None:
            found = registry.record(f"{prefix}_1", kind, run=RUN, fingerprint=FINGERPRINT)

            assert (found.name, found.kind, found.run, found.fingerprint) == (f"{prefix}_1", kind, RUN, FINGERPRINT)
            assert (found.keep_until, found.note) == (None, "")
            assert found.made_at.utcoffset() == NO_TIME
            assert found.made_at <= found.used_at

        def test_is_found_by_everybody(self, registry: Registry, others: Registry, clone: OwnedDatabase) -> None:
            assert registry.find(clone.name) == clone
            assert others.find(clone.name) == clone

        def test_is_not_recorded_twice(self, registry: Registry, others: Registry, clone: OwnedDatabase) -> None:
            with pytest.raises(AlreadyExists):
                others.record(clone.name, Kind.BUILD, run="b" * 12, fingerprint="e" * 64)

            assert registry.find(clone.name) == clone

        def test_is_recorded_by_one_of_those_who_ask_at_once(
            self, registry: Registry, others: Registry, prefix: str
        ) -> None:
            asking = [lambda each=each: is_recorded(each, f"{prefix}_1") for each in (registry, others) * 2]

            assert sorted(at_the_same_time(*asking)) == [False, False, False, True]

    class WhenABuildBecomesATemplate:
        def test_has_another_name_and_kind(self, registry: Registry, build: OwnedDatabase, prefix: str) -> None:
            template = registry.become_template(build.name, f"{prefix}_t")

            assert (template.name, template.kind) == (f"{prefix}_t", Kind.TEMPLATE)
            assert (template.run, template.fingerprint, template.made_at) == (RUN, FINGERPRINT, build.made_at)
            assert list(registry.all(prefix)) == [template]

        def test_is_not_found_where_none_is(self, registry: Registry, prefix: str) -> None:
            with pytest.raises(NotFound):
                registry.become_template(f"{prefix}_b", f"{prefix}_t")

            assert list(registry.all(prefix)) == []

        def test_is_not_found_where_it_is_no_build(self, registry: Registry, clone: OwnedDatabase, prefix: str) -> None:
            with pytest.raises(NotFound):
                registry.become_template(clone.name, f"{prefix}_t")

            assert list(registry.all(prefix)) == [clone]

        def test_is_refused_a_name_that_is_taken(
            self, registry: Registry, build: OwnedDatabase, clone: OwnedDatabase, prefix: str
        ) -> None:
            with pytest.raises(AlreadyExists):
                registry.become_template(build.name, clone.name)

            assert list(registry.all(prefix)) == [build, clone]

    class WhenRecordsAreListed:
        def test_are_sorted_by_name(self, registry: Registry, prefix: str) -> None:
            for end in ("_b", "_a", "_10", "_9"):
                registry.record(prefix + end, Kind.CLONE, run=RUN, fingerprint=FINGERPRINT)

            assert names(registry.all(prefix)) == [prefix + end for end in ("_10", "_9", "_a", "_b")]

        def test_begin_with_the_prefix_letter_by_letter(self, registry: Registry, prefix: str) -> None:
            for end in ("_a", "xa"):
                registry.record(prefix + end, Kind.CLONE, run=RUN, fingerprint=FINGERPRINT)

            assert names(registry.all(f"{prefix}_")) == [f"{prefix}_a"]

        def test_are_none_where_none_is(self, registry: Registry, prefix: str) -> None:
            assert list(registry.all(prefix)) == []
            assert registry.find(f"{prefix}_1") is None

    class WhenADatabaseIsUsed:
        def test_was_used_last_when_it_was_touched_last(
            self, registry: Registry, template: OwnedDatabase, tick: Callable[[], None]
        ) -> None:
            def touched() -> OwnedDatabase:
                tick()
                registry.touch(template.name)
                return found(registry, template.name)

            eventually(lambda: touched().used_at > template.used_at, "it was used later")
            assert touched().made_at == template.made_at

        def test_does_nothing_where_none_is(self, registry: Registry, prefix: str) -> None:
            registry.touch(f"{prefix}_1")

            assert list(registry.all(prefix)) == []

    class WhenADatabaseIsKept:
        def test_says_until_when_and_why(self, registry: Registry, clone: OwnedDatabase) -> None:
            registry.keep(clone.name, LONG, "test_orders::test_pays_\u00e4\U0001f512's")

            kept = found(registry, clone.name)
            assert kept.keep_until is not None
            assert LONG <= kept.keep_until - clone.made_at < LONG + timedelta(hours=1)
            assert kept.note == "test_orders::test_pays_\u00e4\U0001f512's"

        def test_keeps_the_beginning_of_a_long_note(self, registry: Registry, clone: OwnedDatabase) -> None:
            registry.keep(clone.name, LONG, "\U0001f512" * 5_000)

            assert found(registry, clone.name).note.startswith("\U0001f512" * 1_000)

        def test_has_not_expired(self, registry: Registry, clone: OwnedDatabase, prefix: str) -> None:
            registry.keep(clone.name, LONG, "")

            assert list(registry.expired(prefix, templates_after=LONG)) == []

        def test_has_expired_after_that_time(self, registry: Registry, clone: OwnedDatabase, prefix: str) -> None:
            registry.keep(clone.name, NO_TIME, "")

            assert names(registry.expired(prefix, templates_after=LONG)) == [clone.name]

        def test_is_not_found_where_none_is(self, registry: Registry, prefix: str) -> None:
            with pytest.raises(NotFound):
                registry.keep(f"{prefix}_1", LONG, "")

    class WhenItIsAskedWhatHasExpired:
        def test_names_builds_and_clones_that_nobody_keeps(
            self, registry: Registry, build: OwnedDatabase, clone: OwnedDatabase, prefix: str
        ) -> None:
            assert list(registry.expired(prefix, templates_after=LONG)) == [build, clone]

        def test_names_templates_that_were_not_used_for_long(
            self, registry: Registry, template: OwnedDatabase, prefix: str
        ) -> None:
            assert list(registry.expired(prefix, templates_after=NO_TIME)) == [template]

        def test_leaves_out_templates_that_were_used_lately(
            self,
            registry: Registry,
            template: OwnedDatabase,  # noqa: ARG002 - it is there
            prefix: str,
        ) -> None:
            assert list(registry.expired(prefix, templates_after=LONG)) == []

        def test_leaves_out_templates_that_somebody_keeps(
            self, registry: Registry, template: OwnedDatabase, prefix: str
        ) -> None:
            registry.keep(template.name, LONG, "")

            assert list(registry.expired(prefix, templates_after=NO_TIME)) == []

        def test_leaves_out_what_begins_with_another_prefix(
            self,
            registry: Registry,
            clone: OwnedDatabase,  # noqa: ARG002 - it is there
            prefix: str,
        ) -> None:
            assert list(registry.expired(f"{prefix}_x", templates_after=NO_TIME)) == []

        def test_does_not_look_at_leases(self, registry: Registry, clone: OwnedDatabase, prefix: str) -> None:
            with registry.lease(clone.name):
                assert list(registry.expired(prefix, templates_after=LONG)) == [clone]

    class WhenADatabaseIsForgotten:
        def test_is_gone_for_everybody(
            self, registry: Registry, others: Registry, clone: OwnedDatabase, prefix: str
        ) -> None:
            registry.forget(clone.name)

            assert others.find(clone.name) is None
            assert list(others.all(prefix)) == []

        def test_can_be_recorded_again(self, registry: Registry, clone: OwnedDatabase) -> None:
            registry.forget(clone.name)

            again = registry.record(clone.name, Kind.BUILD, run=RUN, fingerprint=FINGERPRINT)

            assert registry.find(clone.name) == again

        def test_does_nothing_where_none_is(self, registry: Registry, clone: OwnedDatabase, prefix: str) -> None:
            registry.forget(f"{prefix}_1")

            assert list(registry.all(prefix)) == [clone]

    class WhenADatabaseIsLeased:
        def test_is_refused_to_others(self, registry: Registry, others: Registry, clone: OwnedDatabase) -> None:
            with registry.lease(clone.name), pytest.raises(LockNotAvailable), others.lease(clone.name):
                pass

        def test_is_free_when_the_block_is_left(
            self, registry: Registry, others: Registry, clone: OwnedDatabase
        ) -> None:
            with registry.lease(clone.name):
                pass

            with others.lease(clone.name), pytest.raises(LockNotAvailable), registry.lease(clone.name):
                pass

        def test_leaves_other_databases_free(
            self, registry: Registry, others: Registry, clone: OwnedDatabase, build: OwnedDatabase
        ) -> None:
            with (
                registry.lease(clone.name),
                others.lease(build.name),
                pytest.raises(LockNotAvailable),
                registry.lease(build.name),
            ):
                pass

        def test_needs_no_record(self, registry: Registry, others: Registry, prefix: str) -> None:
            with registry.lease(f"{prefix}_1"), pytest.raises(LockNotAvailable), others.lease(f"{prefix}_1"):
                pass


def names(records: Sequence[OwnedDatabase]) -> list[str]:
    """Return the names of records, in their order."""
    return [each.name for each in records]


def found(registry: Registry, name: str) -> OwnedDatabase:
    """Return the record of a database, which has to be there."""
    record = registry.find(name)
    assert record is not None
    return record


def is_recorded(registry: Registry, name: str) -> bool:
    """Record a database, and return False if somebody else has."""
    try:
        registry.record(name, Kind.CLONE, run=RUN, fingerprint=FINGERPRINT)
    except AlreadyExists:
        return False
    return True
