"""The contract of `corelib.testing.database.ports.server.DatabaseServer`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import ClassVar
from uuid import uuid4

import pytest

from corelib.errors import AlreadyExists, ConfigurationError, LockNotAvailable
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import at_the_same_time, eventually
from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.ports.server import DatabaseServer

CONNECTED = Callable[[str], AbstractContextManager[int]]
BUILD = Mark(Kind.BUILD, "0123456789ab", "f" * 64)
TEMPLATE = Mark(Kind.TEMPLATE, "ba9876543210", "e" * 64)


class DatabaseServerContract(ContractSuite):
    """Databases come, get names and marks, and go; each test works on names of its own."""

    port: ClassVar[str] = "DatabaseServer"

    @pytest.fixture
    def server(self) -> Iterator[DatabaseServer]:
        """Return a server that may be shared with others."""
        raise NotImplementedError

    @pytest.fixture
    def others(self, server: DatabaseServer) -> Iterator[DatabaseServer]:
        """Return the same server as another process sees it."""
        raise NotImplementedError

    @pytest.fixture
    def connected(self, server: DatabaseServer) -> CONNECTED:
        """Return what connects somebody to a database, for a block, and gives the number of the session."""
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> Iterator[DatabaseServer]:
        """Return a server at whose address nobody answers."""
        raise NotImplementedError

    @pytest.fixture
    def refusing(self) -> Iterator[DatabaseServer]:
        """Return a server that refuses the login."""
        raise NotImplementedError

    @pytest.fixture
    def prefix(self, server: DatabaseServer) -> Iterator[str]:
        """Return how the names of this test's databases begin; they are dropped after it."""
        prefix = f"corelib_contract_{uuid4().hex[:12]}"
        yield prefix
        for name in server.names(prefix):
            server.drop(name)

    @pytest.fixture
    def name(self, prefix: str) -> str:
        """Return the name of a database that does not exist yet."""
        return f"{prefix}_one"

    @pytest.fixture
    def database(self, server: DatabaseServer, name: str) -> str:
        """Return the name of an empty database."""
        server.create(name)
        return name

    class WhenADatabaseIsMade:
        def test_is_listed_for_everybody(self, server: DatabaseServer, others: DatabaseServer, name: str) -> None:
            server.create(name)

            assert list(server.names(name)) == [name]
            assert list(others.names(name)) == [name]

        def test_has_no_mark(self, server: DatabaseServer, database: str) -> None:
            assert server.mark_of(database) is None

        def test_is_not_being_made_any_more(self, server: DatabaseServer, database: str) -> None:
            assert not server.is_being_made(database)

        def test_has_a_url_of_its_own(self, server: DatabaseServer, database: str) -> None:
            assert database in server.url(database)

        def test_is_not_made_twice(self, server: DatabaseServer, others: DatabaseServer, database: str) -> None:
            server.mark(database, BUILD)

            with pytest.raises(AlreadyExists):
                others.create(database)

            assert server.mark_of(database) == BUILD

        def test_is_made_by_one_of_two_who_ask_at_once(
            self, server: DatabaseServer, others: DatabaseServer, name: str
        ) -> None:
            answers = at_the_same_time(*[lambda each=each: is_made(each, name) for each in (server, others)])

            assert sorted(answers) == [False, True]
            assert list(server.names(name)) == [name]

    class WhenDatabasesAreListed:
        def test_are_sorted(self, server: DatabaseServer, prefix: str) -> None:
            for end in ("_b", "_a", "_10", "_9"):
                server.create(prefix + end)

            assert list(server.names(prefix)) == [prefix + end for end in ("_10", "_9", "_a", "_b")]

        def test_begin_with_the_prefix_letter_by_letter(self, server: DatabaseServer, prefix: str) -> None:
            server.create(f"{prefix}_a")
            server.create(f"{prefix}xa")

            assert list(server.names(f"{prefix}_")) == [f"{prefix}_a"]

        def test_are_none_where_none_is(self, server: DatabaseServer, prefix: str) -> None:
            assert list(server.names(prefix)) == []

    class WhenADatabaseIsDropped:
        def test_is_gone(self, server: DatabaseServer, others: DatabaseServer, database: str) -> None:
            server.drop(database)

            assert list(others.names(database)) == []

        def test_takes_its_mark_along(self, server: DatabaseServer, database: str) -> None:
            server.mark(database, BUILD)
            server.drop(database)

            server.create(database)

            assert server.mark_of(database) is None

        def test_is_dropped_although_it_is_sealed(self, server: DatabaseServer, database: str) -> None:
            server.seal(database)

            server.drop(database)

            assert list(server.names(database)) == []

        def test_does_nothing_where_none_is(self, server: DatabaseServer, name: str) -> None:
            server.drop(name)

            assert list(server.names(name)) == []

        def test_leaves_others_alone(self, server: DatabaseServer, prefix: str) -> None:
            server.create(f"{prefix}_one")
            server.create(f"{prefix}_one_more")

            server.drop(f"{prefix}_one")

            assert list(server.names(prefix)) == [f"{prefix}_one_more"]

        @needs(Capability.SESSIONS)
        def test_is_dropped_although_somebody_is_connected(
            self, server: DatabaseServer, database: str, connected: CONNECTED
        ) -> None:
            with connected(database):
                server.drop(database)

            assert list(server.names(database)) == []

    class WhenADatabaseIsRenamed:
        def test_has_the_new_name_only(self, server: DatabaseServer, database: str, prefix: str) -> None:
            server.rename(database, f"{prefix}_two")

            assert list(server.names(prefix)) == [f"{prefix}_two"]

        def test_keeps_its_mark(self, server: DatabaseServer, database: str, prefix: str) -> None:
            server.mark(database, BUILD)

            server.rename(database, f"{prefix}_two")

            assert server.mark_of(f"{prefix}_two") == BUILD
            assert server.mark_of(database) is None

        def test_is_refused_a_name_that_is_taken(self, server: DatabaseServer, database: str, prefix: str) -> None:
            server.create(f"{prefix}_two")
            server.mark(f"{prefix}_two", TEMPLATE)

            with pytest.raises(AlreadyExists):
                server.rename(database, f"{prefix}_two")

            assert list(server.names(prefix)) == [database, f"{prefix}_two"]
            assert server.mark_of(f"{prefix}_two") == TEMPLATE

    class WhenADatabaseIsMarked:
        @pytest.mark.parametrize("kind", list(Kind))
        def test_has_the_mark_for_everybody(
            self, server: DatabaseServer, others: DatabaseServer, database: str, kind: Kind
        ) -> None:
            server.mark(database, Mark(kind, "0123456789ab", "f" * 64))

            assert others.mark_of(database) == Mark(kind, "0123456789ab", "f" * 64)

        def test_has_the_last_mark(self, server: DatabaseServer, database: str) -> None:
            server.mark(database, BUILD)

            server.mark(database, TEMPLATE)

            assert server.mark_of(database) == TEMPLATE

        def test_takes_a_mark_when_it_is_sealed(self, server: DatabaseServer, database: str) -> None:
            server.mark(database, BUILD)
            server.seal(database)

            server.mark(database, TEMPLATE)

            assert server.mark_of(database) == TEMPLATE

        def test_is_the_only_one_that_is(self, server: DatabaseServer, database: str, prefix: str) -> None:
            server.create(f"{prefix}_two")

            server.mark(database, BUILD)

            assert server.mark_of(f"{prefix}_two") is None

    class WhenThereIsNoSuchDatabase:
        def test_has_no_mark(self, server: DatabaseServer, name: str) -> None:
            assert server.mark_of(name) is None

        def test_is_not_being_made(self, server: DatabaseServer, name: str) -> None:
            assert not server.is_being_made(name)

        def test_has_no_sessions(self, server: DatabaseServer, name: str) -> None:
            assert list(server.sessions(name)) == []

    class WhenItIsAskedForFacts:
        def test_says_engine_product_and_version(self, server: DatabaseServer) -> None:
            facts = server.facts()

            assert facts.engine
            assert facts.product
            assert facts.version

        def test_says_the_same_again_and_to_everybody(self, server: DatabaseServer, others: DatabaseServer) -> None:
            assert server.facts() == server.facts() == others.facts()

    class WhenLocksAreWanted:
        def test_are_shared_by_all_users_of_the_server(self, server: DatabaseServer, others: DatabaseServer) -> None:
            name = f"contract {uuid4()}"

            with server.locks.hold(name), pytest.raises(LockNotAvailable), others.locks.hold(name):
                pass

            with others.locks.hold(name) as held:
                held.check()

    @needs(Capability.SESSIONS)
    class WhenSomebodyIsConnected:
        def test_is_listed(
            self, server: DatabaseServer, others: DatabaseServer, database: str, connected: CONNECTED
        ) -> None:
            with connected(database) as number:
                assert [each.number for each in server.sessions(database)] == [number]
                assert [each.number for each in others.sessions(database)] == [number]

        def test_is_not_listed_any_more_when_he_has_gone(
            self, server: DatabaseServer, database: str, connected: CONNECTED
        ) -> None:
            with connected(database):
                pass

            eventually(lambda: not server.sessions(database), "the session is gone")

        def test_is_not_listed_for_another_database(
            self, server: DatabaseServer, database: str, prefix: str, connected: CONNECTED
        ) -> None:
            server.create(f"{prefix}_two")

            with connected(database):
                assert list(server.sessions(f"{prefix}_two")) == []

        def test_can_be_sent_away(self, server: DatabaseServer, database: str, connected: CONNECTED) -> None:
            with connected(database) as number:
                server.end_session(number)

                eventually(lambda: not server.sessions(database), "the session has ended")

        def test_can_be_sent_away_twice(self, server: DatabaseServer, database: str, connected: CONNECTED) -> None:
            with connected(database) as number:
                server.end_session(number)
                eventually(lambda: not server.sessions(database), "the session has ended")

                server.end_session(number)

    @needs(Capability.SERVER)
    class WhenTheServerCannotBeUsed:
        def test_says_that_nobody_answers(self, unreachable: DatabaseServer) -> None:
            with pytest.raises(ConfigurationError):
                unreachable.names("corelib_contract")

        def test_says_that_the_login_is_refused(self, refusing: DatabaseServer) -> None:
            with pytest.raises(ConfigurationError):
                refusing.create("corelib_contract_never")


def is_made(server: DatabaseServer, name: str) -> bool:
    """Make a database, and return False if somebody else has."""
    try:
        server.create(name)
    except AlreadyExists:
        return False
    return True
