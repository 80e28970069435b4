"""Storage of objects: bytes under a key, for what is too large for a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import BinaryIO, Protocol

from corelib.domain.stored_object import NO_METADATA, OCTETS, ObjectInfo, UrlMethod

GET_LIMIT = 64 * 1024 * 1024
"""Bytes that `get` takes into memory unless it is told otherwise."""

LIST_LIMIT = 1000


class ObjectStorage(Protocol):
    """Stores, hands out and removes objects.

    * Keys, content types and metadata are those of `corelib.domain.stored_object`. Keys are compared exactly; `a` and
      `a/b` are two objects.
    * An object is there as a whole or not at all: a put that fails leaves what was there before. Of several puts with
      one key at once, one holds in the end, content and description together.
    * What was put is found at once, by everybody.
    * Apart from units of work: a put stays when the unit of work rolls back. Put before the commit, under a key that
      nobody else uses, and let an object without a row be garbage; never the other way round.
    """

    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        *,
        content_type: str = OCTETS,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> ObjectInfo:
        """Store an object, in the place of the one that has the key already.

        Args:
            key: under which it is found.
            content: bytes, or something to read them from, which is read to its end in portions.
            content_type: media type.
            metadata: short texts for people and programs; no secrets.

        Raises:
            ValidationFailed: if the key, the content type or the metadata cannot be stored everywhere.
            ObjectTooLarge: if the store takes no objects of that size; nothing has changed then.
            StorageFull, PermissionDenied, ServerUnreachable: as the store says.
        """
        ...

    def get(self, key: str, *, limit: int = GET_LIMIT) -> bytes:
        """Return the content of an object.

        Args:
            key: of the object.
            limit: how many bytes may be taken into memory.

        Raises:
            NotFound: if there is none.
            ObjectTooLarge: if it is larger than the limit; use `open`.
            ValidationFailed, PermissionDenied, ServerUnreachable: as for `put`.
        """
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Give something to read the content from to a block, for objects of any size.

        Whoever reads goes on with the object as it was when it was opened, whatever becomes of the key meanwhile.

        Raises:
            NotFound, ValidationFailed, PermissionDenied, ServerUnreachable: as for `get`.
        """
        ...

    def info(self, key: str) -> ObjectInfo:
        """Return what is known about an object; raises as `open` does."""
        ...

    def exists(self, key: str) -> bool:
        """Return whether there is an object with this key; raises as `open` does, but never NotFound."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is removed already. Raises as `exists` does."""
        ...

    def list(self, prefix: str = "", *, after: str | None = None, limit: int = LIST_LIMIT) -> Sequence[ObjectInfo]:
        """Return objects in the order of their keys, which is that of ASCII.

        Args:
            prefix: how their keys begin; `jobs/1` finds `jobs/1`, `jobs/1/a` and `jobs/17`.
            after: only keys that come later, for the next portion: the last key of the one before.
            limit: at most so many, 1 or more.

        Raises:
            ValidationFailed: if no key can begin so.
            MisuseError: if the limit is not positive.
            PermissionDenied, ServerUnreachable: as for `put`.
        """
        ...

    def presigned_url(self, key: str, *, expires: timedelta, method: UrlMethod = UrlMethod.GET) -> str:
        """Return a URL by which whoever holds it can get or put the object for a while: treat it as a secret.

        Whether there is such an object is not asked.

        Args:
            key: of the object.
            expires: how long it holds, 1 second to 7 days.
            method: what it allows.

        Raises:
            MisuseError: if it cannot hold for so long.
            InvalidSetting: if this store has no URLs.
            ValidationFailed: if the key is not allowed.
        """
        ...
