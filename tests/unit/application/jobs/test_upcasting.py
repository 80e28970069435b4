from __future__ import annotations

import json

import pytest

from corelib.application.jobs.upcasting import JsonObject, Upcaster, check_upcasters, upcasted
from corelib.errors import MisuseError, PayloadTooNew, ValidationFailed


def add_currency(raw: JsonObject) -> JsonObject:
    return {**raw, "currency": "EUR"}


def nest_price(raw: JsonObject) -> JsonObject:
    price = {"amount": raw.pop("amount"), "currency": raw.pop("currency")}
    return {**raw, "price": price}


BOTH: dict[int, Upcaster] = {1: add_currency, 2: nest_price}


def read(text: str, stored: int, upcast: dict[int, Upcaster] | None = None) -> str:
    return upcasted(text, name="charge", stored=stored, version=3, upcast=BOTH if upcast is None else upcast)


class TestUpcasted:
    def test_leaves_the_present_version_as_it_is(self) -> None:
        assert read("{ not even JSON", stored=3) == "{ not even JSON"

    @pytest.mark.parametrize(
        ("stored", "raw"),
        [(1, {"order": "O-1", "amount": 5}), (2, {"order": "O-1", "amount": 5, "currency": "EUR"})],
    )
    def test_brings_older_versions_up_step_by_step(self, stored: int, raw: JsonObject) -> None:
        text = read(json.dumps(raw), stored)

        assert json.loads(text) == {"order": "O-1", "price": {"amount": 5, "currency": "EUR"}}

    def test_keeps_texts_of_every_script(self) -> None:
        text = read('{"order":"\u00d6l \U0001f600","amount":1,"currency":"CHF"}', stored=2)

        assert json.loads(text)["order"] == "\u00d6l \U0001f600"

    class WhenTheVersionIsNewer:
        def test_says_what_is_known(self) -> None:
            with pytest.raises(PayloadTooNew, match="is of version 4, this worker knows versions up to 3") as refusal:
                read("{}", stored=4)

            assert (refusal.value.version, refusal.value.known) == (4, 3)

    class WhenItCannotBeBroughtUp:
        def test_says_which_step_is_missing(self) -> None:
            with pytest.raises(ValidationFailed, match="nothing leads from version 1 to 2"):
                read("{}", stored=1, upcast={2: nest_price})

        def test_says_which_step_failed(self) -> None:
            with pytest.raises(ValidationFailed, match=r"failed in the upcaster of version 2 \(KeyError\)") as refusal:
                read('{"order":"O-1"}', stored=2)

            assert isinstance(refusal.value.__cause__, KeyError)

        def test_refuses_what_is_no_json(self) -> None:
            with pytest.raises(ValidationFailed, match="is not JSON"):
                read("{", stored=2)

        @pytest.mark.parametrize("text", ["[]", "1", "null"])
        def test_refuses_what_is_no_object(self, text: str) -> None:
            with pytest.raises(ValidationFailed, match="must be an object"):
                read(text, stored=2)

        def test_refuses_what_an_upcaster_makes_unwritable(self) -> None:
            with pytest.raises(ValidationFailed, match="is no JSON after its upcasters"):
                read("{}", stored=2, upcast={2: lambda raw: {**raw, "at": object()}})


class TestCheckUpcasters:
    @pytest.mark.parametrize(("version", "versions"), [(1, []), (3, []), (3, [1, 2]), (3, [2]), (4, [2, 3])])
    def test_accepts_a_way_to_the_present_version(self, version: int, versions: list[int]) -> None:
        check_upcasters("charge", version, dict.fromkeys(versions, add_currency))

    @pytest.mark.parametrize(("version", "versions"), [(1, [1]), (3, [1]), (3, [1, 2, 3]), (4, [1, 3]), (2, [0, 1])])
    def test_refuses_steps_that_lead_elsewhere(self, version: int, versions: list[int]) -> None:
        with pytest.raises(MisuseError, match="The job charge of version"):
            check_upcasters("charge", version, dict.fromkeys(versions, add_currency))
