from __future__ import annotations

import pytest
from attrs import define, frozen
from tests.unit.fakes import JsonCodec, Workshop, workshop

from corelib.adapters.memory import LogLine
from corelib.application.binding import bind
from corelib.application.bus import CommandBus
from corelib.application.context import current_context, use_context
from corelib.domain.aggregate import Aggregate
from corelib.domain.context import Context
from corelib.domain.message import Command
from corelib.errors import (
    AlreadyExists,
    CorelibError,
    MisuseError,
    NotFound,
    TransientFailure,
    UnboundHandler,
    ValidationFailed,
)
from corelib.ports.unit_of_work import UnitOfWork


@define(eq=False)
class Kit(Aggregate):
    id: str


@frozen
class AddKit(Command[str]):
    id: str


@frozen
class DropKit(Command[None]):
    id: str


def add_kit(command: AddKit, uow: UnitOfWork) -> str:
    uow.repository(Kit, str).add(Kit(command.id))
    return f"added {command.id}"


def add_kit_again(command: AddKit) -> str:
    return command.id


def add_kit_and_crash(command: AddKit, uow: UnitOfWork) -> str:
    uow.repository(Kit, str).add(Kit(command.id))
    raise ZeroDivisionError("the handler is wrong")


def add_kit_and_refuse(command: AddKit, uow: UnitOfWork) -> str:
    uow.repository(Kit, str).add(Kit(command.id))
    raise NotFound("Shelf", 7)


def add_kit_and_commit(command: AddKit, uow: UnitOfWork) -> str:
    uow.repository(Kit, str).add(Kit(command.id))
    uow.commit()
    return command.id


def tell_context(command: AddKit) -> Context | None:
    return current_context()


class Jam:
    """Lets a handler fail so often for reasons that pass."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    def add_kit(self, command: AddKit, uow: UnitOfWork) -> str:
        self.calls += 1
        uow.repository(Kit, str).add(Kit(command.id))
        if self.calls <= self.failures:
            raise TransientFailure("deadlock")
        return f"added at attempt {self.calls}"


def bus_of(shop: Workshop, *handlers: object, attempts: int = 1) -> CommandBus:
    bound = [bind(handler, {}, (UnitOfWork,)) for handler in handlers]
    return CommandBus(
        bound,
        unit_of_work=shop.handler_unit_of_work,
        units=shop.units,
        codec=JsonCodec(),
        log=shop.log,
        attempts=attempts,
    )


def kits_in(shop: Workshop) -> list[str]:
    with shop.unit_of_work() as uow:
        return [kit.id for kit in uow.repository(Kit, str).stream()]


def only_line(shop: Workshop) -> LogLine:
    (line,) = shop.log.lines
    return line


class TestCommandBus:
    class TestExecute:
        def test_returns_what_the_handler_returns(self) -> None:
            bus = bus_of(workshop(), add_kit)

            result = bus.execute(AddKit("K-1"))

            assert result == "added K-1"

        def test_commits_what_the_handler_did(self) -> None:
            shop = workshop()
            bus = bus_of(shop, add_kit)

            bus.execute(AddKit("K-1"))

            assert kits_in(shop) == ["K-1"]

        def test_logs_one_line_with_the_time_it_took(self) -> None:
            shop = workshop()
            bus = bus_of(shop, add_kit)

            bus.execute(AddKit("K-1"))

            line = only_line(shop)
            assert (line.level, line.event, line.fields["command"]) == ("info", "command succeeded", "AddKit")
            assert 0 <= line.fields["milliseconds"] < 60_000

        class WhenTheStoreRollsItBack:
            def test_is_not_run_again_by_default(self) -> None:
                shop, jam = workshop(), Jam(1)
                bus = bus_of(shop, jam.add_kit)

                with pytest.raises(TransientFailure):
                    bus.execute(AddKit("K-1"))

                assert (jam.calls, kits_in(shop)) == (1, [])

            def test_is_run_again_as_often_as_the_caller_says(self) -> None:
                shop, jam = workshop(), Jam(2)
                bus = bus_of(shop, jam.add_kit)

                result = bus.execute(AddKit("K-1"), attempts=3)

                assert (result, kits_in(shop)) == ("added at attempt 3", ["K-1"])

            def test_is_run_again_as_often_as_the_host_says(self) -> None:
                bus = bus_of(workshop(), Jam(1).add_kit, attempts=2)

                result = bus.submit(AddKit, {"id": "K-1"})

                assert result == "added at attempt 2"

            def test_logs_one_line_of_its_own_for_the_whole(self) -> None:
                shop = workshop()
                bus = bus_of(shop, Jam(1).add_kit)

                bus.execute(AddKit("K-1"), attempts=2)

                assert shop.events_logged() == [("warning", "unit of work is run again"), ("info", "command succeeded")]

        class WhenItIsWithinAnOpenUnitOfWork:
            def test_is_run_once(self) -> None:
                shop, jam = workshop(), Jam(1)
                bus = bus_of(shop, jam.add_kit, attempts=3)

                with shop.unit_of_work(), pytest.raises(TransientFailure):
                    bus.execute(AddKit("K-1"))

                assert jam.calls == 1

            def test_refuses_to_be_run_several_times(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit)

                with shop.unit_of_work(), pytest.raises(MisuseError, match="within an open one"):
                    bus.execute(AddKit("K-1"), attempts=3)

        class WhenItHasAKey:
            def test_is_executed_once(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit)
                bus.submit(AddKit, {"id": "K-1"}, idempotency_key="first kit")

                with pytest.raises(AlreadyExists, match="'first kit' is stored already"):
                    bus.execute(AddKit("K-2"), idempotency_key="first kit")

                assert kits_in(shop) == ["K-1"]

        class WhenTheHandlerRefuses:
            def test_raises_its_error_and_stores_nothing(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit_and_refuse)

                with pytest.raises(NotFound):
                    bus.execute(AddKit("K-1"))

                assert kits_in(shop) == []

            def test_logs_the_reason_without_alarm(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit_and_refuse)

                with pytest.raises(NotFound):
                    bus.execute(AddKit("K-1"))

                line = only_line(shop)
                assert (line.level, line.event) == ("info", "command refused")
                assert line.fields["reason"] == "There is no Shelf with the identifier 7."

        class WhenTheHandlerCrashes:
            def test_raises_its_error_and_stores_nothing(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit_and_crash)

                with pytest.raises(ZeroDivisionError):
                    bus.execute(AddKit("K-1"))

                assert kits_in(shop) == []

            def test_logs_the_error_itself(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit_and_crash)

                with pytest.raises(ZeroDivisionError) as caught:
                    bus.execute(AddKit("K-1"))

                line = only_line(shop)
                assert (line.level, line.event, line.error) == ("error", "command crashed", caught.value)

        class WhenTheHandlerCommitsByItself:
            def test_refuses_and_stores_nothing(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit_and_commit)

                with pytest.raises(MisuseError, match="A handler does not commit its unit of work"):
                    bus.execute(AddKit("K-1"))

                assert kits_in(shop) == []

        class WhenTheStoreRefuses:
            def test_raises_its_error_and_warns(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit)
                bus.execute(AddKit("K-1"))

                with pytest.raises(AlreadyExists):
                    bus.execute(AddKit("K-1"))

                assert shop.events_logged()[1:] == [("warning", "command failed")]

        class WhenNobodyHandlesTheCommand:
            def test_names_the_commands_that_are_handled(self) -> None:
                bus = bus_of(workshop(), add_kit)

                with pytest.raises(UnboundHandler, match=r"command DropKit\. Handlers are there for: AddKit\."):
                    bus.execute(DropKit("K-1"))

            def test_says_so_if_there_is_none_at_all(self) -> None:
                bus = bus_of(workshop())

                with pytest.raises(UnboundHandler, match="Handlers are there for: none"):
                    bus.execute(DropKit("K-1"))

        class WhenThereIsNoContext:
            def test_runs_each_command_in_a_new_one(self) -> None:
                shop = workshop()
                bus = bus_of(shop, tell_context)

                contexts = [bus.execute(AddKit("K-1")), bus.execute(AddKit("K-1"))]

                ids = [line.fields["correlation_id"] for line in shop.log.lines]
                assert [context.correlation_id for context in contexts] == ids
                assert len(set(ids)) == 2

            def test_leaves_none_behind(self) -> None:
                bus = bus_of(workshop(), tell_context)

                bus.execute(AddKit("K-1"))

                assert current_context() is None

        class WhenThereIsAContextAlready:
            def test_runs_in_it(self) -> None:
                bus = bus_of(workshop(), tell_context)

                with use_context(Context("c-1", principal="ada")):
                    result = bus.execute(AddKit("K-1"))

                assert result == Context("c-1", principal="ada")

            def test_prefers_the_one_that_is_passed(self) -> None:
                bus = bus_of(workshop(), tell_context)

                with use_context(Context("c-1")):
                    result = bus.execute(AddKit("K-1"), context=Context("c-2"))

                assert result == Context("c-2")

    class TestSubmit:
        @pytest.mark.parametrize("raw", [{"id": "K-1"}, '{"id": "K-1"}', b'{"id": "K-1"}'])
        def test_reads_raw_data_and_json(self, raw: object) -> None:
            shop = workshop()
            bus = bus_of(shop, add_kit)

            result = bus.submit(AddKit, raw)

            assert result == "added K-1"
            assert kits_in(shop) == ["K-1"]

        def test_runs_in_the_context_that_is_passed(self) -> None:
            bus = bus_of(workshop(), tell_context)

            result = bus.submit(AddKit, {"id": "K-1"}, context=Context("c-2"))

            assert result == Context("c-2")

        class WhenTheInputIsNotValid:
            @pytest.mark.parametrize("raw", [{}, {"id": "K-1", "colour": "blue"}, "{", b"\xff", None, []])
            def test_raises_before_the_handler_runs(self, raw: object) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit)

                with pytest.raises(ValidationFailed):
                    bus.submit(AddKit, raw)

                assert shop.events_logged() == [("info", "command refused")]
                assert kits_in(shop) == []

            def test_keeps_the_log_line_short(self) -> None:
                shop = workshop()
                bus = bus_of(shop, add_kit)

                with pytest.raises(ValidationFailed):
                    bus.submit(AddKit, {"id": "K-1", "x" * 10_000: 1})

                assert len(only_line(shop).fields["reason"]) == 500

        class WhenNobodyHandlesTheCommand:
            def test_says_so_whatever_the_input(self) -> None:
                bus = bus_of(workshop(), add_kit)

                with pytest.raises(UnboundHandler, match="DropKit"):
                    bus.submit(DropKit, "{")

    class WhenTwoHandlersTakeOneCommand:
        def test_names_both(self) -> None:
            with pytest.raises(UnboundHandler, match=r"AddKit has two handlers, .*add_kit and .*add_kit_again"):
                bus_of(workshop(), add_kit, add_kit_again)

    def test_raises_nothing_but_corelib_errors_for_misuse(self) -> None:
        bus = bus_of(workshop())

        with pytest.raises(CorelibError):
            bus.execute("no command")
