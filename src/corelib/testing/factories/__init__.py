"""Builders of test data: aggregates with what they refer to, commands, values.

A thin layer on polyfactory (extra `testing`). It adds what that leaves to its users: the rules of attrs validators,
related aggregates that are stored first, and numbers that are unique in a test without any clock.
"""

from corelib.testing.factories.factory import Factory
from corelib.testing.factories.references import Nested, Related
from corelib.testing.factories.source import Source

__all__ = ["Factory", "Nested", "Related", "Source"]
