"""Texts of statements, compared with the files in `golden`.

After a change that is meant, write them anew with CORELIB_REWRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("CORELIB_REWRITE_GOLDEN") == "1"


def compare(name: str, texts: Mapping[str, str]) -> None:
    """Make sure that a golden file has these statements, each under its name."""
    text = ";\n\n".join(f"-- {title}\n{statement}" for title, statement in texts.items()) + ";\n"
    file = GOLDEN / f"{name}.sql"
    if REWRITE:
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")
