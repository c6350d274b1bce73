"""One `ivr replay`: the draft, the versions that calls ran on, and every call through both."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.cli.opening import opened
from ivr.cli.replaying.calls import Found, Sources, Wanted, from_database, from_export, stored_sources
from ivr.cli.replaying.sound import Sounds
from ivr.config import load_settings
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load_sources, read_folder
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.model import StoredCall
from ivr.flow.replaying.replay import Replayer
from ivr.flow.replaying.summary import Summary, call_to_json
from ivr.versions.service import Versions

BATCH = 500


class Work:
    """draft: a folder, or what `Versions.find` takes. export: calls of that file instead of the database's.

    After `run`: name (of the draft, for people), summary, rows (`call_to_json` of each call; without keep_same only of
    those that do not go the same way).
    """

    def __init__(
        self,
        draft: str,
        wanted: Wanted,
        *,
        config: Path | None = None,
        database_url: str = "",
        export: Path | None = None,
        keep_same: bool = True,
    ) -> None:
        self._flows = load_settings(config).flows_dir
        self._draft = draft or str(self._flows)
        is_folder = not draft or "/" in draft or Path(draft).is_dir()
        self._folder = Path(self._draft) if is_folder else None
        self._wanted = wanted
        self._config = config
        self._database_url = database_url
        self._export = export
        self._keep_same = keep_same
        self._sounds: Sounds
        self._replayer: Replayer
        self.name = self._draft
        self.summary = Summary()
        self.rows: list[dict[str, Any]] = []

    async def run(self) -> None:
        """Raises FlowLoadError (the draft has faults), VersionError, StorageError, UnreadableExport."""
        if self._folder is not None:
            self._begin(load_sources(read_folder(self._folder)), self._folder)
            if self._export is not None:
                self._replay_export(self._export)
                return
        async with opened(self._config, self._database_url) as (versions, _):
            if self._folder is None:
                found = await versions.find(self._draft)
                self._begin(load_sources(await versions.sources(found.hash)), self._flows)
            if self._export is not None:
                self._replay_export(self._export)
            else:
                await self._replay_database(versions)

    def _begin(self, library: FlowLibrary, folder: Path) -> None:
        if self._draft != library.version[: len(self._draft)]:
            self.name = f"{self._draft} ({library.version[:12]})"
        self._sounds = Sounds(folder)
        measured = self._sounds.of(library)
        self._replayer = Replayer(library, measured)
        self._replayer.know(library, measured)

    def _replay_export(self, path: Path) -> None:
        sources: dict[str, Sources] = {}
        calls = from_export(path, self._wanted, sources.__setitem__)
        self._know({call.version for call in calls}, sources)
        for call in calls:
            self._replay(call)

    async def _replay_database(self, versions: Versions) -> None:
        batch: list[Found] = []
        async for found in from_database(versions, self._wanted):
            batch.append(found)
            if len(batch) == BATCH:
                await self._replay_found(versions, batch)
                batch = []
        await self._replay_found(versions, batch)

    async def _replay_found(self, versions: Versions, batch: Sequence[Found]) -> None:
        needed = {found.stored.version for found in batch if found.stored is not None}
        needed = {version for version in needed if not self._replayer.knows(version)}
        self._know(needed, await stored_sources(versions, needed))
        for found in batch:
            if found.stored is not None:
                self._replay(found.stored)
            else:
                self.summary.add_unreadable(found.journalled.id, found.fault)

    def _know(self, needed: Iterable[str], sources: Mapping[str, Sources]) -> None:
        for version in needed:
            if self._replayer.knows(version):
                continue
            if version not in sources:
                self._replayer.do_without(version, "is not stored here")
                continue
            try:
                library = load_sources(sources[version])
            except FlowLoadError as error:
                self._replayer.do_without(version, f"cannot be read any more: {error}")
                continue
            self._replayer.know(library, self._sounds.of(library))
        # What was loaded stays: the collector need not look through it again and again.
        gc.freeze()

    def _replay(self, call: StoredCall) -> None:
        replayed = self._replayer.replay(call)
        self.summary.add(replayed)
        if self._keep_same or replayed.comparison.verdict != "same":
            self.rows.append(call_to_json(replayed, ways=bool(self._wanted.ids)))
