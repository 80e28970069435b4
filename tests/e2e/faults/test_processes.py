"""Workers and relays are killed, have the wrong time, and say everything twice."""

from __future__ import annotations

import pytest
from tests.e2e.faults.conftest import Open, on_brokers
from tests.support.ledger import strikes
from tests.support.ledger_process import send_twice

NEVER = 3600.0
FIVE_MINUTES = 300.0
FEW = 3


class TestJobs:
    @on_brokers("rabbitmq")
    class WhenWorkersAreKilled:
        def test_have_each_effect_once(self, broker: str, open_ledger: Open) -> None:
            ledger = open_ledger(broker)
            for _ in range(2):
                ledger.start()

            def kill_one() -> str:
                ledger.replace(ledger.chance.choice(ledger.processes))
                return "worker killed"

            ledger.strike(strikes(FEW), kill_one)
            ledger.settle()

            print(ledger.balance())

    @on_brokers("redis")
    class WhenRelaysAreKilled:
        def test_have_each_effect_once(self, broker: str, open_ledger: Open) -> None:
            ledger = open_ledger(broker)
            ledger.start(poll=NEVER)  # a worker's own relay looks once when it starts, and never again
            ledger.start("relay", poll=0.02)

            def kill_relay() -> str:
                ledger.replace(ledger.processes[-1], "relay", poll=0.02)
                return "relay killed"

            ledger.strike(strikes(FEW), kill_relay)
            ledger.settle()

            print(ledger.balance())

    @on_brokers("rabbitmq")
    class WhenTwoRelaysAnnounceTheSameJobs:
        def test_have_each_effect_once(self, broker: str, open_ledger: Open) -> None:
            ledger = open_ledger(broker)
            ledger.start(poll=NEVER)
            for _ in range(2):
                ledger.start("relay", poll=0.01, again_after=0.02)

            def announce_all() -> str:
                ledger.announce_all()
                return "all announced"

            ledger.strike(strikes(FEW), announce_all)
            ledger.settle()

            print(ledger.balance())

    @on_brokers("redis")
    class WhenEveryMessageArrivesTwice:
        def test_have_each_effect_once(self, broker: str, open_ledger: Open, monkeypatch: pytest.MonkeyPatch) -> None:
            send_twice(monkeypatch.setattr)
            ledger = open_ledger(broker)
            for _ in range(2):
                ledger.start(twice=True)

            def send_again() -> str:
                ledger.send_again(100)
                return "old messages sent again"

            ledger.strike(strikes(FEW), send_again)
            ledger.settle()

            print(ledger.balance())

    @on_brokers("redis")
    class WhenTheClockOfOneWorkerIsWrong:
        def test_have_each_effect_once(self, broker: str, open_ledger: Open) -> None:
            ledger = open_ledger(broker)
            ledger.start()
            ledger.start(seconds_off=FIVE_MINUTES)

            def be_wrong_the_other_way() -> str:
                seconds = ledger.chance.choice([FIVE_MINUTES, -FIVE_MINUTES])
                ledger.replace(ledger.processes[-1], seconds_off=seconds)
                return f"worker killed, and the next is {seconds:+.0f} s off"

            ledger.strike(strikes(FEW), be_wrong_the_other_way)
            ledger.settle()

            print(ledger.balance())
