from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from corelib.errors import InvalidSetting
from corelib.testing.database.model import Kind
from corelib.testing.database.planning.names import (
    belongs_to,
    build_name,
    checked_prefix,
    clone_name,
    looks_owned,
    run_id,
    template_name,
)

PREFIXES = st.from_regex(r"[a-z][a-z0-9_]{2,20}", fullmatch=True)
RUNS = st.text(max_size=20).map(run_id)
WORKERS = st.sampled_from(["main", "gw0", "gw12", "", "GW-1"])
FINGERPRINTS = st.text("0123456789abcdef", min_size=64, max_size=64)
NUMBERS = st.integers(1, 10**6)


class TestBelongsTo:
    @given(PREFIXES, RUNS, WORKERS, NUMBERS)
    def test_knows_the_clones_of_a_run(self, prefix: str, run: str, worker: str, number: int) -> None:
        assert belongs_to(clone_name(prefix, run, worker, number), prefix, Kind.CLONE, run)

    @given(PREFIXES, RUNS, NUMBERS)
    def test_knows_the_builds_of_a_run(self, prefix: str, run: str, number: int) -> None:
        assert belongs_to(build_name(prefix, run, number), prefix, Kind.BUILD, run)

    @given(PREFIXES, RUNS, FINGERPRINTS)
    def test_knows_the_templates_whoever_made_them(self, prefix: str, run: str, fingerprint: str) -> None:
        assert belongs_to(template_name(prefix, fingerprint), prefix, Kind.TEMPLATE, run)

    @given(PREFIXES, RUNS, RUNS, WORKERS, NUMBERS, st.sampled_from(Kind))
    def test_knows_no_clone_of_another_run(
        self, prefix: str, run: str, other: str, worker: str, number: int, kind: Kind
    ) -> None:
        name = clone_name(prefix, run, worker, number)

        assert belongs_to(name, prefix, kind, other) is (kind is Kind.CLONE and run == other)

    @given(PREFIXES, PREFIXES, RUNS, WORKERS, NUMBERS)
    def test_knows_no_clone_of_another_prefix(
        self, prefix: str, other: str, run: str, worker: str, number: int
    ) -> None:
        name = clone_name(prefix, run, worker, number)

        assert belongs_to(name, other, Kind.CLONE, run) is (prefix == other)

    def test_takes_the_prefix_for_text_and_not_for_a_pattern(self) -> None:
        run = run_id("a")

        assert not belongs_to(f"xx_c_{run}_gw0_1", ".*", Kind.CLONE, run)


class TestLooksOwned:
    @given(PREFIXES, RUNS, WORKERS, NUMBERS, FINGERPRINTS)
    def test_knows_all_names_of_the_kit(
        self, prefix: str, run: str, worker: str, number: int, fingerprint: str
    ) -> None:
        names = [
            clone_name(prefix, run, worker, number),
            build_name(prefix, run, number),
            template_name(prefix, fingerprint),
        ]

        assert all(looks_owned(name, prefix) for name in names)

    @pytest.mark.parametrize("name", ["orders_test", "orders_test_registry", "orders_test_t_01", "orders_test_c_x_y_1"])
    def test_knows_no_other_names(self, name: str) -> None:
        assert not looks_owned(name, "orders_test")


class TestCheckedPrefix:
    @given(PREFIXES)
    def test_returns_one_that_can_be_used(self, prefix: str) -> None:
        assert checked_prefix(prefix) == prefix

    @pytest.mark.parametrize("prefix", ["", "ab", "1st", "Orders", "orders-test", "o" * 22, "orders\n", "or'ders"])
    def test_refuses_any_other(self, prefix: str) -> None:
        with pytest.raises(InvalidSetting, match="cannot begin names"):
            checked_prefix(prefix)
