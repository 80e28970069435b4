from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import pytest

pytest.importorskip("sqlalchemy")

from attrs import define, field
from tests.unit.testing.database.mssql.golden_files import compare
from tests.unit.testing.database.mssql.scripted import Answer as ConsoleAnswer
from tests.unit.testing.database.mssql.scripted import Then, refusal, server_with
from tests.unit.testing.database.mssql.scripted_session import (
    BLIND,
    DIGESTS,
    NOBODY,
    Answer,
    Scripted,
    catalogue,
    server,
    table,
)

from corelib.errors import PersistentFailure, RowLocked, SchemaMissing, ServerUnreachable, StorageFull
from corelib.testing.database.errors import CannotReset, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.model import Identity
from corelib.testing.database.mssql.console import MASTER, Row
from corelib.testing.database.mssql.rows import Result
from corelib.testing.database.mssql.server import MssqlServer
from corelib.testing.database.mssql.snapshot_cleaner import MssqlSnapshotCleaner

TEST = "tests/test_orders.py::test_pays"
URL = "mssql://sa:s3cret@testhost/shop"
FILES: ConsoleAnswer = [(1, "shop", "ROWS", "/data/shop.mdf", False), (2, "log", "LOG", "/data/shop.ldf", False)]
USUAL: Mapping[str, ConsoleAnswer | Then] = {
    "physical_name, is_read_only": FILES,
    "SELECT state_desc": [("ONLINE", False)],
    "source_database_id": [("shop_s",)],
}
LEAK: Mapping[str, object] = {
    "found": "leaked",
    "session_id": 57,
    "program_name": "app",
    "status": "sleeping",
    "since": datetime(2026, 1, 2, 12, 30, 5),  # noqa: DTZ001 - as the server tells it
    "statement": "INSERT INTO orders",
}
BEFORE, AFTER = {"number": 0, "quantity": 3, "digest": 42}, {"number": 0, "quantity": 4, "digest": 43}
USED, UNUSED = 17, None


@define
class Clone:
    """A clone and its server, as a cleaner sees them.

    Args:
        session: answers those who are connected to the clone.
        master: what its server answers beyond the usual.
        refused: what connecting to the clone raises, one after the other.
    """

    session: Scripted
    master: Mapping[str, ConsoleAnswer | Then] = field(factory=dict)
    refused: list[Exception] = field(factory=list)
    connections: list[Connection] = field(factory=list)
    ran: list[str] = field(factory=list)
    open_at_revert: list[bool] = field(factory=list)

    def cleaner(self) -> MssqlSnapshotCleaner:
        told, console = server_with({**self.master, **USUAL, **self.master})
        watched = MssqlServer(URL, console=Watching(console.rows, self), patience=told.patience)
        return MssqlSnapshotCleaner(URL, server=watched, connect=self.connect)

    def connect(self, url: str) -> Connection:
        if self.refused:
            raise self.refused.pop(0)
        self.connections.append(Connection(self, url))
        return self.connections[-1]

    def statements(self, *kinds: str) -> list[str]:
        return [text for text in self.ran if text.startswith(kinds)]


@define
class Connection:
    clone: Clone
    url: str
    is_open: bool = True

    def run(self, batch: str) -> Sequence[Result]:
        assert self.is_open, "A connection that was closed runs nothing."
        self.clone.ran.append(batch)
        return self.clone.session.run(batch)

    def close(self) -> None:
        self.is_open = False


@define
class Watching:
    """A console that notes whether somebody of ours is connected to the clone while it is reverted."""

    answer: Callable[[str, str], Sequence[Row]]
    clone: Clone

    def rows(self, text: str, database: str = MASTER) -> Sequence[Row]:
        self.clone.ran.append(text)
        if "RESTORE" in text:
            self.clone.open_at_revert = [connection.is_open for connection in self.clone.connections]
        return self.answer(text, database)

    def close(self) -> None: ...


def plain(**answers: Sequence[Answer]) -> Clone:
    return Clone(server(table(1, "orders"), **answers))


def with_reference(*digests: Answer, **answers: Sequence[Answer]) -> Clone:
    """A clone whose table `states` has three rows in the template."""
    columns = [[{"object_id": 1, "name": "id", "type_name": "int"}]]
    return Clone(
        server(
            table(1, "states"),
            table(2, "orders"),
            counts=[[[{"number": 0, "quantity": 3}]]],
            columns=[columns],
            digests=digests,
            **answers,
        )
    )


def counter(object_id: int, last: int | None) -> Mapping[str, object]:
    limits = {"type_name": "int", "precision": 10, "seed_value": 1, "increment_value": 1}
    return {"object_id": object_id, "name": "id", "last_value": last, **limits}


def counted(last: int) -> Answer:
    row = {"schema_name": "dbo", "column_name": "id"}
    return [[{**row, "table_name": "orders", "last_value": last}, {**row, "table_name": "made", "last_value": 5}]]


def with_counter(**answers: Sequence[Answer]) -> Clone:
    """A clone whose tables `orders` and `users` have identities; that of `users` has generated 17 in the template."""
    tables = [table(1, "orders"), table(2, "users")]
    return Clone(server(catalogue=[catalogue(tables, [counter(1, UNUSED), counter(2, USED)])], **answers))


class TestMssqlSnapshotCleaner:
    class WhenItIsOpened:
        def test_makes_the_snapshot_after_it_has_read_the_clone(self) -> None:
            clone = plain()

            clone.cleaner()

            assert clone.ran[-1] == (
                "CREATE DATABASE [shop_s] ON (NAME = [shop], FILENAME = N'/data/shop_s_1.ss') AS SNAPSHOT OF [shop]"
            )
            assert [connection.url for connection in clone.connections] == [URL]

        def test_refuses_a_server_without_snapshots_before_it_connects(self) -> None:
            clone = plain()
            clone.master = {"SERVERPROPERTY": [("16.0", "SQL Azure", "any", "/d/", "/l/", "/b/", 5, 1)]}

            with pytest.raises(CannotReset, match="Azure SQL Database has no BACKUP"):
                clone.cleaner()

            assert clone.connections == []

        @pytest.mark.parametrize(
            ("answers", "files", "told"),
            [
                ({}, [(3, "blobs", "FILESTREAM", "/data/blobs", False)], "blobs"),
                ({"full_text": [[[{"name": "words"}]]]}, [], "words"),
                ({"catalogue": [catalogue([table(1, "far", is_external=True)])]}, [], r"dbo\.far"),
            ],
        )
        def test_refuses_what_a_revert_does_not_bring_back(
            self, answers: Mapping[str, Sequence[Answer]], files: list[Row], told: str
        ) -> None:
            clone = plain(**answers)
            clone.master = {"physical_name, is_read_only": [(1, "shop", "ROWS", "/data/shop.mdf", False), *files]}

            with pytest.raises(CannotReset, match=told):
                clone.cleaner()

            assert clone.statements("CREATE") == []
            assert not clone.connections[0].is_open

        def test_takes_tables_that_no_deletion_empties(self) -> None:
            clone = Clone(server(table(1, "entries", ledger_type=2)))

            clone.cleaner()

            assert len(clone.statements("CREATE")) == 1

        def test_gives_back_its_connection_if_there_is_no_room(self) -> None:
            clone = plain()
            clone.master = {"CREATE DATABASE": refusal((5149, "operating system error 112"))}

            with pytest.raises(StorageFull):
                clone.cleaner()

            assert not clone.connections[0].is_open

        def test_gives_back_a_connection_that_takes_no_settings(self) -> None:
            clone = plain(full_text=[[[]]])
            clone.session.answers = {"SET NOCOUNT": [PersistentFailure("No.")], **clone.session.answers}

            with pytest.raises(PersistentFailure):
                clone.cleaner()

            assert not clone.connections[0].is_open

    class WhenNothingIsInTheWay:
        def test_reverts_without_a_connection_to_the_clone_and_connects_again(self) -> None:
            clone = plain()
            cleaner = clone.cleaner()

            outcome = cleaner.reset(TEST, identity=Identity.RESEED)

            assert clone.open_at_revert == [False]
            assert [connection.is_open for connection in clone.connections] == [False, True]
            assert (outcome.emptied, outcome.round_trips) == ((), 7)

        def test_reverts_again_and_again_to_the_same_snapshot(self) -> None:
            clone = plain()
            cleaner = clone.cleaner()

            cleaner.reset(TEST, identity=Identity.RESEED)
            cleaner.reset(TEST, identity=Identity.RESEED)

            assert len(clone.statements("CREATE")) == 1
            assert len(clone.statements("ALTER DATABASE [shop] SET SINGLE_USER")) == 2

        @pytest.mark.parametrize("number", [924, 927, 4060])
        def test_waits_until_the_clone_takes_connections_again(self, number: int) -> None:
            clone = plain()
            cleaner = clone.cleaner()
            clone.refused = [refusal((number, "Not yet."))]

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert clone.connections[-1].is_open

        def test_does_not_mind_tables_that_the_test_made(self) -> None:
            clone = plain(stamp=[[[{"stamp": b"\x01"}]], [[{"stamp": b"\x02"}]]])
            cleaner = clone.cleaner()

            outcome = cleaner.reset(TEST, identity=Identity.RESEED)

            assert outcome.emptied == ()

    class WhenATransactionIsOpen:
        def test_tells_it_after_the_revert_that_has_ended_it(self) -> None:
            clone = plain(holders=[[[LEAK]], NOBODY])
            cleaner = clone.cleaner()

            with pytest.raises(TransactionLeaked, match=r"session 57 \(app\)") as leaked:
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert leaked.value.test == TEST
            assert len(clone.statements("ALTER DATABASE [shop] SET SINGLE_USER")) == 1
            assert cleaner.reset("the next", identity=Identity.RESEED).emptied == ()

        def test_does_not_wait_for_what_it_has_changed(self) -> None:
            clone = with_reference([[BEFORE]], RowLocked("A lock was not available in time."), holders=[[[LEAK]]])
            cleaner = clone.cleaner()

            with pytest.raises(TransactionLeaked, match="session 57"):
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert len(clone.statements(DIGESTS)) == 1

        def test_tells_one_that_the_login_may_not_see_by_its_locks(self) -> None:
            clone = with_reference([[BEFORE]], RowLocked("A lock was not available in time."), may_see=[BLIND])
            cleaner = clone.cleaner()

            with pytest.raises(TransactionLeaked, match="a session that the login may not see"):
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert clone.open_at_revert == [False]

        def test_names_the_session_also_if_its_locks_keep_counters_from_being_read(self) -> None:
            clone = plain(holders=[[[LEAK]]], counters=[RowLocked("A lock was not available in time.")])
            cleaner = clone.cleaner()

            with pytest.raises(TransactionLeaked, match="session 57"):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_passes_over_what_nobody_can_see(self) -> None:
            cleaner = plain(may_see=[BLIND], holders=[[[LEAK]]]).cleaner()

            assert cleaner.reset(TEST, identity=Identity.RESEED).emptied == ()

    class WhenReferenceDataChanged:
        def test_tells_it_although_the_rows_are_back(self) -> None:
            clone = with_reference([[BEFORE]], [[AFTER]], [[BEFORE]])
            cleaner = clone.cleaner()

            with pytest.raises(ReferenceDataChanged) as changed:
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert changed.value.tables == ("dbo.states",)
            assert clone.open_at_revert == [False]
            assert cleaner.reset("the next", identity=Identity.RESEED).emptied == ()

        def test_names_a_table_that_the_test_dropped(self) -> None:
            gone = SchemaMissing("A table does not exist.")
            cleaner = with_reference([[BEFORE]], gone, gone).cleaner()

            with pytest.raises(ReferenceDataChanged, match=r"dbo\.states"):
                cleaner.reset(TEST, identity=Identity.RESEED)

        def test_names_no_table_that_can_be_read_alone_and_is_as_before(self) -> None:
            cleaner = with_reference([[BEFORE]], SchemaMissing("A table does not exist."), [[BEFORE]]).cleaner()

            assert cleaner.reset(TEST, identity=Identity.RESEED).emptied == ()

        def test_says_nothing_where_it_did_not(self) -> None:
            cleaner = with_reference([[BEFORE]]).cleaner()

            assert cleaner.reset(TEST, identity=Identity.RESEED).emptied == ()

    class WhenCountersAreCounted:
        def test_leaves_them_to_the_revert_if_they_start_anew(self) -> None:
            clone = with_counter()
            cleaner = clone.cleaner()

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert "CHECKIDENT" not in "".join(clone.ran)

        @pytest.mark.parametrize(
            ("identity", "name"),
            [(Identity.KEEP, "snapshot_counters_kept"), (Identity.SPREAD, "snapshot_counters_spread")],
        )
        def test_puts_them_where_they_belong_after_the_revert(self, identity: Identity, name: str) -> None:
            clone = with_counter(counters=[counted(40)])
            cleaner = clone.cleaner()

            cleaner.reset(TEST, identity=identity)

            compare(name, {"after the revert": clone.ran[-1].removesuffix(";\n")})

        def test_sends_nothing_where_there_are_none(self) -> None:
            clone = plain()
            cleaner = clone.cleaner()

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert clone.ran[-1].startswith("SET NOCOUNT")
            assert "@emptied" not in clone.ran[-1]

    class WhenTheRevertFails:
        def test_says_so_and_can_try_again(self) -> None:
            clone = plain()
            clone.master = {"SINGLE_USER": Then([refusal((3137, "The database cannot be reverted.")), []])}
            cleaner = clone.cleaner()

            with pytest.raises(CannotReset, match="has one snapshot only"):
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert cleaner.reset(TEST, identity=Identity.RESEED).emptied == ()

        def test_says_so_if_the_clone_cannot_be_reached_afterwards(self) -> None:
            clone = plain()
            cleaner = clone.cleaner()
            clone.refused = [ServerUnreachable("The SQL Server does not answer.")]

            with pytest.raises(ServerUnreachable):
                cleaner.reset(TEST, identity=Identity.RESEED)

    class WhenItIsClosed:
        def test_gives_back_the_connection_and_drops_the_snapshot(self) -> None:
            clone = plain()
            cleaner = clone.cleaner()

            cleaner.close()

            assert not clone.connections[0].is_open
            assert clone.ran[-1] == "DROP DATABASE [shop_s]"

        def test_leaves_a_snapshot_that_cannot_be_dropped_to_the_end_of_the_clone(self) -> None:
            clone = plain()
            clone.master = {"DROP DATABASE": refusal((3702, "In use."))}
            cleaner = clone.cleaner()

            cleaner.close()

            assert not clone.connections[0].is_open
