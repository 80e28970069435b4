from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kitlab.domain.money import Currency, Money
from kitlab.domain.order import Order, OrderClosed, OrderLine, OrderPlaced, OrderStatus, total_of


def euros(amount: str) -> Money:
    return Money(Decimal(amount), Currency.EUR)


def order() -> Order:
    lines = [OrderLine("GUT-01", 2, euros("129.00"))]
    return Order(
        id="ORD-000001",
        ordered_at=datetime(2026, 1, 2, tzinfo=UTC),
        practitioner_id="PR-1",
        user_name="Zoë",
        user_email="zoe@example.com",
        card_token="tok_visa_1",
        note=None,
        lines=lines,
        total=total_of(lines),
        fingerprint="f",
    )


class TestOrder:
    def test_is_placed_at_first(self) -> None:
        assert order().status is OrderStatus.PLACED

    def test_announces_that_it_is_to_be_paid(self) -> None:
        placed = order()

        placed.place()

        assert placed.take_events() == (OrderPlaced("ORD-000001", euros("258.00")),)

    def test_can_be_paid(self) -> None:
        paid = order()

        paid.mark_paid()

        assert paid.status is OrderStatus.PAID

    def test_can_be_declined(self) -> None:
        declined = order()

        declined.mark_declined()

        assert declined.status is OrderStatus.DECLINED

    class WhenItIsSettled:
        @pytest.mark.parametrize("settle", [Order.mark_paid, Order.mark_declined])
        @pytest.mark.parametrize("again", [Order.mark_paid, Order.mark_declined])
        def test_cannot_be_settled_again(self, settle: object, again: object) -> None:
            settled = order()
            settle(settled)
            status = settled.status

            with pytest.raises(OrderClosed, match=f"order ORD-000001 is {status.value} already"):
                again(settled)

            assert settled.status is status

    class WhenItWasDeclined:
        def test_can_be_paid_with_another_card(self) -> None:
            declined = order()
            declined.mark_declined()

            declined.pay_with("tok_visa_2")

            assert (declined.status, declined.card_token) == (OrderStatus.PLACED, "tok_visa_2")
            assert declined.take_events() == (OrderPlaced("ORD-000001", euros("258.00")),)

    class WhenItWasNotDeclined:
        def test_takes_no_other_card_while_it_is_being_paid(self) -> None:
            placed = order()

            with pytest.raises(OrderClosed, match="is placed already"):
                placed.pay_with("tok_visa_2")

        def test_takes_no_other_card_once_it_is_paid(self) -> None:
            paid = order()
            paid.mark_paid()

            with pytest.raises(OrderClosed, match="is paid already"):
                paid.pay_with("tok_visa_2")

            assert paid.card_token == "tok_visa_1"


class TestOrderLine:
    def test_costs_its_price_for_each_kit(self) -> None:
        assert OrderLine("GUT-01", 3, euros("0.10")).total == euros("0.30")


class TestTotalOf:
    def test_adds_all_lines(self) -> None:
        lines = [OrderLine("A", 1, euros("1.10")), OrderLine("B", 2, euros("2.20")), OrderLine("C", 3, euros("0.01"))]

        assert total_of(lines) == euros("5.53")
