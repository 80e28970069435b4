from __future__ import annotations

from corelib.adapters.memory import LogLine, MemoryLogger
from corelib.application.context import use_context
from corelib.domain.context import Context


class TestMemoryLogger:
    def test_keeps_its_lines_in_their_order(self) -> None:
        log = MemoryLogger()
        error = ValueError("boom")

        log.debug("one", size=1)
        log.info("two")
        log.warning("three")
        log.error("four", error, size=4)

        assert log.lines == (
            LogLine("debug", "one", {"size": 1}),
            LogLine("info", "two", {}),
            LogLine("warning", "three", {}),
            LogLine("error", "four", {"size": 4}, error),
        )

    def test_adds_the_context(self) -> None:
        log = MemoryLogger()

        with use_context(Context("c-1", tenant="acme")):
            log.info("one", size=1)

        assert log.lines[0].fields == {"correlation_id": "c-1", "tenant": "acme", "size": 1}

    def test_hides_secrets(self) -> None:
        log = MemoryLogger()

        log.info("one", card_token="s3cret", url="amqp://u:s3cret@h/")

        assert log.lines[0].fields == {"card_token": "***", "url": "amqp://u:***@h/"}

    def test_hands_out_lines_that_later_ones_do_not_change(self) -> None:
        log = MemoryLogger()
        log.info("one")
        before = log.lines

        log.info("two")

        assert [line.event for line in before] == ["one"]
