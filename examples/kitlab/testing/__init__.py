"""What kitlab's own tests, and those of whoever adds an adapter to it, build on."""

from __future__ import annotations

import pytest

# The suites are modules of a package, not test files: without this their failing asserts would show no values.
pytest.register_assert_rewrite(f"{__name__}.contracts")
