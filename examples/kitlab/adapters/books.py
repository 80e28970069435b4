"""How the sandbox of the payment gateway behaves, and what its books say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

from kitlab.ports import GatewayTimeout

CHARGED = "charged"
DECLINED = "declined"
_TIMEOUTS = re.compile(r"tok_timeout(\d)_")


def outcome_of(card_token: str, call: int) -> str:
    """Return what the sandbox does with a card: `charged` or `declined`.

    Args:
        card_token: `tok_declined_...` is declined; `tok_timeout2_...` answers the third call only;
            `tok_unreachable_...` none; everything else is charged.
        call: how many calls there were for this payment, this one included.

    Raises:
        GatewayTimeout: if this call gets no answer.
    """
    timeouts = _TIMEOUTS.match(card_token)
    if card_token.startswith("tok_unreachable_") or (timeouts and call <= int(timeouts[1])):
        raise GatewayTimeout("the payment gateway did not answer in time")
    return DECLINED if card_token.startswith("tok_declined_") else CHARGED


@frozen
class Books:
    """What the outside services did.

    Args:
        charged: money taken, by currency.
        charges: how many charges that were.
        double_charges: orders that were charged more than once.
        emails: messages taken.
        double_emails: subjects that went to the same recipient more than once.
    """

    charged: Mapping[str, Decimal]
    charges: int
    double_charges: int
    emails: int
    double_emails: int
