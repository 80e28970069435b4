from __future__ import annotations

import pytest

from corelib.adapters.memory import MemoryCipher
from corelib.errors import DecryptionFailed, InvalidSetting


class TestMemoryCipher:
    def test_shows_the_generation_but_not_the_text(self) -> None:
        encrypted = MemoryCipher((3, 2)).encrypt("756.9217.0769.85")

        assert encrypted.startswith("memory:3:")
        assert "756" not in encrypted

    def test_is_of_the_first_generation_by_default(self) -> None:
        encrypted = MemoryCipher().encrypt("756.9217.0769.85")

        assert MemoryCipher((2, 1)).decrypt(encrypted) == "756.9217.0769.85"
        assert not MemoryCipher((2, 1)).is_current(encrypted)

    def test_shows_its_generations(self) -> None:
        assert repr(MemoryCipher((2, 1))) == "MemoryCipher((2, 1))"

    class WhenThereIsNoGeneration:
        def test_is_refused(self) -> None:
            with pytest.raises(InvalidSetting, match=r"no generation of keys\. Pass numbers, newest first"):
                MemoryCipher(())

    class WhenTheGenerationIsUnknown:
        def test_lists_those_it_knows(self) -> None:
            encrypted = MemoryCipher((3,)).encrypt("756.9217.0769.85")

            with pytest.raises(DecryptionFailed, match=r"none of the generations \(2, 1\)"):
                MemoryCipher((2, 1)).decrypt(encrypted)
