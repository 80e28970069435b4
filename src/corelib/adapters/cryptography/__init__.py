"""Encryption of single texts with cryptography's Fernet (extra `encryption`)."""

from corelib.errors import MissingExtra

try:
    from corelib.adapters.cryptography.cipher import FernetCipher, encrypted_length, new_key
except ModuleNotFoundError as _error:
    if (_error.name or "").partition(".")[0] != "cryptography":
        raise
    raise MissingExtra("cryptography", extra="encryption", purpose="FernetCipher") from None

__all__ = ["FernetCipher", "encrypted_length", "new_key"]
