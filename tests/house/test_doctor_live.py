"""`ivr doctor --live`: the running server says what is not true, through a socket that only its user may open."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.config import load_settings
from ivr.doctor.examining import Finding
from ivr.errors import AriUnavailable
from ivr.reconcile import door
from ivr.reconcile.compare import Finding as Found
from ivr.reconcile.door import NAME, answering, ask
from ivr.reconcile.examining import check_live, findings_of
from ivr.reconcile.reconciler import Look
from ivr.reconcile.repairs import Repairs
from ivr.reconcile.views import Asterisk, SeenChannel

STUCK = Found("bridge_without_owner", "c-n1-0-b.talk1", "it belongs to no live call")


def server(*findings: Found, error: str = "") -> Any:
    async def check() -> Look | None:
        if error:
            raise AriUnavailable(error)
        return Look(findings, {}, Asterisk({"caller": SeenChannel("caller", True)}), ())

    board = SimpleNamespace(entries=list, agents={"ann": None})
    books = SimpleNamespace(node="n1", registry=[1, 2], dispatcher=SimpleNamespace(board=board))
    now = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
    return SimpleNamespace(check=check, books=books, repairs=Repairs(), now=lambda: now)


async def told(folder: Path) -> list[Finding]:
    return [one async for one in check_live(load_settings(state_dir=folder))]


async def test_however_deep_the_folder_lies_only_its_user_may_ask(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["a folder with a long name"] * 6)
    folder.mkdir(parents=True)
    async with answering(folder, server(STUCK)):
        assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
        report = await ask(folder)
    assert report is not None
    assert report["counts"] == {
        "calls": 2,
        "entries": 0,
        "agents": 1,
        "channels": 1,
        "bridges": 0,
        "telephones": 0,
    }
    assert report["findings"] == [{"code": STUCK.code, "subject": STUCK.subject, "why": STUCK.why}]
    assert not (folder / NAME).exists()
    assert await ask(folder) is None


async def test_a_server_takes_the_place_of_one_that_was_killed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / NAME))
    assert await ask(tmp_path) is None
    async with answering(tmp_path, server()):
        assert [one.status for one in await told(tmp_path)] == ["ok", "ok", "ok"]


async def test_what_is_not_true_fails_and_what_was_repaired_is_a_warning(tmp_path: Path) -> None:
    running = server(STUCK)
    running.repairs.done["citizen_alone"] += 2
    async with answering(tmp_path, running):
        found = await told(tmp_path)
    assert [(one.name, one.status) for one in found] == [
        ("server", "ok"),
        ("bridge without owner", "fail"),
        ("repairs", "warn"),
    ]
    assert "c-n1-0-b.talk1: it belongs to no live call" in found[1].detail
    assert "citizen_alone 2" in found[2].detail


async def test_an_asterisk_that_does_not_answer_is_said(tmp_path: Path) -> None:
    async with answering(tmp_path, server(error="no answer within 5 s")):
        found = await told(tmp_path)
    assert [(one.name, one.status) for one in found][1] == ("asterisk", "fail")
    assert "no answer within 5 s" in found[1].detail


async def test_a_server_that_hangs_is_no_sound_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "ASK_S", 0.05)
    hanging = server()
    hanging.check = asyncio.get_running_loop().create_future
    async with answering(tmp_path, hanging):
        (found,) = await told(tmp_path)
    assert (found.status, "no sound answer" in found.detail) == ("fail", True)


def test_the_command_fails_where_no_server_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_STATE_DIR", str(tmp_path))
    result = CliRunner().invoke(app, ["doctor", "--live"])
    assert result.exit_code == 1
    assert "no server answers in" in result.output and "ivr run" in result.output


def test_refused_repairs_are_said() -> None:
    told = {"node": "n1", "counts": {}, "findings": [], "repairs": {}, "repairs_failed": 3}
    assert findings_of(told)[-1].detail == "3 were refused and tried again"
