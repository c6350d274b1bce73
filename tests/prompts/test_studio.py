"""To a voice artist and back: the script, the recordings that come in, what is made of them, and who hears them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from ivr.cli.prompts import studio
from ivr.flow.actions import Prompt
from ivr.prompts import audio, book, importing, intake
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.prompts.clips import Clip, stand_in_voice
from ivr.prompts.decode import lufs
from ivr.prompts.script import Line
from ivr.prompts.speech.espeak import Espeak
from ivr.prompts.takes import Take, takes
from tests.prompts.test_cli import run

RATE = 48_000
TEXTS = """
hello: Welcome to the city hotline.
thanks: Thank you for calling. Goodbye.
wait: Please hold the line.
place:
  by: n
  "=0": You are next in line.
  one: There is one caller before you.
  other: There are {n:number} callers before you.
ticket: Your ticket is being looked at by the department.
open: We are open around the clock, on every day.
sorry: We are sorry that you have to wait so long.
again: Please say that once again, more slowly.
street: Please tell us the name of the street.
"""
FLOW = """
flow: main
nodes:
  hello: {kind: say, prompt: hello, next: place}
  place: {kind: say, prompt: {id: place, values: {n: 3}}, next: end}
  end: {kind: hangup}
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "flows"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "en.yaml").write_text(TEXTS)
    (folder / "main.yaml").write_text(FLOW)
    return folder


@pytest.fixture(scope="module")
def artist() -> Callable[[str], audio.Samples]:
    """Speaks a line, at 48 kHz and a good level, with half a second of quiet around it and the hiss of a room."""
    engine, spoken = Espeak(), dict[str, audio.Samples]()

    def speak(text: str) -> audio.Samples:
        if text not in spoken:
            speech = engine.speak(Clip(text, "en"), stand_in_voice("en"))
            voice = audio.level(audio.resample(speech.samples, speech.rate, RATE), RATE)
            quiet = np.zeros(RATE // 2, dtype=np.float32)
            whole = np.concatenate([quiet, voice, quiet])
            hiss = np.random.default_rng(1).normal(0, 0.0005, len(whole))
            spoken[text] = (whole + hiss).astype(np.float32)
        return spoken[text]

    return speak


def script_of(flows: Path, out: Path, *options: str) -> list[list[str]]:
    code, output = run("script", "--flows", flows, "--language", "en", "--out", out, *options)
    assert code == 0, output
    return list(csv.reader(io.StringIO(out.read_text("utf-8-sig"))))


def m4a(samples: audio.Samples) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        for start in range(0, len(samples), 1024):
            frame = av.AudioFrame.from_ndarray(
                samples[None, start : start + 1024], format="fltp", layout="mono"
            )
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def test_the_script_comes_back_as_recordings_that_calls_hear(
    flows: Path, tmp_path: Path, artist: Callable[[str], audio.Samples]
) -> None:
    _, *lines = script_of(flows, tmp_path / "script.csv")
    texts = {Path(file).stem: text for _, file, text, _, _ in lines}
    assert list(texts)[:6] == ["hello", "thanks", "wait", "place~0", "place~one", "place~other+1"]
    sent = tmp_path / "sent" / "day one"
    sent.mkdir(parents=True)

    def save(name: str, samples: np.ndarray, **format: str) -> None:
        soundfile.write(sent / name, samples, RATE, **format)

    save("hello.wav", artist(texts["hello"]), subtype="PCM_24")
    stereo = np.stack([artist(texts["thanks"])] * 2, axis=1)
    save("thanks.flac", stereo)
    save("003 Wait.MP3", artist(texts["wait"]), format="MP3")
    save("place~0.ogg", artist(texts["place~0"]), format="OGG", subtype="OPUS")
    (sent / "place~one.m4a").write_bytes(m4a(artist(texts["place~one"])))
    save("place~other+1.wav", artist(texts["place~other+1"]))
    save("place~other+2.wav", artist(texts["place~other+2"]))
    save("ticket.wav", artist(texts["ticket"]) * 0.06, subtype="PCM_24")  # 24 dB too quiet
    save("open.wav", np.clip(artist(texts["open"]) * 8, -1, 1))  # cut off at full scale
    save("sorry.wav", np.zeros(2 * RATE))
    save("again.wav", artist(texts["again"])[:RATE])  # only its first half second
    save("stret.wav", artist(texts["street"]))  # misspelt
    save("place~other.wav", artist("There are callers before you."))
    (sent / "thanks.wav").write_bytes(b"RIFF no sound at all")
    (sent / "script.csv").write_text("not a recording")
    (sent.parent / ".DS_Store").write_bytes(b"x")

    code, output = run("import", tmp_path / "sent", "--flows", flows, "--language", "en", "--dry-run")
    assert code == 1 and "8 would be placed, 6 refused. Nothing was changed." in output
    assert not (flows / "recordings").exists()

    code, output = run("import", tmp_path / "sent", "--flows", flows, "--language", "en")
    assert code == 1 and "8 placed in" in output
    told = {
        row.split("│")[1].strip().removeprefix("day one/"): row
        for row in output.splitlines()
        if "day one/" in row
    }
    for file, state, words in (
        ("hello.wav", "accepted", ""),
        ("thanks.flac", "fixed", "stereo mixed to mono"),
        ("003 Wait.MP3", "accepted", "wait"),
        ("ticket.wav", "fixed", "raised by"),
        ("open.wav", "refused", "clipped"),
        ("sorry.wav", "refused", "nothing is heard"),
        ("again.wav", "refused", "too short"),
        ("stret.wav", "refused", "did you mean `street`?"),
        ("place~other.wav", "refused", "cannot say the value"),
        ("thanks.wav", "refused", "thanks.flac is for the same line"),
    ):
        assert state in told[file] and words in told[file], told[file]
    assert "script.csv" not in output and "DS_Store" not in output

    placed = sorted(path.name for path in (flows / "recordings" / "en").iterdir())
    assert placed == sorted(
        f"{name}.wav" for name in (*texts,) if name not in ("open", "sorry", "again", "street")
    )
    for name in placed:
        samples, rate = soundfile.read(flows / "recordings" / "en" / name, dtype="float32")
        assert samples.ndim == 1 and rate == audio.SHELF_RATE
        assert lufs(samples, rate) == pytest.approx(intake.HOUSE_LUFS, abs=1.0)
        assert audio.peak(samples) < -1.9 and len(samples) / rate < 5

    library = book.read(flows)
    catalogue = PromptCatalogue.load(library.texts, Folders.of(flows))
    assert all(
        catalogue.is_recorded(name, "en") for name in ("hello", "thanks", "wait", "place~one", "ticket")
    )
    (uri,) = catalogue.media([Prompt("hello")], "en")
    assert "/prompts/" in uri and 1 < catalogue.seconds([Prompt("hello")], "en") < 3
    first, last = takes(library.texts, "en")[5:7]
    assert first.clip is not None and catalogue.sounds.is_recorded(first.clip)
    assert last.clip is not None and catalogue.sounds.is_recorded(last.clip)

    _, *left = script_of(flows, tmp_path / "left.csv", "--new")
    assert [Path(row[1]).stem for row in left] == ["open", "sorry", "again", "street"]


def test_a_later_delivery_as_a_zip_replaces_the_first(
    flows: Path, tmp_path: Path, artist: Callable[[str], audio.Samples]
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    soundfile.write(first / "hello.wav", artist("Welcome to the city hotline.") * 0.3, RATE)
    assert run("import", first, "--flows", flows, "--language", "en")[0] == 0
    before = (flows / "recordings" / "en" / "hello.wav").read_bytes()
    target = tmp_path / "second.zip"
    with zipfile.ZipFile(target, "w") as archive:
        wave = io.BytesIO()
        soundfile.write(wave, artist("A warm welcome to the hotline."), RATE, format="WAV")
        archive.writestr("../../hello.wav", wave.getvalue())
        archive.writestr("__MACOSX/hello.wav", b"x")
    code, output = run("import", target, "--flows", flows, "--language", "en")
    assert code == 0 and "1 placed" in output, output
    assert (flows / "recordings" / "en" / "hello.wav").read_bytes() != before
    assert [path.name for path in flows.parent.rglob("hello.wav") if path.parent != first] == ["hello.wav"]
    assert [path.name for path in (flows / "recordings" / "en").iterdir()] == ["hello.wav"]


def test_nothing_is_placed_when_something_cannot_be_written(
    flows: Path, tmp_path: Path, artist: Callable[[str], audio.Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("hello", "thanks"):
        (tmp_path / "sent").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "sent" / f"{name}.wav", artist("Thank you for calling. Goodbye."), RATE)
    written = []
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.suffix == ".wav" and path.parent.parent.parent == flows / "recordings":
            written.append(path.name)
            if len(written) == 2:
                raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    code, output = run("import", tmp_path / "sent", "--flows", flows, "--language", "en")
    assert code == 1 and "No space left" in output and len(written) == 2
    assert not list((flows / "recordings" / "en").iterdir())


@pytest.mark.parametrize("extension", ["csv", "xlsx", "html", "md"])
def test_the_script_has_every_line_its_place_and_how_to_say_it(
    flows: Path, tmp_path: Path, extension: str
) -> None:
    out = tmp_path / f"script.{extension}"
    code, output = run("script", "--flows", flows, "--language", "en", "--out", out)
    assert code == 0 and "12 lines" in output and "--values" in output
    if extension == "xlsx":
        with zipfile.ZipFile(out) as archive:
            text = archive.read("xl/sharedStrings.xml").decode()
    else:
        text = out.read_text("utf-8-sig")
    for words in (
        "place~other+1.wav",
        "There are",
        "main.yaml:5 place",
        "callers before you.",
        "about 2 s, ",
    ):
        assert words in text
    assert "callers before you. [" not in text and "[There are] three callers before you." in text


def test_the_words_of_values_are_lines_too_and_a_chinese_script_speaks_chinese(
    flows: Path, tmp_path: Path
) -> None:
    (flows / "prompts" / "zh.yaml").write_text(
        "hello: 您好，这里是市民热线。\nplace: 前面还有{n:number}位。\n"
    )
    out = tmp_path / "script.md"
    code, output = run("script", "--flows", flows, "--language", "zh", "--out", out, "--values")
    text = out.read_text()
    assert code == 0 and "--values" not in output
    assert (
        "# 录音脚本" in text
        and "say+二十一.wav" in text
        and "读整句“【前面还有】八位。”" in text
        and "约 2 秒，最长 4 秒" in text
    )


def test_a_script_cannot_break_its_page(tmp_path: Path) -> None:
    from ivr.prompts import script

    line = Line(1, "a.wav", "<b>=1+1</b> | x", "", "")
    script.write(tmp_path / "x.html", [line], "en")
    script.write(tmp_path / "x.md", [line], "en")
    script.write(tmp_path / "x.xlsx", [line], "en")
    assert "<b>" not in (tmp_path / "x.html").read_text() and "\\| x" in (tmp_path / "x.md").read_text()
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("script", "--language", "en", "--out", "x.pdf"), "no kind of script"),
        (("script", "--language", "fr", "--out", "x.csv"), "no prompts in `fr`"),
        (("import", "nowhere", "--language", "en"), "neither a folder nor a zip"),
    ],
)
def test_what_cannot_be_done_says_why(flows: Path, arguments: tuple[str, ...], reason: str) -> None:
    code, output = run(*arguments, "--flows", flows)
    assert code == 1 and reason in output and "To mend:" in output


def test_an_empty_folder_and_a_locked_zip_are_refused(tmp_path: Path, flows: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.txt").write_text("hello")
    code, output = run("import", tmp_path / "empty", "--flows", flows, "--language", "en")
    assert code == 1 and "no recording" in output
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    code, output = run("import", tmp_path / "broken.zip", "--flows", flows, "--language", "en")
    assert code == 1 and "neither a folder nor a zip" in output


LINE = Take("hello", "Welcome to the city hotline.", "hello")


def judged(samples: np.ndarray, *, rate: int = RATE, take: Take = LINE) -> intake.Verdict:
    wave = io.BytesIO()
    soundfile.write(wave, samples, rate, format="WAV", subtype="PCM_24")
    return intake.judge(wave.getvalue(), ".wav", take, "en")


@pytest.mark.parametrize(
    ("change", "state", "what"),
    [
        (lambda voice: voice, "accepted", ""),
        (lambda voice: voice * 0.25, "fixed", "raised by 12 dB"),
        (lambda voice: voice * 0.01, "refused", "much too quiet"),
        (lambda voice: np.clip(voice * 8, -1, 1) * 0.3, "refused", "clipped"),
        (lambda voice: voice + 0.05, "accepted", ""),
        (
            lambda voice: np.stack([voice, voice * 0], axis=1),
            "fixed",
            "one channel taken, the others are silent",
        ),
        (
            lambda voice: np.stack([voice, -voice], axis=1),
            "fixed",
            "one channel taken, they cancel each other",
        ),
        (lambda voice: np.stack([voice] * 4, axis=1) * 0.5, "fixed", "4 channels mixed to mono"),
        (
            lambda voice: np.concatenate([voice * 0] * 2 + [voice] + [voice * 0]),
            "fixed",
            "s of silence cut off",
        ),
        (lambda voice: np.concatenate([voice] * 5), "refused", "too long"),
        (
            lambda voice: np.concatenate([voice[:RATE], voice[: 3 * RATE] * 0, voice[RATE:]]),
            "fixed",
            "pause of",
        ),
        (
            lambda voice: voice + np.random.default_rng(2).normal(0, 0.03, len(voice)),
            "refused",
            "room is nearly",
        ),
        (lambda voice: np.zeros(3 * 125 * RATE // 3), "refused", "longer than 120 s"),
        (lambda voice: np.zeros(0), "refused", "empty"),
    ],
)
def test_each_fault_is_found_mended_or_refused(
    artist: Callable[[str], audio.Samples],
    change: Callable[[audio.Samples], np.ndarray],
    state: str,
    what: str,
) -> None:
    verdict = judged(change(artist(LINE.text)))
    assert verdict.state == state, verdict
    assert what in "; ".join(verdict.changes)
    assert bool(verdict.mend) == (state == "refused") and bool(verdict.wave) == (state != "refused")


def test_a_recording_of_too_low_a_rate_or_no_known_format_is_refused(
    artist: Callable[[str], audio.Samples],
) -> None:
    assert "6000 Hz" in judged(audio.resample(artist(LINE.text), RATE, 6000), rate=6000).changes[0]
    telephone = judged(audio.resample(artist(LINE.text), RATE, 8000), rate=8000)
    assert telephone.wave and soundfile.info(io.BytesIO(telephone.wave)).samplerate == 8000
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    for extension in (".m3u8", ".exe", "", ".wav", ".mp3"):
        refused = intake.judge(playlist, extension, LINE, "en")
        assert refused.state == "refused" and refused.mend


def test_a_part_of_a_sentence_is_cut_tight(artist: Callable[[str], audio.Samples]) -> None:
    whole = judged(artist("There are three callers."), take=Take("a", "There are three callers.", "a"))
    part = judged(
        artist("There are three callers."),
        take=Take("a+1", "There are three callers.", "a", Clip("x", "en", "y")),
    )
    assert 0.1 < whole.seconds - part.seconds < 0.2


def test_the_recogniser_tells_another_text_from_a_hard_one(
    artist: Callable[[str], audio.Samples], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "hello.wav", artist(LINE.text), RATE)
    for heard, state, words in (
        ("welcome to the city hotline", "accepted", ""),
        ("welcome to a silly headline", "accepted", "please listen"),
        ("we are closed today", "refused", "another text is heard: we are closed today"),
    ):
        (result,) = importing.judge_all(
            importing.incoming(tmp_path), [LINE], "en", hear=lambda _samples, _language, heard=heard: heard
        )
        assert result.verdict.state == state and words in "; ".join(result.verdict.changes)


def test_listening_without_a_model_says_what_to_fetch(
    flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio, "hearing", lambda: None)
    code, output = run("import", tmp_path, "--flows", flows, "--language", "en", "--listen")
    assert code == 1 and "ivr models fetch" in output
