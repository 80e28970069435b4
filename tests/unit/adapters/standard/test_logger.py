from __future__ import annotations

import json
import logging

import pytest

from corelib.adapters.standard import StandardLogger
from corelib.application.context import use_context
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id


def print_without_ink() -> None:
    raise ZeroDivisionError("out of ink")


class TestStandardLogger:
    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
    def test_writes_the_event_and_its_fields_as_json(self, level: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, logger="kitlab")

        getattr(StandardLogger("kitlab"), level)("order placed", order="Zoë", size=2)

        (record,) = caplog.records
        assert (record.name, record.levelname) == ("kitlab", level.upper())
        assert record.getMessage() == 'order placed {"order": "Zoë", "size": 2}'

    def test_writes_to_the_logger_corelib_by_default(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, logger="corelib")

        StandardLogger().info("order placed")

        assert [record.name for record in caplog.records] == ["corelib"]

    def test_adds_the_context(self, caplog: pytest.LogCaptureFixture) -> None:
        with use_context(Context("c-1", principal="ada")):
            StandardLogger().warning("order placed")

        assert caplog.messages == ['order placed {"correlation_id": "c-1", "principal": "ada"}']

    def test_hides_secrets(self, caplog: pytest.LogCaptureFixture) -> None:
        StandardLogger().warning("order placed", card_token="s3cret", url="amqp://u:s3cret@h/")

        assert "s3cret" not in caplog.text

    def test_writes_values_that_json_does_not_know(self, caplog: pytest.LogCaptureFixture) -> None:
        order = new_id()

        StandardLogger().warning("order placed", order=order)

        assert json.loads(caplog.messages[0].removeprefix("order placed ")) == {"order": str(order)}

    class WhenThereIsAnError:
        def test_adds_its_traceback(self, caplog: pytest.LogCaptureFixture) -> None:
            try:
                print_without_ink()
            except ZeroDivisionError as error:
                StandardLogger().error("job is dead", error)

            assert "print_without_ink" in caplog.text
            assert "ZeroDivisionError: out of ink" in caplog.text

    class WhenTheLevelIsNotWanted:
        def test_writes_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
            caplog.set_level(logging.WARNING, logger="corelib")

            StandardLogger().info("order placed")

            assert caplog.records == []
