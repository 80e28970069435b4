"""The contract of `corelib.ports.cipher.Cipher`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corelib.errors import DecryptionFailed, InvalidData
from corelib.ports.cipher import Cipher
from corelib.testing.contracts.suite import ContractSuite

MakeCipher = Callable[..., Cipher]
"""Makes a cipher with keys that stand for the numbers it is called with, newest first; a number is always one key."""

PLAIN = "insurance number 756.9217.0769.85"
SAMPLES: dict[str, str] = {
    "number": PLAIN,
    "empty": "",
    "blank": " ",
    "zero": "\x00",
    "lines": "one\r\ntwo\n",
    "beyond ASCII": "Zoë Müller, שלום, 李",
    "beyond the BMP": "\U0001f9ea\U00020bb7",
    "composed otherwise": "Zoe\u0308",
    "long": "0123456789abcdef" * 65_536,
}
FOREIGN = ["", "A", PLAIN, "Zoë", "\ud800", "====", "gAAAAA", ":" * 4, "\x80" * 80, "A" * 100]

# One example may meet many adapters: a cipher has no state, so nothing carries over.
_any_cipher = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    database=None,
    derandomize=True,
)


class CipherContract(ContractSuite):
    """What is encrypted is unreadable, comes back as it was, and is refused where it was changed."""

    port: ClassVar[str] = "Cipher"

    @pytest.fixture
    def make(self) -> MakeCipher:
        """Return a function that makes ciphers: `make(2, 1)` has the keys of `make(1)`, and a newer one."""
        raise NotImplementedError

    @pytest.fixture
    def cipher(self, make: MakeCipher) -> Cipher:
        """Return a cipher with one key."""
        return make(1)

    class WhenATextIsEncrypted:
        @pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
        def test_comes_back_as_it_was(self, cipher: Cipher, text: str) -> None:
            encrypted = cipher.encrypt(text)

            assert cipher.decrypt(encrypted) == text

        @_any_cipher
        @given(text=st.text())
        def test_comes_back_whatever_it_is(self, cipher: Cipher, text: str) -> None:
            encrypted = cipher.encrypt(text)

            assert cipher.decrypt(encrypted) == text

        @pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
        def test_is_printable_ascii(self, cipher: Cipher, text: str) -> None:
            encrypted = cipher.encrypt(text)

            assert encrypted
            assert encrypted.isascii()
            assert encrypted.isprintable()

        def test_cannot_be_read(self, cipher: Cipher) -> None:
            encrypted = cipher.encrypt(PLAIN)

            assert not [word for word in PLAIN.split() if word in encrypted]

        def test_looks_different_each_time(self, cipher: Cipher) -> None:
            encrypted = {cipher.encrypt("the same") for _ in range(20)}

            assert len(encrypted) == 20

        def test_is_current(self, cipher: Cipher) -> None:
            encrypted = cipher.encrypt(PLAIN)

            assert cipher.is_current(encrypted)

        def test_can_be_read_by_another_cipher_with_the_key(self, make: MakeCipher) -> None:
            encrypted = make(1).encrypt(PLAIN)

            assert make(1).decrypt(encrypted) == PLAIN

    class WhenATextIsNone:
        def test_is_refused(self, cipher: Cipher) -> None:
            with pytest.raises(InvalidData) as refused:
                cipher.encrypt(f"{PLAIN}\ud800")

            assert PLAIN not in str(refused.value)
            assert refused.value.__cause__ is None

    class WhenTheKeyIsRotated:
        def test_reads_what_the_old_key_encrypted(self, make: MakeCipher) -> None:
            encrypted = make(1).encrypt(PLAIN)

            assert make(2, 1).decrypt(encrypted) == PLAIN
            assert make(3, 2, 1).decrypt(encrypted) == PLAIN

        def test_knows_what_is_to_be_encrypted_anew(self, make: MakeCipher) -> None:
            old, rotated = make(1).encrypt(PLAIN), make(2, 1)

            anew = rotated.encrypt(rotated.decrypt(old))

            assert (rotated.is_current(old), rotated.is_current(anew)) == (False, True)

        def test_encrypts_with_the_newest_key(self, make: MakeCipher) -> None:
            encrypted = make(2, 1).encrypt(PLAIN)

            assert make(2).decrypt(encrypted) == PLAIN
            refuses(make(1), encrypted)

        def test_needs_the_old_key_no_more_once_all_is_encrypted_anew(self, make: MakeCipher) -> None:
            rotated = make(2, 1)
            anew = rotated.encrypt(rotated.decrypt(make(1).encrypt(PLAIN)))

            assert make(2).decrypt(anew) == PLAIN

    class WhenNoKeyFits:
        def test_refuses_the_text(self, make: MakeCipher) -> None:
            encrypted = make(1).encrypt(PLAIN)

            refuses(make(2), encrypted)
            refuses(make(3, 2), encrypted)

        def test_says_neither_text_nor_key(self, make: MakeCipher) -> None:
            encrypted = make(1).encrypt(PLAIN)

            with pytest.raises(DecryptionFailed) as refused:
                make(2).decrypt(encrypted)

            assert encrypted not in f"{refused.value}{refused.value.__cause__}"
            assert refused.value.hint

    class WhenAnEncryptedTextWasChanged:
        @_any_cipher
        @given(place=st.floats(0, 1, exclude_max=True), other=st.characters(min_codepoint=32, max_codepoint=126))
        def test_refuses_another_character(self, cipher: Cipher, place: float, other: str) -> None:
            encrypted = cipher.encrypt(PLAIN)
            index = int(place * len(encrypted))

            changed = encrypted[:index] + other + encrypted[index + 1 :]

            if changed != encrypted:
                refuses(cipher, changed)

        @_any_cipher
        @given(place=st.floats(0, 1), other=st.characters())
        def test_refuses_a_character_more(self, cipher: Cipher, place: float, other: str) -> None:
            encrypted = cipher.encrypt(PLAIN)
            index = int(place * len(encrypted))

            refuses(cipher, encrypted[:index] + other + encrypted[index:])

        @_any_cipher
        @given(place=st.floats(0, 1, exclude_max=True))
        def test_refuses_what_was_cut(self, cipher: Cipher, place: float) -> None:
            encrypted = cipher.encrypt(PLAIN)
            index = int(place * len(encrypted))

            refuses(cipher, encrypted[:index])
            refuses(cipher, encrypted[index + 1 :])

        @pytest.mark.parametrize("text", FOREIGN)
        def test_refuses_what_never_was_encrypted(self, cipher: Cipher, text: str) -> None:
            refuses(cipher, text)


def refuses(cipher: Cipher, text: str) -> None:
    """Assert that a cipher neither decrypts a text nor tells by which key it was encrypted."""
    with pytest.raises(DecryptionFailed):
        cipher.decrypt(text)
    with pytest.raises(DecryptionFailed):
        cipher.is_current(text)
