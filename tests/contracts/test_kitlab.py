"""The ports of the host application, tested as those of corelib are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from tests.support.databases import opened, sqlite_file

from corelib import Host, Settings
from corelib.bootstrap import bootstrap
from kitlab.adapters.fakes import FakeEmailSender, FakeHealthInfo, FakePaymentGateway, books_of
from kitlab.adapters.reports import MemoryRevenueReport
from kitlab.adapters.sandbox import Sandbox
from kitlab.adapters.sql_reports import SqlRevenueReport
from kitlab.adapters.tables import schema
from kitlab.app import app
from kitlab.ports import EmailSender, HealthInfo, PaymentGateway, RevenueReport
from kitlab.testing.contracts import (
    EmailSenderContract,
    HealthInfoContract,
    MessagesTaken,
    MoneyTaken,
    PaymentGatewayContract,
    RevenueReportContract,
)


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


class TestFakeHealthInfo(HealthInfoContract):
    adapter: ClassVar[str] = "kitlab fakes"

    @pytest.fixture
    def health(self) -> HealthInfo:
        return FakeHealthInfo()


class TestSandboxHealthInfo(OnSandbox, HealthInfoContract):
    @pytest.fixture
    def health(self, sandbox: Sandbox) -> HealthInfo:
        return sandbox


class TestMemoryRevenueReport(RevenueReportContract):
    adapter: ClassVar[str] = "kitlab, memory"

    @pytest.fixture
    def host(self) -> Iterator[Host]:
        with bootstrap(app) as host:
            yield host

    @pytest.fixture
    def report(self) -> RevenueReport:
        return MemoryRevenueReport()


class TestSqlRevenueReport(RevenueReportContract):
    adapter: ClassVar[str] = "kitlab, SQLite"

    @pytest.fixture
    def host(self, tmp_path: Path) -> Iterator[Host]:
        with bootstrap(app, Settings(database_url=sqlite_file(tmp_path))) as host:
            host.storage.create()
            yield host

    @pytest.fixture
    def report(self) -> RevenueReport:
        return SqlRevenueReport()
