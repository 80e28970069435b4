"""Digests of what templates are made from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from corelib.errors import InvalidSetting

_PASSED_OVER = frozenset({".pyc", ".pyo", ".mako"})
"""What Python makes of a file, and what Alembic makes new files of: neither changes a table."""


def digest_of(parts: Iterable[tuple[str, str]]) -> str:
    """Return a digest of named texts, 64 hexadecimal digits; their order counts."""
    return sha256(json.dumps([list(part) for part in parts]).encode()).hexdigest()


def files_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Give a digest of each file in a folder and in those below it, by its path from there.

    The ends of lines do not count: Git writes them as the machine has them. Hidden files and caches do not either.
    """
    for file in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts):
        path = file.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
        if file.is_file() and not hidden and file.suffix not in _PASSED_OVER:
            yield path.as_posix(), file_digest(file)


def file_digest(file: Path) -> str:
    """Return a digest of a file, whatever the ends of its lines.

    Raises:
        InvalidSetting: if it cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidSetting(f"{file}, of which the template is made, cannot be read: {error.strerror}.") from error
    return sha256(content.replace(b"\r\n", b"\n")).hexdigest()
