from __future__ import annotations

import pytest
from tests.unit.kitlab.laboratory import Laboratory, laboratory, raw_order

from corelib.errors import NotFound
from kitlab.domain.order import OrderClosed, OrderStatus
from kitlab.use_cases.pay_order import PayOrder

pytest.importorskip("cattrs")


def declined_order() -> Laboratory:
    lab = laboratory()
    lab.submit(raw_order(card_token="tok_declined_1"))
    lab.host.run_due_jobs()
    return lab


class TestPayOrder:
    class WhenTheOrderWasDeclined:
        def test_charges_the_other_card(self) -> None:
            lab = declined_order()

            lab.host.execute(PayOrder("ORD-000001", "tok_visa_2"))
            lab.host.run_due_jobs()

            assert lab.order().status is OrderStatus.PAID
            assert [charge.card_token for charge in lab.gateway.charges] == ["tok_visa_2"]

        def test_keeps_one_payment_with_the_last_answer(self) -> None:
            lab = declined_order()

            lab.host.execute(PayOrder("ORD-000001", "tok_visa_2"))
            lab.host.run_due_jobs()

            (payment,) = lab.payments()
            assert payment.reference is not None
            assert len(lab.invoices()) == 1

        def test_can_be_declined_again(self) -> None:
            lab = declined_order()
            lab.gateway.will_decline()

            lab.host.execute(PayOrder("ORD-000001", "tok_visa_2"))
            lab.host.run_due_jobs()

            assert lab.order().status is OrderStatus.DECLINED
            assert [payment.reference for payment in lab.payments()] == [None]

    class WhenTheOrderIsBeingPaid:
        def test_refuses_another_card(self) -> None:
            lab = declined_order()
            lab.host.execute(PayOrder("ORD-000001", "tok_visa_2"))

            with pytest.raises(OrderClosed, match="is placed already"):
                lab.host.execute(PayOrder("ORD-000001", "tok_visa_3"))

    class WhenThereIsNoSuchOrder:
        def test_says_so(self) -> None:
            with pytest.raises(NotFound):
                laboratory().host.execute(PayOrder("ORD-000009", "tok_visa_2"))

    class WhenItIsShown:
        def test_hides_the_card(self) -> None:
            assert "tok_visa" not in repr(PayOrder("ORD-000001", "tok_visa_2"))
