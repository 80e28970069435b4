from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from corelib.application.binding import bind, message_class
from corelib.errors import UnboundHandler

if TYPE_CHECKING:
    from decimal import Decimal


@frozen
class Greet:
    name: str


class Mail: ...


class Phone: ...


class Call: ...


def greet_by_mail(message: Greet, call: Call, mail: Mail) -> tuple[object, ...]:
    return message, call, mail


def greet_by_phone(message: Greet, phone: Phone) -> None: ...


def greet_loudly(message: Greet, mail: Mail, volume: int = 11) -> tuple[object, ...]:
    return mail, volume


def greet_nobody() -> None: ...


def greet_anything(message, mail: Mail) -> None: ...


def greet_either(message: Greet | None) -> None: ...


def greet_unknown(message: Decimal) -> None: ...


def greet_for_an_unknown_price(message: Greet, price: Decimal) -> None: ...


class Greeter:
    def __call__(self, message: Greet, mail: Mail) -> tuple[object, ...]:
        return message, mail

    def greet(self, message: Greet, mail: Mail) -> tuple[object, ...]:
        return message, mail


class TestBind:
    def test_supplies_ports_by_their_annotations(self) -> None:
        mail, call, message = Mail(), Call(), Greet("Ada")
        handler = bind(greet_by_mail, {Phone: Phone(), Mail: mail}, (Call,))

        result = handler.invoke(message, {Call: call})

        assert result == (message, call, mail)

    def test_takes_what_belongs_to_a_call_from_that_call(self) -> None:
        handler = bind(greet_by_mail, {Mail: Mail()}, (Call,))
        first, second = Call(), Call()

        results = [handler.invoke(Greet("Ada"), {Call: call}) for call in (first, second)]

        assert [call for _, call, _ in results] == [first, second]

    def test_names_the_handler_and_its_message(self) -> None:
        handler = bind(greet_by_mail, {Mail: Mail()}, (Call,))

        assert handler.name == f"{__name__}.greet_by_mail"
        assert handler.message is Greet

    class WhenAParameterHasADefault:
        def test_leaves_it_alone(self) -> None:
            mail = Mail()
            handler = bind(greet_loudly, {Mail: mail, int: 3}, ())

            result = handler.invoke(Greet("Ada"), {})

            assert result == (mail, 11)

    class WhenTheHandlerIsAMethod:
        def test_supplies_it(self) -> None:
            mail, message = Mail(), Greet("Ada")
            handler = bind(Greeter().greet, {Mail: mail}, ())

            result = handler.invoke(message, {})

            assert result == (message, mail)

    class WhenTheHandlerIsAnObject:
        def test_supplies_it(self) -> None:
            mail, message = Mail(), Greet("Ada")
            handler = bind(Greeter(), {Mail: mail}, ())

            result = handler.invoke(message, {})

            assert result == (message, mail)
            assert handler.name == f"{__name__}.Greeter"

    class WhenNobodySuppliesAParameter:
        def test_names_it_and_what_there_is(self) -> None:
            with pytest.raises(UnboundHandler) as caught:
                bind(greet_by_phone, {Mail: Mail()}, (Call,))

            assert caught.value.message == f"{__name__}.greet_by_phone asks for phone: Phone, which nobody supplies."
            assert caught.value.hint == "It supplies: Call, Mail. Add it to the services of the App."

    class WhenAnAnnotationCannotBeResolved:
        def test_says_what_to_import(self) -> None:
            with pytest.raises(UnboundHandler, match=r"greet_for_an_unknown_price.*'Decimal'.*Import the class"):
                bind(greet_for_an_unknown_price, {}, ())


class TestMessageClass:
    def test_is_that_of_the_first_parameter(self) -> None:
        assert message_class(greet_by_mail) is Greet

    class WhenTheHandlerDoesNotSay:
        @pytest.mark.parametrize("handler", [greet_nobody, greet_anything, greet_either])
        def test_asks_for_an_annotation(self, handler: object) -> None:
            with pytest.raises(UnboundHandler, match=r"does not say which message it takes\. Annotate"):
                message_class(handler)

    class WhenItsAnnotationCannotBeResolved:
        def test_says_what_to_import(self) -> None:
            with pytest.raises(UnboundHandler, match="Import the class at run time"):
                message_class(greet_unknown)
