"""The pages that are a project, on a server and on two workers; `tests/docs` runs them on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.databases import MSSQL, POSTGRESQL, server_named_by
from tests.support.pages import ROOT, is_project, run_project

PAGES = [page for page in sorted(ROOT.glob("docs/**/*.md")) if is_project(page)]


class TestPages:
    @pytest.mark.parametrize("variable", [POSTGRESQL, MSSQL])
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_have_projects_whose_tests_pass(self, page: Path, variable: str, tmp_path: Path) -> None:
        server = server_named_by(variable)

        told = run_project(page, tmp_path, "--db-url", server, "-p", "xdist.plugin", "-n", "2", "--db-report")

        assert "hits 1, misses 1" in told or "hits 2, misses 0" in told
