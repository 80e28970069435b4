"""Fakes: the full behaviour of every port without I/O, for unit tests and for hosts that need no more."""

from corelib.adapters.memory.cipher import MemoryCipher
from corelib.adapters.memory.clock import ManualClock
from corelib.adapters.memory.faults import Faults
from corelib.adapters.memory.locks import MemoryLocks
from corelib.adapters.memory.logger import LogLine, MemoryLogger
from corelib.adapters.memory.metrics import MemoryMetrics
from corelib.adapters.memory.object_storage import MemoryObjectStorage
from corelib.adapters.memory.retrier import ImmediateRetrier
from corelib.adapters.memory.scripted import Call, ScriptedFake
from corelib.adapters.memory.storage import MemoryStorage
from corelib.adapters.memory.tracer import MemorySpan, MemoryTracer
from corelib.adapters.memory.transport import MemoryTransport
from corelib.adapters.memory.worker import InlineWorker

__all__ = [
    "Call",
    "Faults",
    "ImmediateRetrier",
    "InlineWorker",
    "LogLine",
    "ManualClock",
    "MemoryCipher",
    "MemoryLocks",
    "MemoryLogger",
    "MemoryMetrics",
    "MemoryObjectStorage",
    "MemorySpan",
    "MemoryStorage",
    "MemoryTracer",
    "MemoryTransport",
    "ScriptedFake",
]
