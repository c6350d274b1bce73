"""The guard of tests/conftest.py really fails a test that leaks a task, and leaves a clean one alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            "keep.append(asyncio.create_task(asyncio.sleep(60), name='forgotten'))",
            ["1 passed, 1 error", "tasks left behind: ['forgotten']"],
        ),
        ("await asyncio.create_task(asyncio.sleep(0))", ["1 passed"]),
    ],
)
def test_leaked_task(tmp_path: Path, body: str, lines: list[str]) -> None:
    (tmp_path / "conftest.py").write_text(GUARD.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
    test = f"import asyncio\nkeep = []\nasync def test_it():\n    {body}\n"
    (tmp_path / "test_it.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    surroundings = {**os.environ, "PYTHONPATH": str(GUARD.parents[1])}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=surroundings
    )
    for line in lines:
        assert line in done.stdout, done.stdout
    assert ("error" in done.stdout) == (len(lines) > 1)
