"""`corelib worker`: runs the jobs of a host until it is told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from contextlib import ExitStack
from datetime import timedelta

from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap
from corelib.cli import options as shared
from corelib.cli.job_metrics import prometheus_metrics, serve
from corelib.cli.supervisor import SUPERVISED, supervise

STOP_SECONDS = 30


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "worker",
        help="run the jobs of a host",
        description="Runs the jobs of a host. SIGTERM or SIGINT stops intake, lets running jobs finish within "
        "--stop-limit and hands back the rest; a second signal ends the process at once.",
    )
    shared.add_app(parser)
    parser.add_argument(
        "--broker-url", metavar="URL", help=f"default: the environment variable {shared.BROKER_VARIABLE}"
    )
    parser.add_argument("--namespace", help="keeps hosts that share a broker apart; default: the app's name")
    parser.add_argument("--processes", type=_positive, default=1, help="default: 1")
    parser.add_argument("--threads", type=_positive, default=4, help="jobs at a time in each process; default: 4")
    parser.add_argument(
        "--queues",
        type=queues_of,
        default={},
        metavar="NAME[:THREADS],...",
        help="as video:5,email: video has 5 threads of its own, the queues without a number share --threads; "
        "default: all queues of the host",
    )
    parser.add_argument(
        "--poll", type=float, default=0.5, metavar="SECONDS", help="how often the relay looks; default: 0.5"
    )
    parser.add_argument(
        "--lease", type=float, default=30, metavar="SECONDS", help="how long a dead worker holds its jobs; default: 30"
    )
    parser.add_argument("--stop-limit", type=float, default=STOP_SECONDS, metavar="SECONDS", help="default: 30")
    parser.add_argument(
        "--metrics-port",
        type=_positive,
        metavar="PORT",
        help="answer Prometheus on this port; with --processes each process has its own, counting up from it",
    )
    parser.add_argument("--metrics-address", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    app = shared.load_app(options.app)
    settings = Settings(
        database_url=shared.url_of(options.database_url, shared.DATABASE_VARIABLE, "database"),
        broker_url=shared.url_of(options.broker_url, shared.BROKER_VARIABLE, "broker"),
        namespace=options.namespace,
        threads=options.threads,
        queues=options.queues,
        poll=timedelta(seconds=options.poll),
        lease=timedelta(seconds=options.lease),
        encryption_keys=shared.encryption_keys(),
    )
    stopping = _stop_on_signals()
    log = shared.logger()
    metrics = None if options.metrics_port is None else prometheus_metrics()
    with bootstrap(app, settings, log=log, metrics=metrics) as host, ExitStack() as serving:
        host.check()
        if options.processes > 1:
            host.close()
            return supervise(
                lambda place: _child_arguments(options, place),
                settings,
                count=options.processes,
                stop_limit=options.stop_limit,
                stopping=stopping,
                log=log,
            )
        if metrics is not None:
            serving.callback(serve(metrics, options.metrics_port, options.metrics_address))
        worker = host.worker()
        worker.start()
        log.info("worker started", app=app.name, threads=settings.all_threads, process=os.getpid())
        stopping.wait()
        log.info("worker stopping", process=os.getpid())
        worker.stop(timedelta(seconds=options.stop_limit))
        log.info("worker stopped", process=os.getpid())
    return 0


def _stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM, SIGINT or the death of the supervisor sets."""
    stopping = threading.Event()

    def stop(number: int, _: object) -> None:
        if stopping.is_set():
            os._exit(128 + number)
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if os.environ.get(SUPERVISED):
        # The supervisor holds the other end of standard input: it ends with the supervisor, however that dies.
        threading.Thread(target=_stop_at_end_of_input, args=(stopping,), daemon=True).start()
    return stopping


def _stop_at_end_of_input(stopping: threading.Event) -> None:
    # The bare descriptor: a buffered reader would hold its lock when the interpreter ends.
    while os.read(0, 1024):
        pass
    stopping.set()


def _child_arguments(options: argparse.Namespace, place: int) -> list[str]:
    """Return the arguments of one worker process, by its place among the others.

    URLs go through the environment, where `ps` does not show them.
    """
    arguments = ["worker", "--app", options.app, "--threads", str(options.threads), "--poll", str(options.poll)]
    arguments += ["--stop-limit", str(options.stop_limit), "--lease", str(options.lease)]
    if options.queues:
        told = [name if threads is None else f"{name}:{threads}" for name, threads in options.queues.items()]
        arguments += ["--queues", ",".join(told)]
    if options.metrics_port is not None:
        arguments += ["--metrics-port", str(options.metrics_port + place), "--metrics-address", options.metrics_address]
    return [*arguments, "--namespace", options.namespace] if options.namespace else arguments


def queues_of(text: str) -> dict[str, int | None]:
    """Read `video:5,email` as `{"video": 5, "email": None}`."""
    queues: dict[str, int | None] = {}
    for part in text.split(","):
        name, colon, threads = part.strip().partition(":")
        if not name or name in queues or (colon and not threads.isdecimal()):
            raise argparse.ArgumentTypeError(f"{part.strip()!r} is not a queue of its own, as video or video:5")
        queues[name] = _positive(threads) if colon else None
    return queues


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number
