"""A folder of recordings through an engine: an honest fake one here, the real one through the command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from asr.evaluation.lines import LINES, RATE
from asr.evaluation.manifest import ManifestError, read
from asr.evaluation.page import page
from asr.evaluation.running import Evaluator, Heard, around, cut_speech, load
from asr.evaluation.summary import Evaluation, groups, rows
from asr.protocol import Capabilities, Final, ListenRequest, Recognizer, Stream
from asr.protocol import Heard as HeardOfEngine
from asr.vad import VoiceDetector
from ivr.__main__ import app
from ivr.demo.sayings import SAYINGS

SAID = ("zh-lamp", "zh-insurance", "zh-noise", "zh-person")


@pytest.fixture(scope="module")
def detector() -> VoiceDetector:
    return VoiceDetector()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped citizens, as a city would bring its own recordings."""
    made: Path = tmp_path_factory.mktemp("recordings")
    lines = ["file\ttranscript\tkind\tspeaker"]
    for name in SAID:
        samples, rate = soundfile.read(SAYINGS[name].path)
        soundfile.write(made / f"{name}.wav", samples, rate)
        lines.append(f"{name}.wav\t{SAYINGS[name].text}\topen\tkokoro")
    (made / "MANIFEST.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


class KnowsByLength:
    """Says what was said from how long it lasts: an engine that is wrong for one recording only."""

    def __init__(self, by_seconds: dict[float, str], wrong: str) -> None:
        self.capabilities = Capabilities("by-length", "1", frozenset({"zh"}), False, True, False, True)
        self.by_seconds = by_seconds
        self.wrong = wrong
        self.requests: list[ListenRequest] = []

    def stream(self, request: ListenRequest) -> Stream:
        self.requests.append(request)
        return _LengthStream(self, request)


class _LengthStream:
    def __init__(self, owner: KnowsByLength, request: ListenRequest) -> None:
        self._owner, self._request, self._bytes = owner, request, 0

    def accept(self, pcm: bytes) -> Sequence[HeardOfEngine]:
        self._bytes += len(pcm)
        return ()

    def finish(self) -> Sequence[HeardOfEngine]:
        seconds = self._bytes / 2 / RATE
        text = self._owner.by_seconds[min(self._owner.by_seconds, key=lambda one: abs(one - seconds))]
        if text == self._owner.wrong:
            text = "听不清"
        phrase = text if text in self._request.phrases else ""
        return (Final(text, "zh", "by-length", 0.8 if phrase else 0.1, phrase),)

    def close(self) -> None:
        return None


def judged(folder: Path, detector: VoiceDetector, wrong: str = "") -> tuple[list[Heard], KnowsByLength]:
    recordings = read(folder, "zh")
    lengths = {
        len(cut_speech(around(load(one)), detector).pcm) / 2 / RATE: one.transcript for one in recordings
    }
    engine = KnowsByLength(lengths, wrong)
    recognizer: Recognizer = engine
    evaluator = Evaluator(recognizer, "zh", detector=detector)
    return list(evaluator.run(recordings, [LINES["clean"]], lambda *_: None)), engine


def test_what_is_right_and_what_is_wrong_is_counted(folder: Path, detector: VoiceDetector) -> None:
    wrong = SAYINGS["zh-noise"].text
    heard, engine = judged(folder, detector, wrong)
    (group,) = groups(heard, "zh")
    assert (group.recordings, group.measure, group.without_speech) == (4, "CER", 0)
    assert 0.0 < group.rate < 1.0 and group.low <= group.rate <= group.high
    assert group.menu is not None
    assert (group.menu.phrases_right, group.menu.phrases_wrong, group.menu.refused) == (3, 0, 1)
    assert (group.menu.without_refused, group.menu.without) == (4, 4)
    assert group.menu.outside == 0
    assert group.menu.advice is None
    by_file = {row.file: row for row in rows(heard)}
    assert by_file["zh-noise.wav"].right is False and by_file["zh-lamp.wav"].right is True
    # Open, with its words in the menu, and without them.
    of_lamp = [request.phrases for request in engine.requests[:3]]
    assert [len(phrases) for phrases in of_lamp] == [0, 4, 3]
    assert SAYINGS["zh-lamp"].text not in of_lamp[2]


def test_the_page_shows_the_figures_and_escapes_what_was_said(folder: Path, detector: VoiceDetector) -> None:
    heard, _ = judged(folder, detector)
    made = groups(heard, "zh")
    told = rows(heard)
    evil = [one.__class__(**{**_fields(one), "heard": "<script>alert(1)</script>"}) for one in told]
    html = page(
        Evaluation("my folder", "zh", "by-length", "1", "2026-11-26T08:00:00+00:00", made, tuple(evil))
    )
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "4 / 4" in html and "my folder" in html and SAYINGS["zh-lamp"].text in html
    assert html.count("<path") == 3


def _fields(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}  # type: ignore[attr-defined]


def test_silence_is_handed_over_whole_and_told(tmp_path: Path, detector: VoiceDetector) -> None:
    soundfile.write(tmp_path / "nothing.wav", np.zeros(RATE), RATE)
    (tmp_path / "MANIFEST.tsv").write_text("file\ttranscript\nnothing.wav\t停水\n", encoding="utf-8")
    heard, _ = judged(tmp_path, detector)
    assert (heard[0].found, heard[0].pieces) == (False, 0)
    assert groups(heard, "zh")[0].without_speech == 1


def test_a_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.wav").write_bytes(b"not audio")
    (tmp_path / "MANIFEST.tsv").write_text("file\ttranscript\n1.wav\t停水\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"1\.wav cannot be read as audio"):
        load(read(tmp_path, "zh")[0])


def test_the_command_with_the_real_engine(folder: Path, tmp_path: Path, whisper_folder: Path) -> None:
    two = tmp_path / "two"
    two.mkdir()
    for name in ("zh-lamp", "zh-noise"):
        shutil.copy(folder / f"{name}.wav", two)
    (two / "MANIFEST.tsv").write_text(
        "file\ttranscript\n"
        + "".join(f"{name}.wav\t{SAYINGS[name].text}\n" for name in ("zh-lamp", "zh-noise")),
        encoding="utf-8",
    )
    out = tmp_path / "report.json"
    result = CliRunner().invoke(app, ["asr-eval", str(two), "-l", "zh", "--format", "json", "-o", str(out)])
    assert result.exit_code == 0, result.output
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["format"] == 1 and report["engine"].startswith("whisper")
    (group,) = report["groups"]
    assert group["rate"] < 0.5
    assert group["menu"]["phrases_right"] == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--lines", "mud"], "there is no line mud"),
        (["--kind", "digits"], "no recording is of kind digits"),
        (["--language", "xx"], "no model at all for 'xx' is here"),
        (["--model", "nix"], "no model nix for 'zh' is here"),
    ],
)
def test_what_cannot_be_evaluated_is_told(folder: Path, arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["asr-eval", str(folder), *arguments])
    assert result.exit_code != 0
    assert says in f"{result.output} {result.exception}"


def test_recordings_of_one_kind_are_outsiders_to_the_menu_of_another(
    tmp_path: Path, folder: Path, detector: VoiceDetector
) -> None:
    lines = ["file\ttranscript\tkind"]
    for number, name in enumerate(SAID):
        shutil.copy(folder / f"{name}.wav", tmp_path)
        lines.append(f"{name}.wav\t{SAYINGS[name].text}\t{'first' if number < 2 else 'second'}")
    (tmp_path / "MANIFEST.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    heard, engine = judged(tmp_path, detector)
    first, second = groups(heard, "zh")
    assert first.menu is not None and second.menu is not None
    assert (first.menu.outside, second.menu.outside) == (2, 2)
    assert (first.menu.outside_refused, first.menu.without_refused) == (2, 2)
    # The last request for the first recording: the other kind's menu.
    assert engine.requests[3].phrases == tuple(SAYINGS[name].text for name in SAID[2:])
