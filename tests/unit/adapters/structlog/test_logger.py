from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime

import pytest

pytest.importorskip("structlog")
import structlog

from corelib.adapters.structlog import StructlogLogger
from corelib.application.context import use_context
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id


def print_without_ink() -> None:
    connection_string = "-".join(["hunter", "2"])  # a local variable, whose value stands in no line of code
    raise ZeroDivisionError("out of ink" if connection_string else "")


def log_an_error(log: StructlogLogger) -> None:
    try:
        print_without_ink()
    except ZeroDivisionError as error:
        log.error("job is dead", error)


class TestStructlogLogger:
    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
    def test_writes_one_json_object_a_line(self, level: str) -> None:
        stream = io.StringIO()
        log = StructlogLogger(stream, level=logging.DEBUG)

        getattr(log, level)("order placed", name="Zoë\nLovelace", size=2)
        getattr(log, level)("order paid")

        first, second = map(json.loads, stream.getvalue().splitlines())
        assert first.pop("timestamp")
        assert first == {"event": "order placed", "level": level, "name": "Zoë\nLovelace", "size": 2}
        assert second["event"] == "order paid"

    def test_writes_the_time_in_utc(self) -> None:
        stream = io.StringIO()
        before = datetime.now(UTC)

        StructlogLogger(stream).info("order placed")

        written = datetime.fromisoformat(json.loads(stream.getvalue())["timestamp"])
        assert before <= written <= datetime.now(UTC)

    def test_adds_the_context(self) -> None:
        stream = io.StringIO()

        with use_context(Context("c-1", causation_id="j-1", principal="ada")):
            StructlogLogger(stream).info("order placed")

        line = json.loads(stream.getvalue())
        assert (line["correlation_id"], line["causation_id"], line["principal"]) == ("c-1", "j-1", "ada")

    def test_writes_values_that_json_does_not_know(self) -> None:
        stream = io.StringIO()
        order = new_id()

        StructlogLogger(stream).info("order placed", order=order)

        assert json.loads(stream.getvalue())["order"] == str(order)

    def test_leaves_the_global_configuration_of_structlog_alone(self) -> None:
        before = structlog.get_config()

        StructlogLogger(io.StringIO()).info("order placed")

        assert structlog.get_config() == before
        assert not structlog.is_configured()

    def test_writes_to_standard_error_by_default(self, capsys: pytest.CaptureFixture[str]) -> None:
        StructlogLogger().info("order placed")

        written = capsys.readouterr()
        assert json.loads(written.err)["event"] == "order placed"
        assert written.out == ""

    class WhenAFieldIsSecret:
        @pytest.mark.parametrize("as_json", [True, False])
        def test_hides_it(self, as_json: bool) -> None:
            stream = io.StringIO()

            StructlogLogger(stream, json=as_json).info("order placed", card_token="s3cret", url="amqp://u:s3cret@h/")

            assert "order placed" in stream.getvalue()
            assert "s3cret" not in stream.getvalue()

    class WhenThereIsAnError:
        @pytest.mark.parametrize("as_json", [True, False])
        def test_adds_its_traceback(self, as_json: bool) -> None:
            stream = io.StringIO()

            log_an_error(StructlogLogger(stream, json=as_json))

            assert "print_without_ink" in stream.getvalue()
            assert "ZeroDivisionError: out of ink" in stream.getvalue()

        @pytest.mark.parametrize("as_json", [True, False])
        def test_shows_no_local_variables(self, as_json: bool) -> None:
            stream = io.StringIO()

            log_an_error(StructlogLogger(stream, json=as_json))

            assert "hunter-2" not in stream.getvalue()

        def test_is_still_one_line_of_json(self) -> None:
            stream = io.StringIO()

            log_an_error(StructlogLogger(stream))

            assert json.loads(stream.getvalue())["exception"].endswith("ZeroDivisionError: out of ink")

    class WhenThereIsNone:
        def test_adds_no_traceback(self) -> None:
            stream = io.StringIO()

            StructlogLogger(stream).error("job is dead")

            assert json.loads(stream.getvalue()).keys() == {"event", "level", "timestamp"}

    class WhenALineIsForPeople:
        def test_writes_readable_text(self) -> None:
            stream = io.StringIO()

            with use_context(Context("c-1")):
                StructlogLogger(stream, json=False).info("order placed", size=2)

            assert "order placed" in stream.getvalue()
            assert "correlation_id=c-1" in stream.getvalue()
            assert "size=2" in stream.getvalue()
            assert "\x1b" not in stream.getvalue()

    class WhenTheLevelIsNotWanted:
        def test_writes_nothing(self) -> None:
            stream = io.StringIO()
            log = StructlogLogger(stream, level=logging.WARNING)

            log.debug("one")
            log.info("two")
            log.warning("three")

            assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["three"]

    class WhenATextIsHalfOfASurrogatePair:
        @pytest.mark.parametrize("as_json", [True, False])
        def test_writes_the_line_all_the_same(self, as_json: bool) -> None:
            file = io.BytesIO()
            stream = io.TextIOWrapper(file, encoding="utf-8", write_through=True)

            StructlogLogger(stream, json=as_json).info("order refused", reason="x\ud800y")

            assert b"order refused" in file.getvalue()
            assert rb"x\ud800y" in file.getvalue()
