"""The process that was started is found again, also where the kernel did not show its command line yet."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ivr.asterisk import process
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.running import found, mark_of


def test_the_mark_names_the_command_that_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_early(pid: int, tail: int, configuration: str = "") -> Any:
        mark = mark_of(pid, tail, configuration)
        return None if mark is None else replace(mark, command=())

    monkeypatch.setattr(process, "mark_of", too_early)
    places = {
        "folder": tmp_path,
        "log": tmp_path,
        "run": tmp_path,
        "etc": tmp_path,
        "config_file": tmp_path / "c",
    }
    binary = SimpleNamespace(argv=("sh", "-c", "sleep 60; true", "asterisk"))
    asterisk = PrivateAsterisk(
        cast(Any, binary), cast(Any, SimpleNamespace(**places, http_host="")), die_with_parent=False
    )
    started = asterisk._spawn()
    try:
        again = found(tmp_path, asterisk._command()[-3:])
        assert again is not None and again[0].pid == started.pid
    finally:
        started.send(signal.SIGKILL)
        started.status()
