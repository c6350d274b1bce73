"""`ivr prompts`: what an operator sees and gets."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from ivr.cli import prompts as cli
from ivr.prompts import audio, texts
from ivr.prompts.clips import VOICES, Clip, Voice
from ivr.prompts.shelf import Shelf
from ivr.prompts.speech import Speech
from tests.prompts.conftest import tone


class Beeper:
    """Speaks every text as a tone; counts."""

    def __init__(self) -> None:
        self.spoken: list[str] = []

    def speak(self, clip: Clip, voice: Voice) -> Speech:
        self.spoken.append(clip.text)
        return Speech(tone(440, 0.3), audio.SHELF_RATE)


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hotline of two prompts in a language without values; no natural voice on this machine."""
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IVR_MODELS", raising=False)
    monkeypatch.setattr(texts.numbers, "LANGUAGES", frozenset[str]())
    folder = tmp_path / "flows"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "en.yaml").write_text("hello: Hello.\nbye: Goodbye.\n")
    return folder


@pytest.fixture
def beeper(monkeypatch: pytest.MonkeyPatch) -> Beeper:
    beeper = Beeper()
    monkeypatch.setattr(cli, "natural", lambda _threads: beeper)
    return beeper


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_prepare_fails_while_sounds_are_missing_and_says_how_to_mend_it(flows: Path) -> None:
    code, output = run("prepare", "--flows", flows)
    assert code == 1
    assert "en: 2 prompts, 2 sounds missing" in output and "ivr prompts render" in output


def test_list_names_the_words(flows: Path) -> None:
    code, output = run("list", "--flows", flows)
    assert code == 0 and "Hello." in output and "Goodbye." in output


def test_render_without_the_voice_says_what_to_fetch(flows: Path) -> None:
    code, output = run("render", "--flows", flows)
    assert code == 1 and "ivr prompts voices" in output


def test_render_then_nothing_is_missing(flows: Path, beeper: Beeper) -> None:
    assert run("render", "--flows", flows)[0] == 0
    assert beeper.spoken == ["Hello.", "Goodbye."]
    assert run("prepare", "--flows", flows)[0] == 0
    assert "Nothing is missing" in run("list", "--flows", flows)[1]
    assert not (flows / "audio").exists()


def test_ship_renders_only_what_changed_and_removes_what_no_prompt_needs(flows: Path, beeper: Beeper) -> None:
    assert run("render", "--ship", "--flows", flows)[0] == 0
    (flows / "prompts" / "en.yaml").write_text("hello: Hello.\nbye: Farewell.\n")
    assert run("render", "--ship", "--flows", flows)[0] == 0
    assert beeper.spoken == ["Hello.", "Goodbye.", "Farewell."]
    shelf = Shelf.open(flows / "audio")
    assert sorted(entry.text for entry in shelf.entries.values()) == ["Farewell.", "Hello."]
    assert len(list((flows / "audio").glob("en/*.opus"))) == 2 and not list(shelf.broken())


def test_prepare_finds_an_altered_file(flows: Path, beeper: Beeper) -> None:
    run("render", "--ship", "--flows", flows)
    path = flows / "audio" / "en" / f"{VOICES['en'].key(Clip('Hello.', 'en'))}.opus"
    path.write_bytes(path.read_bytes()[:-10])
    code, output = run("prepare", "--flows", flows)
    assert code == 1 and "missing or altered" in output
    assert run("render", "--ship", "--flows", flows)[0] == 0
    assert run("prepare", "--flows", flows)[0] == 0


def test_an_unknown_language_is_refused(flows: Path) -> None:
    code, output = run("render", "--flows", flows, "--language", "fr")
    assert code == 1 and "one of en" in output


def test_say_uses_the_stand_in_while_the_voice_is_missing(flows: Path, tmp_path: Path) -> None:
    out = tmp_path / "hello.wav"
    code, output = run(
        "say", "--language", "en", "--text", "I would like to speak to a person.", "--out", out
    )
    assert code == 0 and "en-us" in output
    samples, rate = soundfile.read(out)
    assert rate == 8000 and 1.0 < len(samples) / rate < 5.0
