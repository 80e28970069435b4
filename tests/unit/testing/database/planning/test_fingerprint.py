from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from corelib.testing.database.model import ServerFacts
from corelib.testing.database.planning.fingerprint import LAYOUT, kit_version, template_fingerprint

FACTS = ServerFacts(
    "mssql",
    "SQL Server 2022",
    (16, 0, 4135),
    collation="Latin1_General_100_CI_AS",
    options={"rcsi": "on", "snapshot": "off"},
    traits={"edition": "Developer"},
)


class TestTemplateFingerprint:
    class WhenAPartChanges:
        @pytest.mark.parametrize(
            ("source", "facts", "kit"),
            [
                pytest.param("b", FACTS, "1", id="source"),
                pytest.param("a", FACTS, "2", id="kit"),
                pytest.param("a", evolve(FACTS, engine="postgresql"), "1", id="engine"),
                pytest.param("a", evolve(FACTS, version=(16, 0, 4140)), "1", id="version"),
                pytest.param("a", evolve(FACTS, version=(1, 60, 4135)), "1", id="digits of the version"),
                pytest.param("a", evolve(FACTS, collation="Latin1_General_100_CS_AS"), "1", id="collation"),
                pytest.param("a", evolve(FACTS, options={"rcsi": "off", "snapshot": "off"}), "1", id="option"),
                pytest.param("a", evolve(FACTS, options={"rcsi": "on"}), "1", id="one option less"),
            ],
        )
        def test_changes(self, source: str, facts: ServerFacts, kit: str) -> None:
            assert template_fingerprint(source, facts, kit=kit) != template_fingerprint("a", FACTS, kit="1")

    class WhenNothingChangesThatCounts:
        @given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5), st.randoms())
        def test_is_the_same_in_whatever_order_the_options_come(self, options: dict[str, str], random: object) -> None:
            shuffled = list(options.items())
            random.shuffle(shuffled)  # type: ignore[attr-defined]

            one = template_fingerprint("a", evolve(FACTS, options=options), kit="1")
            other = template_fingerprint("a", evolve(FACTS, options=dict(shuffled)), kit="1")

            assert one == other

        @pytest.mark.parametrize(
            "facts", [evolve(FACTS, traits={"edition": "Express"}), evolve(FACTS, product="another text")]
        )
        def test_is_the_same_with_other_traits_and_texts(self, facts: ServerFacts) -> None:
            assert template_fingerprint("a", facts, kit="1") == template_fingerprint("a", FACTS, kit="1")

        def test_is_the_same_on_every_machine(self) -> None:
            fingerprint = template_fingerprint("a", FACTS, kit="1")

            assert fingerprint == "0f0c320bf0adf8230edec3263e1b0ad569073aef1703bddd0c2323e707b5c464"


class TestKitVersion:
    def test_ends_with_the_layout(self) -> None:
        assert kit_version().endswith(f"/{LAYOUT}")
