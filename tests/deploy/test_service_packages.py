"""What a machine that only runs the hotline is spared: tests' packages, and in the container what renders prompts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ivr.prompts.speech import SpeechUnavailable, choose
from ivr.prompts.speech.weights import Weights
from scripts.needless import wanted

ROOT = Path(__file__).parents[2]
COPYLEFT = {"kokoro-onnx", "phonemizer", "espeakng-loader"}
HERE: Mapping[str, Sequence[str]] = {
    "ours": ["Web>=1", 'voice ; extra == "voices"', 'checker[fast] ; extra == "test"'],
    "web": ["wire[safe]", 'old ; python_version < "3"'],
    "wire": ['lock ; extra == "safe"', 'speed ; extra == "fast"'],
    "voice": ["web"],
    "checker": ['speed ; extra == "fast"'],
}


@pytest.mark.parametrize(
    ("extras", "more"), [([], set()), (["voices"], {"voice"}), (["test"], {"checker", "speed"})]
)
def test_wanted_is_what_is_needed_in_turn_with_the_extras_asked_for(
    extras: list[str], more: set[str]
) -> None:
    assert wanted("ours", extras, HERE.get) == {"ours", "web", "wire", "lock"} | more


def needless(*extras: str) -> set[str]:
    asked = [sys.executable, ROOT / "scripts" / "needless.py", *extras]
    return set(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split())


def test_a_service_has_no_test_packages_and_the_container_no_gpl_library() -> None:
    service = needless("test")
    assert {"pytest", "hypothesis", "mypy", "ruff"} <= service
    assert not {"aiohttp", "greenlet", "asyncpg", "uvloop", "pip", "open-hotline"} & service
    assert not COPYLEFT & service
    assert needless("test", "voices") >= service | COPYLEFT


def test_an_extra_that_is_not_there_is_said() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        needless("tests")


def test_weights_without_their_program_are_a_machine_without_natural_voices(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(choose, "find", lambda: Weights(tmp_path))
    monkeypatch.setattr(choose, "find_spec", lambda _name: None)
    assert not choose.has_natural()
    with pytest.raises(SpeechUnavailable, match="voices"):
        choose.natural()
