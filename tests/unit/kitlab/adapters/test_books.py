from __future__ import annotations

import pytest

from kitlab.adapters.books import CHARGED, DECLINED, outcome_of
from kitlab.ports import GatewayTimeout


class TestOutcomeOf:
    @pytest.mark.parametrize("token", ["tok_visa_1", "", "tok_timeout", "tok_timeoutX_1", "visa_tok_declined_1"])
    def test_charges_an_ordinary_card(self, token: str) -> None:
        assert outcome_of(token, 1) == CHARGED

    def test_declines_a_card_that_says_so(self) -> None:
        assert outcome_of("tok_declined_1", 1) == DECLINED

    @pytest.mark.parametrize("call", [1, 2, 1000])
    def test_never_answers_for_a_card_that_is_unreachable(self, call: int) -> None:
        with pytest.raises(GatewayTimeout):
            outcome_of("tok_unreachable_1", call)

    class WhenACardTimesOut:
        @pytest.mark.parametrize("call", [1, 2])
        def test_gives_no_answer_for_so_many_calls(self, call: int) -> None:
            with pytest.raises(GatewayTimeout):
                outcome_of("tok_timeout2_1", call)

        @pytest.mark.parametrize("call", [3, 4])
        def test_charges_it_after_them(self, call: int) -> None:
            assert outcome_of("tok_timeout2_1", call) == CHARGED
