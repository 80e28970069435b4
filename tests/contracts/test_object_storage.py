from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from corelib.adapters.memory import ManualClock, MemoryObjectStorage
from corelib.adapters.standard import FolderObjectStorage
from corelib.ports.object_storage import ObjectStorage
from corelib.testing.contracts.capabilities import Capability
from corelib.testing.contracts.object_storage import MOST_BYTES, ObjectStorageContract


class TestMemory(ObjectStorageContract):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def objects(self) -> ObjectStorage:
        return MemoryObjectStorage(ManualClock(), most_bytes=MOST_BYTES)


class TestFolder(ObjectStorageContract):
    adapter: ClassVar[str] = "standard, folder"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.PRESIGNED_URLS})

    @pytest.fixture
    def objects(self, tmp_path: Path) -> ObjectStorage:
        return FolderObjectStorage(tmp_path / "objects", most_bytes=MOST_BYTES)
