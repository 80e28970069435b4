from __future__ import annotations

import pytest
from attrs import evolve

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import LINUX, VERSION_2022, server_with

from corelib.testing.database.errors import CannotReset
from corelib.testing.database.model import ServerFacts
from corelib.testing.database.mssql.facts import PROPERTIES
from corelib.testing.database.mssql.snapshot_refusals import refuse_contents, refuse_server
from corelib.testing.database.mssql.snapshot_sql import LOG, ROWS, DatabaseFile
from corelib.testing.database.planning.catalogue import Catalogue, Table, TableName, Trait

DATA = DatabaseFile(1, "shop", ROWS, "/data/shop.mdf")
FILES = [DATA, DatabaseFile(2, "shop_log", LOG, "/data/shop.ldf")]
EMPTY = Catalogue([])


def facts_of_edition(number: int, views: int) -> ServerFacts:
    server, _ = server_with({PROPERTIES: [(*VERSION_2022, *LINUX, number, views)]})
    return server.facts()


def with_trait(trait: Trait) -> Catalogue:
    return Catalogue([Table(TableName("dbo", "orders"), traits=frozenset({trait}))])


class TestRefuseServer:
    def test_takes_sql_server(self) -> None:
        refuse_server(facts_of_edition(3, 1))

    @pytest.mark.parametrize(
        ("edition", "views", "told"),
        [
            (5, 1, "Azure SQL Database has no BACKUP"),
            (8, 1, "Azure SQL Managed Instance backs up to a URL only"),
            (11, 1, "Azure Synapse Analytics has no BACKUP"),
            (3, 0, "this server has no BACKUP"),
        ],
    )
    def test_refuses_what_has_no_snapshots_and_names_the_other_ways(self, edition: int, views: int, told: str) -> None:
        facts = facts_of_edition(edition, views)

        with pytest.raises(CannotReset, match=rf'{told}\. .*reset_by="delete".*reset="clone"'):
            refuse_server(facts)


class TestRefuseContents:
    @pytest.mark.parametrize(
        "trait", [Trait.LEDGER, Trait.TEMPORAL, Trait.GRAPH_NODE, Trait.INDEXED_VIEW, Trait.PARTITIONED]
    )
    def test_takes_what_stands_in_data_files(self, trait: Trait) -> None:
        refuse_contents(FILES, [], with_trait(trait))

    @pytest.mark.parametrize(
        ("file", "told"),
        [
            (DatabaseFile(65537, "blobs", "FILESTREAM", "/data/blobs"), r"blobs \(FILESTREAM.*memory-optimized"),
            (DatabaseFile(3, "words", "FULLTEXT", "/data/words"), r"words \(FULLTEXT"),
            (evolve(DATA, number=3, name="old", read_only=True), r"the file old \(read-only\)"),
        ],
    )
    def test_refuses_a_file_by_name(self, file: DatabaseFile, told: str) -> None:
        with pytest.raises(CannotReset, match=told):
            refuse_contents([*FILES, file], [], EMPTY)

    def test_refuses_full_text_catalogues_by_name(self) -> None:
        with pytest.raises(CannotReset, match=r"the full-text catalogue words \(every revert drops it\)"):
            refuse_contents(FILES, ["words"], EMPTY)

    @pytest.mark.parametrize("trait", [Trait.EXTERNAL, Trait.CHANGE_DATA_CAPTURE, Trait.REPLICATED])
    def test_refuses_a_table_that_lives_by_more_than_its_files(self, trait: Trait) -> None:
        with pytest.raises(CannotReset, match=rf"dbo\.orders \({trait.value}: "):
            refuse_contents(FILES, [], with_trait(trait))

    def test_refuses_to_guess_where_the_files_are(self) -> None:
        with pytest.raises(CannotReset, match=r"the login may not see in sys\.master_files"):
            refuse_contents([], [], EMPTY)

    def test_names_all_that_is_in_the_way(self) -> None:
        with pytest.raises(CannotReset, match=r"old .*; .*words .*; dbo\.orders"):
            refuse_contents([evolve(DATA, name="old", read_only=True)], ["words"], with_trait(Trait.EXTERNAL))
