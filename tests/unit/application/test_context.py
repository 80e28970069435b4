from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from corelib.application.context import current_context, new_context, use_context
from corelib.domain.context import Context


class TestCurrentContext:
    def test_is_none_outside_of_all_work(self) -> None:
        assert current_context() is None


class TestUseContext:
    def test_makes_it_the_current_one_within_the_block(self) -> None:
        context = Context("c-1")

        with use_context(context) as used:
            assert used is context
            assert current_context() is context

        assert current_context() is None

    def test_gives_the_outer_one_back(self) -> None:
        with use_context(Context("outer")):
            with use_context(Context("inner")):
                pass

            assert current_context() == Context("outer")

    class WhenTheBlockFails:
        def test_gives_the_outer_one_back(self) -> None:
            with pytest.raises(ZeroDivisionError), use_context(Context("c-1")):
                raise ZeroDivisionError

            assert current_context() is None

    class WhenAnotherThreadAsks:
        def test_is_not_seen_there(self) -> None:
            with use_context(Context("c-1")), ThreadPoolExecutor(1) as threads:
                seen = threads.submit(current_context).result()

            assert seen is None


class TestNewContext:
    def test_has_a_fresh_correlation_id_and_nothing_else(self) -> None:
        one, other = new_context(), new_context()

        assert one.correlation_id != other.correlation_id
        assert one == Context(one.correlation_id)
