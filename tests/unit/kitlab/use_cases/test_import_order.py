from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest
from tests.unit.kitlab.laboratory import Laboratory, Raw, laboratory, raw_line, raw_order

from corelib import JobState
from corelib.errors import ValidationFailed
from kitlab.domain.money import Currency, Money
from kitlab.domain.order import OrderLine, OrderStatus
from kitlab.use_cases.import_order import AlreadyImported, ImportOrder, OrderConflict

pytest.importorskip("cattrs")

USER = {"name": "Zoë Lovelace", "email": "zoe@example.com"}


def euros(amount: str) -> Money:
    return Money(Decimal(amount), Currency.EUR)


def refused(lab: Laboratory, raw: Raw) -> list[tuple[str, str]]:
    """Return path and code of everything that is wrong."""
    with pytest.raises(ValidationFailed) as caught:
        lab.submit(raw)
    return [(problem.path, problem.code) for problem in caught.value.problems]


def without(name: str) -> Raw:
    raw = raw_order()
    del raw[name]
    return raw


class TestImportOrder:
    class WhenTheOrderIsAcceptable:
        def test_answers_with_its_identifier(self) -> None:
            assert laboratory().submit(raw_order()) == "ORD-000001"

        def test_places_it_as_it_came(self) -> None:
            lab = laboratory()

            lab.submit(
                raw_order(lines=[raw_line(), raw_line(kit_code="VIT-01", quantity=1, unit_price="0.99")], note="ring")
            )

            order = lab.order()
            assert order.lines == [OrderLine("GUT-01", 2, euros("129.00")), OrderLine("VIT-01", 1, euros("0.99"))]
            assert (order.total, order.status) == (euros("258.99"), OrderStatus.PLACED)
            assert order.ordered_at == datetime.fromisoformat("2026-01-02T08:05:46+02:00")
            assert (order.user_name, order.user_email) == ("Zoë Lovelace", "zoe@example.com")
            assert (order.practitioner_id, order.card_token, order.note) == ("PR-1", "tok_visa_1", "ring")

        def test_records_that_it_was_placed(self) -> None:
            lab = laboratory()

            lab.submit(raw_order(), correlation_id="c-7")

            (event,) = lab.host.storage.events()
            assert (event.name, event.context.correlation_id) == ("OrderPlaced", "c-7")
            assert json.loads(event.payload) == {
                "order_id": "ORD-000001",
                "total": {"amount": "258.00", "currency": "EUR"},
            }

        def test_enqueues_the_charge(self) -> None:
            lab = laboratory()

            lab.submit(raw_order(), correlation_id="c-7")

            (job,) = lab.host.jobs.list()
            assert (job.name, job.queue, job.state) == ("charge_payment", "payments", JobState.PENDING)
            assert job.context.correlation_id == "c-7"
            assert json.loads(job.payload) == {
                "order_id": "ORD-000001",
                "amount": {"amount": "258.00", "currency": "EUR"},
                "card_token": "tok_visa_1",
            }

        @pytest.mark.parametrize(
            "change",
            [
                {"note": None},
                {"note": "two\nlines"},
                {"currency": "JPY", "lines": [raw_line(unit_price="20000")]},
                {"lines": [raw_line(quantity=1000)]},
                {"lines": [raw_line()] * 100},
                {"lines": [raw_line(unit_price=129)]},
                {"user": {"name": "נועה לוי", "email": "noa@example.com"}},
                {"ordered_at": "2026-01-02T06:05:46Z"},
                {"order_id": "ORD-123456789012"},
            ],
        )
        def test_accepts_what_is_unusual(self, change: Raw) -> None:
            lab = laboratory()

            lab.submit(raw_order(**change))

            assert len(lab.orders()) == 1

    class WhenTheInputIsNotValid:
        @pytest.mark.parametrize(
            ("raw", "problem"),
            [
                (without("order_id"), ("order_id", "missing")),
                (without("lines"), ("lines", "missing")),
                (raw_order(discount="10%"), ("discount", "unknown_field")),
                (raw_order(order_id=17), ("order_id", "wrong_type")),
                (raw_order(order_id="ORD-1"), ("order_id", "invalid")),
                (raw_order(order_id="ORD-000001\n"), ("order_id", "invalid")),
                (raw_order(ordered_at="2026-02-30T08:00:00Z"), ("ordered_at", "invalid")),
                (raw_order(ordered_at="2026-01-02T08:00:00"), ("ordered_at", "invalid")),
                (raw_order(ordered_at="0001-01-01T00:00:00+14:00"), ("ordered_at", "invalid")),
                (raw_order(currency="XXX"), ("currency", "invalid")),
                (raw_order(user="Zoë"), ("user", "wrong_type")),
                (raw_order(user={**USER, "email": "zoe"}), ("user.email", "invalid")),
                (raw_order(user={**USER, "phone": "1"}), ("user.phone", "unknown_field")),
                (raw_order(user={**USER, "name": "Zo\x00ë"}), ("user.name", "invalid")),
                (raw_order(user={**USER, "name": "Zo\u202eë"}), ("user.name", "invalid")),
                (raw_order(user={**USER, "name": "Zo\ud800ë"}), ("user.name", "invalid")),
                (raw_order(note="x" * 1_000_000), ("note", "invalid")),
                (raw_order(lines=[]), ("lines", "invalid")),
                (raw_order(lines=[raw_line()] * 101), ("lines", "invalid")),
                (raw_order(lines=["GUT-01"]), ("lines[0]", "wrong_type")),
                (raw_order(lines=[raw_line(), raw_line(quantity=0)]), ("lines[1].quantity", "invalid")),
                (raw_order(lines=[raw_line(quantity=-1)]), ("lines[0].quantity", "invalid")),
                (raw_order(lines=[raw_line(quantity=10**12)]), ("lines[0].quantity", "invalid")),
                (raw_order(lines=[raw_line(quantity="two")]), ("lines[0].quantity", "wrong_type")),
                (raw_order(lines=[raw_line(quantity=True)]), ("lines[0].quantity", "wrong_type")),
                (raw_order(lines=[raw_line(unit_price="0")]), ("lines[0].unit_price", "invalid")),
                (raw_order(lines=[raw_line(unit_price="-1")]), ("lines[0].unit_price", "invalid")),
                (raw_order(lines=[raw_line(unit_price=129.5)]), ("lines[0].unit_price", "wrong_type")),
                (raw_order(lines=[raw_line(unit_price="1e30")]), ("lines[0].unit_price", "invalid")),
                (raw_order(lines=[raw_line(unit_price="1e999999")]), ("lines[0].unit_price", "invalid")),
                (raw_order(lines=[raw_line(unit_price="NaN")]), ("lines[0].unit_price", "invalid")),
                (raw_order(lines=[raw_line(unit_price="0.001")]), ("lines[0].unit_price", "invalid")),
                (raw_order(currency="JPY", lines=[raw_line(unit_price="1.5")]), ("lines[0].unit_price", "invalid")),
            ],
        )
        def test_names_the_path_and_stores_nothing(self, raw: Raw, problem: tuple[str, str]) -> None:
            lab = laboratory()

            assert refused(lab, raw) == [problem]
            assert lab.orders() == []

        @pytest.mark.parametrize("text", ["", "{", "null", "[]", b"\xff", "{'order_id': 1}"])
        def test_refuses_text_that_is_no_order(self, text: str | bytes) -> None:
            lab = laboratory()

            with pytest.raises(ValidationFailed):
                lab.host.submit(ImportOrder, text)

            assert lab.orders() == []

        @pytest.mark.parametrize("price", [f"0.{'0' * 10**6}1", "9" * 10**6, "x" * 10**6])
        def test_shows_no_more_than_the_beginning_of_a_long_value(self, price: str) -> None:
            lab = laboratory()

            with pytest.raises(ValidationFailed) as caught:
                lab.submit(raw_order(lines=[raw_line(unit_price=price)]))

            assert len(str(caught.value)) < 500

        def test_names_everything_that_is_wrong_at_once(self) -> None:
            raw = raw_order(user={"name": ""}, lines=[raw_line(quantity=0, unit_price="x"), raw_line(kit_code=1)], x=1)

            assert refused(laboratory(), raw) == [
                ("user.name", "invalid"),
                ("user.email", "missing"),
                ("lines[0].quantity", "invalid"),
                ("lines[0].unit_price", "invalid"),
                ("lines[1].kit_code", "wrong_type"),
                ("x", "unknown_field"),
            ]

    class WhenTheCatalogueDoesNotHaveIt:
        def test_refuses_a_practitioner_that_is_not_known(self) -> None:
            assert refused(laboratory(), raw_order(practitioner_id="PR-9")) == [
                ("practitioner_id", "unknown_practitioner")
            ]

        def test_refuses_a_practitioner_that_is_not_active(self) -> None:
            assert refused(laboratory(), raw_order(practitioner_id="PR-0")) == [
                ("practitioner_id", "inactive_practitioner")
            ]

        @pytest.mark.parametrize("code", ["XXX-99", "OLD-01"])
        def test_refuses_kits_that_are_not_sold(self, code: str) -> None:
            raw = raw_order(lines=[raw_line(), raw_line(kit_code=code)])

            assert refused(laboratory(), raw) == [("lines[1].kit_code", "unknown_kit")]

        def test_names_everything_that_is_wrong_at_once(self) -> None:
            lines = [raw_line(kit_code="XXX-99"), raw_line(unit_price="0.001"), raw_line(kit_code="OLD-01")]

            assert refused(laboratory(), raw_order(practitioner_id="PR-9", lines=lines)) == [
                ("practitioner_id", "unknown_practitioner"),
                ("lines[0].kit_code", "unknown_kit"),
                ("lines[2].kit_code", "unknown_kit"),
                ("lines[1].unit_price", "invalid"),
            ]

        def test_stores_nothing(self) -> None:
            lab = laboratory()

            refused(lab, raw_order(practitioner_id="PR-9"))

            assert lab.orders() == []
            assert list(lab.host.storage.events()) == []
            assert list(lab.host.jobs.list()) == []

    class WhenTheOrderIsThereAlready:
        def test_accepts_it_once(self) -> None:
            lab = laboratory()
            lab.submit(raw_order())

            with pytest.raises(AlreadyImported, match=r"Order ORD-000001 was imported before\."):
                lab.submit(raw_order())

            assert len(lab.orders()) == 1
            assert len(lab.host.jobs.list()) == 1

        @pytest.mark.parametrize(
            "change",
            [
                {"lines": [raw_line(unit_price="129")]},
                {"lines": [raw_line(unit_price=129)]},
                {"lines": [raw_line(unit_price="1.29e2")]},
                {"ordered_at": "2026-01-02T06:05:46Z"},
                {"note": None},
            ],
        )
        def test_takes_the_same_content_in_other_words_for_the_same(self, change: Raw) -> None:
            lab = laboratory()
            lab.submit(raw_order())

            with pytest.raises(AlreadyImported):
                lab.submit(raw_order(**change))

        def test_takes_it_for_the_same_after_it_was_paid(self) -> None:
            lab = laboratory()
            lab.submit(raw_order())
            lab.host.run_due_jobs()

            with pytest.raises(AlreadyImported):
                lab.submit(raw_order())

            assert lab.order().status is OrderStatus.PAID

    class WhenAnotherOrderHasItsIdentifier:
        @pytest.mark.parametrize(
            "change",
            [
                {"lines": [raw_line(quantity=3)]},
                {"lines": [raw_line(), raw_line()]},
                {"lines": [raw_line(unit_price="129.01")]},
                {"user": {**USER, "name": "Ada"}},
                {"card_token": "tok_visa_2"},
                {"note": "please ring"},
                {"currency": "CHF"},
                {"ordered_at": "2026-01-02T08:05:46Z"},
                {"practitioner_id": "PR-9"},
            ],
        )
        def test_refuses_it_and_leaves_the_first(self, change: Raw) -> None:
            lab = laboratory()
            lab.submit(raw_order())
            before = lab.order()

            with pytest.raises(OrderConflict, match="Order ORD-000001 was imported before with other content"):
                lab.submit(raw_order(**change))

            after = lab.order()
            assert (after.lines, after.fingerprint) == (before.lines, before.fingerprint)
            assert len(lab.host.jobs.list()) == 1
