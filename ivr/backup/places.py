"""What belongs to a hotline beside its database, and where it lies.

| in the backup | on the machine |
|---|---|
| `files/state/caller-key` | the key that callers are known again by |
| `files/state/asterisk/secrets.json`, `.../keys/*` | the private Asterisk's secrets and certificate |
| `files/state/spool/*` | facts that were not in the database yet |
| `files/state/asterisk/spool/fallback/*`, `.../voicemail/**` | what the dialplan took while no controller answered |
| `files/recordings/**` | the folder of recordings |

Not in it: what a running hotline makes anew (`last-known`, audio of prompts); the settings' file and the environment,
which hold passwords and are the administrator's; speech models.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ivr.callers_known import KEY_FILE
from ivr.config import Settings
from ivr.errors import BackupError

STATE: Final = "files/state"
KNOWN: Final = "last-known"
"""What a start without the database goes by (ivr/late_start.py)."""
SET_ASIDE: Final = "before-restore"
RECORDINGS: Final = "files/recordings"
_OF_STATE: Final = (
    KEY_FILE,
    "asterisk/secrets.json",
    "asterisk/keys/*",
    "asterisk/spool/fallback/**/*",
    "asterisk/spool/voicemail/**/*",
    "spool/**/*",
)


def _is_room(path: Path) -> bool:
    """The spool's reserve of room and its lock: no facts, and a controller makes them anew."""
    return path.parts[-3:-1].count("spool") > 0 and (path.name.startswith("spare-") or path.name == "lock")


@dataclass(frozen=True, slots=True)
class Places:
    """recordings: None where they are not kept here."""

    state: Path
    recordings: Path | None

    @classmethod
    def of(cls, settings: Settings) -> Places:
        folder = settings.recordings.where(settings.state_dir, settings.asterisk.mode)
        return cls(settings.state_dir.absolute(), folder)

    def of_state(self) -> Iterator[tuple[str, Path]]:
        """(name in the backup, file) of what lies in the state's folder."""
        for pattern in _OF_STATE:
            for path in sorted(self.state.glob(pattern)):
                if path.is_file() and not path.is_symlink() and not _is_room(path):
                    yield f"{STATE}/{path.relative_to(self.state).as_posix()}", path

    def of_recordings(self) -> Iterator[tuple[str, Path]]:
        if self.recordings is None:
            return
        for path in sorted(self.recordings.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield f"{RECORDINGS}/{path.relative_to(self.recordings).as_posix()}", path

    def set_aside(self, now: dt.datetime) -> Path | None:
        """What controllers wrote for the database of before, and what they knew of it, goes where nobody looks: the
        next start would bring it into the one that was put back. The folder; None: there was nothing.

        Raises OSError. No controller runs.
        """
        found = [*sorted((self.state / "spool").glob("run-*")), self.state / KNOWN]
        found = [path for path in found if path.is_dir()]
        if not found:
            return None
        aside = self.state / SET_ASIDE / f"{now:%Y%m%dT%H%M%S.%fZ}"
        aside.mkdir(mode=0o700, parents=True)
        for path in found:
            path.rename(aside / path.name)
        return aside

    def target(self, name: str) -> Path:
        """Where a file of a backup goes. Raises BackupError: nowhere, or out of the folders."""
        for prefix, folder in ((STATE, self.state), (RECORDINGS, self.recordings)):
            if name.startswith(f"{prefix}/"):
                if folder is None:
                    raise BackupError(
                        "the backup has recordings, and it is not known where they go",
                        mend="set `recordings.folder` to Asterisk's folder of recordings, as this machine sees it",
                    )
                inner = PurePosixPath(name.removeprefix(f"{prefix}/"))
                if inner.is_absolute() or ".." in inner.parts:
                    break
                return folder / inner
        raise BackupError(f"the backup has a file that belongs nowhere: {name}")
