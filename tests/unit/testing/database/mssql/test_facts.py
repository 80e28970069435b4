from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import ENTERPRISE, LINUX, VERSION_2022

from corelib.testing.database.model import ServerFacts
from corelib.testing.database.mssql.console import Row
from corelib.testing.database.mssql.facts import facts_of, folder_of

ADMINISTRATOR: Row = (1, 1, 1, "sa")
WINDOWS_FILES: list[Row] = [("ROWS", r"E:\SQL\DATA\master.mdf"), ("LOG", r"F:\LOG\mastlog.ldf")]
UNTOLD = (None, None, None)


def facts_with(
    properties: Row = (*VERSION_2022, *LINUX, *ENTERPRISE),
    rights: Row | None = ADMINISTRATOR,
    files: list[Row] | None = None,
    model: Row | None = (160, False, 0),
    options: Mapping[str, str] | None = None,
) -> ServerFacts:
    return facts_of(
        properties,
        rights=[] if rights is None else [rights],
        master_files=files or [],
        model=[] if model is None else [model],
        options=options or {},
    )


class TestFactsOf:
    def test_tell_product_version_and_collation(self) -> None:
        facts = facts_with()

        assert facts.engine == "mssql"
        assert facts.product == "SQL Server 16.0.4135.4 (Developer Edition (64-bit))"
        assert facts.version == (16, 0, 4135, 4)
        assert facts.collation == "SQL_Latin1_General_CP1_CI_AS"

    def test_tell_what_new_databases_get_and_what_the_kit_sets(self) -> None:
        facts = facts_with(model=(150, True, 1), options={"RECOVERY": "SIMPLE"})

        assert facts.options == {
            "model.compatibility_level": "150",
            "model.read_committed_snapshot": "1",
            "model.snapshot_isolation": "1",
            "RECOVERY": "SIMPLE",
        }

    class WhenItIsAnOrdinaryInstance:
        def test_can_back_up(self) -> None:
            traits = facts_with().traits

            assert (traits["backup"], traits["create"], traits["sessions"]) == ("yes", "yes", "yes")

        def test_has_the_folders_that_it_tells(self) -> None:
            traits = facts_with().traits

            assert (traits["data"], traits["log"], traits["backup folder"]) == LINUX

    class WhenItDoesNotTellItsFolders:
        def test_has_those_of_master(self) -> None:
            traits = facts_with((*VERSION_2022, *UNTOLD, *ENTERPRISE), files=WINDOWS_FILES).traits

            assert (traits["data"], traits["log"]) == ("E:\\SQL\\DATA\\", "F:\\LOG\\")
            assert (traits["backup"], traits["backup folder"]) == ("yes", "")

        def test_cannot_back_up_if_those_are_hidden_too(self) -> None:
            traits = facts_with((*VERSION_2022, *UNTOLD, *ENTERPRISE)).traits

            assert traits["backup"] == "the server does not say where its files are"

    class WhenItCannotBackUp:
        @pytest.mark.parametrize(
            ("engine_edition", "views", "reason"),
            [
                (5, 0, "Azure SQL Database has no BACKUP"),
                (8, 1, "Azure SQL Managed Instance backs up to a URL only"),
                (6, 0, "Azure Synapse Analytics has no BACKUP"),
                (11, 0, "Azure Synapse Analytics has no BACKUP"),
                (2, 0, "this server has no BACKUP"),
            ],
        )
        def test_says_why(self, engine_edition: int, views: int, reason: str) -> None:
            facts = facts_with((*VERSION_2022, *LINUX, engine_edition, views))

            assert facts.traits["backup"] == reason

    class WhenTheEditionDiffers:
        @pytest.mark.parametrize(
            ("edition", "compression"),
            [
                ("Enterprise Edition: Core-based Licensing (64-bit)", "yes"),
                ("Standard Edition (64-bit)", "yes"),
                ("Developer Edition (64-bit)", "yes"),
                ("Express Edition (64-bit)", "no"),
                ("Web Edition (64-bit)", "no"),
            ],
        )
        def test_compresses_where_microsoft_lets_it(self, edition: str, compression: str) -> None:
            facts = facts_with((VERSION_2022[0], edition, VERSION_2022[2], *LINUX, *ENTERPRISE))

            assert facts.traits["compression"] == compression

    class WhenTheLoginMayNotDoAll:
        @pytest.mark.parametrize(
            ("rights", "create", "sessions"),
            [
                ((0, 0, 0, "tester"), "no", "no"),
                ((0, 1, 0, "tester"), "yes", "no"),
                ((1, 1, 0, "tester"), "yes", "no"),
                (None, "yes", "no"),
            ],
        )
        def test_says_so(self, rights: Row | None, create: str, sessions: str) -> None:
            traits = facts_with(rights=rights).traits

            assert (traits["create"], traits["sessions"]) == (create, sessions)

        def test_leaves_the_answer_to_azure_which_has_roles_of_its_own(self) -> None:
            traits = facts_with((*VERSION_2022, *UNTOLD, 5, 0), rights=(0, 0, 0, "tester")).traits

            assert traits["create"] == "yes"

    class WhenThereIsNoModel:
        def test_has_the_options_of_the_kit_only(self) -> None:
            assert facts_with(model=None, options={"RECOVERY": "SIMPLE"}).options == {"RECOVERY": "SIMPLE"}


class TestFolderOf:
    @pytest.mark.parametrize(
        ("path", "folder"),
        [
            ("/var/opt/mssql/data/master.mdf", "/var/opt/mssql/data/"),
            (r"C:\Data\master.mdf", "C:\\Data\\"),
            (r"\\files\sql\master.mdf", "\\\\files\\sql\\"),
        ],
    )
    def test_ends_with_its_separator(self, path: str, folder: str) -> None:
        assert folder_of(path) == folder
