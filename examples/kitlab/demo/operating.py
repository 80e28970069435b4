"""What somebody at the desk does once the jobs have run: mend the dead payments, and start the billing run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

from corelib import Host, WaitTimedOut
from corelib.ports.job_steering import JobFilter
from kitlab.demo.workers import WorkersFailed
from kitlab.use_cases.run_billing import BillingRun, nightly_billing

OTHER_CARD = "tok_visa_0000"
LOOK = timedelta(milliseconds=250)


def mend_dead_payments(host: Host) -> int:
    """Retry the dead charges with another card, as if the customers had named one; return how many there were."""
    return host.retry_dead_jobs(
        lambda payload: {**payload, "card_token": OTHER_CARD}, JobFilter(name="charge_payment"), attempts=1
    )


def bill_now(
    host: Host, alive: Callable[[], bool], progress: Callable[[float, float | None], None]
) -> Mapping[str, Decimal]:
    """Have the nightly billing run at once, and wait for what it has added up.

    Args:
        host: whose schedule.
        alive: whether any worker is left.
        progress: is told how far the run is.

    Raises:
        WorkersFailed: if no worker is alive.
        CorelibError: with which the run has ended.
    """
    host.declare()  # a worker does this too, but it may not have got there yet
    job_id = host.schedules.run_now(nightly_billing.name)
    while True:
        try:
            return host.wait_for_job(job_id, timeout=LOOK).result(BillingRun).totals
        except WaitTimedOut:
            if not alive():
                raise WorkersFailed("The billing run waits and no worker takes it.") from None
        finally:
            stored = host.jobs.find(job_id)
            if stored is not None and stored.progress is not None:
                progress(stored.progress.done, stored.progress.total)
