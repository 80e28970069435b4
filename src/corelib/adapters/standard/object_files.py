"""The file of an object: one line of JSON that describes it, and then its content."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from corelib.domain.stored_object import ObjectInfo


def write_object(path: Path, info: ObjectInfo, content: Iterable[bytes]) -> int:
    """Write an object to a new file, have it on the disk, and return the size of the content in bytes.

    Args:
        path: of the file.
        info: describes the object; its size is not written, since it shows.
        content: in portions.
    """
    described = {
        "content_type": info.content_type,
        "metadata": dict(info.metadata),
        "stored_at": info.stored_at.isoformat(),
    }
    size = 0
    with path.open("xb") as file:
        file.write(json.dumps(described).encode("ascii") + b"\n")
        for portion in content:
            file.write(portion)
            size += len(portion)
        file.flush()
        os.fsync(file.fileno())
    return size


def read_info(key: str, file: BinaryIO) -> ObjectInfo:
    """Read what the first line of an opened file says; what is left to be read then is the content."""
    described = json.loads(file.readline())
    return ObjectInfo(
        key=key,
        size=os.fstat(file.fileno()).st_size - file.tell(),
        content_type=described["content_type"],
        metadata=described["metadata"],
        stored_at=datetime.fromisoformat(described["stored_at"]),
    )
