"""SQL Server in a container, from the compose file in the working directory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import which

from corelib.testing.servers.model import UnusableError, nothing_to_stop
from corelib.testing.servers.urls import HIDDEN

COMPOSE_FILE = "docker-compose.test.yml"
PASSWORD_VARIABLE = "MSSQL_SA_PASSWORD"  # noqa: S105 - the name of a variable

_ANSWER_SECONDS = 5
_START_SECONDS = 900  # the first start downloads the image
_STOP_SECONDS = 60


def docker_answers() -> bool:
    """Return whether a Docker engine answers within a few seconds."""
    if which("docker") is None:
        return False
    try:
        return _docker(["info", "--format", "{{.ServerVersion}}"], seconds=_ANSWER_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def start_container(password: str, directory: Path) -> Callable[[], None]:
    """Start the compose file's server and wait until it is healthy.

    Args:
        password: of the login `sa`; a server that already has its data keeps the one it was first started with.
        directory: where the compose file is.

    Returns:
        What stops it again; nothing is stopped if it was running before.

    Raises:
        UnusableError: there is no compose file, or Docker did not bring the server up.
    """
    file = directory / COMPOSE_FILE
    if not file.is_file():
        raise UnusableError(f"no {COMPOSE_FILE} in {directory}")
    compose = ["compose", "--file", str(file)]
    environ = {**os.environ, PASSWORD_VARIABLE: password}
    try:
        if _docker(["compose", "version"], seconds=_ANSWER_SECONDS).returncode != 0:
            raise UnusableError("Docker lacks its compose plugin")
        running = _docker([*compose, "ps", "--quiet", "--status", "running"], seconds=_STOP_SECONDS, environ=environ)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnusableError(f"docker compose failed ({type(error).__name__})") from error

    def stop() -> None:
        _docker([*compose, "down"], seconds=_STOP_SECONDS, environ=environ)

    stop_if_ours = nothing_to_stop if running.stdout.strip() else stop
    try:
        _bring_up(compose, environ)
    except BaseException:
        stop_if_ours()
        raise
    return stop_if_ours


def _bring_up(compose: Sequence[str], environ: dict[str, str]) -> None:
    sys.stderr.write("Starting SQL Server with Docker; the first time this downloads its image.\n")
    try:
        up = _docker([*compose, "up", "--detach", "--wait"], seconds=_START_SECONDS, environ=environ)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnusableError(f"docker compose up failed ({type(error).__name__})") from error
    if up.returncode != 0:
        last_line = (up.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UnusableError(f"docker compose up failed ({last_line.replace(environ[PASSWORD_VARIABLE], HIDDEN)})")


def _docker(
    arguments: Sequence[str], *, seconds: float, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        ["docker", *arguments],  # noqa: S607 - the user's own docker, wherever it is
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=environ,
    )
