from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kitlab.domain.kit import Kit, KitNotExpected, KitStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def kit() -> Kit:
    return Kit("KIT-000001", "ORD-000001", "GUT-01")


class TestKit:
    def test_is_on_its_way_at_first(self) -> None:
        assert (kit().status, kit().received_at) == (KitStatus.SHIPPED, None)

    class WhenItComesBack:
        def test_notes_when(self) -> None:
            received = kit()

            received.receive(NOW)

            assert (received.status, received.received_at) == (KitStatus.RECEIVED, NOW)

        def test_can_be_accepted(self) -> None:
            received = kit()
            received.receive(NOW)

            received.accept()

            assert received.status is KitStatus.ACCEPTED

        def test_cannot_come_back_again(self) -> None:
            received = kit()
            received.receive(NOW)

            with pytest.raises(KitNotExpected, match="KIT-000001 is received, not shipped"):
                received.receive(NOW)

    class WhenItIsOnItsWay:
        def test_cannot_be_accepted(self) -> None:
            with pytest.raises(KitNotExpected, match="is shipped, not received"):
                kit().accept()
