"""Test data for kitlab: every factory knows what its aggregate refers to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from corelib.testing.factories import Factory, Nested, Related, Source
from kitlab.domain.billing import Invoice, Payment
from kitlab.domain.catalogue import KitType, Practitioner
from kitlab.domain.kit import Kit
from kitlab.domain.money import Currency, Money
from kitlab.domain.order import Order, OrderLine, OrderStatus, total_of
from kitlab.domain.user import User
from kitlab.use_cases.import_order import ImportOrder, OrderedKit, Recipient
from kitlab.use_cases.register_user import RegisterUser


class MoneyFactory(Factory[Money]):
    """Up to a thousand euros; yen have no decimals."""

    def values(self) -> Mapping[str, object]:
        """Return an amount that every currency has."""
        return {"amount": Decimal(self.source.random.randrange(1, 1000)), "currency": Currency.EUR}


class PractitionerFactory(Factory[Practitioner]):
    """Somebody who may order."""

    def values(self) -> Mapping[str, object]:
        """Return an identifier and an address that nobody else has."""
        number = self.source.number("practitioner")
        return {"id": f"PR-{number:04}", "email": f"practitioner-{number}@example.org", "active": True}


class KitTypeFactory(Factory[KitType]):
    """A kit type that is sold."""

    def values(self) -> Mapping[str, object]:
        """Return a code that no other type has."""
        return {"id": f"KIT-TYPE-{self.source.number('kit type')}", "active": True}


class OrderLineFactory(Factory[OrderLine]):
    """A few kits of a type of their own."""

    def values(self) -> Mapping[str, object]:
        """Return what refers to a kit type."""
        return {
            "kit_code": Related(KitTypeFactory(self.source)),
            "quantity": self.source.random.randint(1, 5),
            "unit_price": Nested(MoneyFactory(self.source)),
        }


class OrderFactory(Factory[Order]):
    """An order of one line that is to be paid; nothing has announced it, so that no job follows."""

    def values(self) -> Mapping[str, object]:
        """Return what refers to a practitioner and to kit types."""
        number = self.source.number("order")
        return {
            "id": f"ORD-{number:06}",
            "practitioner_id": Related(PractitionerFactory(self.source)),
            "user_email": f"user-{number}@example.org",
            "card_token": f"tok_visa_{number}",
            "note": None,
            "lines": Nested(OrderLineFactory(self.source), count=1),
            "fingerprint": f"{number:064x}",
        }

    def derived(self, values: Mapping[str, object]) -> Mapping[str, object]:
        """Return the total of the lines."""
        return {"total": total_of(cast("list[OrderLine]", values["lines"]))}


class PaidOrderFactory(OrderFactory):
    """An order that is paid."""

    def values(self) -> Mapping[str, object]:
        """Return the values of an order, and its status."""
        return {**super().values(), "status": OrderStatus.PAID}


class PaymentFactory(Factory[Payment]):
    """A payment that the gateway took."""

    def values(self) -> Mapping[str, object]:
        """Return what refers to a paid order."""
        return {
            "order_id": Related(PaidOrderFactory(self.source)),
            "amount": Nested(MoneyFactory(self.source)),
            "reference": self.source.text("ch"),
        }


class InvoiceFactory(Factory[Invoice]):
    """An invoice over a paid order."""

    def values(self) -> Mapping[str, object]:
        """Return what refers to a paid order."""
        return {"order_id": Related(PaidOrderFactory(self.source)), "amount": Nested(MoneyFactory(self.source))}


class UserFactory(Factory[User]):
    """Somebody with an account."""

    def values(self) -> Mapping[str, object]:
        """Return an address that nobody else has."""
        return {"email": self.source.email("user")}


class KitFactory(Factory[Kit]):
    """A kit that is on its way to the user."""

    def values(self) -> Mapping[str, object]:
        """Return what refers to a paid order and a kit type."""
        return {
            "id": f"KIT-{self.source.number('kit'):06}",
            "order_id": Related(PaidOrderFactory(self.source)),
            "kit_code": Related(KitTypeFactory(self.source)),
        }


class RegisterUserFactory(Factory[RegisterUser]):
    """A wish for an account."""

    def values(self) -> Mapping[str, object]:
        """Return an address that nobody else has."""
        return {"name": self.source.text("Ada"), "email": self.source.email("user")}


class OrderedKitFactory(Factory[OrderedKit]):
    """A line of an incoming order; its kit type is nobody's yet."""

    def values(self) -> Mapping[str, object]:
        """Return a price that every currency has."""
        return {
            "kit_code": f"KIT-TYPE-{self.source.number('kit type')}",
            "unit_price": Decimal(self.source.random.randrange(1, 1000)),
        }


class ImportOrderFactory(Factory[ImportOrder]):
    """An incoming order; the test names a practitioner and kit types that are there."""

    def values(self) -> Mapping[str, object]:
        """Return an identifier that no other order has."""
        number = self.source.number("order")
        return {
            "order_id": f"ORD-{number:06}",
            "practitioner_id": f"PR-{number:04}",
            "user": Recipient(f"User {number}", f"user-{number}@example.org"),
            "lines": Nested(OrderedKitFactory(self.source), count=1),
            "card_token": f"tok_visa_{number}",
        }


class Factories:
    """All of them over one source.

    Args:
        source: of the test.
    """

    def __init__(self, source: Source) -> None:
        self.money = MoneyFactory(source)
        self.practitioners = PractitionerFactory(source)
        self.kit_types = KitTypeFactory(source)
        self.orders = OrderFactory(source)
        self.paid_orders = PaidOrderFactory(source)
        self.payments = PaymentFactory(source)
        self.invoices = InvoiceFactory(source)
        self.users = UserFactory(source)
        self.kits = KitFactory(source)
        self.register_user = RegisterUserFactory(source)
        self.ordered_kits = OrderedKitFactory(source)
        self.import_order = ImportOrderFactory(source)
