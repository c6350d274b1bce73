"""Audio in the raw forms that Asterisk plays, decoded once: `<cache>/prompts/<digest>.{ulaw,alaw,sln16}`.

The digest is that of the file it was decoded from, so a changed file is another name and nothing is ever stale.
Asterisk is given the path without an extension and takes the form that suits the call's codec.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ivr.prompts.edges import Edges
from ivr.prompts.store import write_whole

log = logging.getLogger(__name__)

EXTENSIONS = ("alaw", "sln16", "ulaw")
"""The last one written stands for all: it is there only when the others are."""
_NARROW_RATE = 8000


@dataclass(frozen=True, slots=True)
class Playable:
    """uri: for ARI's `media`."""

    uri: str
    seconds: float


class Prepared:
    """The folder of raw audio. Look-ups read the disk: do them before a call needs the sound."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def digest(self, data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()[:24]

    def find(self, digest: str) -> Playable | None:
        """None: not prepared."""
        try:
            size = (self._folder / f"{digest}.{EXTENSIONS[-1]}").stat().st_size
        except FileNotFoundError:
            return None
        return self._playable(digest, size) if size else None

    def make(self, data: bytes, *, edges: Edges | None = None, name: str = "") -> Playable:
        """Decode and write the raw forms. edges: trim it to these and level it (an operator's recording), which is no
        part of the digest. name: instead of the digest. Raises soundfile.LibsndfileError when it is no audio,
        ValueError when it is silent."""
        from ivr.prompts import audio  # a start does not wait for it: ivr/main/late.py

        samples, rate = audio.unpack(data)
        if edges is not None:
            trimmed = audio.trim(samples, rate, before_s=edges.before_s, after_s=edges.after_s)
            samples = audio.level(trimmed, rate)
        if not len(samples) or float(abs(samples).max()) < 1e-3:
            raise ValueError("there is no sound in it")
        digest = name or self.digest(data)
        forms = audio.raw_formats(samples, rate)
        for extension in EXTENSIONS:
            write_whole(self._folder / f"{digest}.{extension}", forms[extension])
        return self._playable(digest, len(forms[EXTENSIONS[-1]]))

    def forget_older(self, age_s: float, now: float) -> None:
        """Remove what was made more than so many seconds before `now` (Unix time)."""
        for path in self._folder.glob("*.*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < now - age_s:
                    path.unlink()

    def silence(self, seconds: float) -> Playable:
        """A pause to stand between clips."""
        digest = f"silence-{round(seconds * 1000)}"
        found = self.find(digest)
        if found is not None:
            return found
        from ivr.prompts import audio

        forms = audio.raw_formats(audio.silence(seconds), audio.SHELF_RATE)
        for extension in EXTENSIONS:
            write_whole(self._folder / f"{digest}.{extension}", forms[extension])
        return self._playable(digest, len(forms[EXTENSIONS[-1]]))

    def _playable(self, digest: str, narrow_size: int) -> Playable:
        return Playable(f"sound:{self._folder / digest}", narrow_size / _NARROW_RATE)


def remove(playable: Playable) -> None:
    """Its files."""
    sound = Path(playable.uri.removeprefix("sound:"))
    for extension in EXTENSIONS:
        sound.with_name(f"{sound.name}.{extension}").unlink(missing_ok=True)


def prepare_all(
    prepared: Prepared,
    sources: Iterable[Path],
    *,
    edges: Edges | None = None,
    done: Callable[[Path], None] = lambda _path: None,
) -> dict[Path, Playable]:
    """Decode those that are not yet prepared, on two threads. A file that cannot be decoded is left out and logged.

    edges: as `Prepared.make`. done: called once per file, from this thread.
    """

    def one(path: Path) -> Playable | None:
        try:
            data = path.read_bytes()
            return prepared.find(prepared.digest(data)) or prepared.make(data, edges=edges)
        except (OSError, ValueError, RuntimeError) as error:  # the last one: of libsndfile
            log.error("prompt audio %s cannot be used: %s", path, error)
            return None

    found: dict[Path, Playable] = {}
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="prompts-prepare") as threads:
        for path, playable in threads.map(lambda path: (path, one(path)), sources):
            done(path)
            if playable is not None:
                found[path] = playable
    return found
