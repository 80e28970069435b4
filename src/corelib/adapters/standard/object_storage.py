"""Objects in the files of a folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from heapq import nsmallest
from pathlib import Path
from typing import BinaryIO, NoReturn
from uuid import uuid4

from corelib.adapters.standard.clock import SystemClock
from corelib.adapters.standard.object_files import read_info, write_object
from corelib.adapters.standard.object_names import path_of, segment_of
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
from corelib.errors import InvalidSetting, NotFound, ObjectTooLarge, PermissionDenied, StorageFull
from corelib.ports.clock import Clock
from corelib.ports.object_storage import GET_LIMIT, LIST_LIMIT

MOST_BYTES = 5 * 1024**3
_TEMPORARY = "temporary"
_TRIES = 100
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class FolderObjectStorage:
    """Keeps the contract of `corelib.ports.object_storage.ObjectStorage` in a folder that the process may write.

    An object is one file, written beside its place, flushed to the disk and moved there in one step. What a killed
    process had not finished lies in the folder `temporary`, and may be removed.

    Args:
        folder: made with the first object if it is not there.
        clock: says when an object was stored.
        most_bytes: of one object.
    """

    def __init__(self, folder: Path, *, clock: Clock | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        self._most_bytes = most_bytes

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
        temporary = self._folder / _TEMPORARY / uuid4().hex
        info = ObjectInfo(key, 0, content_type, dict(metadata), self._clock.now())
        with self._translated(key):
            temporary.parent.mkdir(parents=True, exist_ok=True)
            try:
                size = write_object(temporary, info, portions(key, content, limit=self._most_bytes))
                _move(temporary, self._folder / path_of(key))
            finally:
                temporary.unlink(missing_ok=True)
        return ObjectInfo(key, size, content_type, info.metadata, info.stored_at)

    def get(self, key: str, *, limit: int = GET_LIMIT) -> bytes:
        """Return the content."""
        with self._opened(key) as (file, info):
            if info.size > limit:
                raise ObjectTooLarge(key, limit=limit)
            return file.read()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Give the rest of the opened file to a block."""
        with self._opened(key) as (file, _):
            yield file

    def info(self, key: str) -> ObjectInfo:
        """Return what is known about an object."""
        with self._opened(key) as (_, info):
            return info

    def exists(self, key: str) -> bool:
        """Return whether there is one."""
        check_key(key)
        with self._translated(key):
            return (self._folder / path_of(key)).is_file()

    def delete(self, key: str) -> None:
        """Remove an object, and the folders that are empty then."""
        check_key(key)
        path = self._folder / path_of(key)
        with self._translated(key):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # not empty, or gone already
            for parent in list(path.relative_to(self._folder).parents)[:-1]:
                (self._folder / parent).rmdir()

    def list(self, prefix: str = "", *, after: str | None = None, limit: int = LIST_LIMIT) -> Sequence[ObjectInfo]:
        """Return objects in the order of their keys, found in all folders that the prefix allows."""
        check_prefix(prefix)
        check_limit(limit)
        found: list[ObjectInfo] = []
        keys = (key for key in _keys(self._folder, "", prefix) if key.startswith(prefix) and key > (after or ""))
        for key in nsmallest(limit, keys):
            with suppress(NotFound):  # it was removed meanwhile
                found.append(self.info(key))
        return found

    def presigned_url(self, key: str, *, expires: timedelta, method: UrlMethod = UrlMethod.GET) -> str:
        """Refuse: nobody serves the folder."""
        check_key(key)
        check_expiry(expires)
        raise InvalidSetting(
            f"A URL to {method.value} an object was wanted, but objects in a folder have none.",
            hint="Take an object storage that has a server, or hand the content out yourself.",
        )

    @contextmanager
    def _opened(self, key: str) -> Iterator[tuple[BinaryIO, ObjectInfo]]:
        check_key(key)
        with self._translated(key):
            file = (self._folder / path_of(key)).open("rb")
        with file:
            yield file, read_info(key, file)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound("object", key) from error
        except OSError as error:
            _refuse(error, self._folder)


def _move(temporary: Path, path: Path) -> None:
    """Move a file to its place; somebody who removes the last object of its folder may take that away meanwhile.

    Making the folder says FileExistsError if it was there when it was made and gone when it was looked at.
    """
    for _ in range(_TRIES - 1):
        with suppress(FileNotFoundError, FileExistsError):
            _move_once(temporary, path)
            break
    else:
        _move_once(temporary, path)
    _flush_folder(path.parent)


def _move_once(temporary: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(path)


def _flush_folder(folder: Path) -> None:
    """Have the new name on the disk as well, where folders can be opened (not on Windows)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _keys(folder: Path, beginning: str, prefix: str) -> Iterator[str]:
    """Go through the keys below a folder that may begin with the prefix."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            segment = segment_of(entry.name, folder=is_folder)
            if segment is None:
                continue
            key = beginning + segment
            if not is_folder:
                yield key
            elif f"{key}/".startswith(prefix) or prefix.startswith(f"{key}/"):
                yield from _keys(Path(entry.path), f"{key}/", prefix)


def _refuse(error: OSError, folder: Path) -> NoReturn:
    if error.errno in _FULL:
        raise StorageFull(
            f"The folder {folder} of objects has no room left.", hint="Free disk space or quota."
        ) from error
    if error.errno in _REFUSED:
        raise PermissionDenied(
            f"The folder {folder} of objects refuses this process.", hint="Grant it to read, write and make folders."
        ) from error
    raise error
