"""A folder of recordings with a `MANIFEST.tsv`: what each file says, of which kind, by whom.

Columns (tab-separated, the first line names them): `file` and `transcript` are required; `kind`, `speaker` and
`language` are used where they are there; others are left alone. `kind` groups recordings that are judged together
(commands, digits, sentences). Without `language` it is the folder's: the first part of the path, if that is a
language tag (`zh/8k/1.wav`), else the one that is asked for.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asr.models import language_tag
from asr.protocol import AsrError

NAME = "MANIFEST.tsv"
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")


class ManifestError(AsrError):
    """The folder cannot be used. The message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    path: Path
    transcript: str
    kind: str
    speaker: str
    language: str


def read(folder: Path, language: str) -> list[Recording]:
    """The recordings in this language. Raises ManifestError."""
    manifest = folder / NAME
    wanted = language_tag(language)
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ManifestError(
            f"{manifest} is missing: make one with the columns file, transcript, kind, speaker (tab-separated)"
        ) from None
    except UnicodeDecodeError as error:
        raise ManifestError(f"{manifest} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise ManifestError(f"{manifest} cannot be read: {error.strerror}") from error
    found = [one for one in _rows(manifest, text, wanted) if one.language == wanted]
    if not found:
        raise ManifestError(f"{manifest} names no recording in {wanted!r}")
    return found


def _rows(manifest: Path, text: str, language: str) -> Iterator[Recording]:
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
    missing = {"file", "transcript"} - set(rows.fieldnames or ())
    if missing:
        raise ManifestError(f"{manifest}:1: no column {', '.join(sorted(missing))}")
    for number, row in enumerate(rows, start=2):
        name, transcript = (row.get("file") or "").strip(), (row.get("transcript") or "").strip()
        if not name or not transcript:
            raise ManifestError(f"{manifest}:{number}: a line needs a file and a transcript")
        path = manifest.parent / name
        if not path.is_file():
            raise ManifestError(f"{manifest}:{number}: there is no file {name}")
        yield Recording(
            path,
            transcript,
            (row.get("kind") or "").strip() or "speech",
            (row.get("speaker") or "").strip(),
            language_tag((row.get("language") or "").strip() or _of_path(name) or language),
        )


def _of_path(name: str) -> str:
    first = Path(name).parts[0]
    return first if len(Path(name).parts) > 1 and _TAG.fullmatch(first) else ""
