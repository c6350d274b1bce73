"""Recordings from a folder or a zip: each found its line of the script, judged, and put where the catalogue plays it.

Everything is judged before anything is placed, and each file appears whole or not at all.
"""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import soundfile

from ivr.errors import ConfigError
from ivr.flow.findings import did_you_mean
from ivr.flow.plurals import MARK, base_id
from ivr.prompts import audio
from ivr.prompts.intake import Verdict, judge
from ivr.prompts.review import MOST_MISHEARD, characters, misheard
from ivr.prompts.takes import Take

Hear = Callable[[audio.Samples, str], str]
"""(samples at 16 kHz, language) -> the text that a recogniser hears."""

MAX_BYTES = 100_000_000
"""Of one recording."""
MAX_FILES = 5000
_NOT_SOUND = frozenset({".csv", ".xlsx", ".html", ".md", ".txt", ".pdf", ".doc", ".docx", ".ini", ".db"})
_NUMBERED = re.compile(r"\d{1,4}[\s_.-]+")
_OTHER_TEXT = 0.6
"""Share of the sounds heard otherwise, from which on it is another text and no weakness of the recogniser."""
_TOO_SHORT_TO_HEAR = 4


@dataclass(frozen=True, slots=True)
class Incoming:
    """name: as the sender knows it. read: its bytes."""

    name: str
    read: Callable[[], bytes]
    size: int

    @property
    def stem(self) -> str:
        path = PurePosixPath(self.name)
        return path.name.removesuffix(path.suffix)

    @property
    def extension(self) -> str:
        return PurePosixPath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Judged:
    """take: the line it is for, None when that is not known."""

    name: str
    take: Take | None
    verdict: Verdict


def incoming(source: Path) -> list[Incoming]:
    """The files of a folder (and the folders in it) or of a zip, by name. Raises ConfigError when it is neither."""
    if source.is_dir():
        files = [
            Incoming(path.relative_to(source).as_posix(), path.read_bytes, path.stat().st_size)
            for path in sorted(source.rglob("*"))
            if path.is_file()
        ]
    else:
        files = _zipped(source)
    found = [file for file in files if not _is_beside_the_point(file.name)]
    if not found:
        raise ConfigError(
            f"there is no recording in {source}", mend="give a folder or a zip with sound files"
        )
    if len(found) > MAX_FILES:
        raise ConfigError(f"more than {MAX_FILES} files in {source}", mend="give the folder of one script")
    return found


def _zipped(source: Path) -> list[Incoming]:
    try:
        archive = zipfile.ZipFile(source)
        members = [member for member in archive.infolist() if not member.is_dir()]
        if any(member.flag_bits & 1 for member in members):
            raise ConfigError(f"{source} is locked by a password", mend="send it without one")
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{source} is neither a folder nor a zip", mend="check the path") from error

    def reader(member: zipfile.ZipInfo) -> Callable[[], bytes]:
        return lambda: archive.read(member)

    return [
        Incoming(member.filename, reader(member), member.file_size)
        for member in sorted(members, key=lambda member: member.filename)
    ]


def _is_beside_the_point(name: str) -> bool:
    """What operating systems and editors leave behind, and the script itself."""
    path = PurePosixPath(name)
    hidden = any((part.startswith((".", "~$")) and part != "..") or part == "__MACOSX" for part in path.parts)
    return hidden or path.suffix.lower() in _NOT_SOUND


def judge_all(
    files: Sequence[Incoming],
    takes: Sequence[Take],
    language: str,
    *,
    hear: Hear | None = None,
    done: Callable[[], None] = lambda: None,
) -> list[Judged]:
    """In the order of `files`. hear: also compare what a recogniser hears. done: called once a file."""
    by_name = {_plain(take.id): take for take in takes}
    seen: dict[str, str] = {}
    judged = []
    for file in files:
        take = _take(file.stem, by_name)
        if take is None:
            verdict = _unknown(file.stem, takes)
        elif take.id in seen:
            verdict = Verdict("refused", (f"{seen[take.id]} is for the same line",), "keep one of them")
        else:
            seen[take.id] = file.name
            verdict = _judge(file, take, language, hear)
        judged.append(Judged(file.name, take, verdict))
        done()
    return judged


def _judge(file: Incoming, take: Take, language: str, hear: Hear | None) -> Verdict:
    if file.size > MAX_BYTES:
        return Verdict("refused", (f"larger than {MAX_BYTES // 1_000_000} MB",), "one line a file")
    try:
        data = file.read()
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return Verdict("refused", ("the file cannot be read",), "send it again")
    verdict = judge(data, file.extension, take, language)
    if hear is None or not verdict.wave or take.clip is not None:
        return verdict
    return _compared(verdict, take, language, hear)


def _compared(verdict: Verdict, take: Take, language: str, hear: Hear) -> Verdict:
    if language not in MOST_MISHEARD or characters(take.text, language) <= _TOO_SHORT_TO_HEAR:
        return verdict
    samples, rate = audio.unpack(verdict.wave)
    heard = hear(audio.resample(samples, rate, 16_000), language)
    share = misheard(take.text, heard, language)
    if share > _OTHER_TEXT:
        return Verdict("refused", (f"another text is heard: {heard}",), "is it the file of another line?")
    if share > MOST_MISHEARD[language]:
        return replace(verdict, changes=(*verdict.changes, f"please listen: heard as {heard}"))
    return verdict


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()


def _take(stem: str, by_name: Mapping[str, Take]) -> Take | None:
    """By its name, with or without a number before it."""
    name = _plain(stem)
    return by_name.get(name) or by_name.get(_NUMBERED.sub("", name, count=1))


def _unknown(stem: str, takes: Sequence[Take]) -> Verdict:
    name = _plain(stem)
    parts = [take.id for take in takes if _plain(take.prompt) == name and take.clip is not None]
    if parts:
        return Verdict(
            "refused", ("a recording of the whole cannot say the value",), f"record {' and '.join(parts)}"
        )
    forms = [take.id for take in takes if MARK in take.prompt and _plain(base_id(take.prompt)) == name]
    if forms:
        return Verdict("refused", ("this prompt has a text for each number",), f"record {', '.join(forms)}")
    hint = did_you_mean(name, [take.id for take in takes]) or "name it as the script says"
    return Verdict("refused", ("no line of the script has this name",), hint)


def place(judged: Sequence[Judged], folder: Path) -> list[Path]:
    """Write those that were not refused into `<recordings>/<language>/`, replacing older ones. The files, in order.

    Raises OSError before the first of them is in its place, or not at all.
    """
    good = [(each.take, each.verdict) for each in judged if each.take is not None and each.verdict.wave]
    folder.mkdir(parents=True, exist_ok=True)
    waiting = folder / f".importing-{secrets.token_hex(4)}"
    waiting.mkdir()
    try:
        for take, verdict in good:
            path = waiting / f"{take.id}.wav"
            path.write_bytes(verdict.wave)
            soundfile.info(str(path))
        return [(waiting / f"{take.id}.wav").replace(folder / f"{take.id}.wav") for take, _ in good]
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
