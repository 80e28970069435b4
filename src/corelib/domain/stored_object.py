"""Stored objects: bytes under a key, and what may be said about them.

The rules are what every store can keep. Keys have characters that are safe for S3 (Amazon S3 User Guide, "Creating
object key names") and for file systems; metadata travels in HTTP headers, 2 KB in all ("Working with object metadata").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import BinaryIO

from attrs import field, frozen

from corelib.errors import MisuseError, ObjectTooLarge, Problem, ValidationFailed

KEY_LENGTH = 500
SEGMENT_LENGTH = 100
METADATA_LENGTH = 2000
CONTENT_TYPE_LENGTH = 200
OCTETS = "application/octet-stream"
NO_METADATA: Mapping[str, str] = MappingProxyType({})
LONGEST_URL = timedelta(days=7)
"""Signatures of S3 hold no longer (Amazon S3 User Guide, "Download and upload objects with presigned URLs")."""

_PORTION = 256 * 1024

_SEGMENT = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?", re.ASCII)
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._/-]*)?", re.ASCII)
_METADATA_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
_METADATA_VALUE = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?", re.ASCII)
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - a token of RFC 6838, no secret
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:; ?{_TOKEN}=(?:{_TOKEN}|\"[ !#-\[\]-~]*\"))*", re.ASCII)


class UrlMethod(Enum):
    """What the holder of a presigned URL may do."""

    GET = "GET"
    PUT = "PUT"


@frozen
class ObjectInfo:
    """What is known about a stored object.

    Args:
        key: under which it is stored.
        size: of its content, in bytes.
        content_type: media type, as it was told.
        metadata: as it was told.
        stored_at: when, by the clock of the store.
    """

    key: str
    size: int
    content_type: str
    metadata: Mapping[str, str] = field(hash=False)
    stored_at: datetime


def check_key(key: str) -> None:
    """Make sure that a key can be stored everywhere.

    Raises:
        ValidationFailed: unless it is 1 to 500 characters in segments of 1 to 100, parted by `/`. A segment has ASCII
            letters, digits, `.`, `_` and `-`; it neither begins nor ends with a point.
    """
    if len(key) > KEY_LENGTH:
        raise _invalid("The key of an object", f"must have at most {KEY_LENGTH} characters, not {len(key)}")
    for segment in key.split("/"):
        if len(segment) > SEGMENT_LENGTH:
            raise _invalid("The key of an object", f"has a segment of more than {SEGMENT_LENGTH} characters")
        if not _SEGMENT.fullmatch(segment):
            raise _invalid("The key of an object", f"has the segment {segment!r}: write letters, digits, '.', '_', '-'")


def check_prefix(prefix: str) -> None:
    """Make sure that keys may begin so; the empty prefix is that of all keys.

    Raises:
        ValidationFailed: if no key can.
    """
    if len(prefix) > KEY_LENGTH or not _PREFIX.fullmatch(prefix) or re.search(r"//|/\.|\./", prefix):
        raise _invalid("The prefix of keys", f"is {prefix[:SEGMENT_LENGTH]!r}, with which no key begins")


def check_description(content_type: str, metadata: Mapping[str, str]) -> None:
    """Make sure that a content type and metadata can be kept everywhere.

    Raises:
        ValidationFailed: with all that is wrong. Names of metadata have 1 to 64 lower-case ASCII letters, digits and
            `-`, and begin with a letter; values are printable ASCII without blanks at the ends; in all there are at
            most 2,000 characters.
    """
    problems = []
    if len(content_type) > CONTENT_TYPE_LENGTH or not _CONTENT_TYPE.fullmatch(content_type):
        problems.append(Problem("content_type", "is no media type, as text/plain"))
    for name, value in metadata.items():
        if not _METADATA_NAME.fullmatch(name):
            problems.append(Problem(f"metadata[{name[:70]!r}]", "has a name that is not lower-case ASCII"))
        if not _METADATA_VALUE.fullmatch(value):
            problems.append(Problem(f"metadata[{name[:70]!r}]", "has a value that is not printable ASCII"))
    if sum(len(name) + len(value) for name, value in metadata.items()) > METADATA_LENGTH:
        problems.append(Problem("metadata", f"has more than {METADATA_LENGTH} characters in all"))
    if problems:
        raise ValidationFailed("The description of an object", problems)


def check_expiry(expires: timedelta) -> None:
    """Make sure that a presigned URL can hold so long.

    Raises:
        MisuseError: if that is less than a second or more than 7 days.
    """
    if not timedelta(seconds=1) <= expires <= LONGEST_URL:
        raise MisuseError(f"A presigned URL cannot hold for {expires}.", hint="Give 1 second to 7 days.")


def check_limit(limit: int) -> None:
    """Make sure that a list may have so many entries.

    Raises:
        MisuseError: if that is less than 1.
    """
    if limit < 1:
        raise MisuseError(f"A list of {limit} objects cannot be had.", hint="Give a limit of 1 or more.")


def portions(key: str, content: bytes | BinaryIO, *, limit: int) -> Iterator[bytes]:
    """Go through a content in portions that fit into memory.

    Args:
        key: for the error.
        content: bytes, or something to read them from.
        limit: how many bytes there may be in all.

    Raises:
        ObjectTooLarge: as soon as there are more.
    """
    size = 0
    for portion in [content] if isinstance(content, bytes) else iter(partial(content.read, _PORTION), b""):
        size += len(portion)
        if size > limit:
            raise ObjectTooLarge(key, limit=limit)
        yield portion


def _invalid(subject: str, reason: str) -> ValidationFailed:
    return ValidationFailed(subject, [Problem("", reason)])
