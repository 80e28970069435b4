from __future__ import annotations

import pytest
from attrs import frozen

from corelib.errors import MisuseError
from corelib.ports.storage import Isolation
from corelib.testing.plugin.marking import DatabaseUse, Reset, allowed_hosts, database_use


@frozen
class Written:
    """A marker, as pytest shows it; the markers themselves are not registered in this project."""

    args: tuple[object, ...]
    kwargs: dict[str, object]


def db(*args: object, **kwargs: object) -> Written:
    return Written(args, kwargs)


allow = db


class TestDatabaseUse:
    class WhenThereIsNoMarker:
        def test_deletes_what_the_test_committed(self) -> None:
            assert database_use([]) == DatabaseUse(Reset.DELETE, None)

    class WhenTheMarkerSaysHow:
        @pytest.mark.parametrize("reset", list(Reset))
        def test_takes_the_name_of_a_reset(self, reset: Reset) -> None:
            assert database_use([db(reset=reset.value)]).reset is reset

        def test_takes_the_member_as_well(self) -> None:
            assert database_use([db(reset=Reset.CLONE)]).reset is Reset.CLONE

        @pytest.mark.parametrize(
            ("isolation", "level"),
            [
                ("serializable", "SERIALIZABLE"),
                ("REPEATABLE READ", "REPEATABLE READ"),
                ("read_committed", "READ COMMITTED"),
                (Isolation.SNAPSHOT, "SNAPSHOT"),
            ],
        )
        def test_takes_an_isolation_level_in_any_spelling(self, isolation: object, level: str) -> None:
            assert database_use([db(isolation=isolation)]).isolation == level

    class WhenTestAndClassHaveOne:
        def test_takes_from_the_class_what_the_test_leaves_open(self) -> None:
            use = database_use([db(isolation="serializable"), db(reset="clone", isolation="snapshot")])

            assert use == DatabaseUse(Reset.CLONE, "SERIALIZABLE")

    class WhenItIsWrittenWrongly:
        @pytest.mark.parametrize(
            ("mark", "found"),
            [
                (db("rollback"), "by name, but was given 'rollback'"),
                (db(resett="delete"), "knows no resett"),
                (db(reset="truncate"), "knows no reset='truncate'"),
                (db(isolation="chaos"), "knows no isolation='chaos'"),
            ],
        )
        def test_says_what_it_found_and_what_it_takes(self, mark: Written, found: str) -> None:
            with pytest.raises(MisuseError, match=found) as refused:
                database_use([mark])

            assert refused.value.hint.startswith(("Write @pytest.mark.db(", "Use one of: READ UNCOMMITTED"))

        def test_looks_at_all_of_them(self) -> None:
            with pytest.raises(MisuseError, match="truncate"):
                database_use([db(reset="delete"), db(reset="truncate")])


class TestAllowedHosts:
    def test_puts_all_markers_together(self) -> None:
        assert allowed_hosts([allow("mail.example"), allow("localhost:6379", "files.example")]) == (
            "mail.example",
            "localhost:6379",
            "files.example",
        )

    @pytest.mark.parametrize("mark", [allow(), allow(25), allow(""), allow(host="mail.example")])
    def test_refuses_what_is_no_host(self, mark: Written) -> None:
        with pytest.raises(MisuseError, match="takes names of hosts"):
            allowed_hosts([mark])
