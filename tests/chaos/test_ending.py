"""A run that is ended by hand says so, and leaves nothing behind however it ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tests.chaos.__main__ as command
from tests.chaos.run import Verdict


def test_ended_by_hand_is_not_finished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[str] = []

    async def run(*_: object, verdict: Verdict, **__: object) -> Verdict:
        verdict.faults = 3
        verdict.passed["ari_cut"] = 3
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("everything")
        return verdict

    monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(sys, "argv", ["chaos"])
    assert command.main() == 128 + signal.SIGTERM
    assert ended == ["everything"]
    *told, verdict = capsys.readouterr().out.splitlines()
    assert "not finished" in told[0]
    found = json.loads(verdict)
    assert (found["verdict"], found["ended_by"], found["passed"]) == ("not finished", "SIGTERM", 3)


def test_what_failed_before_stays_failed() -> None:
    verdict = Verdict(1, faults=2, ended_by="SIGINT")
    verdict.failed["ari_cut"] = 1
    assert (verdict.word, verdict.green) == ("failed", False)


def test_the_guard_ends_what_names_its_folders_and_removes_what_is_temporary(tmp_path: Path) -> None:
    temporary, kept, other = (tmp_path / name for name in ("temporary", "kept", "temporary2"))
    for folder in (temporary, kept, other):
        folder.mkdir()

    def runs_in(folder: Path) -> subprocess.Popen[bytes]:
        words = ("import sys; sys.stdin.read()", str(folder / "asterisk.conf"))
        return subprocess.Popen([sys.executable, "-c", *words], stdin=subprocess.PIPE)

    first, second, stranger = (runs_in(folder) for folder in (temporary, kept, other))
    try:
        subprocess.run(
            [sys.executable, "-m", "tests.chaos.guard", str(temporary), "--keep", str(kept)],
            stdin=subprocess.DEVNULL,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        assert first.wait() == second.wait() == -signal.SIGKILL
        assert stranger.poll() is None
        assert (temporary.exists(), kept.exists(), other.exists()) == (False, True, True)
    finally:
        for one in (first, second, stranger):
            one.kill()
            one.communicate()
