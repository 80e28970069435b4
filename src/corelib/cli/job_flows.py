"""`corelib jobs flows`, `cancel-flow`, and what `show` tells about the flow of a job."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from corelib.application.host import Host
from corelib.cli.jobs_output import table
from corelib.domain.flow import FlowStatus
from corelib.domain.job import Job, JobState
from corelib.errors import NotFound

DONE = 0
NOTHING_DONE = 1
MOST_SHOWN = 20
"""Children of a job that `show` lists for people; programs get all of them."""

Add = Callable[..., argparse.ArgumentParser]


def add_to(add: Add) -> None:
    """Add the commands."""
    flows = add("flows", _run_flows, "list flows, the newest first")
    flows.add_argument("--unfinished", action="store_true", help="only those with jobs that have not ended")
    flows.add_argument("--limit", type=int, default=50, help="default: 50")
    cancel = add("cancel-flow", _run_cancel, "cancel the jobs of a flow that have not begun; ask the others to stop")
    cancel.add_argument("id", type=_identifier, help="of the flow")


def flow_values(host: Host, job: Job) -> dict[str, object]:
    """Return what programs are told about the flow of a job: nothing if it is in none."""
    place, store = job.place, host.jobs
    if place is None:
        return {}
    flow = store.find_flow(place.flow_id)
    return {
        "flow": {
            "id": str(place.flow_id),
            "position": place.position,
            "always": place.always,
            "stage": place.stage,
            **({} if flow is None else _counts(flow)),
            "children": [_related(child) for child in store.children(job.id)],
            "followers": [_related(follower) for follower in store.followers(job.id)],
        }
    }


def flow_text(host: Host, job: Job) -> str:
    """Return what people are told about the flow of a job; an empty text if it is in none."""
    place, store = job.place, host.jobs
    if place is None:
        return ""
    flow = store.find_flow(place.flow_id)
    told = "" if flow is None else f": {flow.unfinished} of {flow.jobs} jobs have not ended, {flow.failed} have failed"
    lines = [f"Job {place.position} of the flow {place.flow_id}{told}."]
    children, followers = store.children(job.id), store.followers(job.id)
    if children:
        open_ones = sum(child.state not in _ENDED for child in children)
        waits = f"It waits for {open_ones} of these" if job.state is JobState.WAITING else "It has waited for these"
        lines += [f"{waits}:", _listed(children)]
    if followers:
        lines += ["These come after it:", _listed(followers)]
    return "\n".join(lines)


_ENDED = (JobState.SUCCEEDED, JobState.DEAD, JobState.CANCELLED)


def _listed(jobs: Sequence[Job]) -> str:
    """Return a table of jobs, those first that have not succeeded."""
    ordered = sorted(jobs, key=lambda job: job.state is JobState.SUCCEEDED)
    text = table([_related(job) for job in ordered[:MOST_SHOWN]])
    more = len(jobs) - MOST_SHOWN
    return f"{text}\n... and {more} more: corelib jobs list --flow" if more > 0 else text


def _related(job: Job) -> dict[str, object]:
    return {"id": str(job.id), "name": job.name, "state": job.state.value, "error": job.error}


def _counts(flow: FlowStatus) -> dict[str, object]:
    return {
        "jobs": flow.jobs,
        "unfinished": flow.unfinished,
        "failed": flow.failed,
        "enqueued_at": flow.enqueued_at.isoformat(),
        "finished_at": None if flow.finished_at is None else flow.finished_at.isoformat(),
    }


def _run_flows(options: argparse.Namespace, host: Host) -> int:
    flows = host.jobs.list_flows(unfinished=options.unfinished, limit=options.limit)
    rows: list[Mapping[str, object]] = [{"id": str(flow.id), **_counts(flow)} for flow in flows]
    print(json.dumps(rows, indent=2) if options.json else table(rows) or "There are none.")
    return DONE


def _run_cancel(options: argparse.Namespace, host: Host) -> int:
    if host.jobs.find_flow(options.id) is None:
        raise NotFound("flow", str(options.id))
    count = host.jobs.cancel_flow(options.id)
    told = json.dumps({"cancelled": count}) if options.json else f"{count} jobs cancelled, or asked to stop."
    print(told)
    return DONE if count else NOTHING_DONE


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not the identifier of a flow") from None
