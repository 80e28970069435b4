"""What kitlab's integration tests share: fakes in the place of its outside services, and factories."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from corelib.testing.factories import Source
from kitlab.adapters.fakes import FakeEmailSender, FakeHealthInfo, FakePaymentGateway
from kitlab.ports import EmailSender, HealthInfo, PaymentGateway
from kitlab.testing.factories import Factories


@pytest.fixture
def gateway() -> FakePaymentGateway:
    return FakePaymentGateway()


@pytest.fixture
def sender() -> FakeEmailSender:
    return FakeEmailSender()


@pytest.fixture
def health() -> FakeHealthInfo:
    return FakeHealthInfo()


@pytest.fixture
def app_services(gateway: FakePaymentGateway, sender: FakeEmailSender, health: FakeHealthInfo) -> Mapping[type, object]:
    """Put the fakes where the fixture `app` would have kitlab's own sandbox."""
    return {PaymentGateway: gateway, EmailSender: sender, HealthInfo: health}


@pytest.fixture
def factories(factory_source: Source) -> Factories:
    return Factories(factory_source)
