from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.support.garden import garden, write_revision, write_two

from corelib.adapters.sqlalchemy import SqlSchema
from corelib.adapters.sqlalchemy.migrations.revisions import Revisions, revisions_in
from corelib.errors import InvalidSetting


def read(folder: Path) -> Revisions:
    return revisions_in(folder, "garden")


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidSetting) as caught:
        read(folder)
    return str(caught.value)


class TestRevisionsIn:
    def test_orders_them_as_they_follow_one_another(self, folder: Path) -> None:
        write_revision(folder, "b", "c")
        write_revision(folder, "c", "a")
        write_revision(folder, "a", None)

        found = read(folder)

        assert found.names == ("a", "c", "b")
        assert found.head == "b"

    def test_takes_the_message_from_the_docstring(self, folder: Path) -> None:
        write_revision(folder, "0001", None, text="Make beds.\n\nThe first ones")

        [found] = read(folder).ordered

        assert str(found) == "0001 (Make beds)"

    def test_puts_a_merge_behind_what_it_merges(self, folder: Path) -> None:
        write_revision(folder, "a", None)
        write_revision(folder, "left", "a")
        write_revision(folder, "right", "a")
        write_revision(folder, "both", ("left", "right"))

        names = read(folder).names

        assert (names[0], names[-1]) == ("a", "both")

    def test_runs_no_file(self, folder: Path) -> None:
        (folder / "0001_loud.py").write_text("revision: str = '0001'\nraise SystemExit\n")

        assert read(folder).names == ("0001",)

    def test_finds_a_package_by_its_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_two(tmp_path / "garden_revisions")
        (tmp_path / "garden_revisions" / "__init__.py").write_text("")
        monkeypatch.syspath_prepend(tmp_path)

        assert revisions_in("garden_revisions", "garden").names == ("0001", "0002")

    class WhenThereAreNone:
        def test_has_no_head(self, folder: Path) -> None:
            found = read(folder)

            assert (found.names, found.head) == ((), None)

    class WhenThePlaceDoesNotExist:
        @pytest.mark.parametrize(
            "place", ["garden_of_nobody", "garden_of_nobody.revisions", "graphlib", Path("nowhere")]
        )
        def test_says_what_to_make(self, place: str | Path) -> None:
            with pytest.raises(InvalidSetting, match=r"migrations of garden should be in .* Make that folder"):
                revisions_in(place, "garden")

    class WhenTwoHaveOneName:
        def test_names_both_files(self, folder: Path) -> None:
            write_revision(folder, "0001", None)
            (folder / "0001_other.py").write_text("revision = '0001'\ndown_revision = None\n")

            assert "revision 0001 twice: 0001_other.py and 0001_step.py" in refusal(folder)

    class WhenOneFollowsWhatIsNotThere:
        def test_lists_those_that_are(self, folder: Path) -> None:
            write_revision(folder, "0002", "0001")

            assert "0002_step.py of garden follows revision 0001, which is not there. Known are: 0002" in refusal(
                folder
            )

    class WhenThereAreSeveralHeads:
        def test_names_them(self, folder: Path) -> None:
            write_revision(folder, "a", None)
            write_revision(folder, "left", "a")
            write_revision(folder, "right", "a")

            assert "garden have several heads: left, right. Let one follow the other" in refusal(folder)

    class WhenThereAreSeveralBeginnings:
        def test_names_them(self, folder: Path) -> None:
            write_revision(folder, "a", None)
            write_revision(folder, "b", None)

            assert "several first revisions: a, b" in refusal(folder)

    class WhenTheyFollowOneAnotherInACircle:
        def test_says_so(self, folder: Path) -> None:
            write_revision(folder, "a", "b")
            write_revision(folder, "b", "a")

            assert "in a circle" in refusal(folder)

    class WhenAFileIsNoRevision:
        @pytest.mark.parametrize("text", ["", "revision = 1", "revision = str(1)", "revision = '1'\ndown_revision = 7"])
        def test_says_what_is_missing(self, folder: Path, text: str) -> None:
            (folder / "helpers.py").write_text(text)

            assert "helpers.py does not name its revision" in refusal(folder)

        def test_says_where_it_is_no_python(self, folder: Path) -> None:
            (folder / "0001.py").write_text("def upgrade(:")

            assert "0001.py is no Python" in refusal(folder)


class TestResolve:
    @pytest.mark.parametrize(
        ("wanted", "found", "resolved"),
        [
            ("head", None, "0002"),
            ("base", "0002", None),
            ("0001", None, "0001"),
            ("0002", "0001", "0002"),
            ("+1", None, "0001"),
            ("+2", None, "0002"),
            ("-1", "0002", "0001"),
            ("-2", "0002", None),
        ],
    )
    def test_knows_names_and_steps(self, folder: Path, wanted: str, found: str | None, resolved: str | None) -> None:
        revisions = read(write_two(folder))

        assert revisions.resolve(wanted, found=found) == resolved

    def test_knows_the_beginning_of_a_name(self, folder: Path) -> None:
        write_revision(folder, "ae10", None)
        write_revision(folder, "ae1022", "ae10")
        write_revision(folder, "b7", "ae1022")
        revisions = read(folder)

        assert revisions.resolve("b", found=None) == "b7"
        assert revisions.resolve("ae10", found=None) == "ae10"

    @pytest.mark.parametrize("wanted", ["0009", "", "000", "+", "-x"])
    class WhenThereIsNoSuchRevision:
        def test_lists_those_that_there_are(self, folder: Path, wanted: str) -> None:
            with pytest.raises(InvalidSetting) as caught:
                read(write_two(folder)).resolve(wanted, found=None)

            assert str(caught.value).endswith(f"have no revision {wanted}. Known are: base, 0001, 0002.")

    class WhenTheStepsLeadTooFar:
        @pytest.mark.parametrize(
            ("wanted", "found", "end"), [("-1", None, "before the first"), ("+2", "0001", "after the last")]
        )
        def test_says_beyond_which_end(self, folder: Path, wanted: str, found: str | None, end: str) -> None:
            with pytest.raises(InvalidSetting, match=end):
                read(write_two(folder)).resolve(wanted, found=found)


class TestSqlSchema:
    class WhenItHasMigrations:
        def test_takes_its_revisions_from_them(self, folder: Path) -> None:
            component = garden(write_two(folder)).component()

            assert component.known() == ("0001", "0002")

        def test_takes_no_list_of_revisions_beside_them(self, folder: Path) -> None:
            with pytest.raises(ValueError, match="name one of the two"):
                SqlSchema("garden", sa.MetaData(), [], revisions=("0001", "0002"), migrations=folder)

        def test_asks_for_the_first_if_there_is_none(self, folder: Path) -> None:
            with pytest.raises(InvalidSetting, match=r"no migration of garden .* yet. Write the first"):
                garden(folder).component().known()

    class WhenItHasNone:
        def test_says_how_to_name_them(self) -> None:
            with pytest.raises(InvalidSetting) as caught:
                SqlSchema("garden", sa.MetaData(), []).component(migrated=True)

            assert str(caught.value) == (
                "The schema of garden has no migrations. "
                'Name the package for their files: SqlSchema(..., migrations="garden.migrations").'
            )

    class WhenThereIsNoSuchComponent:
        def test_lists_those_that_there_are(self) -> None:
            with pytest.raises(InvalidSetting, match=r"no component kitchen\. Known are: corelib, garden"):
                SqlSchema("garden", sa.MetaData(), []).component("kitchen")
