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
    from corelib.application.jobs.batch import Batch as Batch
    from corelib.application.jobs.batch import BatchItem as BatchItem
    from corelib.application.jobs.batch import JobBatch as JobBatch
    from corelib.application.jobs.description import job as job
    from corelib.application.jobs.job_events import on_job as on_job
    from corelib.application.jobs.run import JobRun as JobRun
    from corelib.application.jobs.schedules import Schedule as Schedule
    from corelib.application.jobs.waiting import EndedJob as EndedJob
    from corelib.application.settings import DatabaseSettings as DatabaseSettings
    from corelib.application.settings import Settings as Settings
    from corelib.domain.aggregate import Aggregate as Aggregate
    from corelib.domain.backoff import Backoff as Backoff
    from corelib.domain.context import Context as Context
    from corelib.domain.flow_steps import always as always
    from corelib.domain.flow_steps import chain as chain
    from corelib.domain.flow_steps import group as group
    from corelib.domain.flow_steps import step as step
    from corelib.domain.identifiers import new_id as new_id
    from corelib.domain.job import Job as Job
    from corelib.domain.job import JobState as JobState
    from corelib.domain.job_events import AttemptFailed as AttemptFailed
    from corelib.domain.job_events import AttemptStalled as AttemptStalled
    from corelib.domain.job_events import AttemptTimedOut as AttemptTimedOut
    from corelib.domain.job_events import JobDead as JobDead
    from corelib.domain.job_events import JobEnqueued as JobEnqueued
    from corelib.domain.job_events import JobEvent as JobEvent
    from corelib.domain.job_events import JobHandedBack as JobHandedBack
    from corelib.domain.job_events import JobParked as JobParked
    from corelib.domain.job_events import JobProgressed as JobProgressed
    from corelib.domain.job_events import JobRetried as JobRetried
    from corelib.domain.job_events import JobStarted as JobStarted
    from corelib.domain.job_events import JobSucceeded as JobSucceeded
    from corelib.domain.job_events import JobWasCancelled as JobWasCancelled
    from corelib.domain.job_queues import PerKey as PerKey
    from corelib.domain.job_queues import Queue as Queue
    from corelib.domain.job_queues import Rate as Rate
    from corelib.domain.message import Command as Command
    from corelib.domain.page import CursorPage as CursorPage
    from corelib.domain.page import Page as Page
    from corelib.domain.retention import Keep as Keep
    from corelib.domain.retention import Retention as Retention
    from corelib.domain.schedule import Missed as Missed
    from corelib.domain.specification import Specification as Specification
    from corelib.domain.specification import ascending as ascending
    from corelib.domain.specification import descending as descending
    from corelib.domain.specification import where as where
    from corelib.domain.unique_job import OnConflict as OnConflict
    from corelib.domain.unique_job import UniqueJob as UniqueJob
    from corelib.domain.unique_job import Until as Until
    from corelib.domain.unique_job import debounce as debounce
    from corelib.domain.unique_job import throttle as throttle
    from corelib.errors import JobCancelled as JobCancelled
    from corelib.errors import JobFailed as JobFailed
    from corelib.errors import NonRetryableError as NonRetryableError
    from corelib.errors import WaitTimedOut as WaitTimedOut
    from corelib.ports.clock import Clock as Clock
    from corelib.ports.lock import HeldLock as HeldLock
    from corelib.ports.lock import Locks as Locks
    from corelib.ports.logger import Logger as Logger
    from corelib.ports.object_storage import ObjectStorage as ObjectStorage
    from corelib.ports.repository import Locking as Locking
    from corelib.ports.repository import Repository as Repository
    from corelib.ports.storage import Isolation as Isolation
    from corelib.ports.unit_of_work import UnitOfWork as UnitOfWork

__version__ = "0.1.0"

_HOMES = {
    "Aggregate": "domain.aggregate",
    "App": "application.app",
    "AttemptFailed": "domain.job_events",
    "AttemptStalled": "domain.job_events",
    "AttemptTimedOut": "domain.job_events",
    "Backoff": "domain.backoff",
    "Batch": "application.jobs.batch",
    "BatchItem": "application.jobs.batch",
    "Clock": "ports.clock",
    "Command": "domain.message",
    "Context": "domain.context",
    "CursorPage": "domain.page",
    "DatabaseSettings": "application.settings",
    "EndedJob": "application.jobs.waiting",
    "HeldLock": "ports.lock",
    "Host": "application.host",
    "Isolation": "ports.storage",
    "Job": "domain.job",
    "JobBatch": "application.jobs.batch",
    "JobCancelled": "errors",
    "JobFailed": "errors",
    "JobRun": "application.jobs.run",
    "JobDead": "domain.job_events",
    "JobEnqueued": "domain.job_events",
    "JobEvent": "domain.job_events",
    "JobHandedBack": "domain.job_events",
    "JobParked": "domain.job_events",
    "JobProgressed": "domain.job_events",
    "JobRetried": "domain.job_events",
    "JobStarted": "domain.job_events",
    "JobSucceeded": "domain.job_events",
    "JobWasCancelled": "domain.job_events",
    "JobState": "domain.job",
    "Locking": "ports.repository",
    "Locks": "ports.lock",
    "Logger": "ports.logger",
    "NonRetryableError": "errors",
    "ObjectStorage": "ports.object_storage",
    "OnConflict": "domain.unique_job",
    "Page": "domain.page",
    "Missed": "domain.schedule",
    "PerKey": "domain.job_queues",
    "Queue": "domain.job_queues",
    "Schedule": "application.jobs.schedules",
    "Rate": "domain.job_queues",
    "Keep": "domain.retention",
    "Retention": "domain.retention",
    "Repository": "ports.repository",
    "Resources": "application.app",
    "Settings": "application.settings",
    "Specification": "domain.specification",
    "UniqueJob": "domain.unique_job",
    "UnitOfWork": "ports.unit_of_work",
    "Until": "domain.unique_job",
    "WaitTimedOut": "errors",
    "always": "domain.flow_steps",
    "ascending": "domain.specification",
    "chain": "domain.flow_steps",
    "current_context": "application.context",
    "debounce": "domain.unique_job",
    "descending": "domain.specification",
    "group": "domain.flow_steps",
    "job": "application.jobs.description",
    "new_id": "domain.identifiers",
    "step": "domain.flow_steps",
    "on_job": "application.jobs.job_events",
    "throttle": "domain.unique_job",
    "use_context": "application.context",
    "where": "domain.specification",
}

__all__ = [
    "Aggregate",
    "App",
    "AttemptFailed",
    "AttemptStalled",
    "AttemptTimedOut",
    "Backoff",
    "Batch",
    "BatchItem",
    "Clock",
    "Command",
    "Context",
    "CursorPage",
    "DatabaseSettings",
    "EndedJob",
    "HeldLock",
    "Host",
    "Isolation",
    "Job",
    "JobBatch",
    "JobCancelled",
    "JobDead",
    "JobEnqueued",
    "JobEvent",
    "JobFailed",
    "JobHandedBack",
    "JobParked",
    "JobProgressed",
    "JobRetried",
    "JobRun",
    "JobStarted",
    "JobState",
    "JobSucceeded",
    "JobWasCancelled",
    "Keep",
    "Locking",
    "Locks",
    "Logger",
    "NonRetryableError",
    "OnConflict",
    "Page",
    "PerKey",
    "Repository",
    "Resources",
    "Retention",
    "Settings",
    "Specification",
    "UniqueJob",
    "UnitOfWork",
    "Until",
    "WaitTimedOut",
    "always",
    "ascending",
    "chain",
    "current_context",
    "debounce",
    "descending",
    "group",
    "job",
    "new_id",
    "on_job",
    "step",
    "throttle",
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
