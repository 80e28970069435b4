from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

import pytest

from corelib.adapters.cryptography import FernetCipher, new_key
from corelib.adapters.memory import MemoryCipher
from corelib.ports.cipher import Cipher
from corelib.testing.contracts.cipher import CipherContract, MakeCipher


class TestMemoryCipher(CipherContract):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def make(self) -> MakeCipher:
        def make(*numbers: int) -> Cipher:
            return MemoryCipher(numbers)

        return make


class TestFernetCipher(CipherContract):
    adapter: ClassVar[str] = "cryptography, Fernet"

    @pytest.fixture
    def make(self) -> MakeCipher:
        keys: defaultdict[int, str] = defaultdict(new_key)

        def make(*numbers: int) -> Cipher:
            return FernetCipher([keys[number] for number in numbers])

        return make
