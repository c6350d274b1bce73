"""What may be done with recordings, for whoever asks: the command line now, the web later.

    service = RecordingService(store, folder, classes)
    rows = [row async for row in service.listed(since=..., purpose="talk")]
    await service.export(["c-n1-1.talk-..."], Path("out"), by="zhang", why="case 42")

Whoever takes a recording away, erases one or changes how long it is kept is on record before it is done
(`storage/act_records.py`, kind `recording`). Everything raises StorageError beside what it says.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from ivr.errors import RecordingError
from ivr.recordings.files import copy, sha256, within
from ivr.recordings.settings import LEGAL_HOLD, MESSAGE, ORDINARY, class_of
from storage.act_records import ActRecord
from storage.promises import RecordingRecord
from storage.store import Store

log = logging.getLogger(__name__)

KIND: Final = "recording"
Verdict = Literal["good", "changed", "missing", "no_checksum"]


@dataclass(frozen=True, slots=True)
class Verified:
    recording: RecordingRecord
    verdict: Verdict


class RecordingService:
    """folder: where the files lie for this process. classes: retention class -> days, 0 = for ever."""

    def __init__(
        self,
        store: Store,
        folder: Path | None,
        classes: Mapping[str, float],
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._store = store
        self._folder = folder
        self._classes = classes
        self._now = now

    async def listed(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        call: str = "",
        purpose: str = "",
        retention: str = "",
        agent: str = "",
        states: Sequence[str] = ("kept",),
    ) -> AsyncIterator[RecordingRecord]:
        """Oldest first. retention: the class that holds for it. agent: an id; only talks have one."""
        last: RecordingRecord | None = None
        while True:
            async with self._store.reading() as uow:
                if call:
                    rows = [row for row in await uow.recordings.of_call(call) if row.state in states]
                    rows = [row for row in rows if purpose in ("", row.purpose)]
                else:
                    rows = await uow.recordings.listed(
                        since=since, until=until, purpose=purpose, states=states, after=last
                    )
            for row in rows:
                if retention in ("", class_of(row.retention, row.purpose)) and (
                    not agent or agent in agents_of(row)
                ):
                    yield row
            if call or not rows:
                return
            last = rows[-1]

    async def verify(self, ids: Sequence[str] = ()) -> AsyncIterator[Verified]:
        """All that are kept, or those: whether each file is there and is what it was."""
        if ids:
            for id in ids:
                yield await self._verified(await self._get(id))
            return
        async for row in self.listed():
            yield await self._verified(row)

    async def export(self, ids: Sequence[str], folder: Path, *, by: str, why: str) -> list[Path]:
        """Copies of the files, with what is known of each beside it as JSON. On record first.

        Raises RecordingError: there is none, it is not what it was, there is no place to write.
        """
        _named(by, why)
        made: list[Path] = []
        for id in ids:
            row = await self._get(id)
            source = self._file(row)
            await self._note("export", by, row, why, {})
            try:
                await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
                target = folder / Path(row.path).name
                checksum = await asyncio.to_thread(copy, source, target)
                about = json.dumps(_about(row), ensure_ascii=False, indent=1)
                await asyncio.to_thread(target.with_suffix(".json").write_text, about, "utf-8")
            except OSError as error:
                raise RecordingError(
                    f"{error.filename or folder}: {error.strerror}",
                    mend="name a folder that can be written to",
                ) from error
            if row.sha256 and checksum != row.sha256:
                raise RecordingError(
                    f"{row.id} is not what was recorded: its checksum differs",
                    mend="`ivr recordings verify` looks at all of them; a backup may have the right one",
                )
            made.append(target)
        return made

    async def keep(self, id: str, retention: str, *, by: str, why: str) -> RecordingRecord:
        """Change how long it is kept. Raises RecordingError."""
        _named(by, why)
        if retention not in self._classes:
            known = ", ".join(self._classes)
            raise RecordingError(f"there is no class `{retention}`", mend=f"the settings have {known}")
        row = await self._get(id)
        await self._note("keep", by, row, why, {"from": row.retention, "to": retention})
        changed = replace(row, retention=retention, revision=row.revision + 1)
        async with self._store.unit_of_work() as uow:
            await uow.recordings.upsert(changed)
        return changed

    async def erase(self, id: str, *, by: str, why: str) -> None:
        """The file, for good; its row stays and says so. Raises RecordingError, also where it is under legal hold."""
        _named(by, why)
        row = await self._get(id)
        if row.retention == LEGAL_HOLD:
            raise RecordingError(
                f"{id} is under legal hold", mend=f"`ivr recordings keep {id} --class {ORDINARY}` ends that"
            )
        await self._note("erase", by, row, why, {"class": class_of(row.retention, row.purpose)})
        await self._erase(row, by)

    async def erase_old(self) -> Mapping[str, int]:
        """Whatever is older than its class allows. How many of each class."""
        now, erased = self._now(), dict[str, int]()
        for name, days in self._classes.items():
            if days <= 0 or name == LEGAL_HOLD:
                continue
            before = now - dt.timedelta(days=days)
            # What broke off may have left a part of what was said.
            async for row in self.listed(until=before, retention=name, states=("kept", "failed")):
                await self._note("erase", "retention", row, f"older than {days:g} days", {"class": name})
                await self._erase(row, "retention")
                erased[name] = erased.get(name, 0) + 1
        return erased

    async def acts(self, recording: str = "", limit: int = 100) -> Sequence[ActRecord]:
        """Who took away, erased, paused: the newest first."""
        async with self._store.reading() as uow:
            return await uow.acts.listed(kind=KIND, subject=recording or None, limit=limit)

    # --- within

    async def _get(self, id: str) -> RecordingRecord:
        async with self._store.reading() as uow:
            row = await uow.recordings.get(id)
        if row is None or row.state == "deleted":
            raise RecordingError(f"there is no recording {id}", mend="`ivr recordings list` names them")
        return row

    def _file(self, row: RecordingRecord) -> Path:
        if self._folder is None:
            raise RecordingError(
                "it is not known where the recordings lie",
                mend="set `recordings.folder` to Asterisk's folder of recordings, as this machine sees it",
            )
        path = within(self._folder, row.path)
        if path is None:
            raise RecordingError(f"{row.id}: its file's name leads out of the folder of recordings")
        return path

    async def _verified(self, row: RecordingRecord) -> Verified:
        path = self._file(row)

        def look() -> Verdict:
            if not path.is_file():
                return "missing"
            if not row.sha256:
                return "no_checksum"
            return "good" if sha256(path) == row.sha256 else "changed"

        return Verified(row, await asyncio.to_thread(look))

    async def _erase(self, row: RecordingRecord, by: str) -> None:
        path = self._file(row)
        for name in (path, path.with_suffix(".raw")):
            await asyncio.to_thread(name.unlink, missing_ok=True)
        data = {**row.data, "erased": {"by": by, "at": self._now().isoformat()}}
        async with self._store.unit_of_work() as uow:
            await uow.recordings.upsert(replace(row, state="deleted", data=data, revision=row.revision + 1))

    async def _note(self, act: str, by: str, row: RecordingRecord, why: str, data: Mapping[str, Any]) -> None:
        id = f"act-{secrets.token_hex(8)}"
        async with self._store.unit_of_work() as uow:
            await uow.acts.append(ActRecord(id, self._now(), by, KIND, act, row.call_id, row.id, why, data))


def agents_of(row: RecordingRecord) -> list[str]:
    """Ids of the agents who are heard in it, in the order in which they came; [] of a message."""
    return list(dict.fromkeys(str(one["agent"]) for one in row.data.get("agents", ())))


def _about(row: RecordingRecord) -> dict[str, Any]:
    return {**asdict(row), "created_at": row.created_at.isoformat()}


def _named(by: str, why: str) -> None:
    if not by or not why:
        raise RecordingError("this is put on record", mend="say who, and why")


__all__ = ["KIND", "LEGAL_HOLD", "MESSAGE", "ORDINARY", "RecordingService", "Verified", "agents_of"]
