from __future__ import annotations

import pytest
from attrs.exceptions import FrozenInstanceError

from corelib.domain.context import Context


class TestContext:
    def test_needs_a_correlation_id_alone(self) -> None:
        context = Context("c-1")

        assert (context.causation_id, context.principal, context.tenant, context.deadline) == (None, None, None, None)

    def test_cannot_be_changed(self) -> None:
        context = Context("c-1")

        with pytest.raises(FrozenInstanceError):
            context.correlation_id = "c-2"
