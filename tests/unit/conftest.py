from __future__ import annotations

try:
    from hypothesis import settings
except ModuleNotFoundError:  # the core installed alone: property tests skip themselves
    pass
else:
    # No deadline, since a busy machine is no fault; no database, since no test may depend on an earlier run.
    settings.register_profile("unit", deadline=None, database=None, max_examples=40)
    settings.load_profile("unit")
