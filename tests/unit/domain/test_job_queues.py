from __future__ import annotations

from datetime import timedelta

import pytest

from corelib.domain.job_queues import PerKey, Queue, Rate
from corelib.errors import InvalidSetting


class TestRate:
    def test_is_per_second_by_default(self) -> None:
        assert Rate(10).per == timedelta(seconds=1)

    @pytest.mark.parametrize(("limit", "per"), [(0, timedelta(seconds=1)), (1, timedelta(0))])
    def test_refuses_what_lets_nothing_begin(self, limit: int, per: timedelta) -> None:
        with pytest.raises(ValueError, match="must be"):
            Rate(limit, per)


class TestQueue:
    @pytest.mark.parametrize("name", ["", "Mail", "-mail"])
    def test_refuses_a_name_that_no_job_has(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            Queue(name)

    def test_refuses_a_concurrency_of_none_at_all(self) -> None:
        with pytest.raises(ValueError, match="concurrency"):
            Queue("mail", 0)

    def test_has_a_declaration_that_changes_with_its_limits(self) -> None:
        queues = [Queue("a"), Queue("a", 5), Queue("a", 5, Rate(1)), Queue("a", None, Rate(1)), Queue("a", 5, Rate(2))]

        assert len({queue.declaration for queue in queues}) == len(queues)

    def test_has_the_declaration_of_before_without_limits_of_keys(self) -> None:
        assert Queue("mail", 5, Rate(10)).declaration == "5;10/1000"
        assert Queue("mail", 5, Rate(10), 1).declaration != Queue("mail", 5, Rate(10), 2).declaration
        assert Queue("mail", key_rate=Rate(3)).declaration == ";;;3/1000"


class TestPerKey:
    def test_refuses_to_limit_nothing(self) -> None:
        with pytest.raises(InvalidSetting, match="have no limit"):
            PerKey("customer_id")

    def test_refuses_a_concurrency_of_none_at_all(self) -> None:
        with pytest.raises(ValueError, match="concurrency"):
            PerKey("customer_id", concurrency=0)
