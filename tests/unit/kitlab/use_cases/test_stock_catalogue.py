from __future__ import annotations

import pytest
from tests.unit.kitlab.laboratory import laboratory

from corelib.errors import ValidationFailed
from kitlab.domain.catalogue import KitType, Practitioner
from kitlab.use_cases.stock_catalogue import KitEntry, PractitionerEntry, StockCatalogue

pytest.importorskip("cattrs")
pytest.importorskip("cronsim")

ADA = PractitionerEntry("PR-1", "Dr Ada", "ada@example.com", active=True)
GUT = KitEntry("GUT-01", "Gut", active=True)


class TestStockCatalogue:
    class WhenTheCatalogueIsEmpty:
        def test_adds_everything(self) -> None:
            lab = laboratory(stocked=False)

            added = lab.host.execute(StockCatalogue([ADA], [GUT, KitEntry("OLD-01", "Old", active=False)]))

            assert added == 3
            (practitioner,) = lab.all(Practitioner)
            assert (practitioner.id, practitioner.name, practitioner.email) == ("PR-1", "Dr Ada", "ada@example.com")
            kits = lab.all(KitType)
            assert [(kit.id, kit.name, kit.active) for kit in kits] == [
                ("GUT-01", "Gut", True),
                ("OLD-01", "Old", False),
            ]

    class WhenSomeOfItIsThere:
        def test_adds_what_is_new_and_leaves_the_rest(self) -> None:
            lab = laboratory(stocked=False)
            lab.host.execute(StockCatalogue([ADA], [GUT]))

            added = lab.host.execute(
                StockCatalogue(
                    [PractitionerEntry("PR-1", "Other", "other@example.com", active=False)],
                    [GUT, KitEntry("VIT-01", "Vitamins", active=True)],
                )
            )

            assert added == 1
            assert [practitioner.name for practitioner in lab.all(Practitioner)] == ["Dr Ada"]
            assert [kit.id for kit in lab.all(KitType)] == ["GUT-01", "VIT-01"]

        def test_takes_a_practitioner_for_no_kit_of_that_name(self) -> None:
            lab = laboratory(stocked=False)
            kit = KitEntry(ADA.id, "A strange code", active=True)
            lab.host.execute(StockCatalogue([], [kit]))

            added = lab.host.execute(StockCatalogue([ADA], [kit]))

            assert added == 1
            assert [practitioner.id for practitioner in lab.all(Practitioner)] == ["PR-1"]

    class WhenThereIsNothingToAdd:
        def test_adds_nothing(self) -> None:
            assert laboratory(stocked=False).host.execute(StockCatalogue([], [])) == 0

    class WhenTheInputIsNotValid:
        def test_names_what_is_wrong(self) -> None:
            pytest.importorskip("cattrs")
            lab = laboratory(stocked=False)
            raw = {
                "practitioners": [{"id": "PR-1", "name": "", "email": "ada", "active": "yes"}],
                "kit_types": [{"code": "GUT-01", "name": "Gut"}],
            }

            with pytest.raises(ValidationFailed) as caught:
                lab.host.submit(StockCatalogue, raw)

            assert [problem.path for problem in caught.value.problems] == [
                "practitioners[0].name",
                "practitioners[0].email",
                "practitioners[0].active",
                "kit_types[0].active",
            ]
            assert lab.all(Practitioner) == []
