"""A part becomes a file, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.recordings import files
from ivr.recordings.files import finish, seconds_of, sha256, within


def part(folder: Path, seconds: float, more: bytes = b"") -> tuple[Path, np.ndarray]:
    frames = round(seconds * files.RATE)
    samples = np.stack([np.arange(frames) % 100, np.arange(frames) % 77 + 1000], axis=1).astype("<i2")
    path = folder / "c-n1-1.talk-1.raw"
    path.write_bytes(samples.tobytes() + more)
    return path, samples


def test_both_sides_are_in_the_file_the_part_is_gone_and_only_we_can_read_it(tmp_path: Path) -> None:
    raw, samples = part(tmp_path, 2.5)
    made = finish(raw, tmp_path / "out.wav")
    with wave.open(str(made.path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        read = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    assert np.array_equal(read, samples)
    assert made.seconds == seconds_of(made.path) == 2.5
    assert made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest() == sha256(made.path)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["out.wav"]


def test_a_part_that_was_cut_in_the_middle_of_a_sample_ends_before_it(tmp_path: Path) -> None:
    raw, samples = part(tmp_path, 0.5, more=b"\x01\x02\x03")
    assert finish(raw, tmp_path / "out.wav").seconds == len(samples) / files.RATE


def test_what_comes_after_the_talk_is_left_out(tmp_path: Path) -> None:
    raw, _ = part(tmp_path, 3.0)
    assert finish(raw, tmp_path / "out.wav", at_most_s=1.25).seconds == 1.25


def test_larger_than_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", 4096)
    raw, samples = part(tmp_path, 1.7)
    made = finish(raw, tmp_path / "out.wav")
    assert made.path.stat().st_size == 44 + samples.nbytes


def test_no_room_keeps_the_part_and_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, _ = part(tmp_path, 1.0)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        finish(raw, tmp_path / "out.wav")
    assert [one.name for one in tmp_path.iterdir()] == [raw.name]
    monkeypatch.undo()
    assert finish(raw, tmp_path / "out.wav").seconds == 1.0


def test_a_crash_between_file_and_part_does_no_harm(tmp_path: Path) -> None:
    raw, _ = part(tmp_path, 1.0)
    content = raw.read_bytes()
    first = finish(raw, tmp_path / "out.wav")
    raw.write_bytes(content)
    assert finish(raw, tmp_path / "out.wav") == first
    assert not raw.exists()


@pytest.mark.parametrize("name", ["../secret", "a/b", "/etc/passwd", "", ".", ".."])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    assert within(tmp_path, name) is None
    assert within(tmp_path, "a.wav") == tmp_path / "a.wav"
