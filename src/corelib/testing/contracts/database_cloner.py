"""The contract of `corelib.testing.database.ports.cloner.Cloner`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar
from uuid import uuid4

import pytest

from corelib.errors import AlreadyExists, CorelibError
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import at_the_same_time
from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.ports.cloner import Cloner
from corelib.testing.database.ports.server import DatabaseServer

WRITE = Callable[[str, str], None]
READ = Callable[[str], Sequence[str]]
TEMPLATE = Mark(Kind.TEMPLATE, "0123456789ab", "f" * 64)
CLONE = Mark(Kind.CLONE, "ba9876543210", "f" * 64)


class DatabaseClonerContract(ContractSuite):
    """Clones are like their template, and nobody's business but their own."""

    port: ClassVar[str] = "Cloner"

    @pytest.fixture
    def server(self) -> Iterator[DatabaseServer]:
        """Return a server that may be shared with others."""
        raise NotImplementedError

    @pytest.fixture
    def cloner(self, server: DatabaseServer) -> Cloner:
        """Return what makes clones on the server."""
        raise NotImplementedError

    @pytest.fixture
    def write(self, server: DatabaseServer) -> WRITE:
        """Return what adds a text to those that stand in a database: `write(name, text)`; it leaves no connection."""
        raise NotImplementedError

    @pytest.fixture
    def read(self, server: DatabaseServer) -> READ:
        """Return what tells the texts that stand in a database, in the order in which they were written."""
        raise NotImplementedError

    @pytest.fixture
    def prefix(self, server: DatabaseServer) -> Iterator[str]:
        """Return how the names of this test's databases begin; they are dropped after it."""
        prefix = f"corelib_contract_{uuid4().hex[:12]}"
        yield prefix
        for name in server.names(prefix):
            server.drop(name)

    @pytest.fixture
    def template(self, server: DatabaseServer, cloner: Cloner, write: WRITE, prefix: str) -> Iterator[str]:
        """Return the name of a template, made as the kit makes one, in which `seed` stands."""
        build, template = f"{prefix}_b", f"{prefix}_t"
        server.create(build)
        server.mark(build, TEMPLATE)
        write(build, "seed")
        cloner.prepare(build, template)
        server.rename(build, template)
        server.seal(template)
        yield template
        cloner.discard(template)

    class WhenACloneIsMade:
        def test_has_what_stands_in_the_template(self, cloner: Cloner, template: str, prefix: str, read: READ) -> None:
            cloner.clone(template, f"{prefix}_1")

            assert list(read(f"{prefix}_1")) == ["seed"]

        def test_is_a_database_beside_the_template(
            self, server: DatabaseServer, cloner: Cloner, template: str, prefix: str
        ) -> None:
            cloner.clone(template, f"{prefix}_1")

            assert list(server.names(prefix)) == [f"{prefix}_1", template]

        def test_can_be_written_without_a_change_of_other_clones(
            self, cloner: Cloner, template: str, prefix: str, write: WRITE, read: READ
        ) -> None:
            cloner.clone(template, f"{prefix}_1")
            cloner.clone(template, f"{prefix}_2")

            write(f"{prefix}_1", "own")

            cloner.clone(template, f"{prefix}_3")
            assert list(read(f"{prefix}_1")) == ["seed", "own"]
            assert list(read(f"{prefix}_2")) == ["seed"]
            assert list(read(f"{prefix}_3")) == ["seed"]

        def test_takes_a_mark_of_its_own(
            self, server: DatabaseServer, cloner: Cloner, template: str, prefix: str
        ) -> None:
            cloner.clone(template, f"{prefix}_1")

            server.mark(f"{prefix}_1", CLONE)

            assert server.mark_of(f"{prefix}_1") == CLONE
            assert server.mark_of(template) == TEMPLATE

        def test_is_not_being_made_any_more(
            self, server: DatabaseServer, cloner: Cloner, template: str, prefix: str
        ) -> None:
            cloner.clone(template, f"{prefix}_1")

            assert not server.is_being_made(f"{prefix}_1")

        def test_lives_on_without_its_template(
            self, server: DatabaseServer, cloner: Cloner, template: str, prefix: str, read: READ
        ) -> None:
            cloner.clone(template, f"{prefix}_1")

            server.drop(template)

            assert list(read(f"{prefix}_1")) == ["seed"]

        def test_can_be_made_again_after_it_was_dropped(
            self, server: DatabaseServer, cloner: Cloner, template: str, prefix: str, read: READ
        ) -> None:
            cloner.clone(template, f"{prefix}_1")
            server.drop(f"{prefix}_1")

            cloner.clone(template, f"{prefix}_1")

            assert list(read(f"{prefix}_1")) == ["seed"]

    class WhenSeveralAreMadeAtOnce:
        def test_are_all_whole(self, cloner: Cloner, template: str, prefix: str, read: READ) -> None:
            names = [f"{prefix}_{number}" for number in range(4)]

            at_the_same_time(*[lambda name=name: cloner.clone(template, name) for name in names])

            assert [list(read(name)) for name in names] == [["seed"]] * 4

    class WhenTheNameIsTaken:
        def test_is_refused_and_leaves_the_other_one_alone(
            self, cloner: Cloner, template: str, prefix: str, write: WRITE, read: READ
        ) -> None:
            cloner.clone(template, f"{prefix}_1")
            write(f"{prefix}_1", "own")

            with pytest.raises(AlreadyExists):
                cloner.clone(template, f"{prefix}_1")

            assert list(read(f"{prefix}_1")) == ["seed", "own"]

    class WhenThereIsNoSuchTemplate:
        def test_is_refused_and_leaves_nothing(self, server: DatabaseServer, cloner: Cloner, prefix: str) -> None:
            with pytest.raises(CorelibError):
                cloner.clone(f"{prefix}_t", f"{prefix}_1")

            assert list(server.names(prefix)) == []

    class WhenATemplateIsPrepared:
        def test_is_prepared(self, cloner: Cloner, template: str) -> None:
            assert cloner.is_prepared(template)

        def test_can_be_discarded_twice(self, cloner: Cloner, template: str) -> None:
            cloner.discard(template)

            cloner.discard(template)

    class WhenAReportIsPrinted:
        def test_has_a_few_words_for_it(self, cloner: Cloner) -> None:
            assert 0 < len(cloner.label) <= 80
