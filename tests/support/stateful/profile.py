"""How many sequences are tried."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = "CORELIB_TEST_EXAMPLES"
STEPS = 20


def profile(examples: int) -> settings:
    """Return the settings of a run; the environment variable CORELIB_TEST_EXAMPLES asks for another number."""
    return settings(
        max_examples=int(os.environ.get(EXAMPLES) or examples),
        stateful_step_count=STEPS,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],  # explaining would run a failing sequence some hundred times more
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
