from __future__ import annotations

import pytest

from corelib.adapters.memory import ManualClock, MemoryLogger, MemoryStorage
from corelib.application.app import App, Resources


class TestApp:
    @pytest.mark.parametrize("name", ["kitlab", "kit_lab2", "k"])
    def test_takes_a_lower_case_name(self, name: str) -> None:
        assert App(name).name == name

    @pytest.mark.parametrize("name", ["", "Kitlab", "2kit", "kit-lab", "kit lab", "k" * 42])
    def test_refuses_every_other_name(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            App(name)

    def test_has_no_services_of_its_own_by_default(self) -> None:
        clock = ManualClock()
        resources = Resources("memory:", MemoryStorage(clock), clock, MemoryLogger(), lambda close: None)

        assert App("kitlab").services(resources) == {}


class TestResources:
    def test_show_no_secret(self) -> None:
        clock = ManualClock()
        resources = Resources("a://u:s3cret@h", MemoryStorage(clock), clock, MemoryLogger(), lambda close: None)

        assert "s3cret" not in repr(resources)
