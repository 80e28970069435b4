from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

pytest.importorskip("sqlalchemy")


from corelib.errors import ConfigurationError
from corelib.testing.plugin.network import NetworkGuard
from corelib.testing.plugin.options import PluginSettings
from corelib.testing.plugin.server_choice import NoServer
from corelib.testing.plugin.state import State
from corelib.testing.servers import Server

URL = "postgresql://me:s3cret-example@db.example:5433/tests"


class Search:
    """Looks for a server, and counts."""

    def __init__(self, found: Server | None) -> None:
        self.found = found
        self.times = 0

    def __call__(self, url: str | None, environ: Mapping[str, str]) -> Server:
        self.times += 1
        if self.found is None:
            raise NoServer("There is none.", hint="Start one.")
        return self.found


def state(search: Search, *, handed: Mapping[str, object] | None = None) -> tuple[State, list[Callable[[], None]]]:
    on_end: list[Callable[[], None]] = []
    guard = NetworkGuard(frozenset())
    made = State(PluginSettings(migrations="sql"), guard, "main", "seed", handed, on_end.append, search)
    return made, on_end


class TestState:
    class WhenAServerIsFound:
        def test_looks_for_it_once(self) -> None:
            search = Search(Server(URL, "PostgreSQL 18", "found here"))
            made, _ = state(search)

            servers = made.server(), made.server()

            assert servers[0] is servers[1]
            assert search.times == 1

        def test_stops_it_in_the_end(self) -> None:
            stopped: list[str] = []
            made, on_end = state(Search(Server(URL, "PostgreSQL 18", "started", stop=lambda: stopped.append("it"))))
            made.server()

            on_end[0]()

            assert stopped == ["it"]

        def test_lets_tests_reach_its_host(self) -> None:
            made, _ = state(Search(Server(URL, "PostgreSQL 18", "found here")))

            made.server()

            assert made.guard.known == ("db.example",)

        @pytest.mark.parametrize("url", ["postgresql://a,b:x/tests", "sqlite:///file", "postgresql://[broken/tests"])
        def test_does_without_a_host_that_cannot_be_read(self, url: str) -> None:
            made, _ = state(Search(Server(url, "PostgreSQL 18", "found here")))

            assert made.server().url == url

        def test_hands_it_over_to_workers(self) -> None:
            controller, _ = state(Search(Server(URL, "PostgreSQL 18", "found here", "A caveat.")))

            worker, _ = state(Search(None), handed=controller.to_hand_over())

            assert worker.server() == Server(URL, "PostgreSQL 18", "found here", "A caveat.")

    class WhenThereIsNone:
        def test_looks_once_and_says_the_same_every_time(self) -> None:
            search = Search(None)
            made, _ = state(search)

            for _ in range(2):
                with pytest.raises(NoServer, match="There is none"):
                    made.server()

            assert search.times == 1

        def test_tells_the_workers(self) -> None:
            controller, _ = state(Search(None))
            search = Search(None)

            worker, _ = state(search, handed=controller.to_hand_over())

            with pytest.raises(ConfigurationError, match=r"There is none\. Start one\."):
                worker.server()
            assert search.times == 0


class TestPluginSettings:
    def test_show_no_password(self) -> None:
        assert "s3cret-example" not in repr(PluginSettings(migrations="sql", url=URL))
