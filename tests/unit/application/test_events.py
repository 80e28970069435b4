from __future__ import annotations

import pytest
from attrs import define, frozen
from tests.unit.fakes import workshop

from corelib.application.binding import bind
from corelib.application.events import EventHandlers
from corelib.domain.aggregate import Aggregate
from corelib.ports.unit_of_work import UnitOfWork


@frozen
class Opened:
    door: str


@frozen
class Closed:
    door: str


@define(eq=False)
class Note(Aggregate):
    id: str


def note_first(event: Opened, uow: UnitOfWork) -> None:
    uow.repository(Note, str).add(Note(f"1 {event.door}"))


def note_second(event: Opened, uow: UnitOfWork) -> None:
    seen = uow.repository(Note, str).count()
    uow.repository(Note, str).add(Note(f"2 {event.door} after {seen}"))


def fail(event: Opened) -> None:
    raise ZeroDivisionError


def handlers(*functions: object) -> EventHandlers:
    return EventHandlers(bind(function, {}, (UnitOfWork,)) for function in functions)


class TestEventHandlers:
    def test_calls_all_handlers_of_a_class_in_their_order_in_one_unit_of_work(self) -> None:
        published = handlers(note_first, note_second)

        with workshop().unit_of_work() as uow:
            published.publish(Opened("front"), uow)

            noted = [note.id for note in uow.repository(Note, str).stream()]

        assert noted == ["1 front", "2 front after 1"]

    class WhenNobodyHandlesTheEvent:
        def test_does_nothing(self) -> None:
            published = handlers(note_first)

            with workshop().unit_of_work() as uow:
                published.publish(Closed("front"), uow)

                assert uow.repository(Note, str).count() == 0

    class WhenAHandlerFails:
        def test_raises_its_error_and_calls_no_further_one(self) -> None:
            published = handlers(fail, note_first)

            with workshop().unit_of_work() as uow:
                with pytest.raises(ZeroDivisionError):
                    published.publish(Opened("front"), uow)

                assert uow.repository(Note, str).count() == 0
