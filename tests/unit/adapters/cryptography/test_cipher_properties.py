from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

pytest.importorskip("cryptography")
pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

from corelib.adapters.cryptography import FernetCipher, encrypted_length, new_key
from corelib.errors import DecryptionFailed

KEYS = st.binary(min_size=32, max_size=32).map(lambda raw: urlsafe_b64encode(raw).decode())
KEYRINGS = st.lists(KEYS, min_size=1, max_size=4, unique=True)


class TestFernetCipher:
    @given(st.text(), KEYRINGS, st.data())
    def test_reads_what_any_of_its_keys_encrypted(self, text: str, keys: list[str], data: st.DataObject) -> None:
        by = data.draw(st.integers(0, len(keys) - 1))
        token = FernetCipher([keys[by]]).encrypt(text)

        cipher = FernetCipher(keys)

        assert cipher.decrypt(token) == text
        assert cipher.is_current(token) == (by == 0)

    @given(st.text(max_size=300))
    def test_makes_no_token_longer_than_the_column(self, text: str) -> None:
        token = FernetCipher([new_key()]).encrypt(text)

        assert len(token) <= encrypted_length(len(text))

    @given(st.text())
    def test_answers_any_text_with_a_refusal(self, text: str) -> None:
        cipher = FernetCipher([new_key()])

        with pytest.raises(DecryptionFailed):
            cipher.decrypt(text)
        with pytest.raises(DecryptionFailed):
            cipher.is_current(text)
