from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Iterator
from typing import ClassVar
from uuid import uuid4

import pytest

from corelib.adapters.memory import LogLine, MemoryLogger
from corelib.adapters.standard import StandardLogger
from corelib.adapters.structlog import StructlogLogger
from corelib.ports.logger import Logger
from corelib.testing.contracts.logger import LoggerContract, ReadLines, WrittenLine


class TestMemoryLogger(LoggerContract):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def logger(self) -> Logger:
        return MemoryLogger()

    @pytest.fixture
    def written(self, logger: MemoryLogger) -> ReadLines:
        return lambda: [WrittenLine(line.level, line.event, line.fields, _traceback_of(line)) for line in logger.lines]


class TestStandardLogger(LoggerContract):
    adapter: ClassVar[str] = "standard"

    @pytest.fixture
    def stream(self) -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    def logger(self, stream: io.StringIO) -> Iterator[Logger]:
        """Through a logger of the standard library of its own, which writes a line of JSON and then the traceback."""
        name = f"test-{uuid4().hex}"
        standard = logging.getLogger(name)
        standard.propagate = False
        standard.setLevel(logging.DEBUG)
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("LINE %(levelname)s %(message)s"))
        standard.addHandler(handler)
        yield StandardLogger(name)
        standard.removeHandler(handler)

    @pytest.fixture
    def written(self, stream: io.StringIO) -> ReadLines:
        return lambda: [_parsed(text) for text in stream.getvalue().split("LINE ")[1:]]


class TestStructlogLogger(LoggerContract):
    adapter: ClassVar[str] = "structlog"

    @pytest.fixture
    def stream(self) -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    def logger(self, stream: io.StringIO) -> Logger:
        return StructlogLogger(stream, level=logging.DEBUG)

    @pytest.fixture
    def written(self, stream: io.StringIO) -> ReadLines:
        def read() -> list[WrittenLine]:
            lines = [json.loads(line) for line in stream.getvalue().splitlines()]
            return [
                WrittenLine(line.pop("level"), line.pop("event"), line, line.pop("exception", "")) for line in lines
            ]

        return read


def _traceback_of(line: LogLine) -> str:
    return "".join(traceback.format_exception(line.error)) if line.error else ""


def _parsed(text: str) -> WrittenLine:
    line, _, traceback_text = text.partition("\n")
    level, _, message = line.partition(" ")
    start = message.index(' {"') if ' {"' in message else message.rindex(" {}")
    fields = json.loads(message[start:])
    return WrittenLine(level.lower(), message[:start], fields, traceback_text)
