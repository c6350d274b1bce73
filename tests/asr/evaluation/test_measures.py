"""Manifests, error rates, thresholds and spoiled lines: everything that needs no engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr.evaluation.lines import (
    LINES,
    RATE,
    Samples,
    Surroundings,
    level,
    line_noise,
    lossy,
    transcoded,
    with_noise,
)
from asr.evaluation.manifest import ManifestError, read
from asr.evaluation.metrics import Errors, compare, interval, sounds, units
from asr.evaluation.rejection import Judged, advice, curve


def folder_of(folder: Path, manifest: str, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "MANIFEST.tsv").write_text(manifest, encoding="utf-8")
    return folder


def test_a_language_is_a_column_or_a_folder_or_what_is_asked_for(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        "file\ttranscript\tkind\tspeaker\tlanguage\n"
        "zh/1.wav\t路灯坏了\tcomplaint\tli\t\n"
        "2.wav\t停水\t\t\t\n"
        "3.wav\tno water\tcomplaint\tjo\ten-GB\n",
        "zh/1.wav",
        "2.wav",
        "3.wav",
    )
    found = read(folder, "zh-CN")
    assert [(one.path.name, one.kind, one.speaker) for one in found] == [
        ("1.wav", "complaint", "li"),
        ("2.wav", "speech", ""),
    ]
    assert [one.transcript for one in read(folder, "en")] == ["停水", "no water"]


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("file\tkind\n", "MANIFEST.tsv:1: no column transcript"),
        ("file\ttranscript\n1.wav\t\n", "MANIFEST.tsv:2: a line needs a file and a transcript"),
        ("file\ttranscript\n9.wav\t停水\n", "MANIFEST.tsv:2: there is no file 9.wav"),
        ("file\ttranscript\n", "names no recording in 'zh'"),
    ],
)
def test_a_faulty_manifest_says_where(tmp_path: Path, manifest: str, says: str) -> None:
    with pytest.raises(ManifestError) as raised:
        read(folder_of(tmp_path, manifest, "1.wav"), "zh")
    assert says in str(raised.value)


def test_no_manifest_and_a_wrong_encoding_are_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is missing: make one with the columns"):
        read(tmp_path, "zh")
    (tmp_path / "MANIFEST.tsv").write_bytes("file\ttranscript\n1.wav\t我家门口的路灯坏了\n".encode("gb18030"))
    with pytest.raises(ManifestError, match="not UTF-8"):
        read(tmp_path, "zh")


def test_texts_are_compared_as_they_are_spoken() -> None:
    assert compare(units("设定29度。", "zh"), units("設定二十九度", "zh"))[0] == Errors(of=6)
    assert compare(units("Go forward, ten meters!", "en"), units("go forward 10 meters", "en"))[0].wrong == 0
    errors, confusions = compare(units("想听大理吧", "zh"), units("想天大礼", "zh"))
    assert errors == Errors(substituted=2, deleted=1, of=5)
    assert confusions["听", "天"] == 1 and confusions.total() == 3
    assert compare(sounds("大理", "zh"), sounds("大礼", "zh"))[0].wrong == 0


def test_what_is_missing_and_what_nobody_said() -> None:
    assert compare(units("one two three", "en"), units("one three", "en"))[0] == Errors(deleted=1, of=3)
    assert compare([], units("hello", "en"))[0].rate == 1.0
    assert Errors().rate == 0.0


def test_the_interval_holds_the_rate_and_narrows_with_more_recordings() -> None:
    few = [Errors(substituted=number % 3 == 0, of=4) for number in range(6)]
    low, high = interval(few)
    assert low <= sum(few, Errors()).rate <= high
    more_low, more_high = interval(few * 20)
    assert more_high - more_low < high - low
    assert interval([]) == (0.0, 0.0)


def test_the_curve_counts_every_answer_once() -> None:
    judged = [
        Judged(0.9, True, True),
        Judged(0.6, False, True),
        Judged(0.0, False, True),
        Judged(0.5, False, False),
        Judged(0.0, False, False),
    ]
    for point in curve(judged):
        assert point.right + point.wrong + point.false_reject == pytest.approx(1.0)
    points = {point.threshold: point for point in curve(judged)}
    assert points[0.0].false_reject == pytest.approx(1 / 3)
    assert (points[0.55].false_accept, points[0.5].false_accept) == (0.0, 0.5)
    assert points[0.7].wrong == 0.0 and points[0.7].right == pytest.approx(1 / 3)


def test_thresholds_are_advised_only_where_there_is_enough_to_go_by() -> None:
    inside = [Judged(0.9, True, True)] * 28 + [Judged(0.62, False, True)] * 2
    outside = [Judged(0.0, False, False)] * 24 + [Judged(0.55, False, False)] * 6
    found = advice(inside + outside)
    assert found is not None
    assert 0.62 < found.accept <= 0.9
    assert 0.55 < found.confirm <= 0.6
    assert advice(inside[:19] + outside) is None


def tone(seconds: float = 1.0) -> Samples:
    return np.asarray(0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE), dtype=np.float32)


def test_noise_is_so_much_below_the_speech() -> None:
    speech = np.concatenate([tone(), np.zeros(RATE, dtype=np.float32)])
    noise = with_noise(speech, line_noise(len(speech), Surroundings()), 15.0) - speech
    assert 20 * np.log10(level(speech) / np.sqrt(np.mean(noise**2))) == pytest.approx(15.0, abs=0.1)


def test_lost_packets_leave_the_time_as_it_is() -> None:
    speech = tone(4.0)
    heard = lossy(speech, Surroundings(seed=3), 0.1)
    assert len(heard) == len(speech)
    different = np.abs(heard - speech).reshape(-1, 320).max(axis=1) > 0.01
    assert 5 < different.sum() < 60
    assert np.array_equal(heard, lossy(speech, Surroundings(seed=3), 0.1))


def test_g711_costs_quality_not_the_words() -> None:
    speech = tone(1.0)
    heard = transcoded(speech)
    assert len(heard) == len(speech)
    middle = slice(2000, -2000)
    gain = float(np.dot(heard[middle], speech[middle]) / np.dot(speech[middle], speech[middle]))
    assert gain == pytest.approx(0.81, abs=0.02)
    rest = heard[middle] - gain * speech[middle]
    assert 25 < 10 * np.log10(np.mean((gain * speech[middle]) ** 2) / np.mean(rest**2)) < 45


@pytest.mark.parametrize("name", LINES)
def test_every_line_keeps_the_length_and_is_the_same_again(name: str) -> None:
    voices = [tone(0.7), tone(1.3)]
    once = LINES[name].spoil(tone(1.5), Surroundings(voices, seed=5))
    again = LINES[name].spoil(tone(1.5), Surroundings(voices, seed=5))
    assert abs(len(once) - int(1.5 * RATE)) <= 1
    assert np.array_equal(once, again)
    assert name == "clean" or not np.array_equal(once, tone(1.5)[: len(once)])
