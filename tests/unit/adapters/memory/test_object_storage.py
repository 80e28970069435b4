from __future__ import annotations

from datetime import timedelta

import pytest

from corelib.adapters.memory import ManualClock, MemoryObjectStorage
from corelib.domain.stored_object import UrlMethod
from corelib.errors import NotFound, ServerUnreachable


def storage() -> MemoryObjectStorage:
    return MemoryObjectStorage(ManualClock())


class TestMemoryObjectStorage:
    class WhenATestSaysThatACallFails:
        def test_fails_and_stores_nothing(self) -> None:
            objects = storage()
            objects.will_raise("put", ServerUnreachable("nobody answers"))

            with pytest.raises(ServerUnreachable):
                objects.put("a", b"hello")

            assert objects.list() == []

        def test_may_have_stored_it_nevertheless(self) -> None:
            objects = storage()
            objects.will_raise("put", ServerUnreachable("nobody answers"), after=True)

            with pytest.raises(ServerUnreachable):
                objects.put("a", b"hello")

            assert objects.get("a") == b"hello"

    class WhenItIsUsed:
        def test_remembers_calls_without_their_content(self) -> None:
            objects = storage()

            objects.put("a", b"hello", metadata={"order": "1"})

            (call,) = objects.calls
            assert call.method == "put"
            assert call.arguments == {
                "key": "a",
                "content_type": "application/octet-stream",
                "metadata": {"order": "1"},
            }

    class WhenItIsReset:
        def test_is_empty(self) -> None:
            objects = storage()
            objects.put("a", b"hello")

            objects.reset()

            assert objects.calls == ()
            with pytest.raises(NotFound):
                objects.get("a")

    class WhenAUrlIsAskedFor:
        def test_says_what_it_allows_and_until_when(self) -> None:
            clock = ManualClock()
            ends = clock.now() + timedelta(hours=1)

            url = MemoryObjectStorage(clock).presigned_url("a/b", expires=timedelta(hours=1), method=UrlMethod.PUT)

            assert url.startswith("memory://objects/a/b?method=PUT&expires=")
            assert f"{ends:%Y-%m-%d}" in url
