"""The kit's mark of a database file, in a file beside it.

Within the database there is no room for it that is not the host's: a table would be one more for the reset, and
`PRAGMA application_id`, which a host may use itself, takes 32 bits. The registry would be no second witness: whoever
asks for the mark wants to know that the file with that name is still the one that the kit made. So the mark says of
which file it is, by the number that the file system gave it; a file that was put in its place has no mark.
"""

from __future__ import annotations

import json
from contextlib import suppress

from corelib.testing.database.model import Mark
from corelib.testing.database.planning.mark_text import mark_in, text_of
from corelib.testing.database.sqlite.files import DatabaseFiles


def write(files: DatabaseFiles, mark: Mark) -> None:
    """Write the mark, over an older one; raises OSError."""
    parts = {**json.loads(text_of(mark)), "file": _number_of(files)}
    files.mark.write_text(json.dumps(parts), encoding="utf-8")


def read(files: DatabaseFiles) -> Mark | None:
    """Return the mark; None if there is none, it cannot be read, or belongs to another file."""
    with suppress(OSError, ValueError):
        text = files.mark.read_text(encoding="utf-8")
        mark = mark_in(text)
        if mark is not None and json.loads(text).get("file") == _number_of(files):
            return mark
    return None


def _number_of(files: DatabaseFiles) -> str:
    """Return what tells a file from others at the same time; it survives a change of the name."""
    status = files.main.stat()
    return f"{status.st_dev}:{status.st_ino}"
