"""Migrations of a host that uses Alembic, with alembic.ini and env.py."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import chdir, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

from attrs import field, frozen

from corelib.adapters.sqlalchemy import create_engine
from corelib.errors import InvalidSetting, MigrationFailed, MissingExtra
from corelib.testing.database.sources.digest import digest_of, file_digest, files_below
from corelib.testing.database.telling import told

if TYPE_CHECKING:
    from alembic.config import Config

SECTION = "alembic"
_WHERE_IT_RUNS = "sqlalchemy.url"


def _all(paths: Iterable[Path]) -> Sequence[Path]:
    return tuple(paths)


@frozen
class AlembicSource:
    """Runs `alembic upgrade heads` in this process, as if in the folder of alembic.ini.

    The digest covers the section `[alembic]` without its URL, and all files below the script directory and the
    `version_locations`: env.py, revisions, modules and data beside them; not the template for new revisions. What a
    migration imports from elsewhere is not seen: name such files as `also`, or rebuild by hand when they change.

    env.py finds the database in the option `sqlalchemy.url`, and in `config.attributes` as `url` and, for those that
    share a connection (Alembic: "Sharing a Connection across one or more programmatic migration commands"), as
    `connection`. `config.config_file_name` is None, so that the guard which Alembic's templates have around
    `fileConfig` keeps the host's logging as it is.

    Args:
        ini: the file alembic.ini.
        also: more files and folders that decide what the migrations make.
    """

    ini: Path = field(converter=Path)
    also: Sequence[Path] = field(default=(), converter=_all)

    @property
    def label(self) -> str:
        """Return the name of the file."""
        return self.ini.name

    def fingerprint(self) -> str:
        """Return the digest of the section and of the files."""
        options = sorted((key, value) for key, value in self._options().items() if key != _WHERE_IT_RUNS)
        files = [(f"{number}/{path}", digest) for number, each in self._folders() for path, digest in files_below(each)]
        more = [(f"{each.name}/{path}", digest) for each in self.also for path, digest in _digests(each)]
        return digest_of([*options, *files, *more])

    def build(self, url: str) -> None:
        """Upgrade to the heads.

        Raises:
            MigrationFailed: names the file that failed.
            ConfigurationError: if the project, or the database, cannot be used.
        """
        engine = create_engine(url)
        try:
            with engine.connect() as connection, self._at_home(), redirect_stdout(StringIO()):
                config = self._config()
                config.set_main_option(_WHERE_IT_RUNS, url.replace("%", "%%"))
                config.attributes.update(url=url, connection=connection)
                self._upgrade(config)
                connection.commit()  # for an env.py that left the end of the transaction to its caller
        finally:
            engine.dispose()

    def _upgrade(self, config: Config) -> None:
        from alembic import command  # noqa: PLC0415 - an extra

        try:
            command.upgrade(config, "heads")
        except Exception as error:
            raise MigrationFailed(f"{self._place_of(error)} failed: {told(error)}", hint=self._advice()) from error

    def _place_of(self, error: Exception) -> str:
        """Return the last file of the project that the error came through."""
        folders = [folder for _, folder in self._folders()]
        files = [Path(frame.f_code.co_filename) for frame, _ in walk_tb(error.__traceback__)]
        own = [file for file in files if any(file.is_relative_to(folder) for folder in folders)]
        return f"The migration {own[-1].name}" if own else "alembic upgrade heads"

    def _advice(self) -> str:
        """Return what helps where env.py reads the logging of a file that it is not told."""
        env = self._folders()[0][1] / "env.py"
        text = env.read_text(encoding="utf-8", errors="replace") if env.is_file() else ""
        if "fileConfig(" in text and "config_file_name is not None" not in text:
            return "In env.py, write: if config.config_file_name is not None: fileConfig(config.config_file_name)"
        return ""

    def _options(self) -> dict[str, str]:
        parser = ConfigParser(interpolation=None)
        try:
            with self.ini.open(encoding="utf-8") as file:
                parser.read_file(file)
            return dict(parser.items(SECTION))
        except OSError as error:
            raise InvalidSetting(
                f"The migrations should be described by {self.ini}, which cannot be read: {error.strerror}.",
                hint="Name the alembic.ini of the project by corelib_migrations.",
            ) from error
        except ConfigParserError as error:
            raise InvalidSetting(f"{self.ini} is no alembic.ini: {error}.") from error

    def _folders(self) -> list[tuple[int, Path]]:
        """Return the script directory, and the folders of revisions that are elsewhere."""
        from alembic.script import ScriptDirectory  # noqa: PLC0415 - an extra
        from alembic.util import CommandError, coerce_resource_to_filename  # noqa: PLC0415

        with self._at_home():
            try:
                directory = ScriptDirectory.from_config(self._config())
                home = Path(directory.dir).resolve()
                others = [Path(coerce_resource_to_filename(each)) for each in directory.version_locations or ()]
            except (CommandError, ImportError, ConfigParserError) as error:
                raise InvalidSetting(f"The migrations that {self.ini} describes cannot be found: {error}.") from error
            folders = [each.resolve() for each in others]
        return list(enumerate([home, *(each for each in folders if not each.is_relative_to(home))]))

    def _config(self) -> Config:
        try:
            from alembic.config import Config  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise MissingExtra("alembic", extra="sqlalchemy", purpose="Building a template") from error

        config = Config(str(self.ini.resolve()), stdout=StringIO(), output_buffer=StringIO())
        _ = config.file_config  # is read here: later it would not be found
        config.config_file_name = None
        return config

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        """Work where Alembic's command would; relative paths in the file count from there, or else from here."""
        location = self._options().get("script_location", "")
        path = sys.path.copy()
        folder = self.ini.resolve().parent
        is_elsewhere = not (folder / location.partition(":")[0]).exists() and Path(location).is_dir()
        try:
            with chdir(Path.cwd() if is_elsewhere else folder), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a test run that takes warnings for errors means its own code
                sys.path.insert(0, str(folder))
                yield
        finally:
            sys.path[:] = path


def _digests(place: Path) -> Sequence[tuple[str, str]]:
    return [*files_below(place)] if place.is_dir() else [("", file_digest(place))]
