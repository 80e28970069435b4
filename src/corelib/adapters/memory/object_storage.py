"""Objects in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from io import BytesIO
from typing import BinaryIO
from urllib.parse import urlencode

from attrs import frozen

from corelib.adapters.memory.scripted import ScriptedFake
from corelib.domain.stored_object import (
    NO_METADATA,
    OCTETS,
    ObjectInfo,
    UrlMethod,
    check_description,
    check_expiry,
    check_key,
    check_limit,
    check_prefix,
    portions,
)
from corelib.errors import NotFound, ObjectTooLarge
from corelib.ports.clock import Clock
from corelib.ports.object_storage import GET_LIMIT, LIST_LIMIT

MOST_BYTES = 64 * 1024 * 1024


@frozen
class _Stored:
    info: ObjectInfo
    content: bytes


class MemoryObjectStorage(ScriptedFake):
    """Keeps the contract of `corelib.ports.object_storage.ObjectStorage`.

    Args:
        clock: says when an object was stored.
        most_bytes: of one object.
    """

    def __init__(self, clock: Clock, *, most_bytes: int = MOST_BYTES) -> None:
        super().__init__()
        self._clock = clock
        self._most_bytes = most_bytes
        self._objects: dict[str, _Stored] = {}
        self._lock = threading.Lock()

    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        *,
        content_type: str = OCTETS,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> ObjectInfo:
        """Store an object."""
        check_key(key)
        check_description(content_type, metadata)
        return self.played(
            "put",
            lambda: self._put(key, content, content_type, metadata),
            key=key,
            content_type=content_type,
            metadata=dict(metadata),
        )

    def get(self, key: str, *, limit: int = GET_LIMIT) -> bytes:
        """Return the content."""
        check_key(key)
        return self.played("get", lambda: self._get(key, limit), key=key, limit=limit)

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Give something to read the content from to a block."""
        check_key(key)
        return self.played("open", lambda: _reading(self._stored(key).content), key=key)

    def info(self, key: str) -> ObjectInfo:
        """Return what is known about an object."""
        check_key(key)
        return self.played("info", lambda: self._stored(key).info, key=key)

    def exists(self, key: str) -> bool:
        """Return whether there is one."""
        check_key(key)
        return self.played("exists", lambda: key in self._objects, key=key)

    def delete(self, key: str) -> None:
        """Remove an object."""
        check_key(key)
        self.played("delete", lambda: self._objects.pop(key, None), key=key)

    def list(self, prefix: str = "", *, after: str | None = None, limit: int = LIST_LIMIT) -> Sequence[ObjectInfo]:
        """Return objects in the order of their keys."""
        check_prefix(prefix)
        check_limit(limit)
        return self.played("list", lambda: self._list(prefix, after, limit), prefix=prefix, after=after, limit=limit)

    def presigned_url(self, key: str, *, expires: timedelta, method: UrlMethod = UrlMethod.GET) -> str:
        """Return a URL that no server answers, with what it allows in its query."""
        check_key(key)
        check_expiry(expires)
        ends = self._clock.now() + expires
        query = urlencode({"method": method.value, "expires": ends.isoformat()})
        return self.played(
            "presigned_url", lambda: f"memory://objects/{key}?{query}", key=key, expires=expires, method=method
        )

    def _put(self, key: str, content: bytes | BinaryIO, content_type: str, metadata: Mapping[str, str]) -> ObjectInfo:
        whole = b"".join(portions(key, content, limit=self._most_bytes))
        info = ObjectInfo(key, len(whole), content_type, dict(metadata), self._clock.now())
        with self._lock:
            self._objects[key] = _Stored(info, whole)
        return info

    def _get(self, key: str, limit: int) -> bytes:
        stored = self._stored(key)
        if stored.info.size > limit:
            raise ObjectTooLarge(key, limit=limit)
        return stored.content

    def _stored(self, key: str) -> _Stored:
        with self._lock:
            if key not in self._objects:
                raise NotFound("object", key)
            return self._objects[key]

    def _list(self, prefix: str, after: str | None, limit: int) -> Sequence[ObjectInfo]:
        with self._lock:
            keys = sorted(key for key in self._objects if key.startswith(prefix) and key > (after or ""))
            return [self._objects[key].info for key in keys[:limit]]

    def _forget(self) -> None:
        with self._lock:
            self._objects.clear()


@contextmanager
def _reading(content: bytes) -> Iterator[BinaryIO]:
    with BytesIO(content) as stream:
        yield stream
