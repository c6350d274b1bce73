"""`ivr migrate` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from ivr.cli.migrate import migrate
from storage.migrate import head_revision

app = typer.Typer()
app.command()(migrate)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'var' / 'hotline.db'}"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_it_makes_the_file_and_its_folder_and_is_safe_to_repeat(url: str) -> None:
    first = run("--database-url", url)
    assert (first.exit_code, first.stderr.strip()) == (
        0,
        f"the database went from nothing to {head_revision()}",
    )
    again = run("--database-url", url)
    assert (again.exit_code, again.stderr.strip()) == (0, f"the database is at revision {head_revision()}")


def test_status_says_where_it_stands_by_its_exit_code_too(url: str) -> None:
    run("--database-url", url)
    assert run("--database-url", url, "--status").exit_code == 0
    run("--database-url", url, "--down", "base", "--yes")
    behind = run("--database-url", url, "--status")
    assert behind.exit_code == 3
    assert "run `ivr migrate`" in behind.stderr


def test_going_back_wants_to_be_asked_twice(url: str) -> None:
    run("--database-url", url)
    assert run("--database-url", url, "--down", "base").exit_code == 2
    assert run("--database-url", url, "--status").exit_code == 0


def test_the_settings_name_the_database(url: str, tmp_path: Path) -> None:
    config = tmp_path / "hotline.yaml"
    config.write_text(f"database_url: {url}\n", encoding="utf-8")
    assert run("--config", str(config)).exit_code == 0
    assert (tmp_path / "var" / "hotline.db").exists()


def test_an_error_is_told_with_its_cure_and_no_traceback() -> None:
    wrong = run("--database-url", "mysql://root@localhost/x")
    assert wrong.exit_code == 1
    assert "mysql" in wrong.stderr
    assert "postgresql+asyncpg" in wrong.stderr
    unknown = run("--database-url", "mysql://root@localhost/x", "--down", "7", "--yes")
    assert unknown.exit_code == 1
