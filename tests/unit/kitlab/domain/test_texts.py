from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import field, frozen

from kitlab.domain.texts import check_email, check_name, check_note


@frozen
class Name:
    it: str = field(validator=check_name)


@frozen
class Note:
    it: str | None = field(validator=check_note)


@frozen
class Email:
    it: str = field(validator=check_email)


class TestCheckName:
    @pytest.mark.parametrize(
        "name", ["A", "Zoë Lovelace", "נועה לוי", "محمد", "李小龍", "O'Neill-Müller 3rd", "x" * 200, "👩‍🔬"]
    )
    def test_accepts_names_of_all_scripts(self, name: str) -> None:
        assert Name(name).it == name

    @pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u2003 "])
    def test_refuses_an_empty_one(self, name: str) -> None:
        with pytest.raises(ValueError, match="must not be empty"):
            Name(name)

    def test_refuses_one_that_is_too_long(self) -> None:
        with pytest.raises(ValueError, match="must have at most 200 characters, not 201"):
            Name("x" * 201)

    @pytest.mark.parametrize(
        ("character", "code"),
        [("\x00", "0000"), ("\n", "000A"), ("\t", "0009"), ("\x1b", "001B"), ("\x7f", "007F"), ("\x85", "0085")],
    )
    def test_refuses_control_characters(self, character: str, code: str) -> None:
        with pytest.raises(ValueError, match=rf"contains the control character U\+{code}"):
            Name(f"A{character}B")

    @pytest.mark.parametrize("character", ["\u202a", "\u202e", "\u2066", "\u2069"])
    def test_refuses_characters_that_turn_the_direction(self, character: str) -> None:
        with pytest.raises(ValueError, match=rf"contains U\+{ord(character):04X}, which turns the direction"):
            Name(f"A{character}B")


class TestCheckNote:
    @pytest.mark.parametrize("note", [None, "", "line\n\tline", "x" * 2000])
    def test_accepts_notes(self, note: str | None) -> None:
        assert Note(note).it == note

    def test_refuses_one_that_is_too_long(self) -> None:
        with pytest.raises(ValueError, match="must have at most 2000 characters, not 1000000"):
            Note("x" * 1_000_000)

    @pytest.mark.parametrize("note", ["a\x00b", "a\rb", "a\u202eb"])
    def test_refuses_characters_that_are_not_for_reading(self, note: str) -> None:
        with pytest.raises(ValueError, match="contains"):
            Note(note)


class TestCheckEmail:
    @pytest.mark.parametrize(
        "address", ["a@b.de", "first.last+tag@sub.example.co.uk", "o'neill_%-x@ex-ample.org", "A1@B2.COM"]
    )
    def test_accepts_addresses(self, address: str) -> None:
        assert Email(address).it == address

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "@",
            "a",
            "a@b",
            "@b.de",
            "a@",
            "a@.de",
            "a@b..de",
            "a@b.d",
            "a b@c.de",
            "a@b@c.de",
            ".a@b.de",
            "a.@b.de",
            "a..b@c.de",
            "a@b.de\n",
            " a@b.de",
            "ä@b.de",
            "a@b.de, c@d.de",
            "a@b.123",
            f"{'x' * 200}@b.de",
        ],
    )
    def test_refuses_everything_else(self, address: str) -> None:
        with pytest.raises(ValueError, match="is not an e-mail address: "):
            Email(address)

    @pytest.mark.parametrize("check", [Email])
    def test_shows_no_more_than_the_beginning(self, check: Callable[[str], Email]) -> None:
        with pytest.raises(ValueError, match="is not an e-mail address") as caught:
            check("x" * 1_000_000)

        assert len(str(caught.value)) < 100
