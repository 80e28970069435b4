"""The cipher over Fernet: AES-128 in CBC mode, signed with HMAC-SHA256, as text in URL-safe base64.

What a token holds, and therefore how long it is, says the Fernet specification (github.com/fernet/spec, Spec.md).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from corelib.errors import DecryptionFailed, InvalidData, InvalidSetting

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")  # 32 bytes; the decoder itself passes over what is no base64
_BLOCK = 16
_AROUND = 1 + 8 + 16 + 32  # version, time, initialisation vector, signature
_WIDEST = 4  # bytes of a character in UTF-8
_HOW_TO_MAKE_ONE = (
    'Make one with: python -c "from corelib.adapters.cryptography import new_key; print(new_key())", and keep it as '
    "you keep passwords."
)


class FernetCipher:
    """Keeps the contract of `corelib.ports.cipher.Cipher`.

    A token shows when it was made, to the second, and about how long its text is; nothing else.

    Args:
        keys: as `new_key` makes them, newest first: the first encrypts, all of them decrypt.

    Raises:
        InvalidSetting: if there is no key, or one is not of that kind; it stands in no message.

    Example:
        >>> old, new = new_key(), new_key()
        >>> token = FernetCipher([old]).encrypt("756.9217.0769.85")
        >>> rotated = FernetCipher([new, old])
        >>> rotated.decrypt(token), rotated.is_current(token)
        ('756.9217.0769.85', False)
    """

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(key) for key in _checked(keys)]
        self._newest = fernets[0]
        self._all = MultiFernet(fernets)
        self._count = len(fernets)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {self._count} keys>"

    def encrypt(self, text: str) -> str:
        """Return a Fernet token."""
        try:
            plain = text.encode()
        except UnicodeEncodeError:
            # Without the cause, which carries the text.
            raise InvalidData("A text to be encrypted holds half of a surrogate pair, which no text may.") from None
        return self._newest.encrypt(plain).decode("ascii")

    def decrypt(self, text: str) -> str:
        """Return what a token holds."""
        try:
            return self._all.decrypt(_exact(text)).decode()
        except (InvalidToken, UnicodeDecodeError):  # the latter: bytes that somebody else encrypted with the key
            raise self._refusal() from None

    def is_current(self, text: str) -> bool:
        """Check a token's signature, with the newest key first."""
        try:
            token = _exact(text)
            try:
                self._newest.extract_timestamp(token)
            except InvalidToken:
                self._all.decrypt(token)
                return False
        except InvalidToken:
            raise self._refusal() from None
        return True

    def _refusal(self) -> DecryptionFailed:
        return DecryptionFailed(
            f"A stored text cannot be decrypted with any of the {self._count} keys, or it was changed.",
            hint="Is the key with which it was encrypted still among the encryption keys?",
        )


def new_key() -> str:
    """Return a new random key of 32 bytes, as 44 characters of URL-safe base64."""
    return Fernet.generate_key().decode("ascii")


def encrypted_length(characters: int) -> int:
    """Return how many characters a column needs for the tokens of texts of at most so many characters.

    A character takes up to 4 bytes in UTF-8. Fernet fills the bytes up to the next multiple of 16, at least by one,
    puts 57 bytes around them, and base64 makes 4 characters of every 3 bytes:
    `4 * ceil((57 + 16 * (4 * characters // 16 + 1)) / 3)`.

    Example:
        >>> encrypted_length(16), encrypted_length(50), encrypted_length(200)
        (184, 356, 1164)
    """
    padded = _BLOCK * (_WIDEST * characters // _BLOCK + 1)
    return 4 * -(-(_AROUND + padded) // 3)


def _checked(keys: Sequence[str]) -> Sequence[str]:
    if isinstance(keys, str):
        raise InvalidSetting("The encryption keys are a single text.", hint="Pass a tuple of keys, newest first.")
    if not keys:
        raise InvalidSetting("There is no encryption key.", hint=_HOW_TO_MAKE_ONE)
    for place, key in enumerate(keys, start=1):
        if not _KEY.fullmatch(str(key)):
            raise InvalidSetting(
                f"Encryption key {place} of {len(keys)} is not a text of 32 bytes in URL-safe base64.",
                hint=_HOW_TO_MAKE_ONE,
            )
    return keys


def _exact(text: str) -> bytes:
    """Return a token as bytes if it is written in the one way that `encrypt` writes it.

    The decoder of base64 passes over foreign characters and spare bits, so that a changed text might go unnoticed.
    """
    try:
        token = text.encode("ascii")
        if urlsafe_b64encode(urlsafe_b64decode(token)) == token:
            return token
    except ValueError:
        pass
    raise InvalidToken
