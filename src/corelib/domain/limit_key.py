"""The key by which the limits of a queue count jobs together."""

from __future__ import annotations

from hashlib import sha256


def limit_key(tenant: str | None, key: str) -> str:
    """Return 64 hexadecimal digits made of a tenant and of what was chosen of a payload, as text.

    Digits are equal or not whatever the collation of a column says.
    """
    parts = ("" if tenant is None else f"tenant {tenant}", key)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
