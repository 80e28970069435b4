"""corelib: use cases written once against ports, run on fakes, on SQL Server and Dramatiq.

Names are imported when they are first asked for, so that `import corelib` costs little and loads nothing but attrs.
The composition root stands apart: `from corelib.bootstrap import bootstrap`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import attrs as _attrs  # noqa: F401 - the one dependency: a broken installation shows at once

if TYPE_CHECKING:
    from corelib.application.app import App as App
    from corelib.application.app import Resources as Resources
    from corelib.application.context import current_context as current_context
    from corelib.application.context import use_context as use_context
    from corelib.application.host import Host as Host
    from corelib.application.jobs.description import job as job
    from corelib.application.jobs.run import JobRun as JobRun
    from corelib.application.settings import DatabaseSettings as DatabaseSettings
    from corelib.application.settings import Settings as Settings
    from corelib.domain.aggregate import Aggregate as Aggregate
    from corelib.domain.backoff import Backoff as Backoff
    from corelib.domain.context import Context as Context
    from corelib.domain.identifiers import new_id as new_id
    from corelib.domain.job import Job as Job
    from corelib.domain.job import JobState as JobState
    from corelib.domain.message import Command as Command
    from corelib.domain.page import CursorPage as CursorPage
    from corelib.domain.page import Page as Page
    from corelib.domain.specification import Specification as Specification
    from corelib.domain.specification import ascending as ascending
    from corelib.domain.specification import descending as descending
    from corelib.domain.specification import where as where
    from corelib.ports.clock import Clock as Clock
    from corelib.ports.lock import HeldLock as HeldLock
    from corelib.ports.lock import Locks as Locks
    from corelib.ports.logger import Logger as Logger
    from corelib.ports.repository import Locking as Locking
    from corelib.ports.repository import Repository as Repository
    from corelib.ports.storage import Isolation as Isolation
    from corelib.ports.unit_of_work import UnitOfWork as UnitOfWork

__version__ = "0.1.0"

_HOMES = {
    "Aggregate": "domain.aggregate",
    "App": "application.app",
    "Backoff": "domain.backoff",
    "Clock": "ports.clock",
    "Command": "domain.message",
    "Context": "domain.context",
    "CursorPage": "domain.page",
    "DatabaseSettings": "application.settings",
    "HeldLock": "ports.lock",
    "Host": "application.host",
    "Isolation": "ports.storage",
    "Job": "domain.job",
    "JobRun": "application.jobs.run",
    "JobState": "domain.job",
    "Locking": "ports.repository",
    "Locks": "ports.lock",
    "Logger": "ports.logger",
    "Page": "domain.page",
    "Repository": "ports.repository",
    "Resources": "application.app",
    "Settings": "application.settings",
    "Specification": "domain.specification",
    "UnitOfWork": "ports.unit_of_work",
    "ascending": "domain.specification",
    "current_context": "application.context",
    "descending": "domain.specification",
    "job": "application.jobs.description",
    "new_id": "domain.identifiers",
    "use_context": "application.context",
    "where": "domain.specification",
}

__all__ = [
    "Aggregate",
    "App",
    "Backoff",
    "Clock",
    "Command",
    "Context",
    "CursorPage",
    "DatabaseSettings",
    "HeldLock",
    "Host",
    "Isolation",
    "Job",
    "JobRun",
    "JobState",
    "Locking",
    "Locks",
    "Logger",
    "Page",
    "Repository",
    "Resources",
    "Settings",
    "Specification",
    "UnitOfWork",
    "ascending",
    "current_context",
    "descending",
    "job",
    "new_id",
    "use_context",
    "where",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'corelib' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"corelib.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
