"""`corelib jobs`: looks at stored jobs, and steers them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from corelib.application.host import Host
from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap
from corelib.cli import job_events, job_filters, job_flows, job_metrics, job_queues, job_schedules
from corelib.cli import options as shared
from corelib.cli.job_filters import filter_of, span
from corelib.cli.jobs_output import as_row, as_values, attempt_values, line_values, result_values, table
from corelib.domain.job import FINAL_STATES, JobState
from corelib.errors import InvalidSetting, NotFound, WaitTimedOut

DONE = 0
NOTHING_DONE = 1
PORTION = 500
_STATES = [state.value for state in JobState]

Run = Callable[[argparse.Namespace, Host], int]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("jobs", help="look at stored jobs, and steer them")
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    _list = _add(actions, "list", _run_list, "list jobs, oldest first")
    _list.add_argument("--state", choices=_STATES, help="default: all")
    job_filters.add_to(_list)
    _list.add_argument("--limit", type=_positive, default=50, help="default: 50")
    _list.add_argument("--count", action="store_true", help="count them by state, instead of listing them")

    show = _add(actions, "show", _run_show, "show a job with its attempts, their errors and its log")
    _add_id(show)
    show.add_argument("--log", type=_positive, default=50, metavar="N", help="lines of its log; default: 50")
    wait = _add(actions, "wait", _run_wait, "wait until a job has ended, and show its result")
    _add_id(wait)
    wait.add_argument("--timeout", type=span, default=timedelta(seconds=60), metavar="SPAN", help="default: 60s")
    _add(actions, "stats", _run_stats, "count jobs by queue and state")

    retry = _add(actions, "retry", _run_retry, "let dead or cancelled jobs run again")
    retry.add_argument("id", nargs="?", type=_identifier, help="of one job")
    retry.add_argument("--all", action="store_true", help="all dead jobs, of --queue and --name if given")
    job_filters.add_to(retry)
    retry.add_argument("--attempts", type=_positive, metavar="N", help="runs in addition; default: as @job says, or 1")
    retry.add_argument(
        "--set", type=_field, action="append", metavar="FIELD=JSON", help="a field of the payload gets another value"
    )
    retry.add_argument("--payload", metavar="FILE", help="a file with the JSON that the job gets instead of its own")

    _add_id(_add(actions, "promote", _run_promote, "let a job that waits for a later time be due now"))
    _add_id(_add(actions, "cancel", _run_cancel, "cancel a job that waits; ask one that runs to stop"))
    _add_id(_add(actions, "discard", _run_discard, "delete a job that waits, is parked, dead or cancelled"))

    drain = _add(actions, "drain", _run_drain, "cancel all pending jobs of a queue")
    drain.add_argument("queue")

    purge = _add(actions, "purge", _run_purge, "delete ended jobs, in small portions")
    purge.add_argument("--state", choices=sorted(state.value for state in FINAL_STATES), required=True)
    purge.add_argument("--older-than", type=span, required=True, metavar="SPAN", help="as 30d, 12h, 90m or 0s")
    job_filters.add_to(purge)
    purge.add_argument(
        "--keep-newest", type=_positive, default=0, metavar="N", help="leave the newest N of them alone; default: none"
    )
    purge.add_argument("--batch", type=_positive, default=500, metavar="N", help="at a time; default: 500")
    job_queues.add_to(partial(_add, actions))
    job_flows.add_to(partial(_add, actions))
    job_schedules.add_to(partial(_add, actions))
    job_events.add_to(partial(_add, actions))
    job_metrics.add_to(partial(_add, actions))


def _run_list(options: argparse.Namespace, host: Host) -> int:
    state = None if options.state is None else JobState(options.state)
    if options.count:
        return _count(options, host, list(JobState) if state is None else [state])
    jobs = host.jobs.list(state=state, which=filter_of(options), limit=options.limit)
    if options.json:
        _print_json([as_values(job) for job in jobs])
    else:
        print(table([as_row(job) for job in jobs]) or "There are none.")
    return DONE


def _count(options: argparse.Namespace, host: Host, states: Sequence[JobState]) -> int:
    counts = host.jobs.count(filter_of(options))
    found: dict[str, object] = {state.value: counts[state] for state in states}
    if options.json:
        _print_json(found)
    else:
        print(table([found]))
    return DONE


def _run_show(options: argparse.Namespace, host: Host) -> int:
    job = host.jobs.find(options.id)
    if job is None:
        raise NotFound("job", str(options.id))
    attempts = [attempt_values(attempt) for attempt in host.jobs.attempts(job.id)]
    lines = [line_values(line) for line in host.jobs.log(job.id, limit=options.log)]
    shown = {**as_values(job), "payload": job.payload, **result_values(job)}
    if options.json:
        _print_json({**shown, **job_flows.flow_values(host, job), "history": attempts, "log": lines})
        return DONE
    print(table([{"": name, " ": value} for name, value in {**shown, "progress": job.progress}.items()]))
    if told := job_flows.flow_text(host, job):
        print("\n" + told)
    if attempts:
        print("\n" + table([{k: v for k, v in each.items() if k != "traceback"} for each in attempts]))
    for each in attempts:
        if each["traceback"]:
            print(f"\nAttempt {each['attempt']}:\n{each['traceback']}")
    _print_log(lines)
    return DONE


def _print_log(lines: Sequence[Mapping[str, object]]) -> None:
    if lines:
        print("\nLog:")
    for line in lines:
        print(f"{line['at']} attempt {line['attempt']}: {line['text']}")


def _run_wait(options: argparse.Namespace, host: Host) -> int:
    try:
        ended = host.wait_for_job(options.id, timeout=options.timeout)
    except WaitTimedOut as error:
        if not options.json:
            raise
        _print_json({"state": error.state, "ended": False})
        return NOTHING_DONE
    job = ended.job
    if options.json:
        _print_json({"state": job.state.value, "ended": True, "error": job.error, **result_values(job)})
    else:
        told = (job.result.text or f"object {job.result.key}") if job.result else "no result"
        print(f"{job.name} {job.id} is {job.state.value}: {told if ended.succeeded else job.error or 'no error'}")
    return DONE if ended.succeeded else NOTHING_DONE


def _run_stats(options: argparse.Namespace, host: Host) -> int:
    counts = {
        queue: {state.value: states.get(state, 0) for state in JobState}
        for queue, states in host.jobs.count_by_queue().items()
    }
    if options.json:
        _print_json(counts)
    else:
        rows = [{"queue": queue, **states} for queue, states in counts.items()]
        print(table(rows) or "There are no jobs.")
    return DONE


def _run_retry(options: argparse.Namespace, host: Host) -> int:
    if (options.id is None) == (not options.all):
        raise InvalidSetting("Either one job or --all is to be retried.", hint="Name a job, or pass --all.")
    if options.payload and (options.all or options.set):
        raise InvalidSetting("--payload is for one job, and the whole payload.", hint="Edit fields with --set.")
    if options.set:
        return _retry_edited(options, host)
    if options.all:
        return _tell(options, "retried", _retry_all(options, host), many=True)
    payload = _text_of(options.payload) if options.payload else None
    return _tell(options, "retried", int(host.retry_job(options.id, attempts=options.attempts, payload=payload)))


def _retry_edited(options: argparse.Namespace, host: Host) -> int:
    fields = dict(options.set)

    def edit(payload: dict[str, object]) -> dict[str, object]:
        return {**payload, **fields}

    if options.all:
        count = host.retry_dead_jobs(edit, filter_of(options), attempts=options.attempts)
    else:
        count = int(host.retry_job(options.id, attempts=options.attempts, edit=edit))
    return _tell(options, "retried", count, many=options.all)


def _field(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not a field with its value, as quality=low or count=3")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _retry_all(options: argparse.Namespace, host: Host) -> int:
    """Retry as many dead jobs as there are now, in portions; those that die again meanwhile are left alone."""
    left, done = host.jobs.count()[JobState.DEAD], 0
    while done < left:
        limit = min(PORTION, left - done)
        count = host.jobs.retry_many_dead(filter_of(options), attempts=options.attempts or 1, limit=limit)
        done += count
        if not count:
            break
    return done


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidSetting(f"The payload cannot be read from {file}: {error}.") from None


def _run_promote(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "promoted", int(host.jobs.promote(options.id)))


def _run_cancel(options: argparse.Namespace, host: Host) -> int:
    state = host.jobs.cancel(options.id)
    if state is JobState.RUNNING and not options.json:
        print("The job runs, and was asked to stop.")
        return DONE
    return _tell(options, "asked_to_stop" if state is JobState.RUNNING else "cancelled", int(state is not None))


def _run_discard(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "discarded", int(host.jobs.discard(options.id)))


def _run_drain(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "cancelled", _repeated(lambda: host.jobs.drain(options.queue)), many=True)


def _run_purge(options: argparse.Namespace, host: Host) -> int:
    def portion() -> int:
        return host.jobs.purge(
            JobState(options.state),
            older_than=options.older_than,
            beyond=options.keep_newest,
            which=filter_of(options),
            limit=options.batch,
        )

    return _tell(options, "purged", _repeated(portion), many=True)


def _repeated(portion: Callable[[], int]) -> int:
    """Do portion after portion until nothing is left, and return the sum."""
    return sum(iter(portion, 0))


def _tell(options: argparse.Namespace, what: str, count: int, *, many: bool = False) -> int:
    """Print how many jobs that concerned; of one that was named, none is a failure."""
    if options.json:
        _print_json({what: count})
    else:
        print(f"{count} {'job' if count == 1 else 'jobs'} {what.replace('_', ' ')}.")
    return DONE if count or many else NOTHING_DONE


def _add(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: Run, purpose: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
    shared.add_app(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    def with_host(options: argparse.Namespace) -> int:
        with _host(options) as host:
            return run(options, host)

    parser.set_defaults(run=with_host)
    return parser


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=_identifier, help="of the job")


@contextmanager
def _host(options: argparse.Namespace) -> Iterator[Host]:
    """Put the host together on its database, without a broker: what becomes due is announced by the workers' relays."""
    url = shared.url_of(options.database_url, shared.DATABASE_VARIABLE, "database")
    settings = Settings(database_url=url, encryption_keys=shared.encryption_keys())
    with bootstrap(shared.load_app(options.app), settings, log=shared.logger()) as host:
        host.storage.check()
        yield host


def _print_json(value: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
    print(json.dumps(value, indent=2, default=str))


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not the identifier of a job") from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number
