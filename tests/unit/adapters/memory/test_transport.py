from __future__ import annotations

from corelib.adapters.memory import MemoryTransport
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef


class TestMemoryTransport:
    def test_hands_out_each_ref_once_oldest_first(self) -> None:
        transport = MemoryTransport()
        first, second = JobRef(new_id(), "a"), JobRef(new_id(), "b")
        transport.send([first])
        transport.send([second])

        taken = [transport.take() for _ in range(3)]

        assert taken == [first, second, None]

    class WhenThereIsNothing:
        def test_waits_no_longer_than_it_is_told(self) -> None:
            assert MemoryTransport().take(wait=0.001) is None

    def test_is_always_there(self) -> None:
        transport = MemoryTransport()

        transport.check()
        transport.close()

        assert transport.take() is None
