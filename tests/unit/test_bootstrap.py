from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, frozen

from corelib import (
    Aggregate,
    App,
    Clock,
    Command,
    DatabaseSettings,
    JobRun,
    JobState,
    Locks,
    Logger,
    Queue,
    Resources,
    Schedule,
    Settings,
    UnitOfWork,
    job,
)
from corelib.adapters.memory import InlineWorker, ManualClock, MemoryCipher, MemoryLocks, MemoryLogger
from corelib.application.jobs.scheduler import SchedulingWorker
from corelib.bootstrap import bootstrap, load_object
from corelib.domain.job_queues import QueueStatus
from corelib.errors import (
    InvalidSetting,
    LockNotAvailable,
    MisuseError,
    TransientFailure,
    UnboundHandler,
    UnknownScheme,
)
from corelib.ports.cipher import Cipher


class Mail:
    """A port of the host's own."""

    def __init__(self, name: str = "real") -> None:
        self.name = name


@define(eq=False)
class Kit(Aggregate):
    id: str


@frozen
class KitAdded:
    id: str


@job(queue="packing")
def pack(payload: KitAdded) -> None: ...


@frozen
class AddKit(Command[str]):
    id: str


@frozen
class AskAround(Command[object]): ...


@frozen
class Encrypt(Command[str]):
    text: str


def encrypt(command: Encrypt, cipher: Cipher) -> str:
    return cipher.encrypt(command.text)


def add_kit(command: AddKit, uow: UnitOfWork) -> str:
    kit = Kit(command.id)
    uow.repository(Kit, str).add(kit)
    kit.record(KitAdded(kit.id))
    return kit.id


@contextmanager
def stamina_without_waits() -> Iterator[None]:
    import stamina

    stamina.set_testing(True, attempts=2)
    try:
        yield
    finally:
        stamina.set_testing(False)


def add_kit_again(command: AddKit) -> str:
    return command.id


def ask_around(command: AskAround, clock: Clock, log: Logger, mail: Mail) -> tuple[object, ...]:
    return clock, log, mail.name


def lock_up(command: AskAround, locks: Locks) -> object:
    with locks.hold("kits", owner="me") as held:
        return held.owner


def ask_for_the_run(command: AskAround, run: JobRun) -> None: ...


@job(queue="print", attempts=2)
def print_label(event: KitAdded, run: JobRun, mail: Mail, clock: Clock) -> None: ...


def print_added(event: KitAdded, uow: UnitOfWork, mail: Mail) -> None:
    uow.jobs.enqueue(print_label, event)


def not_described(event: KitAdded) -> None: ...


def services(resources: Resources) -> Mapping[type, object]:
    return {Mail: Mail()}


class TestBootstrap:
    class WhenTheSettingsSayNothing:
        def test_puts_a_host_together_in_memory(self) -> None:
            with bootstrap(App("kitlab", commands=[ask_around], services=services)) as host:
                host.check()
                *_, mail = host.execute(AskAround())

            assert mail == "real"
            worker = host.worker()
            assert isinstance(worker, SchedulingWorker)
            assert isinstance(worker.worker, InlineWorker)

        def test_takes_jobs_from_the_command_to_their_end(self) -> None:
            pytest.importorskip("cattrs")
            app = App("kitlab", commands=[add_kit], events=[print_added], jobs=[print_label], services=services)

            with bootstrap(app, clock=ManualClock(), log=MemoryLogger()) as host:
                host.submit(AddKit, {"id": "K-1"})
                runs = host.run_due_jobs()

            assert runs == 1
            assert host.jobs.count()[JobState.SUCCEEDED] == 1
            assert [event.name for event in host.storage.events()] == ["KitAdded"]

        def test_runs_commands_as_often_as_the_settings_say(self) -> None:
            pytest.importorskip("stamina")
            calls: list[AddKit] = []

            def fail_once(command: AddKit) -> str:
                calls.append(command)
                if len(calls) == 1:
                    raise TransientFailure("deadlock")
                return "done"

            with (
                bootstrap(
                    App("kitlab", commands=[fail_once]), Settings(command_attempts=2), log=MemoryLogger()
                ) as host,
                stamina_without_waits(),
            ):
                result = host.execute(AddKit("K-1"))

            assert result == "done"

    class WhenTheCodeDeclaresLimits:
        def test_tells_the_store_when_a_worker_starts(self) -> None:
            with bootstrap(App("shop", queues=[Queue("mail", 5)])) as host:
                assert list(host.queues.list()) == []

                worker = host.worker()
                worker.start()
                worker.stop(timedelta(seconds=5))

                assert list(host.queues.list()) == [QueueStatus("mail", None, 5)]

        def test_tells_it_when_the_host_is_asked_to(self) -> None:
            pytest.importorskip("cattrs")
            schedule = Schedule("often", every=timedelta(hours=1), job=pack, payload=KitAdded("K-1"))
            with bootstrap(App("shop", jobs=[pack], queues=[Queue("mail", 5)], schedules=[schedule])) as host:
                host.declare()

                assert list(host.queues.list()) == [QueueStatus("mail", None, 5)]
                assert [status.name for status in host.schedules.list()] == ["often"]

    class WhenTheDatabaseIsSetUp:
        def test_hands_its_settings_to_both_engines(self) -> None:
            pytest.importorskip("psycopg")
            from corelib.adapters.sqlalchemy import SqlStorage

            database = DatabaseSettings(
                read_only_url="postgresql:///shop?host=one&host=two", pool_size=3, pool_timeout=timedelta(seconds=7)
            )
            settings = Settings("postgresql://app@db/shop", database=database)
            with bootstrap(App("kitlab", schema="kitlab.adapters.tables:schema"), settings) as host:
                storage = host.storage

                assert isinstance(storage, SqlStorage)
                assert (storage.engine.url.host, storage.replica.url.query["host"]) == ("db", ("one", "two"))
                assert storage.engine.pool.size() == storage.replica.pool.size() == 3  # type: ignore[attr-defined]

        def test_keeps_two_connections_more_than_threads(self) -> None:
            pytest.importorskip("psycopg")
            from corelib.adapters.sqlalchemy import SqlStorage

            app = App("kitlab", schema="kitlab.adapters.tables:schema")
            with bootstrap(app, Settings("postgresql://app@db/shop", threads=5)) as host:
                storage = host.storage

                assert isinstance(storage, SqlStorage)
                assert storage.replica is storage.engine
                assert storage.engine.pool.size() == 7  # type: ignore[attr-defined]

    class WhenPartsAreReplaced:
        def test_hands_them_to_the_handlers(self) -> None:
            clock, log = ManualClock(), MemoryLogger()
            app = App("kitlab", commands=[ask_around], services=services)

            with bootstrap(app, clock=clock, log=log, services={Mail: Mail("fake")}) as host:
                answer = host.execute(AskAround())

            assert answer == (clock, log, "fake")
            assert host.log is log

        def test_supplies_locks(self) -> None:
            with bootstrap(App("kitlab", commands=[lock_up])) as host:
                answer = host.execute(AskAround())

                with host.locks.hold("kits"), pytest.raises(LockNotAvailable):
                    host.execute(AskAround())

            assert answer == "me"

        def test_takes_the_locks_that_it_is_given(self) -> None:
            locks = MemoryLocks()
            with bootstrap(App("kitlab", commands=[lock_up]), services={Locks: locks}) as host:
                with locks.hold("kits"), pytest.raises(LockNotAvailable):
                    host.execute(AskAround())

                assert host.locks is locks

        def test_judges_due_times_by_the_clock(self) -> None:
            pytest.importorskip("cattrs")
            clock = ManualClock()
            with bootstrap(App("kitlab", jobs=[print_label], services=services), clock=clock) as host:
                with host.unit_of_work() as uow:
                    uow.jobs.enqueue(print_label, KitAdded("K-1"), delay=timedelta(hours=1))
                    uow.commit()

                before = host.run_due_jobs()
                clock.advance(timedelta(hours=1))
                after = host.run_due_jobs()

            assert (before, after) == (0, 1)

    class WhenTheAppMakesServices:
        def test_hands_it_the_resources_of_the_host(self) -> None:
            handed: list[Resources] = []
            clock, log = ManualClock(), MemoryLogger()

            def note(resources: Resources) -> Mapping[type, object]:
                handed.append(resources)
                return {}

            with bootstrap(App("kitlab", services=note), clock=clock, log=log) as host:
                (resources,) = handed

            assert (resources.database_url, resources.storage) == ("memory:", host.storage)
            assert (resources.clock, resources.log) == (clock, log)

        def test_closes_them_with_the_host(self) -> None:
            closed: list[str] = []

            def note(resources: Resources) -> Mapping[type, object]:
                resources.on_close(lambda: closed.append("first"))
                resources.on_close(lambda: closed.append("second"))
                return {}

            with bootstrap(App("kitlab", services=note)):
                open_within = not closed

            assert open_within
            assert closed == ["second", "first"]

    class WhenAHandlerCannotBeBound:
        @pytest.mark.parametrize(
            ("app", "wanted", "supplied"),
            [
                (
                    App("kitlab", commands=[ask_around]),
                    "ask_around asks for mail: Mail",
                    "Cipher, Clock, Locks, Logger, UnitOfWork",
                ),
                (
                    App("kitlab", events=[print_added]),
                    "print_added asks for mail: Mail",
                    "Cipher, Clock, Locks, Logger, UnitOfWork",
                ),
                (
                    App("kitlab", jobs=[print_label]),
                    "print_label asks for mail: Mail",
                    "Cipher, Clock, JobRun, Locks, Logger, UnitOfWork",
                ),
                (
                    App("kitlab", commands=[ask_for_the_run], services=services),
                    "ask_for_the_run asks for run: JobRun",
                    "Cipher, Clock, Locks, Logger, Mail, UnitOfWork",
                ),
            ],
            ids=["command", "event", "job", "run-of-a-command"],
        )
        def test_names_what_is_missing_and_what_there_is(self, app: App, wanted: str, supplied: str) -> None:
            with pytest.raises(UnboundHandler) as caught:
                bootstrap(app)

            assert caught.value.message.endswith(f"{wanted}, which nobody supplies.")
            assert caught.value.hint == f"It supplies: {supplied}. Add it to the services of the App."

        def test_refuses_two_handlers_of_one_command(self) -> None:
            with pytest.raises(UnboundHandler, match="AddKit has two handlers"):
                bootstrap(App("kitlab", commands=[add_kit, add_kit_again]))

        def test_refuses_a_job_that_is_not_described(self) -> None:
            with pytest.raises(MisuseError, match="not_described is not a job"):
                bootstrap(App("kitlab", jobs=[not_described]))

    class WhenAUrlCannotBeServed:
        @pytest.mark.parametrize(
            ("url", "scheme"),
            [("oracle://u:s3cret@h/d", "oracle"), ("mysql+pymysql://u:s3cret@h/d", "mysql"), ("://s3cret", "")],
        )
        def test_lists_the_databases_that_are_served(self, url: str, scheme: str) -> None:
            with pytest.raises(UnknownScheme) as caught:
                bootstrap(App("kitlab"), Settings(database_url=url))

            assert caught.value.scheme == scheme
            assert caught.value.hint == "Use one of: memory, sqlite, postgresql, mssql."
            assert "s3cret" not in str(caught.value)

        def test_lists_the_brokers_that_are_served(self) -> None:
            pytest.importorskip("dramatiq")

            with pytest.raises(UnknownScheme) as caught:
                bootstrap(App("kitlab"), Settings(broker_url="kafka://u:s3cret@h"))

            assert caught.value.hint == "Use one of: inprocess, amqp, amqps, redis, rediss, memory."
            assert "s3cret" not in str(caught.value)

        @pytest.mark.parametrize("settings", [Settings(database_url="kitlab"), Settings(broker_url="kitlab")])
        def test_says_that_it_is_no_url(self, settings: Settings) -> None:
            with pytest.raises(InvalidSetting, match=r"'kitlab' is not a URL: it has no scheme\. Write it as "):
                bootstrap(App("kitlab"), settings)

    class WhenTheDatabaseNeedsASchema:
        def test_says_where_to_name_it(self, tmp_path: Path) -> None:
            pytest.importorskip("sqlalchemy")

            with pytest.raises(InvalidSetting, match=r"The app kitlab names no schema.*App\(schema="):
                bootstrap(App("kitlab"), Settings(database_url=f"sqlite:///{tmp_path}/kitlab.sqlite"))

        def test_refuses_what_is_no_schema(self, tmp_path: Path) -> None:
            pytest.importorskip("sqlalchemy")
            app = App("kitlab", schema="corelib.errors:Problem")

            with pytest.raises(InvalidSetting, match=r"'corelib\.errors:Problem' was to name a SqlSchema"):
                bootstrap(app, Settings(database_url=f"sqlite:///{tmp_path}/kitlab.sqlite"))

    class WhenThereAreEncryptionKeys:
        def test_offers_their_cipher_to_handlers(self) -> None:
            pytest.importorskip("cryptography")
            from corelib.adapters.cryptography import FernetCipher, new_key

            keys = (new_key(), new_key())
            with bootstrap(App("kitlab", commands=[encrypt]), Settings(encryption_keys=keys)) as host:
                encrypted = host.execute(Encrypt("756.9217.0769.85"))

            assert FernetCipher(keys[:1]).decrypt(encrypted) == "756.9217.0769.85"

        def test_refuses_those_that_cannot_be_used(self) -> None:
            pytest.importorskip("cryptography")

            with pytest.raises(InvalidSetting, match="Encryption key 1 of 1"):
                bootstrap(App("kitlab"), Settings(encryption_keys=("s3cret",)))

    class WhenThereAreNoEncryptionKeys:
        def test_offers_the_fake_in_memory(self) -> None:
            with bootstrap(App("kitlab", commands=[encrypt])) as host:
                encrypted = host.execute(Encrypt("756.9217.0769.85"))

            assert MemoryCipher().decrypt(encrypted) == "756.9217.0769.85"

        def test_offers_none_on_a_database(self, tmp_path: Path) -> None:
            pytest.importorskip("sqlalchemy")
            app = App("kitlab", commands=[encrypt], schema="corelib.testing.contracts.sample_tables:schema")

            with pytest.raises(UnboundHandler, match="encrypt asks for cipher: Cipher"):
                bootstrap(app, Settings(database_url=f"sqlite:///{tmp_path}/kitlab.sqlite"))

        def test_offers_the_one_that_is_passed(self) -> None:
            with bootstrap(App("kitlab", commands=[encrypt]), cipher=MemoryCipher((7,))) as host:
                encrypted = host.execute(Encrypt("756.9217.0769.85"))

            assert MemoryCipher((7,)).decrypt(encrypted) == "756.9217.0769.85"

    class WhenTheBrokerIsThisProcess:
        def test_makes_a_worker_of_dramatiq(self) -> None:
            pytest.importorskip("dramatiq")

            with bootstrap(App("kitlab"), Settings(broker_url="inprocess:")) as host:
                host.check()
                worker = host.worker()

            assert isinstance(worker, SchedulingWorker)
            assert type(worker.worker).__name__ == "DramatiqWorker"


class TestLoadObject:
    def test_imports_what_a_path_names(self) -> None:
        assert load_object("corelib.application.settings:Settings", type) is Settings

    class WhenThePathIsNotWrittenSo:
        @pytest.mark.parametrize("path", ["", "corelib.errors", ":Problem", "corelib.errors:", ".errors:Problem"])
        def test_says_how_to_write_it(self, path: str) -> None:
            with pytest.raises(InvalidSetting) as caught:
                load_object(path, type)

            assert str(caught.value) == f"{path!r} was to name a type, but is not written as package.module:name."

    class WhenThereIsNoSuchModule:
        @pytest.mark.parametrize(
            ("path", "module"),
            [("nowhere:app", "nowhere"), ("nowhere.app:app", "nowhere"), ("corelib.nowhere:app", "corelib.nowhere")],
        )
        def test_names_the_module(self, path: str, module: str) -> None:
            with pytest.raises(InvalidSetting) as caught:
                load_object(path, App)

            assert str(caught.value) == (
                f"{path!r} was to name a App, but there is no module {module!r}. Is it installed?"
            )

    class WhenTheNameIsSomethingElse:
        @pytest.mark.parametrize(("name", "found"), [("Problem", "type"), ("nothing", "NoneType")])
        def test_says_what_it_is(self, name: str, found: str) -> None:
            with pytest.raises(InvalidSetting) as caught:
                load_object(f"corelib.errors:{name}", App)

            assert caught.value.message.endswith(f"but {name!r} of corelib.errors is a {found}.")


WITHOUT = """
import json, sys
for package in {packages!r}:
    sys.modules[package] = None  # as if it were not installed: importing it fails

from attrs import frozen
from corelib import App, Command, Settings, UnitOfWork, job
from corelib.bootstrap import bootstrap, load_object
from corelib.domain.job_queues import QueueStatus

@frozen
class Greet(Command[str]):
    name: str

def greet(command: Greet) -> str:
    return "Hello " + command.name

@job()
def greet_later(command: Greet) -> None: ...

app = App("greeter", commands=[greet], jobs=[greet_later], schema="nowhere:schema")

def enqueue():
    with bootstrap(app) as host, host.unit_of_work() as uow:
        uow.jobs.enqueue(greet_later, Greet("Ada"))

def outcome_of(act):
    try:
        return act()
    except Exception as error:
        return type(error).__name__ + ": " + str(error)

acts = {{{acts}}}
print(json.dumps({{name: outcome_of(act) for name, act in acts.items()}}))
"""


def outcomes_without(packages: list[str], acts: Mapping[str, str]) -> dict[str, str]:
    """Return what each expression gives, or its error, in a process in which some packages cannot be imported."""
    listed = ", ".join(f"{name!r}: lambda: {act}" for name, act in acts.items())
    program = WITHOUT.format(packages=packages, acts=listed)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


class TestCoreAlone:
    def test_names_the_extra_of_everything_that_needs_one(self) -> None:
        database = "bootstrap(app, Settings(database_url={!r}))"
        acts = {
            "execute": "bootstrap(app).execute(Greet('Ada'))",
            "submit": "bootstrap(app).submit(Greet, {'name': 'Ada'})",
            "submit json": "bootstrap(app).submit(Greet, '{}')",
            "enqueue": "enqueue()",
            "sqlite": database.format("sqlite:///x"),
            "postgresql": database.format("postgresql+psycopg://u:s3cret@h/d"),
            "mssql": database.format("mssql+pyodbc://u:s3cret@h/d"),
            "broker": "bootstrap(app, Settings(broker_url='amqp://u:s3cret@h'))",
            "encryption": "bootstrap(app, Settings(encryption_keys=('s3cret',)))",
            "structlog": "__import__('corelib.adapters.structlog')",
            "opentelemetry": "__import__('corelib.adapters.opentelemetry')",
            "run once": "bootstrap(app).run(lambda uow: 'done', attempts=1)",
            "run": "bootstrap(app).run(lambda uow: 'done')",
            "broken module": "load_object('corelib.adapters.sqlalchemy.tables:metadata', object)",
        }

        absent = ["cattrs", "sqlalchemy", "dramatiq", "structlog", "stamina", "cryptography", "opentelemetry"]
        outcomes = outcomes_without(absent, acts)

        codec = (
            "MissingExtra: Reading raw commands and storing jobs and events needs cattrs, which is not installed. "
            "Run: pip install 'corelib[cattrs]'"
        )
        sql = "MissingExtra: A {0}: database needs sqlalchemy, which is not installed. Run: pip install 'corelib[{1}]'"
        assert outcomes == {
            "execute": "Hello Ada",
            "submit": codec,
            "submit json": codec,
            "enqueue": codec,
            "sqlite": sql.format("sqlite", "sqlalchemy"),
            "postgresql": sql.format("postgresql", "postgresql"),
            "mssql": sql.format("mssql", "mssql"),
            "broker": (
                "MissingExtra: A broker URL other than memory: needs dramatiq, which is not installed. "
                "Run: pip install 'corelib[dramatiq]'"
            ),
            "encryption": (
                "MissingExtra: The setting encryption_keys needs cryptography, which is not installed. "
                "Run: pip install 'corelib[encryption]'"
            ),
            "structlog": (
                "MissingExtra: StructlogLogger needs structlog, which is not installed. "
                "Run: pip install 'corelib[structlog]'"
            ),
            "opentelemetry": (
                "MissingExtra: OpenTelemetryTracer needs opentelemetry-api, which is not installed. "
                "Run: pip install 'corelib[opentelemetry]'"
            ),
            "run once": "done",
            "run": (
                "MissingExtra: Running a unit of work several times needs stamina, which is not installed. "
                "Run: pip install 'corelib[retry]'"
            ),
            "broken module": "ModuleNotFoundError: import of sqlalchemy halted; None in sys.modules",
        }


class TestDramatiqWithoutClients:
    def test_names_the_extra_of_the_client(self) -> None:
        pytest.importorskip("dramatiq")
        broker = "bootstrap(app, Settings(broker_url={!r}))"
        acts = {"rabbitmq": broker.format("amqp://u:s3cret@h"), "redis": broker.format("redis://:s3cret@h")}

        outcomes = outcomes_without(["pika", "redis"], acts)

        assert outcomes == {
            "rabbitmq": (
                "MissingExtra: An amqp:// broker needs pika, which is not installed. "
                "Run: pip install 'corelib[rabbitmq]'"
            ),
            "redis": (
                "MissingExtra: A redis:// broker needs redis, which is not installed. Run: pip install 'corelib[redis]'"
            ),
        }
