from __future__ import annotations

import logging
import sqlite3
import sys
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

from corelib.errors import InvalidSetting, MigrationFailed
from corelib.testing.database.sources.alembic import AlembicSource

INI = """\
[alembic]
script_location = {location}
prepend_sys_path = .
sqlalchemy.url = driver://user:pass@localhost/dbname

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = DEBUG
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(message)s
"""

ENV = """\
from logging.config import fileConfig

from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)
connectable = engine_from_config(config.get_section(config.config_ini_section, {}), poolclass=pool.NullPool)
with connectable.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

SHARING_ENV = """\
from alembic import context

connection = context.config.attributes["connection"]
assert context.config.attributes["url"].startswith("sqlite:")
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""

REVISION = """\
from alembic import op
import sqlalchemy as sa
{before}
revision, down_revision = {name!r}, {after!r}
def upgrade():
    print("upgrading")
    {body}
"""


def project(
    folder: Path, *, body: str = "pass", env: str = ENV, location: str = "%(here)s/migrations", before: str = ""
) -> AlembicSource:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (folder / "alembic.ini").write_text(INI.format(location=location), encoding="utf-8")
    (folder / "migrations" / "env.py").write_text(env, encoding="utf-8")
    first = "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True))"
    for name, after, text, prologue in (("0001", None, first, ""), ("0002", "0001", body, before)):
        source = REVISION.format(name=name, after=after, body=text, before=prologue)
        (versions / f"{name}_change.py").write_text(source, encoding="utf-8")
    return AlembicSource(folder / "alembic.ini")


def tables_in(file: Path) -> set[str]:
    connection = sqlite3.connect(file)
    try:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    finally:
        connection.close()


class TestAlembicSourceBuild:
    @pytest.mark.parametrize("env", [ENV, SHARING_ENV], ids=["engine of its own", "connection of the caller"])
    def test_upgrades_to_the_head(self, tmp_path: Path, env: str) -> None:
        source = project(tmp_path, body="op.add_column('orders', sa.Column('note', sa.Text))", env=env)

        source.build(f"sqlite:///{tmp_path / 'db'}")

        assert tables_in(tmp_path / "db") == {"alembic_version", "orders"}

    def test_upgrades_to_all_heads(self, tmp_path: Path) -> None:
        source = project(tmp_path)
        branch = REVISION.format(
            name="0003", after="0001", before="", body="op.create_table('b', sa.Column('id', sa.Integer))"
        )
        (tmp_path / "migrations" / "versions" / "0003_b.py").write_text(branch, encoding="utf-8")

        source.build(f"sqlite:///{tmp_path / 'db'}")

        assert tables_in(tmp_path / "db") == {"alembic_version", "orders", "b"}

    def test_takes_a_url_with_per_cent_signs(self, tmp_path: Path) -> None:
        (tmp_path / "50 off").mkdir()

        project(tmp_path).build(f"sqlite:///{tmp_path}/50%20off/db")

        assert "orders" in tables_in(tmp_path / "50 off" / "db")

    @pytest.mark.parametrize("location", ["%(here)s/migrations", "migrations"])
    def test_finds_the_scripts_from_wherever_the_tests_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
    ) -> None:
        source = project(tmp_path, location=location)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        source.build(f"sqlite:///{tmp_path / 'db'}")

        assert "orders" in tables_in(tmp_path / "db")

    def test_finds_scripts_that_the_file_names_from_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project(tmp_path / "backend")
        (tmp_path / "ini").mkdir()
        (tmp_path / "ini" / "alembic.ini").write_text(INI.format(location="backend/migrations"), encoding="utf-8")
        monkeypatch.chdir(tmp_path)

        AlembicSource(Path("ini/alembic.ini")).build(f"sqlite:///{tmp_path / 'db'}")

        assert "orders" in tables_in(tmp_path / "db")

    def test_lets_migrations_import_modules_beside_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "names_beside_the_ini.py").write_text("NAME = 'parcels'\n", encoding="utf-8")
        body = "op.rename_table('orders', names_beside_the_ini.NAME)"

        project(tmp_path, body=body, before="import names_beside_the_ini").build(f"sqlite:///{tmp_path / 'db'}")

        assert "parcels" in tables_in(tmp_path / "db")

    class WhenItIsDone:
        def test_has_left_the_process_as_it_was(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
            logger = logging.getLogger("host.of.a.test")
            root = logging.getLogger()
            before = (Path.cwd(), list(sys.path), root.level, list(root.handlers), logger.disabled)

            project(tmp_path).build(f"sqlite:///{tmp_path / 'db'}")

            after = (Path.cwd(), list(sys.path), root.level, list(root.handlers), logger.disabled)
            assert after == before
            assert capfd.readouterr() == ("", "")

    class WhenAMigrationFails:
        def test_names_its_file_and_its_error(self, tmp_path: Path) -> None:
            source = project(tmp_path, body="op.execute('SELECT * FROM nowhere')")

            with pytest.raises(
                MigrationFailed, match=r"0002_change\.py failed: OperationalError: no such table: nowhere"
            ) as failed:
                source.build(f"sqlite:///{tmp_path / 'db'}")

            assert failed.value.__cause__ is not None

        def test_leaves_the_process_as_it_was(self, tmp_path: Path) -> None:
            before = (Path.cwd(), list(sys.path))

            with pytest.raises(MigrationFailed):
                project(tmp_path, body="raise RuntimeError('no')").build(f"sqlite:///{tmp_path / 'db'}")

            assert (Path.cwd(), list(sys.path)) == before

        def test_tells_what_to_change_where_env_reads_the_logging_unasked(self, tmp_path: Path) -> None:
            env = ENV.replace("if config.config_file_name is not None:\n    ", "")

            with pytest.raises(MigrationFailed, match=r"In env\.py, write: if config.config_file_name is not None"):
                project(tmp_path, env=env).build(f"sqlite:///{tmp_path / 'db'}")


class TestAlembicSourceFingerprint:
    @pytest.mark.parametrize(
        "path",
        [
            "migrations/env.py",
            "migrations/versions/0001_change.py",
            "migrations/data/countries.csv",
            "migrations/of.py",
        ],
    )
    def test_changes_with_any_file_of_the_script_directory(self, tmp_path: Path, path: str) -> None:
        source = project(tmp_path)
        (tmp_path / "migrations" / "data").mkdir()
        (tmp_path / path).touch()
        before = source.fingerprint()

        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write("# more\n")

        assert source.fingerprint() != before

    def test_changes_with_a_new_revision(self, tmp_path: Path) -> None:
        source = project(tmp_path)
        before = source.fingerprint()

        (tmp_path / "migrations" / "versions" / "0003_more.py").touch()

        assert source.fingerprint() != before

    def test_changes_with_an_option_of_the_section(self, tmp_path: Path) -> None:
        source = project(tmp_path)
        before = source.fingerprint()

        text = source.ini.read_text(encoding="utf-8").replace("prepend_sys_path = .", "prepend_sys_path = . src")
        source.ini.write_text(text, encoding="utf-8")

        assert source.fingerprint() != before

    def test_changes_with_revisions_that_are_elsewhere(self, tmp_path: Path) -> None:
        source = project(tmp_path)
        (tmp_path / "more").mkdir()
        locations = "[alembic]\nversion_locations = %(here)s/migrations/versions %(here)s/more\npath_separator = space"
        source.ini.write_text(source.ini.read_text("utf-8").replace("[alembic]", locations), encoding="utf-8")
        before = source.fingerprint()

        (tmp_path / "more" / "0003_more.py").touch()

        assert source.fingerprint() != before

    def test_changes_with_what_it_is_told_to_look_at(self, tmp_path: Path) -> None:
        ini = project(tmp_path).ini
        (tmp_path / "models").mkdir()
        source = AlembicSource(ini, [tmp_path / "models", ini])
        before = source.fingerprint()

        (tmp_path / "models" / "orders.py").touch()

        assert source.fingerprint() != before

    def test_is_the_same_in_another_folder_for_another_url_and_logging(self, tmp_path: Path) -> None:
        one, other = project(tmp_path / "one"), project(tmp_path / "other")
        text = other.ini.read_text("utf-8").replace("driver://", "sqlite://").replace("DEBUG", "INFO")
        other.ini.write_text(text, encoding="utf-8")

        assert other.fingerprint() == one.fingerprint()

    def test_does_not_count_caches_and_the_template_of_revisions(self, tmp_path: Path) -> None:
        source = project(tmp_path)
        before = source.fingerprint()

        source.build(f"sqlite:///{tmp_path / 'db'}")
        (tmp_path / "migrations" / "script.py.mako").touch()

        assert source.fingerprint() == before

    class WhenTheProjectCannotBeUsed:
        @pytest.mark.parametrize(
            ("ini", "said"),
            [
                ("[loggers]\n", "is no alembic.ini"),
                ("no section", "is no alembic.ini"),
                ("[alembic]\n", "script_location"),
                ("[alembic]\nscript_location = nowhere\n", "nowhere"),
                ("[alembic]\nscript_location = nowhere_at_all:migrations\n", "nowhere_at_all"),
                ("[alembic]\nscript_location = %(nothing)s\n", "nothing"),
            ],
        )
        def test_says_why(self, tmp_path: Path, ini: str, said: str) -> None:
            (tmp_path / "alembic.ini").write_text(ini, encoding="utf-8")

            with pytest.raises(InvalidSetting, match=said):
                AlembicSource(tmp_path / "alembic.ini").fingerprint()

        def test_says_that_the_file_is_not_there(self, tmp_path: Path) -> None:
            with pytest.raises(InvalidSetting, match=r"alembic\.ini, which cannot be read"):
                AlembicSource(tmp_path / "alembic.ini").fingerprint()
