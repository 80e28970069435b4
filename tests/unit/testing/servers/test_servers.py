from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corelib.errors import InvalidSetting, ServerUnreachable
from corelib.testing.servers import Kind, Missing, Server, mssql, postgresql, rabbitmq, redis
from corelib.testing.servers.__main__ import main
from corelib.testing.servers.account import Account, open_to_all
from corelib.testing.servers.kinds import KINDS
from corelib.testing.servers.model import UnusableError
from corelib.testing.servers.mssql_driver import newest_of, what_is_missing, what_was_refused
from corelib.testing.servers.named import NamedUrl, found_by_name, named_database
from corelib.testing.servers.options import parse
from corelib.testing.servers.report import command_environment, report
from corelib.testing.servers.requirements import required_names, unmet
from corelib.testing.servers.urls import scheme_of, without_password, without_secrets

REPOSITORY = Path(__file__).parents[4]
NAMES = ("mssql", "postgresql", "redis", "rabbitmq")


def answers(url: str) -> str:
    return "Engine 1.0"


def refuses(url: str) -> str:
    raise UnusableError(f"login with {url} refused")


def unexpected(*_: object) -> str:
    raise AssertionError("this should not have been tried")


def kind(name: str, title: str) -> Kind:
    return Kind(
        name=name,
        title=title,
        variable=f"CORELIB_TEST_{name.upper()}_URL",
        unproven="its features",
        remedy=f"install {name}",
        find=lambda environ: Missing("nobody looks"),
    )


class TestSchemeOf:
    @pytest.mark.parametrize(
        ("url", "scheme"),
        [
            ("mssql+pyodbc://sa@host/db", "mssql"),
            ("PostgreSQL://host/db", "postgresql"),
            ("amqp://", "amqp"),
            ("no url", ""),
            ("", ""),
        ],
    )
    def test_leaves_out_the_driver(self, url: str, scheme: str) -> None:
        assert scheme_of(url) == scheme


class TestWithoutPassword:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("redis://:s3cret@host/0", "redis://:***@host/0"),
            ("amqp://guest:s3cret@host:5672/", "amqp://guest:***@host:5672/"),
            ("postgresql://user@host/db", "postgresql://user@host/db"),
            ("postgresql://user:@/db?host=/tmp/x", "postgresql://user:@/db?host=/tmp/x"),
            ("postgresql://user:a/b:c@d@host/db", "postgresql://user:***@host/db"),
            ("postgresql://user:what?@host/db", "postgresql://user:***@host/db"),
            ("postgresql://host/db?user=u&password=s3cret&x=1", "postgresql://host/db?user=u&password=***&x=1"),
            ("mssql+pyodbc://?odbc_connect=PWD%3Ds3cret", "mssql+pyodbc://?odbc_connect=***"),
            ("redis://host/0?name=a@b", "redis://host/0?name=a@b"),
            ("s3cret without a scheme", "s3cret without a scheme"),
        ],
    )
    def test_shows_all_but_the_password(self, url: str, shown: str) -> None:
        assert without_password(url) == shown


class TestWithoutSecrets:
    @pytest.mark.parametrize("spelling", ["p%40ss", "p@ss"])
    def test_hides_the_password_as_written_and_as_meant(self, spelling: str) -> None:
        url = "amqp://user:p%40ss@host/"

        text = without_secrets(f"cannot log in with {spelling}", url)

        assert text == "cannot log in with ***"

    def test_hides_the_password_inside_an_odbc_string(self) -> None:
        url = "mssql+pyodbc://?odbc_connect=UID%3Dsa%3BPWD%3Ds3cret"

        text = without_secrets("PWD=s3cret is wrong", url)

        assert "s3cret" not in text

    def test_leaves_a_text_alone_when_there_is_no_password(self) -> None:
        assert without_secrets("connection refused", "redis://host/0") == "connection refused"


class TestNamedDatabase:
    def test_is_none_when_the_variable_is_empty(self) -> None:
        assert named_database({"CORELIB_TEST_DATABASE_URL": " "}) is None

    def test_refuses_a_scheme_that_no_integration_test_uses(self) -> None:
        with pytest.raises(InvalidSetting, match="mssql or postgresql, but its scheme is 'sqlite'"):
            named_database({"CORELIB_TEST_DATABASE_URL": "sqlite:///file"})


class TestFoundByName:
    def test_tells_the_variable_as_origin(self) -> None:
        named = NamedUrl("CORELIB_TEST_REDIS_URL", "redis://host/0")

        server = found_by_name(named, answers)

        assert (server.url, server.engine) == ("redis://host/0", "Engine 1.0")
        assert server.origin == "named by CORELIB_TEST_REDIS_URL"

    class WhenTheServerDoesNotAnswer:
        def test_names_the_host_and_hides_the_password(self) -> None:
            named = NamedUrl("CORELIB_TEST_REDIS_URL", "redis://:s3cret@host/0")

            with pytest.raises(ServerUnreachable) as caught:
                found_by_name(named, refuses)

            assert "CORELIB_TEST_REDIS_URL names redis://:***@host/0" in str(caught.value)
            assert "s3cret" not in str(caught.value)


class TestFindPostgresql:
    def test_takes_the_named_database_first(self) -> None:
        environ = {
            "CORELIB_TEST_DATABASE_URL": "postgresql+psycopg://first/db",
            "CORELIB_TEST_POSTGRESQL_URL": "postgresql://second/db",
        }

        result = postgresql.find(environ, check=answers, start=unexpected)

        assert isinstance(result, Server)
        assert result.url == "postgresql+psycopg://first/db"

    class WhenTheNamedDatabaseIsAnother:
        environ = {"CORELIB_TEST_DATABASE_URL": "mssql+pyodbc://host/db"}  # noqa: RUF012

        def test_takes_its_own_variable(self) -> None:
            environ = {**self.environ, "CORELIB_TEST_POSTGRESQL_URL": "postgresql://second/db"}

            result = postgresql.find(environ, check=answers, start=unexpected)

            assert isinstance(result, Server)
            assert result.url == "postgresql://second/db"

        def test_starts_one_when_none_is_named(self) -> None:
            started = Server(url="postgresql://socket", engine="PostgreSQL", origin="started")

            result = postgresql.find(self.environ, check=unexpected, start=lambda: started)

            assert result is started

    class WhenNoneCanBeStarted:
        def test_says_what_was_tried(self) -> None:
            result = postgresql.find({}, check=unexpected, start=lambda: Missing("and the wheel is not installed"))

            assert result == Missing("none named by CORELIB_TEST_POSTGRESQL_URL, and the wheel is not installed")

    class WhenTheNamedOneDoesNotAnswer:
        def test_starts_no_other_in_its_place(self) -> None:
            with pytest.raises(ServerUnreachable):
                postgresql.find({"CORELIB_TEST_POSTGRESQL_URL": "postgresql://h/d"}, check=refuses, start=unexpected)


class TestFindRedis:
    def test_takes_the_named_one(self) -> None:
        result = redis.find({"CORELIB_TEST_REDIS_URL": "rediss://host/0"}, check=answers, start=unexpected)

        assert isinstance(result, Server)
        assert result.url == "rediss://host/0"

    def test_starts_one_when_none_is_named(self) -> None:
        started = Server(url="redis://127.0.0.1:1/0", engine="Valkey", origin="started")

        result = redis.find({}, check=unexpected, start=lambda: started)

        assert result is started

    def test_refuses_a_url_of_something_else(self) -> None:
        with pytest.raises(InvalidSetting, match="CORELIB_TEST_REDIS_URL should hold a URL that starts with redis"):
            redis.find({"CORELIB_TEST_REDIS_URL": "http://host"}, check=unexpected, start=unexpected)


class TestFindRabbitmq:
    def test_takes_the_named_one(self) -> None:
        result = rabbitmq.find({"CORELIB_TEST_RABBITMQ_URL": "amqp://host/"}, check=answers)

        assert isinstance(result, Server)
        assert result.origin == "named by CORELIB_TEST_RABBITMQ_URL"

    def test_is_missing_when_none_is_named(self) -> None:
        assert rabbitmq.find({}, check=unexpected) == Missing("none named by CORELIB_TEST_RABBITMQ_URL")


class MssqlMachine:
    """What a machine has for SQL Server, and what was started and stopped on it."""

    def __init__(
        self,
        *,
        driver: str | None = "ODBC Driver 18 for SQL Server",
        listens: bool = False,
        docker: bool = False,
        logins: list[bool] | None = None,
    ) -> None:
        self.driver, self.listens, self.docker = driver, listens, docker
        self.logins = [True] if logins is None else logins
        self.events: list[str] = []

    def means(self) -> mssql.Means:
        return mssql.Means(
            engine_of=self._log_in,
            driver=self._newest_driver,
            listens=lambda host, port: self.listens,
            docker_answers=lambda: self.docker,
            start_container=self._start,
        )

    def _newest_driver(self) -> str:
        if self.driver is None:
            raise UnusableError("no driver")
        return self.driver

    def _log_in(self, url: str) -> str:
        if not self.logins.pop(0):
            raise UnusableError(f"login with {url} refused")
        return "SQL Server 16"

    def _start(self, password: str, directory: Path) -> Callable[[], None]:
        self.events.append("start")
        return lambda: self.events.append("stop")


class TestFindMssql:
    environ = {"MSSQL_SA_PASSWORD": "s3cret!"}  # noqa: RUF012

    def find(self, machine: MssqlMachine, **environ: str) -> Server | Missing:
        return mssql.find({**self.environ, **environ}, directory=Path("/nowhere"), means=machine.means())

    def test_takes_the_named_one_first_whatever_driver_it_names(self) -> None:
        machine = MssqlMachine(driver=None, listens=True, docker=True)

        result = self.find(machine, CORELIB_TEST_DATABASE_URL="mssql+pyodbc://sa:x@host/master?driver=FreeTDS")

        assert isinstance(result, Server)
        assert result.origin == "named by CORELIB_TEST_DATABASE_URL"

    def test_takes_the_one_at_the_port_of_the_compose_file_next(self) -> None:
        machine = MssqlMachine(listens=True, docker=True)

        result = self.find(machine)

        assert isinstance(result, Server)
        assert result.origin == "found at localhost:1434"
        assert machine.events == []

    def test_starts_one_with_docker_last(self) -> None:
        machine = MssqlMachine(docker=True)

        result = self.find(machine)

        assert isinstance(result, Server)
        assert result.origin == "started with docker-compose.test.yml"
        result.stop()
        assert machine.events == ["start", "stop"]

    class WhenThereIsNone:
        def test_says_all_that_was_tried(self) -> None:
            result = TestFindMssql().find(MssqlMachine())

            assert result == Missing(
                "none named by CORELIB_TEST_DATABASE_URL, none at localhost:1434, no Docker engine"
            )

    class WhenTheDriverIsMissing:
        def test_tries_no_other_and_says_why(self) -> None:
            machine = MssqlMachine(driver=None, listens=True, docker=True)

            result = TestFindMssql().find(machine)

            assert result == Missing("none named by CORELIB_TEST_DATABASE_URL, and no other can be tried: no driver")
            assert machine.events == []

    class WhenTheOneAtThePortRefusesTheLogin:
        def test_says_so_without_the_password(self) -> None:
            result = TestFindMssql().find(MssqlMachine(listens=True, logins=[False]))

            assert isinstance(result, Missing)
            assert "the one at localhost:1434 cannot be used" in result.reason
            assert "s3cret" not in result.reason

        def test_lets_docker_finish_its_start(self) -> None:
            machine = MssqlMachine(listens=True, docker=True, logins=[False, True])

            result = TestFindMssql().find(machine)

            assert isinstance(result, Server)
            assert machine.events == ["start"]

    class WhenTheContainerCannotBeUsed:
        def test_stops_it(self) -> None:
            machine = MssqlMachine(docker=True, logins=[False])

            result = TestFindMssql().find(machine)

            assert isinstance(result, Missing)
            assert machine.events == ["start", "stop"]

    class WhenNoPasswordIsKnown:
        def test_says_where_to_put_it(self, tmp_path: Path) -> None:
            result = mssql.find({}, directory=tmp_path, means=MssqlMachine().means())

            assert isinstance(result, Missing)
            assert "no password for localhost:1434 in MSSQL_SA_PASSWORD" in result.reason


class TestSaPassword:
    def test_comes_from_the_environment_first(self, tmp_path: Path) -> None:
        (tmp_path / ".env.test").write_text("MSSQL_SA_PASSWORD=from-file\n")

        assert mssql.sa_password({"MSSQL_SA_PASSWORD": "from-environment"}, tmp_path) == "from-environment"

    def test_comes_from_the_own_file_before_the_example(self, tmp_path: Path) -> None:
        (tmp_path / ".env.test").write_text("# comment\nMSSQL_SA_PASSWORD='own=1'\n")
        (tmp_path / ".env.test.example").write_text("MSSQL_SA_PASSWORD=example\n")

        assert mssql.sa_password({}, tmp_path) == "own=1"

    def test_is_the_one_that_the_compose_file_falls_back_to(self) -> None:
        password = mssql.sa_password({}, REPOSITORY)

        assert f"${{MSSQL_SA_PASSWORD:-{password}}}" in (REPOSITORY / "docker-compose.test.yml").read_text()


class TestLocalUrl:
    def test_quotes_what_a_url_cannot_hold(self) -> None:
        url = mssql.local_url("p@ss/word", "ODBC Driver 18 for SQL Server")

        assert url == (
            "mssql+pyodbc://sa:p%40ss%2Fword@localhost:1434/master"
            "?driver=ODBC+Driver+18+for+SQL+Server&TrustServerCertificate=yes"
        )


class TestNewestOf:
    def test_takes_the_highest_version(self) -> None:
        drivers = ["FreeTDS", "ODBC Driver 9 for SQL Server", "ODBC Driver 18 for SQL Server"]

        assert newest_of(drivers) == "ODBC Driver 18 for SQL Server"

    def test_names_the_driver_to_install_when_there_is_none(self) -> None:
        with pytest.raises(UnusableError, match="ODBC Driver 18 for SQL Server is not installed"):
            newest_of(["FreeTDS"])


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (ImportError("libodbc.so.2: cannot open shared object file"), "libodbc is not installed"),
            (ModuleNotFoundError("No module named 'pyodbc'", name="pyodbc"), "pip install 'corelib[mssql]'"),
            (ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy"), "SQLAlchemy is not installed"),
            (ImportError("something\n else"), "something else"),
        ],
    )
    def test_tells_what_to_install(self, error: ImportError, told: str) -> None:
        assert told in what_is_missing(error)


class TestWhatWasRefused:
    def test_names_the_driver_when_it_cannot_be_loaded(self) -> None:
        message = "('01000', \"[01000] [unixODBC][Driver Manager]Can't open lib 'ODBC Driver 18' : file not found\")"

        assert what_was_refused(message) == "the ODBC driver that the URL names is not installed (package msodbcsql18)"

    def test_keeps_other_answers_on_one_line(self) -> None:
        assert what_was_refused("Login failed\nfor user 'sa'.") == "Login failed for user 'sa'."


class TestRequiredNames:
    @pytest.mark.parametrize(
        ("text", "names"),
        [("", set()), (" , ", set()), ("redis", {"redis"}), (" Redis, mssql ,", {"redis", "mssql"})],
    )
    def test_reads_a_comma_separated_list(self, text: str, names: set[str]) -> None:
        assert required_names({"CORELIB_REQUIRE": text}, NAMES) == names

    def test_are_none_when_the_variable_is_not_set(self) -> None:
        assert required_names({}, NAMES) == set()

    def test_refuses_an_unknown_name_and_lists_the_known_ones(self) -> None:
        with pytest.raises(InvalidSetting) as caught:
            required_names({"CORELIB_REQUIRE": "redis,oracle"}, NAMES)

        assert "CORELIB_REQUIRE names 'oracle'" in str(caught.value)
        assert "Known are mssql, postgresql, redis, rabbitmq." in str(caught.value)


class TestUnmet:
    kinds = (kind("redis", "Redis"), kind("rabbitmq", "RabbitMQ"))

    def test_is_empty_when_all_required_are_there(self) -> None:
        found = {"redis": Server(url="redis://h", engine="Redis", origin="named"), "rabbitmq": Missing("none")}

        assert unmet({"redis"}, self.kinds, found) == []

    def test_tells_for_each_missing_one_why_and_what_to_do(self) -> None:
        sentences = unmet(
            {"redis", "rabbitmq"}, self.kinds, {"redis": Missing("no wheel"), "rabbitmq": Missing("none")}
        )

        assert sentences == [
            "CORELIB_REQUIRE names redis, but there is no Redis (no wheel); install redis.",
            "CORELIB_REQUIRE names rabbitmq, but there is no RabbitMQ (none); install rabbitmq.",
        ]

    def test_counts_one_that_was_not_looked_for(self) -> None:
        assert unmet({"redis"}, self.kinds, {}) == [
            "CORELIB_REQUIRE names redis, but --only leaves it out; add it there or take it out of CORELIB_REQUIRE."
        ]


class TestReport:
    def test_tells_engine_origin_and_address_without_the_password(self) -> None:
        server = Server(url="redis://:s3cret@host/0", engine="Redis 7.2", origin="named by X", caveat="Not all of it.")

        text = report([kind("redis", "Redis")], {"redis": server})

        assert text == "servers: Redis: Redis 7.2, named by X, redis://:***@host/0. Not all of it.\n"

    def test_tells_what_an_absent_one_leaves_unproven_and_how_to_give_one(self) -> None:
        text = report([kind("mssql", "SQL Server")], {"mssql": Missing("none named by X, no Docker engine")})

        assert text == (
            "servers: SQL Server: none named by X, no Docker engine: its features are not proven by this run. "
            "To change that, install mssql.\n"
        )

    def test_names_those_that_were_not_looked_for(self) -> None:
        text = report([kind("mssql", "SQL Server"), kind("redis", "Redis")], {"redis": Missing("none")})

        assert text.endswith("servers: not looked for, because --only leaves them out: SQL Server.\n")

    def test_has_a_line_for_every_kind_there_is(self) -> None:
        text = report(KINDS, {kind.name: Missing("none") for kind in KINDS})

        assert [line.split(": ")[1] for line in text.splitlines()] == ["SQL Server", "PostgreSQL", "Redis", "RabbitMQ"]


class TestCommandEnvironment:
    def test_holds_the_url_of_each_server_and_no_variable_of_an_absent_one(self) -> None:
        kinds = [kind("redis", "Redis"), kind("rabbitmq", "RabbitMQ"), kind("mssql", "SQL Server")]
        environ = {"PATH": "/bin", "CORELIB_TEST_RABBITMQ_URL": "stale", "CORELIB_TEST_MSSQL_URL": "stale"}
        results = {"redis": Server(url="redis://h", engine="Redis", origin="named"), "rabbitmq": Missing("none")}

        command_environ = command_environment(environ, kinds, results)

        assert command_environ == {"PATH": "/bin", "CORELIB_TEST_REDIS_URL": "redis://h"}


class TestParse:
    def test_takes_all_that_follows_the_first_dashes_as_the_command(self) -> None:
        options = parse(["--", "pytest", "--only", "x", "--", "y"], NAMES)

        assert options.command == ("pytest", "--only", "x", "--", "y")
        assert options.only == set(NAMES)

    def test_reads_the_servers_to_look_for(self) -> None:
        assert parse(["--only", "redis,mssql", "--", "true"], NAMES).only == {"redis", "mssql"}

    def test_refuses_an_unknown_server(self) -> None:
        with pytest.raises(InvalidSetting, match="--only names 'oracle'"):
            parse(["--only", "oracle", "--", "true"], NAMES)

    @pytest.mark.parametrize("arguments", [[], ["--"], ["--only", "redis"], ["pytest"]])
    def test_ends_with_2_when_there_is_no_command(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            parse(arguments, NAMES)

        assert caught.value.code == 2
        assert "-- COMMAND" in capsys.readouterr().err


class TestMain:
    def test_ends_with_2_and_one_sentence_when_a_required_name_is_unknown(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = main(["--", "true"], {"CORELIB_REQUIRE": "oracle"})

        assert code == 2
        assert capsys.readouterr().err.startswith("CORELIB_REQUIRE names 'oracle'")

    def test_ends_with_2_when_a_required_server_is_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        code = main(["--only", "rabbitmq", "--", "true"], {"CORELIB_REQUIRE": "rabbitmq"})

        assert code == 2
        assert "there is no RabbitMQ" in capsys.readouterr().err


class TestAccount:
    def test_leaves_files_alone_when_it_is_the_own_one(self, tmp_path: Path) -> None:
        before = tmp_path.stat()

        Account().give(tmp_path)

        assert tmp_path.stat() == before
        assert not Account().switched


class TestOpenToAll:
    def test_is_false_below_a_private_directory(self, tmp_path: Path) -> None:
        private = tmp_path / "private"
        private.mkdir(mode=0o700)
        file = private / "file"
        file.touch(mode=0o644)

        assert not open_to_all(file)

    def test_is_true_for_the_root_directory(self) -> None:
        assert open_to_all(Path("/"))
