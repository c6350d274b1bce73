"""Callers of a controller that was killed do not wait for what is needed later (ivr/main/late.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.kept_code import kept_code, place_of
from ivr.main.late import SELDOM, SOON, load_late

ROOT = Path(__file__).parents[2]
STARTED = """
import sys
from pathlib import Path
import ivr.cli.run
from ivr.flow.load import load_sources, read_folder
from ivr.flow.understanding.ready import in_a_hurry
with in_a_hurry():
    load_sources(read_folder(Path("flows")))
print(*[name for name in sys.argv[1:] if name in sys.modules])
"""


def test_a_start_loads_nothing_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTED, *SOON, *SELDOM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


async def test_what_calls_need_soon_is_loaded_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SOON:
        if name.startswith("ivr.flow.values."):
            monkeypatch.delitem(sys.modules, name, raising=False)
    await load_late()
    assert SOON.keys() <= sys.modules.keys()


CLASS = """
from dataclasses import dataclass

@dataclass(frozen=True, slots=True)
class {name}:
    one: int
    two: str = "two"
"""


def _made(place: Path, name: str) -> object:
    namespace: dict[str, type] = {"__name__": __name__}
    with kept_code(place):
        exec(CLASS.format(name=name), namespace)
    return namespace[name](1)


def _not_again(text: str, *more: object) -> object:
    raise AssertionError(f"compiled again: {text}")


def test_what_dataclasses_compile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    place = tmp_path / "not yet" / "code"
    assert repr(_made(place, "First")) == "First(one=1, two='two')"
    with monkeypatch.context() as patched:
        patched.setattr("ivr.kept_code.compile", _not_again, raising=False)
        again = _made(place, "First")
    assert repr(again) == "First(one=1, two='two')" and again != _made(place, "Second")
    assert [path.name for path in place.parent.iterdir()] == ["code"]


@pytest.mark.parametrize("content", [b"", b"no code at all", b"N"])
def test_a_broken_file_costs_time_and_nothing_else(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "code"
    place.write_bytes(content)
    assert repr(_made(place, "Third")) == "Third(one=1, two='two')"


def test_code_is_kept_beside_byte_code(tmp_path: Path) -> None:
    told = "from ivr.kept_code import place_of; print(place_of('/there/module.py'))"
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(tmp_path))
    assert sys.implementation.cache_tag in place_of("/there/module.py").name
