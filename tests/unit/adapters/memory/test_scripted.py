from __future__ import annotations

import pytest

from corelib.adapters.memory import Call, ScriptedFake
from corelib.errors import MisuseError


class Unanswered(Exception):
    pass


class PostOffice(ScriptedFake):
    """A fake with a state of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def send(self, letter: str) -> str:
        return self.played("send", lambda: self._send(letter), letter=letter)

    def weigh(self, letter: str) -> int:
        return self.played("weigh", lambda: len(letter), letter=letter)

    def _send(self, letter: str) -> str:
        self.sent.append(letter)
        return f"receipt {len(self.sent)}"

    def _forget(self) -> None:
        self.sent.clear()


def tried(office: PostOffice, times: int) -> list[str]:
    """What so many calls answer."""
    answers = []
    for number in range(times):
        try:
            answers.append(office.send(f"letter {number}"))
        except Unanswered:
            answers.append("no answer")
    return answers


class TestScriptedFake:
    class WhenNothingWasSaid:
        def test_does_what_the_fake_does(self) -> None:
            office = PostOffice()

            answer = office.send("dear Ada")

            assert answer == "receipt 1"
            assert office.sent == ["dear Ada"]

        def test_remembers_calls_in_their_order(self) -> None:
            office = PostOffice()

            office.send("one")
            office.weigh("two")

            assert office.calls == (Call("send", {"letter": "one"}), Call("weigh", {"letter": "two"}))
            assert office.calls_of("weigh") == (Call("weigh", {"letter": "two"}),)

    class WhenAnAnswerWasSaid:
        def test_gives_it_to_the_next_call_and_does_nothing(self) -> None:
            office = PostOffice()
            office.will_answer("send", "lost")

            answers = tried(office, 2)

            assert answers == ["lost", "receipt 1"]
            assert office.sent == ["letter 1"]

        def test_leaves_other_methods_alone(self) -> None:
            office = PostOffice()
            office.will_answer("send", "lost")

            assert office.weigh("four") == 4

        def test_prefers_what_was_said_last(self) -> None:
            office = PostOffice()
            office.will_answer("send", "first", times=None)

            office.will_answer("send", "second")

            assert tried(office, 2) == ["second", "first"]

    class WhenAFailureWasSaid:
        def test_fails_at_the_nth_call(self) -> None:
            office = PostOffice()
            office.will_raise("send", Unanswered(), nth=2)

            assert tried(office, 3) == ["receipt 1", "no answer", "receipt 2"]

        def test_counts_from_now_on(self) -> None:
            office = PostOffice()
            office.send("before")

            office.will_raise("send", Unanswered(), nth=2)

            assert tried(office, 2) == ["receipt 2", "no answer"]

        def test_fails_so_many_times_in_a_row(self) -> None:
            office = PostOffice()
            office.will_raise("send", Unanswered(), times=2)

            assert tried(office, 3) == ["no answer", "no answer", "receipt 1"]

        def test_may_fail_for_ever(self) -> None:
            office = PostOffice()
            office.will_raise("send", Unanswered(), nth=2, times=None)

            assert tried(office, 4) == ["receipt 1", "no answer", "no answer", "no answer"]

        def test_remembers_the_call_that_failed(self) -> None:
            office = PostOffice()
            office.will_raise("send", Unanswered())

            tried(office, 1)

            assert office.calls == (Call("send", {"letter": "letter 0"}),)
            assert office.sent == []

        def test_may_lose_the_answer_only(self) -> None:
            office = PostOffice()
            office.will_raise("send", Unanswered(), after=True)

            answers = tried(office, 1)

            assert answers == ["no answer"]
            assert office.sent == ["letter 0"]

    class WhenItIsReset:
        def test_is_as_new(self) -> None:
            office = PostOffice()
            office.send("one")
            office.will_raise("send", Unanswered(), times=None)

            office.reset()

            assert (office.calls, office.sent) == ((), [])
            assert office.send("two") == "receipt 1"

    class WhenWhatIsSaidCanNeverHappen:
        @pytest.mark.parametrize("method", ["sned", "sent", "_send", "_forget"])
        def test_refuses_a_method_that_is_not_there(self, method: str) -> None:
            with pytest.raises(MisuseError, match=f"PostOffice has no method '{method}'"):
                PostOffice().will_answer(method, "lost")

        @pytest.mark.parametrize(("nth", "times"), [(0, 1), (1, 0)])
        def test_refuses_numbers_below_one(self, nth: int, times: int) -> None:
            with pytest.raises(MisuseError, match="Count from 1"):
                PostOffice().will_raise("send", Unanswered(), nth=nth, times=times)
