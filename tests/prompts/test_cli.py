"""`ivr prompts`: what an operator sees and gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from ivr.cli import prompts as cli
from ivr.cli.prompts import speech
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
    monkeypatch.setattr(speech, "natural", lambda _threads: beeper)
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


def test_missing_names_what_has_no_voice_and_how_to_mend_it(flows: Path) -> None:
    code, output = run("missing", "--flows", flows)
    assert code == 0 and "any voice" in output and "hello, bye" in output and "ivr prompts render" in output
    assert run("missing", "--flows", flows, "--strict")[0] == 1


FLOW = """
flow: main
nodes:
  hello: {kind: say, prompt: hello, next: left}
  left:
    kind: say
    prompt: [{en: Wait here., zh: "请稍等。"}, {id: left, values: {n: 3}}]
    next: end
  end: {kind: hangup}
"""


@pytest.fixture
def hotline(flows: Path) -> Path:
    """Two languages, plural forms, a text in a flow, and something wrong of each kind."""
    (flows / "main.yaml").write_text(FLOW)
    english = (
        "hello: Hello.\nleft: {by: n, one: One caller., other: More callers.}\nagent.in: In.\nold: Old.\n"
    )
    (flows / "prompts" / "en.yaml").write_text(english)
    (flows / "prompts" / "zh.yaml").write_text("hello: 您好。\nleft: 还有{n:number}位。\nold: 旧的。\n")
    for name in ("hello", "left", "left~one", "nobody"):
        path = flows / "recordings" / "en" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(440, 0.5, 16_000), 16_000)
    return flows


def test_missing_tells_all_that_is_missing_in_each_language(hotline: Path) -> None:
    code, output = run("missing", "--flows", hotline, "--format", "json", "--strict")
    found = json.loads(output)
    inline = next(name for name, _ in found["languages"]["en"]["sounds"] if name.startswith("text."))
    assert code == 1 and not found["problem"] and found["unused"] == ["old"]
    assert found["languages"]["zh"]["translations"] == ["agent.in"]
    assert found["languages"]["en"] == {
        "translations": [],
        "sounds": [["left~other", "none"], ["agent.in", "none"], ["old", "none"], [inline, "none"]],
        "values": [],
        "recordings": [
            ["left", "the prompt has plural forms: record these"],
            ["nobody", "no prompt has this name"],
        ],
    }
    code, output = run("missing", "--flows", hotline, "--language", "zh")
    assert code == 0 and "agent.in" in output and "prompts/zh.yaml" in output and "not used" in output


def test_list_tells_the_voice_of_each_prompt_and_where_it_is_said(hotline: Path) -> None:
    code, output = run("list", "--flows", hotline, "--language", "en", "--format", "json")
    rows = {row["id"]: row for row in json.loads(output)}
    assert code == 0 and set(rows) >= {"hello", "left~one", "left~other", "agent.in", "old"}
    assert "left" not in rows
    assert (rows["hello"]["sound"], rows["left~one"]["sound"], rows["old"]["sound"]) == (
        "recorded",
        "recorded",
        "none",
    )
    assert rows["left~one"]["uses"] == [{"file": "main.yaml", "line": 7, "place": "left"}]
    assert rows["old"]["uses"] == []
    inline = next(row for row in rows.values() if row["text"] == "Wait here.")
    assert inline["uses"][0]["line"] == 7
    code, output = run("list", "--flows", hotline)
    assert code == 0 and "main.yaml:4 hello" in output and "recorded" in output


def test_flows_that_do_not_load_are_named_and_the_rest_is_told(hotline: Path) -> None:
    (hotline / "main.yaml").write_text(
        "flow: main\nnodes: {hello: {kind: say, prompt: hello, next: nowhere}}\n"
    )
    code, output = run("missing", "--flows", hotline)
    assert code == 0 and "do not load" in output and "main.yaml:2" in output and "not used" not in output
    code, output = run("render", "--ship", "--flows", hotline)
    assert code == 1 and "ivr check" in output


def test_render_without_the_voice_says_what_to_fetch(flows: Path) -> None:
    code, output = run("render", "--flows", flows)
    assert code == 1 and "ivr prompts voices" in output


def test_render_then_nothing_is_missing(flows: Path, beeper: Beeper) -> None:
    assert run("render", "--flows", flows)[0] == 0
    assert beeper.spoken == ["Hello.", "Goodbye."]
    assert run("prepare", "--flows", flows)[0] == 0
    assert "any voice" not in run("missing", "--flows", flows)[1]
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
