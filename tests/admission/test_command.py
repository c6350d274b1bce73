"""`ivr nuisance`: listed, shown masked, taken off; who saw a number in full is on record."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from ivr.cli.nuisance import app
from storage.act_records import ActRecord
from storage.migrate import upgrade
from storage.store import Store

NUMBER = "13800138000"


def acts(url: str) -> list[ActRecord]:
    async def read() -> list[ActRecord]:
        async with await Store.open(url) as store, store.reading() as uow:
            return await uow.acts.listed(kind="nuisance")

    return asyncio.run(read())


def test_a_number_is_listed_shown_and_taken_off(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
    asyncio.run(upgrade(url))

    def ivr(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, [*arguments, "--database-url", url])
        assert done.exit_code == code, done.output
        return done.output

    assert "nobody" in ivr("list")
    added = ivr("add", NUMBER, "--why", "silent", "--by", "sue", "--days", "0")
    assert NUMBER not in added and "138******00" in added
    assert "already" in ivr("add", NUMBER, "--why", "silent", code=1)
    assert "pattern" in ivr("add", "abc", "--why", "x", code=1)
    listed = ivr("list")
    assert NUMBER not in listed and "silent" in listed and "sue" in listed
    assert max(map(len, listed.splitlines())) <= 80
    (plain,) = json.loads(ivr("list", "--format", "json"))
    assert plain["number"] == "138******00" and plain["in_force"] is True
    (clear,) = json.loads(ivr("list", "--format", "json", "--clear", "--by", "tom"))
    assert clear["number"] == NUMBER
    ivr("remove", clear["id"], "--by", "sue", "--why", "it was a mistake")
    assert "nobody" in ivr("list")
    assert "removed by sue" in ivr("list", "--all")
    assert "not on the list" in ivr("remove", clear["id"], code=1)
    found = [(act.author, act.act, act.why) for act in reversed(acts(url))]
    assert found == [
        ("sue", "added", "silent"),
        ("tom", "number_shown", ""),
        ("sue", "removed", "it was a mistake"),
    ]


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'nowhere.db'}"
    done = CliRunner().invoke(app, ["list", "--database-url", url])
    assert done.exit_code == 1
    assert "ivr migrate" in done.output
    assert not (tmp_path / "nowhere.db").exists()
