"""The settings that a host wants its databases to have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from corelib.errors import CorelibError, InvalidSetting

_NAME = re.compile(r"[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*", re.ASCII)
"""A parameter, or one of an extension or a host of its own, with a dot (PostgreSQL: "Customized Options")."""

_LONGEST = 63
"""Bytes of an identifier (PostgreSQL: "Identifiers and Key Words")."""

_REFUSED = frozenset({"22023", "42704", "55P02"})
"""SQLSTATEs `invalid_parameter_value`, `undefined_object` and `cant_change_runtime_param` (PostgreSQL: "PostgreSQL
Error Codes")."""


def checked_options(options: Mapping[str, str]) -> dict[str, str]:
    """Return the settings by name, in small letters, which mean the same to PostgreSQL.

    Args:
        options: values as `SHOW` has them, without quotes; several names are divided by commas, as in `app, public`.

    Raises:
        InvalidSetting: if one has no name or value that a setting could have. Whether there is such a setting, the
            server knows.
    """
    checked: dict[str, str] = {}
    for told, value in options.items():
        name = told.lower()
        if not _NAME.fullmatch(name) or len(name) > _LONGEST or name in checked or "\0" in value:
            raise InvalidSetting(
                f"{told!r}: {value!r} is no setting that a test database can be given on PostgreSQL.",
                hint='Write it once, as ALTER DATABASE ... SET has it, as {"timezone": "UTC"}.',
            )
        checked[name] = value
    return checked


def refused(error: CorelibError, name: str, value: str) -> CorelibError:
    """Return what an error means that came when a setting was made; the error itself where it is another one."""
    if getattr(getattr(error.__cause__, "orig", None), "sqlstate", None) not in _REFUSED:
        return error
    return InvalidSetting(
        f"PostgreSQL does not take the setting {name} = {value!r} for a database: {error.message}",
        hint="Correct it, or leave it out; pg_settings says which ones there are, and who may change them.",
    )
