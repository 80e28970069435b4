"""A PostgreSQL data directory of its own, with a server on it that can be stopped and started again."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from corelib.testing.servers.account import Account, kill_session
from corelib.testing.servers.model import UnusableError

_START_SECONDS = 60
_STOP_SECONDS = 10
_PAUSE_SECONDS = 0.02
_STILL_ENDING = "pre-existing shared memory block"  # part of what PostgreSQL says of processes of a killed server

# Fast and unsafe: without these a crash of the machine loses data or the whole cluster, and here none is worth keeping.
SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "",
}

SURVIVING_KILLS: Mapping[str, str] = {**SETTINGS, "synchronous_commit": "on"}
"""What a killed server has answered to a COMMIT is then in the system's cache, where the next server finds it."""


class PostgresqlCluster:
    """A data directory, and the server on it; it listens on a socket in the same directory.

    Args:
        programs: where `initdb` and `postgres` are.
        directory: where data, socket and log stand; `account` may enter it.
        account: runs the programs.
    """

    def __init__(self, programs: Path, directory: Path, account: Account) -> None:
        self._programs = programs
        self._directory = directory
        self._account = account
        self._data = directory / "data"
        self._log = directory / "log"
        self._server: subprocess.Popen[bytes] | None = None
        self._user = "postgres"

    @property
    def directory(self) -> Path:
        """Return where all of it stands."""
        return self._directory

    @property
    def url(self) -> str:
        """Return what a client connects with, the same after each start."""
        return f"postgresql://{self._user}@/postgres?host={quote(str(self._directory))}"

    def initialise(self, *, password: str | None = None, settings: Mapping[str, str] = SETTINGS) -> None:
        """Make the data directory.

        Args:
            password: what the user `postgres` has to show; by default everybody is let in.
            settings: of the server.

        Raises:
            UnusableError: it could not be made.
        """
        if password is not None:
            self._user = f"postgres:{quote(password, safe='')}"
        command = [str(self._programs / "initdb"), "--pgdata", str(self._data), "--username=postgres"]
        command += self._authentication(password)
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--no-sync", "--no-instructions", f"--set=unix_socket_directories={self._directory}"]
        command += [f"--set={name}={value}" for name, value in settings.items()]
        initdb = self._account.run(command, directory=self._directory, log=self._log)
        try:
            code = initdb.wait(_START_SECONDS)
        finally:
            kill_session(initdb)
        if code != 0:
            raise UnusableError(f"initdb failed: {self._last_line()}")

    def start(self) -> None:
        """Start the server and wait until it takes connections; after a crash it recovers first.

        Raises:
            UnusableError: it ended, or was not ready in time.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self._serve(deadline):
            time.sleep(_PAUSE_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """Send the server a signal and wait for its end.

        Args:
            number: SIGTERM waits for clients, SIGINT ends their sessions, SIGQUIT ends everything at once and leaves
                recovery to the next start (PostgreSQL: "Shutting Down the Server"). SIGKILL is a crash.
        """
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(number)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill_session(server)

    def _serve(self, deadline: float) -> bool:
        """Start the server; return False if processes of an earlier one are still ending."""
        said = len(self._said())
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        server = self._server = self._account.run(command, directory=self._directory, log=self._log)
        try:
            while server.poll() is None and not self._ready(server.pid):
                self._check(deadline)
                time.sleep(_PAUSE_SECONDS)
        except BaseException:
            self.stop()
            raise
        if server.returncode is None:
            return True
        if _STILL_ENDING not in self._said()[said:]:
            raise UnusableError(f"it ended with exit code {server.returncode}: {self._last_line()}")
        self._check(deadline)
        return False

    def _check(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise UnusableError(f"it was not ready after {_START_SECONDS} s: {self._last_line()}")

    def _authentication(self, password: str | None) -> list[str]:
        """Return the options of initdb; the password goes through a file, where `ps` does not show it."""
        if password is None:
            return ["--auth=trust"]
        file = self._directory / "password"
        file.touch(mode=0o600)
        file.write_text(password, encoding="utf-8")
        self._account.give(file)
        return ["--auth=scram-sha-256", f"--pwfile={file}"]

    def _ready(self, pid: int) -> bool:
        """Return whether this server says in its pid file, on the eighth line, that it takes connections.

        A server that was killed has left its file behind.
        """
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def _last_line(self) -> str:
        lines = reversed(self._said().splitlines())
        return next((line.strip() for line in lines if line.strip()), "it left no log")
