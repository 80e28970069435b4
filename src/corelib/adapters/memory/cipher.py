"""A cipher without cryptography."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

from corelib.errors import DecryptionFailed, InvalidData, InvalidSetting


class MemoryCipher:
    """Keeps the contract of `corelib.ports.cipher.Cipher`, and keeps nothing secret: anybody can read its texts.

    An encrypted text is `memory:GENERATION:NONCE:BASE64:CHECKSUM`, so that a test sees what was encrypted, and with
    which key. It is shorter than what `FernetCipher` makes of the same text.

    Args:
        generations: the numbers that stand for keys, newest first.

    Raises:
        InvalidSetting: without a generation.

    Example:
        >>> token = MemoryCipher().encrypt("756.9217.0769.85")
        >>> rotated = MemoryCipher((2, 1))
        >>> rotated.decrypt(token), rotated.is_current(token)
        ('756.9217.0769.85', False)
    """

    def __init__(self, generations: Sequence[int] = (1,)) -> None:
        if not generations:
            raise InvalidSetting("There is no generation of keys.", hint="Pass numbers, newest first, as (2, 1).")
        self._generations = tuple(generations)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._generations!r})"

    def encrypt(self, text: str) -> str:
        """Write the text in base64, with a checksum."""
        try:
            payload = urlsafe_b64encode(text.encode()).decode("ascii")
        except UnicodeEncodeError:
            raise InvalidData("A text to be encrypted holds half of a surrogate pair, which no text may.") from None
        return _sealed(self._generations[0], secrets.token_hex(4), payload)

    def decrypt(self, text: str) -> str:
        """Check the generation and the checksum, and read the base64."""
        _, payload = self._opened(text)
        return urlsafe_b64decode(payload).decode()

    def is_current(self, text: str) -> bool:
        """Compare the generation."""
        generation, _ = self._opened(text)
        return generation == self._generations[0]

    def _opened(self, text: str) -> tuple[int, str]:
        match text.split(":"):
            case ["memory", _, nonce, payload, _]:
                for generation in self._generations:
                    if text == _sealed(generation, nonce, payload):
                        return generation, payload
        raise DecryptionFailed(
            f"A stored text is of none of the generations {self._generations}, or it was changed.",
            hint="Is the generation with which it was encrypted still among them?",
        )


def _sealed(generation: int, nonce: str, payload: str) -> str:
    body = f"memory:{generation}:{nonce}:{payload}"
    return f"{body}:{sha256(body.encode(errors='replace')).hexdigest()[:16]}"
