"""The files of recordings: a raw part becomes a WAV file, whole or not at all; checksums; room on the disk.

Everything here waits for the disk: call it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

RATE: Final = 8000
CHANNELS: Final = 2
FRAME: Final = 2 * CHANNELS
"""Bytes of one sample of both sides."""
PIECE: Final = 1 << 20
MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Finished:
    """A recording's file. sha256: of the whole file."""

    path: Path
    seconds: float
    sha256: str


def finish(raw: Path, wav: Path, at_most_s: float | None = None) -> Finished:
    """Makes the WAV file of what Asterisk wrote, durably, then removes the part. The same again gives the same.

    The file appears under its name when all of it is on the disk, so a crash at any moment leaves the part or the
    whole. at_most_s: what comes after that is left out. Raises OSError (no such part, no room): the part stays.
    """
    draft = wav.with_name(f".{wav.name}.draft")
    frames = 0
    most = raw.stat().st_size // FRAME
    if at_most_s is not None:
        most = min(most, round(at_most_s * RATE))
    try:
        with raw.open("rb") as source, _private(draft) as target, wave.open(target, "wb") as file:
            file.setnchannels(CHANNELS)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.setnframes(most)
            # A part that was cut in the middle of a sample ends before it.
            while piece := source.read(min(PIECE, (most - frames) * FRAME)):
                file.writeframesraw(piece)
                frames += len(piece) // FRAME
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        checksum = sha256(draft)
        draft.replace(wav)
        _sync_folder(wav.parent)
    finally:
        draft.unlink(missing_ok=True)
    raw.unlink(missing_ok=True)
    return Finished(wav, round(frames / RATE, 2), checksum)


def seconds_of(path: Path) -> float:
    """Of a WAV file. Raises OSError, wave.Error."""
    with path.open("rb") as source, wave.open(source) as file:
        seconds: float = file.getnframes() / file.getframerate()
    return round(seconds, 2)


def sha256(path: Path) -> str:
    """Raises OSError."""
    digest = hashlib.sha256()
    for piece in pieces(path):
        digest.update(piece)
    return digest.hexdigest()


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def copy(source: Path, target: Path) -> str:
    """For this user alone, whole or not at all. Returns the checksum of what was copied. Raises OSError."""
    draft = target.with_name(f".{target.name}.draft")
    digest = hashlib.sha256()
    try:
        with _private(draft) as file:
            for piece in pieces(source):
                digest.update(piece)
                file.write(piece)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return digest.hexdigest()


def free_mb(folder: Path) -> float:
    """Raises OSError."""
    return shutil.disk_usage(folder).free / 1_000_000


def within(folder: Path, name: str) -> Path | None:
    """The file of that name there; None: the name leads elsewhere. Names come from a database that others write too."""
    path = folder / name
    return path if path.parent == folder and name not in ("", ".", "..") else None


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb")


def _sync_folder(folder: Path) -> None:
    """A name that was given in the folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
