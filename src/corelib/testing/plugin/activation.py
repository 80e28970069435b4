"""Turning the plugin on, for a project that uses it."""

from __future__ import annotations

import os
from typing import cast
from uuid import uuid4

import pytest

from corelib.testing.plugin import app, fixtures
from corelib.testing.plugin.hooks import Hooks
from corelib.testing.plugin.marking import MARKERS
from corelib.testing.plugin.network import NetworkGuard, broker_ports
from corelib.testing.plugin.options import PluginSettings
from corelib.testing.plugin.state import HANDED, STATE, State, Worker


def activate(config: pytest.Config, settings: PluginSettings) -> None:
    """Register fixtures, markers and hooks."""
    given = cast("Worker", config).workerinput if hasattr(config, "workerinput") else {}
    handed = given.get(HANDED)
    state = State(
        settings=settings,
        guard=NetworkGuard(broker_ports(os.environ)),
        worker=str(given.get("workerid", "main")),
        seed=str(given.get("testrunuid") or uuid4().hex),
        handed=handed if isinstance(handed, dict) else None,
        on_end=config.add_cleanup,
    )
    config.stash[STATE] = state
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    config.pluginmanager.register(fixtures, "corelib-fixtures")
    config.pluginmanager.register(app, "corelib-app-fixtures")
    config.pluginmanager.register(Hooks(config, state), "corelib-hooks")
