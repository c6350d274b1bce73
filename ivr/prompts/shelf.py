"""The rendered audio that ships: `flows/audio/<language>/<key>.opus` and its manifest.

Made by `ivr prompts render --ship`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ivr.errors import ConfigError
from ivr.prompts.clips import Clip, Voice
from ivr.prompts.store import write_whole

MANIFEST = "manifest.json"


class ShelfEntry(BaseModel):
    """One clip on the shelf. seconds: its length. sha256: of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    language: str
    before: str = ""
    after: str = ""
    pace: float = 1.0
    voice: str
    speed: float
    engine: str
    seconds: float
    sha256: str

    @property
    def clip(self) -> Clip:
        return Clip(self.text, self.language, self.before, self.after, self.pace)


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clips: dict[str, ShelfEntry]


@dataclass(frozen=True, slots=True)
class Shelf:
    folder: Path
    entries: Mapping[str, ShelfEntry]

    @classmethod
    def open(cls, folder: Path) -> Shelf:
        """An empty shelf where there is no manifest. Raises ConfigError on a broken one."""
        path = folder / MANIFEST
        if not path.exists():
            return cls(folder, {})
        try:
            return cls(folder, _Manifest.model_validate_json(path.read_bytes()).clips)
        except (ValidationError, ValueError) as error:
            raise ConfigError(
                f"{path} is broken: {error}", mend="restore it, or `ivr prompts render --ship`"
            ) from error

    def path(self, key: str) -> Path:
        return self.folder / self.entries[key].language / f"{key}.opus"

    def read(self, key: str) -> bytes | None:
        """The file, or None when it is missing or not the one that the manifest means."""
        try:
            data = self.path(key).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == self.entries[key].sha256 else None

    def broken(self) -> Iterator[str]:
        """Keys whose file is missing or altered."""
        return (key for key in self.entries if self.read(key) is None)

    def put(self, clip: Clip, voice: Voice, data: bytes, seconds: float) -> Shelf:
        """The shelf with one clip more; its file is written, the manifest is not (`save`)."""
        key = voice.key(clip)
        entry = ShelfEntry(
            **asdict(clip),
            voice=voice.name,
            speed=voice.speed,
            engine=voice.engine,
            seconds=round(seconds, 3),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        write_whole(self.folder / clip.language / f"{key}.opus", data)
        return Shelf(self.folder, {**self.entries, key: entry})

    def keep(self, keys: frozenset[str]) -> Shelf:
        """Without the clips that are not among `keys`; their files are removed."""
        kept = {key: entry for key, entry in self.entries.items() if key in keys}
        for path in self.folder.glob("*/*.opus"):
            if path.stem not in kept:
                path.unlink()
        return Shelf(self.folder, kept)

    def save(self) -> None:
        """Sorted, one clip a line, so that a change of one prompt is a change of one line."""
        order = sorted(self.entries.items(), key=lambda item: (item[1].language, item[1].text, item[0]))
        lines = [
            f"  {json.dumps(key)}: {json.dumps(entry.model_dump(exclude_defaults=True), ensure_ascii=False)}"
            for key, entry in order
        ]
        write_whole(self.folder / MANIFEST, ('{"clips": {\n' + ",\n".join(lines) + "\n}}\n").encode())
