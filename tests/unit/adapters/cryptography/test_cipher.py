from __future__ import annotations

import pytest

pytest.importorskip("cryptography")
from cryptography.fernet import Fernet

from corelib.adapters.cryptography import FernetCipher, encrypted_length, new_key
from corelib.adapters.memory import MemoryCipher
from corelib.errors import DecryptionFailed, InvalidSetting


class TestFernetCipher:
    def test_reads_what_others_wrote_with_fernet(self) -> None:
        key = new_key()
        token = Fernet(key).encrypt("Zoë".encode()).decode()

        assert FernetCipher([key]).decrypt(token) == "Zoë"

    def test_writes_what_others_can_read_with_fernet(self) -> None:
        key = new_key()

        token = FernetCipher([key]).encrypt("Zoë")

        assert Fernet(key).decrypt(token) == "Zoë".encode()

    def test_hides_its_keys(self) -> None:
        old, new = new_key(), new_key()

        cipher = FernetCipher([new, old])

        assert repr(cipher) == "<FernetCipher with 2 keys>"
        assert not [text for text in map(str, vars(cipher).values()) if old in text or new in text]

    class WhenTheBytesAreNoText:
        def test_refuses_them_without_showing_them(self) -> None:
            key = new_key()
            token = Fernet(key).encrypt(b"756 \xff").decode()

            with pytest.raises(DecryptionFailed) as refused:
                FernetCipher([key]).decrypt(token)

            assert refused.value.__cause__ is None

    class WhenThereIsNoKey:
        def test_says_how_to_make_one(self) -> None:
            with pytest.raises(InvalidSetting, match=r"no encryption key\. Make one with: python -c .*new_key"):
                FernetCipher([])

    class WhenAKeyIsNone:
        @pytest.mark.parametrize(
            "key",
            ["", "s3cret", "s3cret" * 10, f"{'s3cret' * 6}s=", "s3cret/" * 6 + "s=", "s3cret é" * 5, "s3cret=" * 6],
        )
        def test_says_which_and_how_to_make_one_but_does_not_show_it(self, key: str) -> None:
            with pytest.raises(InvalidSetting) as refused:
                FernetCipher([new_key(), key])

            assert refused.value.message == ("Encryption key 2 of 2 is not a text of 32 bytes in URL-safe base64.")
            assert "new_key" in refused.value.hint
            assert "s3cret" not in str(refused.value)

        def test_refuses_blanks_around_one(self) -> None:
            with pytest.raises(InvalidSetting):
                FernetCipher([f"{new_key()}\n"])

    class WhenTheKeysAreASingleText:
        def test_asks_for_a_tuple_without_showing_it(self) -> None:
            key = new_key()

            with pytest.raises(InvalidSetting, match="Pass a tuple of keys") as refused:
                FernetCipher(key)

            assert key not in str(refused.value)


class TestNewKey:
    def test_is_another_each_time(self) -> None:
        keys = {new_key() for _ in range(50)}

        assert len(keys) == 50
        assert {len(key) for key in keys} == {44}


class TestEncryptedLength:
    @pytest.mark.parametrize("characters", [0, 1, 3, 4, 5, 7, 8, 100, 255, 4000])
    def test_fits_the_widest_texts_exactly(self, characters: int) -> None:
        token = FernetCipher([new_key()]).encrypt("\U0001f9ea" * characters)

        assert len(token) == encrypted_length(characters)

    @pytest.mark.parametrize("characters", [0, 1, 3, 4, 5, 7, 8, 100, 255, 4000])
    def test_fits_what_the_fake_makes(self, characters: int) -> None:
        encrypted = MemoryCipher().encrypt("\U0001f9ea" * characters)

        assert len(encrypted) <= encrypted_length(characters)
