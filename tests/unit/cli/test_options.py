from __future__ import annotations

import pytest

from corelib.cli.options import encryption_keys


class TestEncryptionKeys:
    @pytest.mark.parametrize(
        ("text", "keys"), [("new", ("new",)), ("new,old", ("new", "old")), (" new ,\nold,", ("new", "old")), ("", ())]
    )
    def test_are_separated_by_commas(self, text: str, keys: tuple[str, ...]) -> None:
        assert encryption_keys({"CORELIB_ENCRYPTION_KEYS": text}) == keys

    class WhenTheVariableIsNotSet:
        def test_are_none(self) -> None:
            assert encryption_keys({}) == ()
