"""The ports of the host application, tested as those of corelib are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from tests.support.databases import opened, sqlite_file

from kitlab.adapters.fakes import FakeEmailSender, FakePaymentGateway, books_of
from kitlab.adapters.sandbox import Sandbox
from kitlab.adapters.tables import schema
from kitlab.ports import EmailSender, PaymentGateway
from kitlab.testing.contracts import EmailSenderContract, MessagesTaken, MoneyTaken, PaymentGatewayContract


class TestFakePaymentGateway(PaymentGatewayContract):
    adapter: ClassVar[str] = "kitlab fakes"

    @pytest.fixture
    def gateway(self) -> PaymentGateway:
        return FakePaymentGateway()

    @pytest.fixture
    def taken(self, gateway: FakePaymentGateway) -> MoneyTaken:
        return lambda: books_of(gateway, FakeEmailSender()).charged


class TestFakeEmailSender(EmailSenderContract):
    adapter: ClassVar[str] = "kitlab fakes"

    @pytest.fixture
    def sender(self) -> EmailSender:
        return FakeEmailSender()

    @pytest.fixture
    def sent(self, sender: FakeEmailSender) -> MessagesTaken:
        return lambda: books_of(FakePaymentGateway(), sender).emails


class OnSandbox:
    """Its books lie in an SQLite file."""

    adapter: ClassVar[str] = "kitlab sandbox, SQLite"

    @pytest.fixture
    def sandbox(self, tmp_path: Path) -> Iterator[Sandbox]:
        url = sqlite_file(tmp_path)
        with opened(url, schema) as storage:
            storage.create()
        sandbox = Sandbox.at(url)
        yield sandbox
        sandbox.close()


class TestSandboxPaymentGateway(OnSandbox, PaymentGatewayContract):
    @pytest.fixture
    def gateway(self, sandbox: Sandbox) -> PaymentGateway:
        return sandbox

    @pytest.fixture
    def taken(self, sandbox: Sandbox) -> MoneyTaken:
        return lambda: sandbox.books().charged


class TestSandboxEmailSender(OnSandbox, EmailSenderContract):
    @pytest.fixture
    def sender(self, sandbox: Sandbox) -> EmailSender:
        return sandbox

    @pytest.fixture
    def sent(self, sandbox: Sandbox) -> MessagesTaken:
        return lambda: sandbox.books().emails
