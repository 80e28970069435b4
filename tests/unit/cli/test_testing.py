from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from corelib.cli.main import main
from corelib.cli.testing import FILES, template, write_files
from corelib.errors import InvalidSetting

ROOT = Path(__file__).parents[3]
PASSWORD = "Example-Passw0rd-For-Tests"
IMAGE = re.compile(r"image: (mcr\.microsoft\.com/\S+)")
COMPOSE = template("docker-compose.test.yml")
ENVIRONMENT = template("env.test.example")
WORKFLOW = template("integration.yml")


def values(environment: str) -> dict[str, str]:
    lines = (line for line in environment.splitlines() if line and not line.startswith("#"))
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def indentations(text: str) -> set[int]:
    return {len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip()}


class TestWriteFiles:
    class WhenThereAreNone:
        def test_writes_all(self, tmp_path: Path) -> None:
            outcome = write_files(tmp_path)

            assert outcome == dict.fromkeys(FILES, "wrote")
            assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in FILES} == {
                "docker-compose.test.yml": COMPOSE,
                ".env.test.example": ENVIRONMENT,
                ".github/workflows/integration.yml": WORKFLOW,
            }

    class WhenOneIsThere:
        def test_keeps_it_and_writes_the_others(self, tmp_path: Path) -> None:
            mine = tmp_path / "docker-compose.test.yml"
            mine.write_text("mine")

            outcome = write_files(tmp_path)

            assert mine.read_text() == "mine"
            assert outcome == {**dict.fromkeys(FILES, "wrote"), mine.name: "kept"}

        def test_writes_over_it_if_told(self, tmp_path: Path) -> None:
            mine = tmp_path / "docker-compose.test.yml"
            mine.write_text("mine")

            outcome = write_files(tmp_path, force=True)

            assert mine.read_text(encoding="utf-8") == COMPOSE
            assert outcome[mine.name] == "wrote"

    class WhenTheyCannotBeWritten:
        def test_wants_a_directory(self, tmp_path: Path) -> None:
            with pytest.raises(InvalidSetting, match="There is no directory"):
                write_files(tmp_path / "nowhere")

        def test_names_what_is_in_the_way(self, tmp_path: Path) -> None:
            (tmp_path / ".github").write_text("a file")

            with pytest.raises(InvalidSetting, match=r"\.github/workflows cannot be written"):
                write_files(tmp_path)


class TestTestingFiles:
    def test_tells_what_it_wrote_and_what_is_left_to_do(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = main(["testing", "files", "--directory", str(tmp_path)])

        printed = capsys.readouterr().out
        assert code == 0
        assert printed.startswith("wrote docker-compose.test.yml\nwrote .env.test.example\n")
        assert 'corelib_migrations = "alembic.ini"' in printed

    def test_takes_the_working_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

        main(["testing", "files"])

        assert (tmp_path / ".env.test.example").is_file()

    def test_ends_with_2_without_a_directory(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code = main(["testing", "files", "--directory", str(tmp_path / "nowhere"), "--force"])

        assert code == 2
        assert "Create it first." in capsys.readouterr().err


class TestTemplates:
    @pytest.mark.parametrize(
        ("name", "text"), [("docker-compose.test.yml", COMPOSE), (".env.test.example", ENVIRONMENT)]
    )
    def test_are_the_files_that_corelib_uses_itself(self, name: str, text: str) -> None:
        assert (ROOT / name).read_text(encoding="utf-8") == text

    def test_name_one_pinned_image(self) -> None:
        own = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")

        images = {image for text in (COMPOSE, WORKFLOW, own) for image in IMAGE.findall(text)}

        assert len(images) == 1
        assert re.fullmatch(r"mcr\.microsoft\.com/mssql/server:2022-CU\d+-ubuntu-22\.04", images.pop())

    @pytest.mark.parametrize("text", [COMPOSE, WORKFLOW])
    def test_look_into_the_server_with_its_newer_tools(self, text: str) -> None:
        assert "/opt/mssql-tools18/bin/sqlcmd -C " in text

    @pytest.mark.parametrize("text", [COMPOSE, WORKFLOW])
    def test_are_indented_as_yaml_wants_it(self, text: str) -> None:
        assert "\t" not in text
        assert {indentation % 2 for indentation in indentations(text)} == {0}

    def test_keep_data_and_backups_on_one_volume_that_the_server_owns(self) -> None:
        assert "      - mssql-data:/var/opt/mssql\n" in COMPOSE
        assert "MSSQL_BACKUP_DIR: /var/opt/mssql/data\n" in COMPOSE
        assert "user: root" not in COMPOSE

    def test_limit_the_memory_of_the_server_below_that_of_its_container(self) -> None:
        server = re.search(r'MSSQL_MEMORY_LIMIT_MB: "(\d+)"', COMPOSE)
        container = re.search(r"mem_limit: (\d+)g", COMPOSE)

        assert server is not None
        assert container is not None
        assert int(server[1]) < int(container[1]) * 1024

    def test_have_one_password(self) -> None:
        found = values(ENVIRONMENT)

        assert found["MSSQL_SA_PASSWORD"] == PASSWORD
        assert f":{PASSWORD}@localhost:1434/" in found["CORELIB_TEST_DATABASE_URL"]
        assert f"MSSQL_SA_PASSWORD:-{PASSWORD}}}" in COMPOSE
        assert f"MSSQL_SA_PASSWORD: {PASSWORD}\n" in WORKFLOW

    def test_have_secrets_that_are_obviously_examples(self) -> None:
        assert [name for name, value in values(ENVIRONMENT).items() if "example" not in value.lower()] == []

    def test_have_what_an_integration_test_reads_at_start(self) -> None:
        assert set(values(ENVIRONMENT)) == {
            "MSSQL_SA_PASSWORD",
            "CORELIB_TEST_DATABASE_URL",
            "STRIPE_SECRET_KEY",
            "POSTMARK_API_TOKEN",
            "AWS_ACCESS_KEY",
            "AWS_SECRET_KEY",
            "BUCKET_NAME",
            "QUESTIONNAIRE_API_BASE_URL",
        }

    def test_have_settings_for_pytest_that_can_be_read(self) -> None:
        settings = tomllib.loads(template("pyproject.snippet.toml"))

        assert settings["tool"]["pytest"]["ini_options"] == {"corelib_migrations": "alembic.ini"}
