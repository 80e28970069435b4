"""What a template is known by."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.metadata import version

from corelib.testing.database.model import ServerFacts

LAYOUT = "1"
"""Goes up whenever the kit makes another template of the same sources, as when it keeps a mark elsewhere."""


def kit_version() -> str:
    """Return the version of the kit as a template depends on it: that of the distribution, and of the layout."""
    return f"{version('corelib')}/{LAYOUT}"


def template_fingerprint(source: str, facts: ServerFacts, *, kit: str) -> str:
    """Return the fingerprint of a template, 64 hexadecimal digits.

    Whatever of it changes, changes the fingerprint: templates of two states of the migrations, of two servers or of two
    versions of the kit have different names and live side by side.

    Args:
        source: digest of the migrations and the seed data.
        facts: of the server; its engine, version, collation and options count, in whichever order the options come.
        kit: as `kit_version` returns it.
    """
    parts = {
        "source": source,
        "kit": kit,
        "engine": facts.engine,
        "version": list(facts.version),
        "collation": facts.collation,
        "options": dict(facts.options),
    }
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
