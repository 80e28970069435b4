from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytest.importorskip("hypothesis")

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from corelib.testing.database.errors import NotOwned
from corelib.testing.database.model import Kind, Mark, OwnedDatabase
from corelib.testing.database.planning.names import build_name, clone_name, run_id, template_name
from corelib.testing.database.planning.ownership import check_own, check_reapable, has_become_template

PREFIX = "orders_test"
RUN = run_id("this run")
OTHER_RUN = run_id("another run")
FINGERPRINT = "0123456789abcdef" * 4
OTHER_FINGERPRINT = "fedcba9876543210" * 4
NAMES = {
    Kind.CLONE: clone_name(PREFIX, RUN, "gw0", 1),
    Kind.BUILD: build_name(PREFIX, RUN, 1),
    Kind.TEMPLATE: template_name(PREFIX, FINGERPRINT),
}


def record_of(kind: Kind) -> OwnedDatabase:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return OwnedDatabase(NAMES[kind], kind, RUN, FINGERPRINT, made_at=now, used_at=now)


def mark_of(kind: Kind, run: str = RUN, fingerprint: str = FINGERPRINT) -> Mark:
    return Mark(kind, run, fingerprint)


RECORDS = st.builds(
    lambda kind, run, fingerprint: evolve(record_of(kind), run=run, fingerprint=fingerprint),
    st.sampled_from(Kind),
    st.sampled_from([RUN, OTHER_RUN]),
    st.sampled_from([FINGERPRINT, OTHER_FINGERPRINT]),
)
MARKS = st.none() | st.builds(
    Mark,
    st.sampled_from(Kind),
    st.sampled_from([RUN, OTHER_RUN]),
    st.sampled_from([FINGERPRINT, OTHER_FINGERPRINT]),
)
FOREIGN_NAMES = st.text(max_size=60) | st.sampled_from(
    [
        "",
        "orders",
        "orders_test",
        "orders_test_c",
        f"orders_test_eu_c_{RUN}_gw0_1",
        f"orders_c_{RUN}_gw0_1",
        f"orders_test_c_{RUN}",
        f"orders_test_c_{RUN}_gw0_1; DROP DATABASE orders",
        f"orders_test_c_{RUN}_gw0_1\n",
        f"ORDERS_TEST_C_{RUN}_gw0_1",
        f"orders_testxc_{RUN}_gw0_1",
    ]
)


class TestCheckOwn:
    class WhenAllSignsAreThere:
        def test_allows_it(self) -> None:
            check_own(NAMES[Kind.CLONE], record_of(Kind.CLONE), mark_of(Kind.CLONE), prefix=PREFIX, run=RUN)

    class WhenASignIsMissing:
        @pytest.mark.parametrize(
            ("name", "record", "mark", "said"),
            [
                pytest.param("orders", record_of(Kind.CLONE), mark_of(Kind.CLONE), "takes a name", id="name"),
                pytest.param(
                    clone_name("orders_live", RUN, "gw0", 1),
                    record_of(Kind.CLONE),
                    mark_of(Kind.CLONE),
                    "takes a name .* prefix 'orders_test'",
                    id="prefix",
                ),
                pytest.param(
                    clone_name(PREFIX, OTHER_RUN, "gw0", 1),
                    record_of(Kind.CLONE),
                    mark_of(Kind.CLONE),
                    f"takes a name as a clone of run {RUN}",
                    id="run in the name",
                ),
                pytest.param(
                    NAMES[Kind.CLONE], None, mark_of(Kind.CLONE), "takes a record .* found was none", id="record"
                ),
                pytest.param(
                    NAMES[Kind.CLONE],
                    evolve(record_of(Kind.CLONE), run=OTHER_RUN),
                    mark_of(Kind.CLONE),
                    f"found was that of the clone of run {OTHER_RUN}",
                    id="run in the record",
                ),
                pytest.param(
                    NAMES[Kind.CLONE],
                    evolve(record_of(Kind.BUILD), name=NAMES[Kind.CLONE]),
                    mark_of(Kind.CLONE),
                    "found was that of the build",
                    id="kind in the record",
                ),
                pytest.param(NAMES[Kind.CLONE], record_of(Kind.CLONE), None, "no mark that could be read", id="mark"),
                pytest.param(
                    NAMES[Kind.CLONE],
                    record_of(Kind.CLONE),
                    mark_of(Kind.CLONE, OTHER_RUN),
                    f"found was the mark of the clone of run {OTHER_RUN}",
                    id="run in the mark",
                ),
                pytest.param(
                    NAMES[Kind.CLONE],
                    record_of(Kind.CLONE),
                    mark_of(Kind.TEMPLATE),
                    "found was the mark of the template",
                    id="kind in the mark",
                ),
                pytest.param(
                    NAMES[Kind.CLONE],
                    record_of(Kind.CLONE),
                    mark_of(Kind.CLONE, fingerprint=OTHER_FINGERPRINT),
                    f"with fingerprint {OTHER_FINGERPRINT[:16]}",
                    id="fingerprint in the mark",
                ),
            ],
        )
        def test_refuses_it_and_says_what_was_found(
            self, name: str, record: OwnedDatabase | None, mark: Mark | None, said: str
        ) -> None:
            with pytest.raises(NotOwned, match=said) as refused:
                check_own(name, record, mark, prefix=PREFIX, run=RUN)

            assert "Nothing was done to it" in str(refused.value)

        @given(name=FOREIGN_NAMES, mark=MARKS, run=st.sampled_from([RUN, OTHER_RUN]))
        def test_allows_no_name_outside_of_the_prefix(self, name: str, mark: Mark | None, run: str) -> None:
            record = evolve(record_of(Kind.CLONE), name=name)

            with pytest.raises(NotOwned):
                check_own(name, record, mark, prefix=PREFIX, run=run)

        @given(record=st.none() | RECORDS, mark=MARKS, kind=st.sampled_from(Kind))
        def test_allows_nothing_to_a_run_that_did_not_make_it(
            self, record: OwnedDatabase | None, mark: Mark | None, kind: Kind
        ) -> None:
            with pytest.raises(NotOwned):
                check_own(NAMES[kind], record, mark, prefix=PREFIX, run=OTHER_RUN)


class TestCheckReapable:
    class WhenItIsWhatItsRecordSays:
        @pytest.mark.parametrize("kind", Kind)
        def test_allows_it_with_its_mark(self, kind: Kind) -> None:
            check_reapable(record_of(kind), mark_of(kind), prefix=PREFIX)

        @pytest.mark.parametrize("kind", [Kind.BUILD, Kind.CLONE])
        def test_allows_one_that_never_got_a_mark(self, kind: Kind) -> None:
            check_reapable(record_of(kind), None, prefix=PREFIX)

        def test_allows_a_clone_that_still_has_the_mark_of_its_template(self) -> None:
            check_reapable(record_of(Kind.CLONE), mark_of(Kind.TEMPLATE, OTHER_RUN), prefix=PREFIX)

        def test_allows_a_build_that_is_marked_as_the_template_it_was_to_become(self) -> None:
            check_reapable(record_of(Kind.BUILD), mark_of(Kind.TEMPLATE), prefix=PREFIX)

    class WhenItIsSomethingElse:
        @pytest.mark.parametrize(
            ("record", "mark", "said"),
            [
                pytest.param(record_of(Kind.TEMPLATE), None, "no mark", id="template without mark"),
                pytest.param(
                    record_of(Kind.TEMPLATE), mark_of(Kind.TEMPLATE, OTHER_RUN), "mark of the template", id="its run"
                ),
                pytest.param(
                    evolve(record_of(Kind.TEMPLATE), fingerprint=OTHER_FINGERPRINT),
                    mark_of(Kind.TEMPLATE, fingerprint=OTHER_FINGERPRINT),
                    "found was that of another one",
                    id="template under another name",
                ),
                pytest.param(record_of(Kind.CLONE), mark_of(Kind.CLONE, OTHER_RUN), "mark of the clone", id="clone"),
                pytest.param(
                    record_of(Kind.CLONE),
                    mark_of(Kind.TEMPLATE, fingerprint=OTHER_FINGERPRINT),
                    "mark of the template",
                    id="clone of another template",
                ),
                pytest.param(record_of(Kind.CLONE), mark_of(Kind.BUILD), "mark of the build", id="clone of a build"),
                pytest.param(
                    record_of(Kind.BUILD), mark_of(Kind.TEMPLATE, OTHER_RUN), "mark of the template", id="build"
                ),
                pytest.param(evolve(record_of(Kind.CLONE), name="orders"), None, "takes a name", id="name"),
                pytest.param(
                    evolve(record_of(Kind.CLONE), run=OTHER_RUN), None, f"of run {OTHER_RUN}", id="name of another run"
                ),
            ],
        )
        def test_refuses_it_and_says_what_was_found(self, record: OwnedDatabase, mark: Mark | None, said: str) -> None:
            with pytest.raises(NotOwned, match=said):
                check_reapable(record, mark, prefix=PREFIX)

        @given(name=FOREIGN_NAMES, record=RECORDS, mark=MARKS)
        def test_allows_no_name_outside_of_the_prefix(
            self, name: str, record: OwnedDatabase, mark: Mark | None
        ) -> None:
            with pytest.raises(NotOwned):
                check_reapable(evolve(record, name=name), mark, prefix=PREFIX)


class TestHasBecomeTemplate:
    @pytest.mark.parametrize(
        ("kind", "mark", "has"),
        [
            (Kind.BUILD, mark_of(Kind.TEMPLATE), True),
            (Kind.BUILD, mark_of(Kind.TEMPLATE, OTHER_RUN), False),
            (Kind.BUILD, mark_of(Kind.TEMPLATE, fingerprint=OTHER_FINGERPRINT), False),
            (Kind.BUILD, None, False),
            (Kind.CLONE, mark_of(Kind.TEMPLATE), False),
        ],
    )
    def test_is_so_for_a_build_and_its_own_mark_as_template(self, kind: Kind, mark: Mark | None, has: bool) -> None:
        assert has_become_template(record_of(kind), mark) is has
