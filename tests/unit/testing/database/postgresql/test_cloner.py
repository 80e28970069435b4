from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("sqlalchemy")

from corelib.testing.database.model import ServerFacts
from corelib.testing.database.postgresql.cloner import strategy_for
from corelib.testing.database.postgresql.statements import Strategy


class TestStrategyFor:
    @pytest.mark.parametrize(
        ("traits", "strategy"),
        [({"fsync": "on"}, Strategy.WAL_LOG), ({"fsync": "off"}, Strategy.FILE_COPY), ({}, Strategy.WAL_LOG)],
    )
    def test_copies_files_only_where_nobody_waits_for_the_disk(
        self, traits: Mapping[str, str], strategy: Strategy
    ) -> None:
        facts = ServerFacts("postgresql", "PostgreSQL 18.6", (18, 6), traits=traits)

        assert strategy_for(facts) is strategy
