"""The base of every contract suite."""

from __future__ import annotations

from typing import ClassVar

import pytest

from corelib.testing.contracts.capabilities import Capability, needed_by

CONTRACT = "corelib_contract"
"""Name of the property that a test report carries: `[port, adapter]`."""

LACKED = "corelib_lacks"
"""Name of the property of a test that was skipped because the adapter declares a lack: the capability's name."""


class ContractSuite:
    """Tests of one port. Subclass a suite to run it on an adapter; the name of the subclass begins with `Test`.

    Situations are nested classes whose names begin with `When`. They get what they test through fixtures, which the
    suite names and the adapter's class overrides.
    """

    port: ClassVar[str]
    """Name of the port, which the suite sets."""

    adapter: ClassVar[str]
    """Name of the adapter for the report, which the adapter's class sets."""

    lacks: ClassVar[frozenset[Capability]] = frozenset()
    """What the adapter declares that it cannot do."""

    def __init_subclass__(cls) -> None:
        """Have the situations collected also where the host's `python_classes` knows names with `Test` only."""
        super().__init_subclass__()
        for name, situation in vars(cls).items():
            if isinstance(situation, type) and name.startswith("When"):
                situation.__test__ = True  # type: ignore[attr-defined]

    @pytest.fixture(autouse=True)
    def _skip_what_the_adapter_lacks(self, request: pytest.FixtureRequest) -> None:
        situations = [node.obj for node in request.node.listchain() if isinstance(node, pytest.Class)]
        lacked = needed_by(request.function, *situations) & self.lacks
        if lacked:
            capability = min(lacked, key=lambda lack: lack.name)
            request.node.user_properties.append((LACKED, capability.name))
            pytest.skip(f"{self.adapter} declares that it lacks {capability.name}: {capability.value}")


def suite_of(item: pytest.Item) -> type[ContractSuite] | None:
    """Return the adapter's class that a test belongs to, or None for a test of another kind."""
    for node in item.listchain():
        if isinstance(node, pytest.Class) and issubclass(node.obj, ContractSuite):
            suite: type[ContractSuite] = node.obj
            return suite
    return None
