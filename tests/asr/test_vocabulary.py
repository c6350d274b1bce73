"""Phrases whose words a model lacks: told where they are written, with the real Korean model's list of words."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from asr.own_models import what_is
from asr.vocabulary import vocabularies
from ivr.__main__ import app

HOTLINE = """\
hotline: example
languages: [ko, en]
entry: main
fallback: person
always:
  person: {key: 0, say: {ko: 상담원, en: person}, next: person}
"""
MAIN = """\
flow: main
nodes:
  ask:
    kind: menu
    prompt: {ko: 무엇을 도와 드릴까요, en: How can we help}
    options:
      phone: {key: 1, say: {ko: 전화 번호, en: phone number}, next: person}
      card:
        key: 2
        say:
          ko: [도움말, xyzzy 카드]
          en: card
        next: person
"""
PERSON = "flow: person\nnodes:\n  wait: {kind: queue, queue: general, next: hangup}\n"


@pytest.fixture
def own_models(korean_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with one model only: the operator's own Korean one."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "vosk-model-small-ko-0.22").symlink_to(korean_folder)
    monkeypatch.setenv("IVR_MODELS", str(folder))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    for name, text in (("hotline.yaml", HOTLINE), ("main.yaml", MAIN), ("person.yaml", PERSON)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_phrase_that_the_model_cannot_hear_fails_the_check_with_its_word(
    own_models: Path, flows: Path
) -> None:
    result = CliRunner().invoke(app, ["check", str(flows)])
    assert result.exit_code == 1, result.output
    lines = [line for line in result.output.splitlines() if "unheard-phrase" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"{(flows / 'main.yaml').as_posix()}:11:21: error unheard-phrase:")
    assert "vosk-model-small-ko-0.22 cannot hear `xyzzy`" in lines[0]
    assert "xyzzy 카드" in lines[0]
    assert CliRunner().invoke(app, ["check", "--no-speech", str(flows)]).exit_code == 0


def test_asked_for_it_says_which_languages_have_no_such_model(own_models: Path, flows: Path) -> None:
    (flows / "main.yaml").write_text(MAIN.replace(", xyzzy 카드", ""), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--speech", str(flows)])
    assert result.exit_code == 0
    assert "en: no model with a list of words here" in result.output
    assert "ko: no model" not in result.output


def test_only_the_model_that_is_asked_first_counts(own_models: Path) -> None:
    assert what_is(own_models / "vosk-model-small-ko-0.22") == ("vosk", frozenset({"ko"}))
    assert vocabularies(["ko", "en"])["ko"].unheard("상담원 xyzzy") == ("xyzzy",)
    assert vocabularies(["ko"], preference={"ko": ["whisper"]}) == {}


def test_a_damaged_model_is_no_fault_of_the_dialogue(
    tmp_path: Path, flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken" / "vosk-model-small-ko-0.22"
    (broken / "am").mkdir(parents=True)
    (broken / "am" / "final.mdl").write_bytes(b"")
    monkeypatch.setenv("IVR_MODELS", str(broken.parent))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    result = CliRunner().invoke(app, ["check", str(flows)])
    assert result.exit_code == 0
    assert "cannot be read" in result.output
