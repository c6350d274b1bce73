"""`ivr transcripts` as it is typed."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.transcripts import app
from storage.store import Store
from tests.storage import samples as s
from tests.storage.test_transcripts import said


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_file, tmp_path / "hotline.db")
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"

    async def fill() -> None:
        async with await Store.open(url) as store, store.unit_of_work() as uow:
            await uow.calls.upsert(s.call())
            await uow.transcripts.append(
                said(1, "我叫张伟，小区停水了", began_at=s.at(1), ended_at=s.at(3)), said(2, "小区路灯坏了")
            )

    asyncio.run(fill())
    return url


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--database-url", url])


def test_show(url: str) -> None:
    shown = run(url, "show", "c-n1-1")
    assert shown.exit_code == 0
    assert "我叫【姓名】，小区停水了" in shown.stdout
    assert (
        "<v Caller>我叫张伟" in run(url, "show", "c-n1-1", "--format", "vtt", "--clear", "--by", "sue").stdout
    )
    assert json.loads(run(url, "show", "c-n1-1", "--format", "json").stdout)["version"] == 1
    acts = run(url, "acts")
    assert len(acts.stdout.splitlines()) == 1
    assert " sue show c-n1-1 " in acts.stdout


def test_search(url: str) -> None:
    assert run(url, "search", "小区 -停水").stdout.strip().endswith("Caller: 小区路灯坏了")
    assert "nothing was said" in run(url, "search", "张伟").stdout
    assert "张伟" in run(url, "search", "张伟", "--clear").stdout
    page = json.loads(run(url, "search", "小区", "--limit", "1", "--json").stdout)
    assert [hit["line"]["id"] for hit in page["hits"]] == ["2"]
    rest = run(url, "search", "小区", "--after", str(page["more"])).stdout
    assert "停水" in rest and "路灯" not in rest
    assert (
        "路灯"
        in run(
            url, "search", "路灯", "--from", "2026-11-22", "--to", "2026-11-22", "--speaker", "caller"
        ).stdout
    )
    assert "nothing" in run(url, "search", "路灯", "--to", "2026-11-20").stdout


def test_correct_and_history(url: str) -> None:
    done = run(
        url, "correct", "c-n1-1", "2", "小区路灯不亮", "--why", "misheard", "--by", "a1", "--revision", "0"
    )
    assert (done.exit_code, done.stdout.strip()) == (0, "2: 小区路灯不亮")
    late = run(url, "correct", "c-n1-1", "2", "x", "--why", "y", "--by", "a2", "--revision", "0")
    assert late.exit_code == 1
    assert "somebody else" in late.stderr
    history = run(url, "show", "c-n1-1", "--history").stdout
    assert "a1 (misheard)\n  - 小区路灯坏了\n  + 小区路灯不亮" in history
    assert json.loads(run(url, "show", "c-n1-1", "--history", "--format", "json").stdout)[0]["author"] == "a1"


def test_export(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    done = run(
        url,
        "export",
        str(folder),
        "--from",
        "2026-11-22",
        "--to",
        "2026-11-22",
        "--format",
        "vtt",
        "--format",
        "text",
    )
    assert "1 calls written" in done.stdout
    assert {path.name for path in folder.iterdir()} == {"c-n1-1.vtt", "c-n1-1.txt"}
    assert "张伟" not in (folder / "c-n1-1.txt").read_text(encoding="utf-8")
    assert (folder / "c-n1-1.txt").stat().st_mode & 0o077 == 0
    taken = tmp_path / "file"
    taken.write_text("")
    refused = run(url, "export", str(taken), "--from", "2026-11-22", "--to", "2026-11-22")
    assert refused.exit_code == 1
    assert str(taken) in refused.stderr


def test_erase(url: str) -> None:
    assert run(url, "erase").exit_code == 2
    assert run(url, "erase", "c-n1-1", "--old").exit_code == 2
    assert run(url, "erase", "--old").stdout.strip() == "nothing is old"
    assert run(url, "erase", "c-n1-1", "--by", "sue").exit_code == 1
    assert run(url, "erase", "c-n1-1", "--by", "sue", "--why", "asked for").stdout.strip() == "2 lines erased"
    gone = run(url, "show", "c-n1-1")
    assert gone.exit_code == 1
    assert "nothing of c-n1-1 is in writing" in gone.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "x", "--from", "yesterday"], "neither a day"),
        (["search", "--", "-x"], "no word to look for"),
        (["export", "d", "--from", "2026-11-23", "--to", "2026-11-21"], "time is empty"),
        (["index"], "0 lines indexed"),
    ],
)
def test_what_is_typed_wrong_is_said(url: str, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, [arguments[0], "--database-url", url, *arguments[1:]])
    assert said in result.output


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}", "show", "c1")
    assert result.exit_code == 1
    assert "ivr migrate" in result.stderr
