"""The account that a server runs under: the own one, or another when root starts a server that refuses root."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from corelib.testing.servers.model import UnusableError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs a server.

    Args:
        user: id of the user, None for the user of this process.
        group: id of the group, None for the group of this process.
    """

    user: int | None = None
    group: int | None = None

    @property
    def switched(self) -> bool:
        """Return whether this is another account than the one of this process."""
        return self.user is not None

    def give(self, path: Path) -> None:
        """Make the account the owner of a directory and all in it."""
        if self.user is None:
            return
        for entry in (path, *path.rglob("*")):
            shutil.chown(entry, self.user, self.group)

    def run(self, command: Sequence[str], *, directory: Path, log: Path) -> subprocess.Popen[bytes]:
        """Start a program under the account, in a session of its own and with its output in a file.

        In a session of its own Ctrl-C in a terminal reaches the tests and not the server they use.

        Args:
            command: the program and its arguments.
            directory: its working directory, which the account may enter.
            log: the file that its output is added to.

        Raises:
            OSError: the program cannot be executed, or the account cannot be taken on.
        """
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - a program of a wheel with arguments made here
                command,
                cwd=directory,
                env={**os.environ, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=self.user,
                group=self.group,
                extra_groups=[] if self.switched else None,
            )


def kill_session(leader: subprocess.Popen[bytes]) -> None:
    """Kill a program that `Account.run` started, and the processes that it started in turn, unless it has ended."""
    if leader.poll() is None:  # afterwards its number may belong to somebody else
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()


def account_for_servers() -> Account:
    """Return the account of this process, or for root the one without privileges that every Unix has.

    Raises:
        UnusableError: root runs this, and there is no such account.
    """
    if os.geteuid() != 0:
        return Account()
    import pwd  # noqa: PLC0415 - exists on Unix only

    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise UnusableError(
            f"it refuses to run as root, and there is no account {UNPRIVILEGED!r} to run it as"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def open_to_all(path: Path) -> bool:
    """Return whether every account can reach a file or directory and read it."""
    readable = bool(path.stat().st_mode & stat.S_IROTH)
    return readable and all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)
