"""Room on the disk: watched, announced early, and given up by policy, the journal never.

    free room          what ends
    warn_mb            nothing: it is said, on the status page and in the metrics too (ivr/watching/health.py)
    least_free_mb      talks with agents are not recorded (`recordings.least_free_mb`, ivr/talk/recording.py)
    messages_mb        callers' messages are not recorded: the dialogue is told that it failed
    transcripts_mb     what is said is not written down
    none               the journal goes on in the spool's reserve, then in memory (storage/spool.py)

What ended begins again when there is a fifth more room than that.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from storage.errors import parse_url
from storage.records import Fact, TranscriptLine
from storage.spool import Spool

if TYPE_CHECKING:
    from ivr.config import Settings

log = logging.getLogger(__name__)

MORE: Final = 1.2
"""Times the limit: from there on it is over."""
MB: Final = 1_000_000


class DiskSettings(BaseModel):
    """Room on the disk, and the file in which facts wait for the database."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warn_mb: float = Field(default=2000.0, ge=0, description="with less room a warning is logged")
    messages_mb: float = Field(
        default=200.0, ge=0, description="with less room callers cannot leave messages"
    )
    transcripts_mb: float = Field(default=50.0, ge=0, description="with less room what is said is not kept")
    spool_most_mb: int = Field(
        default=4096, ge=16, description="facts that wait for the database take up so much at most"
    )
    look_every_s: float = Field(default=5.0, gt=0, description="how often the room is looked at, s")

    @model_validator(mode="after")
    def _one_after_the_other(self) -> Self:
        if not self.warn_mb >= self.messages_mb >= self.transcripts_mb:
            raise ValueError("`warn_mb` must not be below `messages_mb`, nor that below `transcripts_mb`")
        return self


class Room(enum.IntEnum):
    """How much there is, from much to little."""

    AMPLE = 0
    LOW = 1
    NO_MESSAGES = 2
    NO_TRANSCRIPTS = 3


def room(free_mb: float, before: Room, settings: DiskSettings) -> Room:
    """before: as it was found last; to come back from there takes more room than to get there."""
    limits = {
        Room.NO_TRANSCRIPTS: settings.transcripts_mb,
        Room.NO_MESSAGES: settings.messages_mb,
        Room.LOW: settings.warn_mb,
    }
    for level, limit in limits.items():
        if free_mb < (limit * MORE if before >= level else limit):
            return level
    return Room.AMPLE


_SAID: Final = {
    Room.AMPLE: (logging.INFO, "there is room on the disk again"),
    Room.LOW: (logging.WARNING, "the disk gets full: make room before recordings and transcripts end"),
    Room.NO_MESSAGES: (
        logging.ERROR,
        "the disk is nearly full: talks and callers' messages are not recorded",
    ),
    Room.NO_TRANSCRIPTS: (logging.CRITICAL, "the disk is full: nothing but the journal is kept"),
}


class DiskWatch:
    """folders: on whose disks facts, recordings and the database lie. free_mb: of a folder; raises OSError."""

    def __init__(
        self,
        settings: DiskSettings,
        folders: Sequence[Path],
        spool: Spool | None = None,
        free_mb: Callable[[Path], float] = lambda folder: shutil.disk_usage(folder).free / MB,
    ) -> None:
        self._settings = settings
        self._folders = folders
        self._spool = spool
        self._free_mb = free_mb
        self.found = Room.AMPLE
        self.left_out = 0
        """Lines of transcripts."""

    def may_record(self) -> bool:
        """Whether there is room for what a caller says."""
        return self.found < Room.NO_MESSAGES

    def through(self, put: Callable[[Fact], None]) -> Callable[[Fact], None]:
        """The same without what there is no room for."""

        def narrow(fact: Fact) -> None:
            if type(fact) is TranscriptLine and self.found >= Room.NO_TRANSCRIPTS:
                self.left_out += 1
            else:
                put(fact)

        return narrow

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._settings.look_every_s)

    async def look(self) -> None:
        """Never raises: a folder that is not there yet, or cannot be looked at, has room."""
        least = await asyncio.to_thread(self._least)
        if least is None:
            return
        free_mb, folder = least
        before, self.found = self.found, room(free_mb, self.found, self._settings)
        if self.found != before:
            level, what = _SAID[self.found]
            log.log(level, "%s (%.0f MB are free where %s is)", what, free_mb, folder)
        if self.found < Room.NO_MESSAGES and self._spool is not None:
            # On the loop: the spool is nobody else's. A moment, and nothing at all while the reserve is whole.
            self._spool.fill_reserve()

    def _least(self) -> tuple[float, Path] | None:
        found = []
        for folder in self._folders:
            try:
                found.append((self._free_mb(folder), folder))
            except OSError as error:
                log.debug("the room of %s is not known: %s", folder, error)
        return min(found, default=None)


def disk_folders(settings: Settings) -> list[Path]:
    """On whose disks this controller's own things lie; where Asterisk records only if that is within reach."""
    recordings = settings.recordings.where(settings.state_dir, settings.asterisk.mode)
    database = parse_url(settings.effective_database_url)
    beside = None
    if database.drivername.startswith("sqlite") and database.database:
        beside = Path(database.database).absolute().parent
        beside = None if beside == settings.state_dir.resolve() else beside
    return [settings.state_dir, *(one for one in (recordings, beside) if one is not None)]
