"""Names of databases: a prefix, what they are for, whose they are."""

from __future__ import annotations

import re
from hashlib import sha256

from corelib.errors import InvalidSetting
from corelib.testing.database.model import Kind

_PREFIX = re.compile(r"[a-z][a-z0-9_]{2,20}")
_LETTERS = {Kind.TEMPLATE: "t", Kind.BUILD: "b", Kind.CLONE: "c"}
_DIGITS = 16


def checked_prefix(prefix: str) -> str:
    """Return the prefix.

    Raises:
        InvalidSetting: if it cannot begin the name of a database on every engine, or is too short to tell anything.
    """
    if not _PREFIX.fullmatch(prefix):
        raise InvalidSetting(
            f"The prefix {prefix!r} cannot begin names of test databases.",
            hint="Take 3 to 21 small letters, digits and underscores, a letter first, as in orders_test.",
        )
    return prefix


def run_id(seed: str) -> str:
    """Return what identifies a run, 12 hexadecimal digits: the same in all processes that share the seed."""
    return sha256(seed.encode()).hexdigest()[:12]


def template_name(prefix: str, fingerprint: str) -> str:
    """Return the name of the template with this fingerprint."""
    return f"{prefix}_{_LETTERS[Kind.TEMPLATE]}_{fingerprint[:_DIGITS]}"


def build_name(prefix: str, run: str, number: int) -> str:
    """Return the name under which a run builds a template.

    Args:
        prefix: of all names.
        run: as `run_id` made it.
        number: of the build within the run; two workers never use the same one.
    """
    return f"{prefix}_{_LETTERS[Kind.BUILD]}_{run}_{number}"


def clone_name(prefix: str, run: str, worker: str, number: int) -> str:
    """Return the name of a clone.

    Args:
        prefix: of all names.
        run: as `run_id` made it.
        worker: of pytest-xdist, as `gw3`; `main` without.
        number: of the clone within the worker.
    """
    return f"{prefix}_{_LETTERS[Kind.CLONE]}_{run}_{re.sub('[^a-z0-9]', '', worker.lower())}_{number}"


def belongs_to(name: str, prefix: str, kind: Kind, run: str) -> bool:
    """Return whether a name is one that a run gives to a database of a kind; a template's says nothing of its run."""
    ends = {
        Kind.TEMPLATE: rf"[0-9a-f]{{{_DIGITS}}}",
        Kind.BUILD: rf"{re.escape(run)}_[0-9]+",
        Kind.CLONE: rf"{re.escape(run)}_[a-z0-9]*_[0-9]+",
    }
    return re.fullmatch(f"{re.escape(prefix)}_{_LETTERS[kind]}_{ends[kind]}", name) is not None


def looks_owned(name: str, prefix: str) -> bool:
    """Return whether a name is one that the kit gives to a database of any kind and run, with this very prefix."""
    ends = f"t_[0-9a-f]{{{_DIGITS}}}|b_[0-9a-f]{{12}}_[0-9]+|c_[0-9a-f]{{12}}_[a-z0-9]*_[0-9]+"
    return re.fullmatch(f"{re.escape(prefix)}_({ends})", name) is not None
