"""How keys of objects become names of files, and back.

A segment gets a mark in front: `o+` as the name of an object, `d+` as that of a folder. So `a` and `a/b` lie side by
side, and no name is one that Windows reserves. A capital letter is written as `+` and the small one, so that `A` and
`a` are two files also where the file system takes them for one.
"""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = "d+"
_OBJECT = "o+"
_CAPITAL = re.compile("[A-Z]")
_ESCAPED = re.compile(r"\+([a-z])")


def path_of(key: str) -> Path:
    """Return where the object of a key lies, seen from the folder of all objects; the key has been checked."""
    *folders, name = (_CAPITAL.sub(lambda found: f"+{found[0].lower()}", segment) for segment in key.split("/"))
    return Path(*(f"{_FOLDER}{folder}" for folder in folders), f"{_OBJECT}{name}")


def segment_of(name: str, *, folder: bool) -> str | None:
    """Return the segment that a file or a folder stands for; None for one that no key has made."""
    mark = _FOLDER if folder else _OBJECT
    if not name.startswith(mark):
        return None
    return _ESCAPED.sub(lambda found: found[1].upper(), name.removeprefix(mark))
