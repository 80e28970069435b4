"""`python -m kitlab.demo`: imports the orders, runs the workers, prints the figures.

Exit codes: 0 if every figure balances, 1 if one does not, 2 if a setting or a server is not as it has to be.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from corelib import Host, JobState, Settings
from corelib.adapters.structlog import StructlogLogger
from corelib.bootstrap import bootstrap
from corelib.errors import ConfigurationError, CorelibError
from kitlab.adapters.books import Books
from kitlab.adapters.fakes import FakeEmailSender, FakePaymentGateway, books_of
from kitlab.app import app
from kitlab.demo.figures import imbalances, read_store
from kitlab.demo.importer import ImportFigures, import_file
from kitlab.demo.operating import bill_now, mend_dead_payments
from kitlab.demo.options import DATA, Options, parse
from kitlab.demo.table import Durations, print_table, write_figures
from kitlab.demo.workers import drain, running
from kitlab.ports import EmailSender, PaymentGateway
from kitlab.use_cases.stock_catalogue import StockCatalogue


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration and return its exit code."""
    console = Console()
    try:
        return _run(parse(arguments), console)
    except CorelibError as error:
        print(f"kitlab.demo: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigurationError) else 1


def _run(options: Options, console: Console) -> int:
    with ExitStack() as stack:
        log = stack.enter_context((options.folder / "demo.log").open("w", encoding="utf-8"))
        services, read_books = _services(options, stack)
        settings = Settings(
            database_url=options.database_url,
            broker_url=options.broker_url,
            namespace=options.namespace,
            threads=options.workers,
        )
        host = stack.enter_context(bootstrap(app, settings, log=StructlogLogger(log), services=services))
        host.storage.create()
        host.check()
        host.submit(StockCatalogue, (DATA / "catalogue.json").read_bytes())
        began = time.perf_counter()
        imported = _import(host, options, console)
        between = time.perf_counter()
        ended_before = _ended(host)
        mended, billed = _work(host, options, console)
        durations = Durations(between - began, time.perf_counter() - between, _ended(host) - ended_before, mended)
        store = read_store(host)
        print_table(console, imported, store, durations)
        write_figures(options.folder / "figures.json", imported, store)
        wrong = list(imbalances(imported, store, read_books(), billed))
    return _verdict(options, console, wrong)


def _services(options: Options, stack: ExitStack) -> tuple[dict[type, object], Callable[[], Books]]:
    """Make the outside services here, so that their books can be compared with kitlab's."""
    if options.database_url.startswith("memory:"):
        gateway, sender = FakePaymentGateway(), FakeEmailSender()
        return {PaymentGateway: gateway, EmailSender: sender}, lambda: books_of(gateway, sender)
    from kitlab.adapters.sandbox import Sandbox  # noqa: PLC0415 - needs SQLAlchemy, which memory does without

    sandbox = Sandbox.at(options.database_url)
    stack.callback(sandbox.close)
    return {PaymentGateway: sandbox, EmailSender: sandbox}, sandbox.books


def _import(host: Host, options: Options, console: Console) -> ImportFigures:
    with _progress(console, count=False) as bar:
        task = bar.add_task("importing orders", total=options.orders.stat().st_size)
        return import_file(host, options.orders, options.rejects, lambda size: bar.advance(task, size))


def _work(host: Host, options: Options, console: Console) -> tuple[int, Mapping[str, Decimal]]:
    """Run all jobs, mend the payments that are dead then, and start the billing run; return what both came to."""
    with _progress(console, count=True) as bar, running(host, options) as alive:
        work = bar.add_task("running jobs", total=None)
        drain(host, alive, lambda ended, known: bar.update(work, completed=ended, total=known))
        mended = mend_dead_payments(host)
        drain(host, alive, lambda ended, known: bar.update(work, completed=ended, total=known))
        billing = bar.add_task("billing run", total=None)
        billed = bill_now(host, alive, lambda done, total: bar.update(billing, completed=done, total=total))
    return mended, billed


def _progress(console: Console, *, count: bool) -> Progress:
    columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    return Progress(*columns, *([MofNCompleteColumn()] if count else []), console=console)


def _ended(host: Host) -> int:
    counts = host.jobs.count()
    return counts[JobState.SUCCEEDED] + counts[JobState.DEAD]


def _verdict(options: Options, console: Console, wrong: list[str]) -> int:
    console.print(f"rejects: {options.rejects}   log: {options.folder / 'demo.log'}   memory: {_memory()}")
    for sentence in wrong:
        console.print(f"does not balance: {sentence}")
    console.print("every figure balances" if not wrong else f"{len(wrong)} figures do not balance")
    return 1 if wrong else 0


def _memory() -> str:
    """Return the largest memory of this process so far."""
    try:
        import resource  # noqa: PLC0415 - Unix only
    except ImportError:
        return "unknown"
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:.0f} MB"


if __name__ == "__main__":
    raise SystemExit(main())
