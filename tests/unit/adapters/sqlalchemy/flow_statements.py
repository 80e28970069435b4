"""What is sent when flows are stored and move on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import evolve
from tests.unit.adapters.sqlalchemy.recording import Sent, noted
from tests.unit.adapters.sqlalchemy.sample import committed, new_job, opened

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.flow_progress import FlowProgress
from corelib.adapters.sqlalchemy.job_store import SqlJobStore
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.domain.flow import NewFlow
from corelib.domain.flow_place import FlowPlace
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, NewJob
from corelib.errors import CorelibError


def of_flows(folder: Path, dialect: SqlDialect) -> dict[str, Sent]:
    """What the life of a flow takes; run on SQLite, and only what has lists in it is written for the given dialect."""
    with opened(folder) as storage:
        store = SqlJobStore(storage.engine, SqliteDialect())
        jobs = _chain(3)

        def claim(new: NewJob) -> Claim:
            claimed = store.claim(new.id)
            assert claimed is not None
            return claimed

        with noted(storage.engine) as sent, committed(storage) as transaction:
            transaction.add_flow(NewFlow(_flow_of(jobs), jobs))
        named = dict(zip(("insert flow", "insert gates", "insert first", "insert waiting"), sent, strict=False))

        held = claim(jobs[0])
        with noted(storage.engine) as sent, committed(storage) as transaction:
            transaction.complete_job(held.job.id, held.token)
        named |= dict(zip(("", "", "count in flow", "count at gate", "release"), sent, strict=True))

        held = claim(jobs[1])
        with noted(storage.engine) as sent:
            store.bury(held, error="failed")
        named |= dict(zip((*[""] * 5, "who has failed", "cancel those behind", "", ""), sent, strict=True))

        with noted(storage.engine) as sent:
            store.retry_dead(jobs[1].id)
        named |= dict(zip(("", "", "", "", "", "let wait again", ""), sent, strict=True))

        named |= _asked(storage, store, jobs)
        named |= _with_lists(storage, SqlJobStore(storage.engine, dialect), dialect)
        named |= _steered(storage, store, jobs)
    named.pop("")
    return named


def _asked(storage: SqlStorage, store: SqlJobStore, jobs: list[NewJob]) -> dict[str, Sent]:
    with noted(storage.engine) as sent:
        store.find_flow(_flow_of(jobs))
        store.list_flows(unfinished=True, limit=5)
        store.children(jobs[1].id)
        store.followers(jobs[1].id)
    return dict(zip(("find flow", "list flows", "place", "children", "", "followers"), sent, strict=True))


def _with_lists(storage: SqlStorage, store: SqlJobStore, dialect: SqlDialect) -> dict[str, Sent]:
    """What is sent with lists as parameters, of which SQLite does not know those of other engines."""
    (alone,) = single = _chain(1)
    (_, waiting) = chained = _chain(2)
    for each in (single, chained):
        with committed(storage) as transaction:
            transaction.add_flow(NewFlow(_flow_of(each), each))

    def progress(call: Callable[[FlowProgress], object]) -> Callable[[], object]:
        def moved() -> None:
            with storage.engine.connect() as connection:
                call(FlowProgress(connection, dialect))

        return moved

    row: Any = SimpleNamespace(id=alone.id, flow_id=_flow_of(single), leads_to=None)
    calls: dict[str, Callable[[], object]] = {
        "find uncounted": store.settle_flows,
        "mark as counted": progress(lambda moving: moving.count([alone.id])),
        "mark as not counted": progress(lambda moving: moving.revive([row])),
    }
    named: dict[str, Sent] = {}
    for name, call in calls.items():
        with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
            call()
        named[name] = sent[0]
    with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
        store.cancel_flow(_flow_of(single))
    named |= {"jobs of flow": sent[0], "cancel unlocked": sent[1]}
    with noted(storage.engine) as sent, suppress(CorelibError, sa.exc.SQLAlchemyError):
        store.cancel(waiting.id)
    return {**named, "lock flow": sent[2], "cancel waiting": sent[3]}


def _steered(storage: SqlStorage, store: SqlJobStore, jobs: list[NewJob]) -> dict[str, Sent]:
    store.cancel(jobs[2].id)
    with noted(storage.engine) as sent:
        store.retry_dead(jobs[2].id)
    named = dict(zip(("step that has not begun", "", "who is left", "let one wait again"), sent, strict=False))
    with noted(storage.engine) as sent:
        store.discard(jobs[2].id)
    return named | dict(zip(("step to discard", "end the discarded"), sent, strict=False)) | {"delete flow": sent[-1]}


def _chain(length: int) -> list[NewJob]:
    flow_id, last = new_id(), length - 1
    places = [
        FlowPlace(flow_id, number, number - 1 if number else None, number if number < last else None)
        for number in range(length)
    ]
    return [evolve(new_job(attempts=3), place=place) for place in places]


def _flow_of(jobs: list[NewJob]) -> UUID:
    place = jobs[0].place
    assert place is not None
    return place.flow_id
