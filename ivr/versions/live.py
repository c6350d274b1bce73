"""The dialogue that new calls of a running server get, and how it changes; its queues are in force for all.

A version reaches the calls in the same steps wherever it comes from: it is read and checked, its prompts get a sound,
and then, in one moment, it is the one for new calls. Whatever fails before that moment is logged and changes nothing.
Calls keep the version that they began with; the last one of an old version lets go of it.

It comes from a release (the database is asked for its number every second, a key look-up) or, in development, from
the folder whenever a file in it is saved. The latest of these is what new calls get.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from ivr.call.dialogue import Dialogue
from ivr.errors import ConfigError, FlowError, StorageError
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import read_folder, version_of
from ivr.flow.model import FlowLibrary
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.versions.lineage import lineage
from ivr.versions.loading import aside, free_in_steps, load_aside
from ivr.versions.ready import give_sound, prepare
from ivr.versions.saved import saves
from ivr.versions.service import Versions
from storage.errors import StorageAway, StorageRefused

log = logging.getLogger(__name__)

ASK_EVERY_S: Final = 1.0
SOUND_S: Final = 60.0
"""So long a new version waits for the first sound of its new prompts."""
OLDER_TRIED: Final = 5


class LiveFlows:
    """`begin()`, then `run()` as a task; `current`, `enter` and `leave` are for calls (`ivr.call.dialogue`).

    watch: the folder is what is run, whenever something is saved in it.
    """

    def __init__(
        self,
        versions: Versions,
        folder: Path,
        folders: Folders,
        *,
        watch: bool = False,
        ask_every_s: float = ASK_EVERY_S,
        sound_s: float = SOUND_S,
    ) -> None:
        self._versions = versions
        self._folder = folder
        self._folders = folders
        self._watch = watch
        self._ask_every_s = ask_every_s
        self._sound_s = sound_s
        self._seq = 0
        """The release that was looked at last."""
        self._current: Dialogue | None = None
        self._audio: PromptCatalogue | None = None
        self._old: dict[Dialogue, None] = {}
        """In the order in which others took their place."""
        self._over: asyncio.Queue[Dialogue] = asyncio.Queue()
        self._turn = asyncio.Lock()
        """Versions become ready one after the other."""
        self.on_change: Callable[[], None] = lambda: None
        """Told when another version is the current one, and when an old one is let go."""
        self.on_save: Callable[[Mapping[str, bytes]], Awaitable[None]] = _nothing
        """Told, in development, what stands in the folder after each save."""

    # --- for calls ---

    @property
    def current(self) -> Dialogue:
        if self._current is None:
            raise RuntimeError("no dialogue has been loaded")
        return self._current

    @property
    def library(self) -> FlowLibrary:
        """The one for new calls."""
        return self.current.library

    @property
    def audio(self) -> PromptCatalogue:
        """The prompts of new calls."""
        assert self._audio is not None
        return self._audio

    def dialogues(self) -> list[Dialogue]:
        """Those that calls run: the current one, then older ones, the latest first."""
        return [self.current, *reversed(self._old)]

    def versions_in_use(self) -> Mapping[str, int]:
        """Version -> calls that run it now: the current one, and older ones that still have calls."""
        return {one.library.version: one.calls for one in reversed(self.dialogues())}

    def enter(self) -> Dialogue:
        self.current.calls += 1
        return self.current

    def leave(self, dialogue: Dialogue) -> None:
        dialogue.calls -= 1
        if not dialogue.calls and dialogue in self._old:
            self._retire(dialogue)

    async def again(self, version: str) -> Dialogue:
        """For a call that began with that version under an earlier controller. Raises FlowError, StorageError."""
        known = next((one for one in self.dialogues() if one.library.version == version), None)
        if known is None:
            library = await self._versions.load(version)
            async with self._turn:
                ready = await aside(lambda: prepare(library, self._folders, self._audio))
                await give_sound(ready, self._sound_s)
                known = ready.dialogue
                self._old[known] = None
                self.on_change()
        known.calls += 1
        return known

    # --- the beginning ---

    async def begin(self) -> None:
        """Load what the first calls get. Raises HotlineError when there is nothing sound to begin with.

        The live release; the first time, the folder is published. In development the folder, if it is sound. When
        the live release cannot run any more (the language has changed since), an older one can.
        """
        self._seq = await self._versions.last_seq()
        if not self._seq:
            await self._publish_first()
        if self._watch and await self._begin_with_folder():
            return
        await self._begin_with_release()
        if not self._watch:
            await self._compare_folder()

    async def _publish_first(self) -> None:
        why = f"the first version, from {self._folder}"
        try:
            published = await self._versions.publish(await self._read(), author="", message=why)
        except StorageRefused:
            # Another controller started at the same moment and has done it.
            self._seq = await self._versions.last_seq()
        else:
            self._seq = published.release.seq
            log.info("version %s is published: %s", _short(published.release.version), why)

    async def _begin_with_folder(self) -> bool:
        try:
            library = await self._load_folder(await self._read())
        except (FlowError, StorageAway) as error:
            self._tell(error, "the live version is run instead")
            return False
        await self._become(library)
        live = await self._versions.live()
        if live is not None and live.version != library.version:
            log.info(
                "development: %s is run, not the live version %s; `ivr publish` makes it live",
                self._folder,
                _short(live.version),
            )
        return True

    async def _begin_with_release(self) -> None:
        line = lineage(await self._versions.releases())
        failure: FlowError | None = None
        for version in line[: -1 - OLDER_TRIED : -1]:
            try:
                library = await self._versions.load(version)
                self._versions.check(library)
            except FlowError as error:
                self._tell(error, f"version {_short(version)} cannot be run")
                failure = failure or error
            else:
                if version != line[-1]:
                    log.error(
                        "version %s is run, an older one than the live %s", _short(version), _short(line[-1])
                    )
                await self._become(library)
                return
        assert failure is not None
        raise ConfigError(
            f"no version of the dialogue can be run: {failure}",
            mend="mend the folder (`ivr check`) and `ivr publish` it",
        ) from failure

    async def _compare_folder(self) -> None:
        try:
            differs = version_of(await self._read()) != self.library.version
        except FlowError:
            return
        if differs:
            log.warning(
                "%s differs from the live version %s: `ivr diff` shows how, `ivr publish` makes it live",
                self._folder,
                _short(self.library.version),
            )

    # --- changes ---

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_releases(), name="releases followed")
            group.create_task(self._free_old(), name="old versions freed")
            if self._watch:
                group.create_task(self._follow_folder(), name="flows folder watched")

    async def _follow_releases(self) -> None:
        away = False
        while True:
            await asyncio.sleep(self._ask_every_s)
            try:
                seq = await self._versions.last_seq()
                if seq != self._seq:
                    await self._take_release(seq)
                away = False
            except StorageError as error:
                if not away:
                    log.warning("not known whether something is published: %s", error)
                away = True

    async def _take_release(self, seq: int) -> None:
        """Raises StorageError: tried again."""
        live = await self._versions.live()
        if live is None:
            return
        try:
            if live.version != self.library.version:
                library = await self._versions.load(live.version)
                self._versions.check(library)
                await self._become(library)
        except FlowError as error:
            self._tell(
                error, f"release {live.seq} cannot be run: version {_short(self.library.version)} goes on"
            )
        else:
            who = f" by {live.author}" if live.author else ""
            why = f": {live.message}" if live.message else ""
            log.info(
                "new calls run version %s (release %d, a %s%s)%s",
                _short(live.version),
                live.seq,
                live.kind,
                who,
                why,
            )
        self._seq = seq

    async def _follow_folder(self) -> None:
        async for _ in saves(self._folder):
            try:
                sources = await self._read()
                if version_of(sources) == self.library.version:
                    await self.on_save(sources)
                    continue
                library = await self._load_folder(sources)
            except FlowError as error:
                self._tell(error, f"nothing has changed: version {_short(self.library.version)} goes on")
                continue
            except StorageError as error:
                log.error("what was saved is not run, it cannot be kept: %s", error)
                continue
            await self._become(library)
            log.info("new calls run what was saved in %s: version %s", self._folder, _short(library.version))
            await self.on_save(sources)

    async def _read(self) -> dict[str, bytes]:
        return await asyncio.to_thread(read_folder, self._folder)

    async def _load_folder(self, sources: Mapping[str, bytes]) -> FlowLibrary:
        """Kept, so that its calls can be replayed."""
        library = await load_aside(sources)
        self._versions.check(library)
        await self._versions.keep(sources, author="", message=f"saved in {self._folder}")
        return library

    async def _become(self, library: FlowLibrary) -> None:
        """From its end on new calls run this one."""
        async with self._turn:
            ready = await aside(lambda: prepare(library, self._folders, self._audio))
            await give_sound(ready, self._sound_s)
            old, self._current, self._audio = self._current, ready.dialogue, ready.audio
            if old is not None and old.calls:
                self._old[old] = None
            elif old is not None:
                self._over.put_nowait(old)
            self.on_change()

    # --- old versions ---

    def _retire(self, dialogue: Dialogue) -> None:
        self._old.pop(dialogue)
        self._over.put_nowait(dialogue)
        self.on_change()

    async def _free_old(self) -> None:
        while True:
            only = [await self._over.get()]
            version = only[0].library.version
            await free_in_steps(only)
            log.info("version %s has no calls any more and is let go", _short(version))

    def _tell(self, error: FlowError | StorageAway, what: str) -> None:
        if isinstance(error, FlowLoadError):
            for finding in error.findings:
                if finding.severity == "error":
                    log.error("%s/%s", self._folder, finding)
        else:
            log.error("%s (%s)", error, error.mend)
        log.error("%s", what)


async def _nothing(_sources: Mapping[str, bytes]) -> None:
    pass


def _short(version: str) -> str:
    return version[:12]
