from __future__ import annotations

from typing import ClassVar

import pytest

from corelib.adapters.cattrs import CattrsCodec
from corelib.ports.codec import Codec
from corelib.testing.contracts.codec import CodecContract


class TestCattrsCodec(CodecContract):
    adapter: ClassVar[str] = "cattrs"

    @pytest.fixture
    def codec(self) -> Codec:
        return CattrsCodec()
