"""Texts that only the holder of a key can read."""

from __future__ import annotations

from typing import Protocol


class Cipher(Protocol):
    """Encrypts fields declared with `encrypted_field()` before they are stored, and decrypts them when they are loaded.

    Keys can be rotated: the newest encrypts, all of them decrypt.
    """

    def encrypt(self, text: str) -> str:
        """Return a text encrypted with the newest key; printable ASCII, different each time.

        Raises:
            InvalidData: if the text holds half of a surrogate pair. The text stands in no message.
        """
        ...

    def decrypt(self, text: str) -> str:
        """Return what was encrypted with any of the keys.

        Raises:
            DecryptionFailed: if no key fits, or the text was changed. Neither the text nor a key stands in the message.
        """
        ...

    def is_current(self, text: str) -> bool:
        """Return whether a text was encrypted with the newest key; the others are to be encrypted anew.

        Raises:
            DecryptionFailed: if no key fits, or the text was changed.
        """
        ...
