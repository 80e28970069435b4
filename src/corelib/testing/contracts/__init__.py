"""One contract suite for each port: what its docstring promises, as tests that every adapter passes.

An adapter subclasses the suite and supplies the fixtures that the suite leaves open::

    from corelib.testing.contracts.clock import ClockContract

    class TestStationClock(ClockContract):
        adapter = "station clock"

        @pytest.fixture
        def clock(self) -> Clock:
            return StationClock()

What an adapter cannot do by its nature it declares in `lacks`, by a `Capability`; tests that need it are then skipped,
and by nothing else. The plugin `corelib.testing.contracts.report` prints which port passed on which adapter: load it
with `pytest -p corelib.testing.contracts.report`, or in `pytest_plugins` of the top `conftest.py`.

A host writes suites for its own ports in the same way: classes derived from `ContractSuite`.
"""

from __future__ import annotations

import pytest

# Suites are modules of a package, not test files: without this their failing asserts would show no values.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in (
            "arranging",
            "cipher",
            "clock",
            "codec",
            "columns",
            "database_cleaner",
            "idempotency_keys",
            "job_event_log",
            "job_events",
            "job_queue",
            "job_store",
            "jobs_end_to_end",
            "locks",
            "logger",
            "metrics",
            "repository",
            "repository_bulk",
            "repository_locking",
            "repository_pages",
            "repository_stream",
            "retrier",
            "specifications",
            "stage",
            "storage",
            "transport",
            "unit_of_work",
            "unit_of_work_conflicts",
            "unit_of_work_events",
            "unit_of_work_hooks",
            "unit_of_work_savepoints",
            "unit_of_work_terms",
            "worker",
        )
    )
)
