"""`corelib worker`: runs the jobs of a host until it is told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from datetime import timedelta

from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap
from corelib.cli import options as shared
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
        "--poll", type=float, default=0.5, metavar="SECONDS", help="how often the relay looks; default: 0.5"
    )
    parser.add_argument("--stop-limit", type=float, default=STOP_SECONDS, metavar="SECONDS", help="default: 30")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    app = shared.load_app(options.app)
    settings = Settings(
        database_url=shared.url_of(options.database_url, shared.DATABASE_VARIABLE, "database"),
        broker_url=shared.url_of(options.broker_url, shared.BROKER_VARIABLE, "broker"),
        namespace=options.namespace,
        threads=options.threads,
        poll=timedelta(seconds=options.poll),
        encryption_keys=shared.encryption_keys(),
    )
    stopping = _stop_on_signals()
    log = shared.logger()
    with bootstrap(app, settings, log=log) as host:
        host.check()
        if options.processes > 1:
            host.close()
            return supervise(
                _child_arguments(options),
                settings,
                count=options.processes,
                stop_limit=options.stop_limit,
                stopping=stopping,
                log=log,
            )
        worker = host.worker()
        worker.start()
        log.info("worker started", app=app.name, threads=settings.threads, process=os.getpid())
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


def _child_arguments(options: argparse.Namespace) -> list[str]:
    """Return the arguments of one worker process; URLs go through the environment, where `ps` does not show them."""
    arguments = ["worker", "--app", options.app, "--threads", str(options.threads), "--poll", str(options.poll)]
    arguments += ["--stop-limit", str(options.stop_limit)]
    return [*arguments, "--namespace", options.namespace] if options.namespace else arguments


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number
