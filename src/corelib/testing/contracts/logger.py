"""The contract of `corelib.ports.logger.Logger`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar
from uuid import uuid4

import pytest
from attrs import frozen

from corelib.application.context import use_context
from corelib.domain.context import Context
from corelib.ports.logger import Logger
from corelib.testing.contracts.suite import ContractSuite

CONTEXT_FIELDS = ("correlation_id", "causation_id", "principal", "tenant")


@frozen
class WrittenLine:
    """A log line as it can be read back.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        event: the event's name.
        fields: all others that the line carries; an adapter may add its own, as a time.
        traceback: text of the error's traceback; empty if there is none.
    """

    level: str
    event: str
    fields: Mapping[str, object]
    traceback: str = ""


ReadLines = Callable[[], Sequence[WrittenLine]]


class LoggerContract(ContractSuite):
    """Every line carries the context, none a secret."""

    port: ClassVar[str] = "Logger"

    @pytest.fixture
    def logger(self) -> Logger:
        """Return a logger that writes lines of all levels."""
        raise NotImplementedError

    @pytest.fixture
    def written(self) -> ReadLines:
        """Return a function that reads back what the logger has written, oldest first."""
        raise NotImplementedError

    class WhenALineIsWritten:
        def test_has_its_event_and_fields(self, logger: Logger, written: ReadLines) -> None:
            logger.info("parcel sent", parcel="P-1", items=3)

            (line,) = written()
            assert line.event == "parcel sent"
            assert (line.fields["parcel"], line.fields["items"]) == ("P-1", 3)

        def test_keeps_the_order_of_lines(self, logger: Logger, written: ReadLines) -> None:
            logger.info("first")
            logger.info("second")

            assert [line.event for line in written()] == ["first", "second"]

        def test_takes_percent_signs_and_braces_literally(self, logger: Logger, written: ReadLines) -> None:
            logger.info("100 % of %s in {braces}")

            (line,) = written()
            assert line.event == "100 % of %s in {braces}"

        def test_takes_text_of_any_script(self, logger: Logger, written: ReadLines) -> None:
            logger.info("name read", name="Zoë 李 שלום 🧪")

            (line,) = written()
            assert line.fields["name"] == "Zoë 李 שלום 🧪"

        def test_takes_a_value_of_any_class(self, logger: Logger, written: ReadLines) -> None:
            identifier = uuid4()

            logger.info("parcel sent", parcel=identifier)

            (line,) = written()
            assert str(line.fields["parcel"]) == str(identifier)

        def test_stays_one_line_when_a_value_has_a_line_break(self, logger: Logger, written: ReadLines) -> None:
            logger.info("note read", note="first\nsecond")

            (line,) = written()
            assert line.fields["note"] == "first\nsecond"

    class WhenTheLevelsAreUsed:
        def test_writes_each_line_at_its_level(self, logger: Logger, written: ReadLines) -> None:
            logger.debug("event")
            logger.info("event")
            logger.warning("event")
            logger.error("event")

            assert [line.level for line in written()] == ["debug", "info", "warning", "error"]

    class WhenThereIsAContext:
        def test_carries_its_fields(self, logger: Logger, written: ReadLines) -> None:
            context = Context(correlation_id="c-1", causation_id="job-1", principal="ada", tenant="north")

            with use_context(context):
                logger.info("event", parcel="P-1")

            (line,) = written()
            carried = [line.fields[name] for name in CONTEXT_FIELDS]
            assert carried == ["c-1", "job-1", "ada", "north"]

        @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
        def test_carries_them_at_every_level(self, logger: Logger, written: ReadLines, level: str) -> None:
            with use_context(Context(correlation_id="c-1")):
                getattr(logger, level)("event")

            (line,) = written()
            assert line.fields["correlation_id"] == "c-1"

        def test_leaves_out_what_is_not_set(self, logger: Logger, written: ReadLines) -> None:
            with use_context(Context(correlation_id="c-1")):
                logger.info("event")

            (line,) = written()
            assert [name for name in CONTEXT_FIELDS if name in line.fields] == ["correlation_id"]

        def test_carries_nothing_of_it_afterwards(self, logger: Logger, written: ReadLines) -> None:
            with use_context(Context(correlation_id="c-1")):
                pass

            logger.info("event")

            (line,) = written()
            assert [name for name in CONTEXT_FIELDS if name in line.fields] == []

        def test_does_not_carry_it_into_other_threads(self, logger: Logger, written: ReadLines) -> None:
            with use_context(Context(correlation_id="c-1")), ThreadPoolExecutor(1) as thread:
                thread.submit(logger.info, "event").result()

            (line,) = written()
            assert "correlation_id" not in line.fields

    class WhenAFieldIsSecret:
        @pytest.mark.parametrize(
            "name", ["password", "token", "secret", "authorization", "Authorization", "card_token", "user_password"]
        )
        def test_hides_its_value(self, logger: Logger, written: ReadLines, name: str) -> None:
            value = f"hidden-{uuid4().hex}"

            logger.info("event", **{name: value})

            (line,) = written()
            assert name in line.fields
            assert value not in repr(line)

        @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
        def test_hides_it_at_every_level(self, logger: Logger, written: ReadLines, level: str) -> None:
            value = f"hidden-{uuid4().hex}"

            getattr(logger, level)("event", password=value)

            (line,) = written()
            assert value not in repr(line)

        def test_shows_the_other_fields(self, logger: Logger, written: ReadLines) -> None:
            logger.info("event", password="hidden", user="ada")  # noqa: S106 - the point of the test

            (line,) = written()
            assert line.fields["user"] == "ada"

    class WhenAnErrorIsGiven:
        def test_has_its_traceback(self, logger: Logger, written: ReadLines) -> None:
            error = _raised(ValueError("the parcel is gone"))

            logger.error("sending failed", error, parcel="P-1")

            (line,) = written()
            assert (line.level, line.event, line.fields["parcel"]) == ("error", "sending failed", "P-1")
            assert "ValueError: the parcel is gone" in line.traceback
            assert "in _raised" in line.traceback

        def test_has_the_traceback_of_that_error_and_no_other(self, logger: Logger, written: ReadLines) -> None:
            error = _raised(ValueError("the parcel is gone"))

            try:
                raise KeyError("something else")  # noqa: TRY301 - to have one at hand
            except KeyError:
                logger.error("sending failed", error)

            (line,) = written()
            assert "something else" not in line.traceback

    class WhenNoErrorIsGiven:
        def test_has_no_traceback(self, logger: Logger, written: ReadLines) -> None:
            logger.error("sending failed")

            (line,) = written()
            assert (line.level, line.traceback) == ("error", "")


def _raised(error: Exception) -> Exception:
    """Return an error that has been raised and so has a traceback."""
    try:
        raise error  # noqa: TRY301 - gives it a traceback
    except Exception as caught:  # noqa: BLE001 - whichever it is
        return caught
