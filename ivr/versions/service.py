"""Publishing, rolling back and looking up versions, over the store.

A release is written in one transaction with the version and its files: after a crash in the middle either the old or
the new one is live, wholly. Nothing here touches a running server: that one sees the new release by itself
(`live.py`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ivr.errors import VersionError
from ivr.flow.diff import compare, node_renames
from ivr.flow.findings import FlowLoadError, did_you_mean
from ivr.flow.folder import QUEUES
from ivr.flow.model import FlowLibrary
from ivr.versions import content
from ivr.versions.lineage import lineage
from ivr.versions.loading import load_aside
from ivr.versions.returning import Mapped, dropped, returning, settle
from ivr.versions.routing_rules import rules_of
from storage.flow_records import FlowRelease, FlowVersion, ReleaseKind
from storage.store import Store

LEAST_PREFIX = 4
"""Characters of a hash that may stand for it."""


@dataclass(frozen=True, slots=True)
class Published:
    """released: False when that content was live already. before: the version that was live, if any."""

    release: FlowRelease
    released: bool
    before: str | None
    staying: int = 0
    """Calls that wait and come back to nodes which this version does not have."""
    kept_queues: Mapping[str, int] = field(default_factory=dict)
    """Queues that this version does not have -> callers who wait there: they are served by the rules of before."""


@dataclass(slots=True)
class Versions:
    """The versions of one hotline.

    beside: what stands in for the queues of a version that was stored when they were no part of one.
    """

    store: Store
    hotline: str
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    entry_flow: str = ""
    """The flow that calls begin with: a version without it may not go live. "" = not checked."""
    beside: Mapping[str, bytes] = field(default_factory=dict)

    async def live(self) -> FlowRelease | None:
        async with self.store.reading(last_known=True) as uow:
            return await uow.flow_releases.live(self.hotline)

    async def last_seq(self) -> int:
        """The number of the live release, 0 when nothing is published."""
        async with self.store.reading(last_known=True) as uow:
            return await uow.flow_releases.last_seq(self.hotline)

    async def releases(self) -> list[FlowRelease]:
        """Oldest first."""
        async with self.store.reading(last_known=True) as uow:
            return (await uow.flow_releases.history(self.hotline))[::-1]

    async def find(self, name: str) -> FlowVersion:
        """A version by its hash or the beginning of it, by `live`, or by the number of a release (`7`).

        Raises VersionError: there is none, or more than one.
        """
        async with self.store.reading() as uow:
            if name == "live" or (name.isdecimal() and len(name) < LEAST_PREFIX):
                releases = await uow.flow_releases.history(self.hotline)
                wanted = [one for one in releases if name == "live" or one.seq == int(name)][:1]
                if not releases:
                    raise VersionError(
                        f"nothing is published for {self.hotline}", mend="`ivr publish -m ...`"
                    )
                if not wanted:
                    raise VersionError(
                        f"there is no release {name} of {self.hotline}", mend="see `ivr versions`"
                    )
                name = wanted[0].version
            if len(name) < LEAST_PREFIX or not set(name) <= set("0123456789abcdef"):
                raise VersionError(
                    f"`{name}` names no version",
                    mend=f"give {LEAST_PREFIX} or more characters of its hash, the number of a release, or `live`",
                )
            found = await uow.flow_versions.starting_with(name)
        if not found:
            raise VersionError(f"there is no version {name}", mend="see `ivr versions`")
        if len(found) > 1:
            raise VersionError(
                f"{name} is the beginning of {len(found)} versions", mend="give more of the hash"
            )
        return found[0]

    async def sources(self, version: str) -> dict[str, bytes]:
        """The files of a version, by its whole hash. Raises VersionError when they are not (all) stored."""
        async with self.store.reading(last_known=True) as uow:
            found = await uow.flow_versions.get(version)
            contents = {} if found is None else await uow.flow_files.contents(found.files.values())
        if found is None:
            raise VersionError(f"version {version[:12]} is not stored here", mend="see `ivr versions`")
        missing = [name for name, hash in found.files.items() if hash not in contents]
        if missing:
            raise VersionError(
                f"version {version[:12]} lacks {', '.join(sorted(missing))}", mend="publish it again"
            )
        return {name: contents[hash] for name, hash in found.files.items()}

    async def load(self, version: str) -> FlowLibrary:
        """A version as calls run it. Raises VersionError, FlowLoadError."""
        return await load_aside({**self.beside, **await self.sources(version)}, version)

    async def keep(self, sources: Mapping[str, bytes], *, author: str, message: str) -> str:
        """Store a version without releasing it, so that its calls can be looked at later. Returns its hash."""
        async with self.store.unit_of_work() as uow:
            live = await uow.flow_releases.live(self.hotline)
            version, files = content.to_store(
                self.hotline,
                sources,
                author=author,
                message=message,
                at=self.now(),
                parent=None if live is None else live.version,
            )
            await uow.flow_files.put(*files)
            await uow.flow_versions.put(version)
        return version.hash

    async def examine(self, sources: Mapping[str, bytes]) -> FlowLibrary:
        """Whether it could go live. Raises FlowLoadError, VersionError."""
        library = await load_aside(sources)
        self.check(library)
        return library

    async def publish(
        self,
        sources: Mapping[str, bytes],
        *,
        author: str,
        message: str,
        mapping: Mapped | None = None,
        keep: bool = False,
        library: FlowLibrary | None = None,
    ) -> Published:
        """From now on new calls run these sources (`read_folder` gives them). Publishing what is live changes nothing.

        mapping, keep: as `returning.settle` wants them. library: what `examine` gave for these sources, if it did.

        Raises FlowLoadError (the draft has faults), NodesDropped (callers will come back to nodes that it lacks),
        VersionError, StorageError; nothing has changed then.
        """
        library = library or await self.examine(sources)
        live = await self.live()
        if live is not None and live.version == library.version:
            return Published(live, released=False, before=live.version)
        return await self._release("publish", sources, library, live, author, message, mapping or {}, keep)

    async def rollback(
        self,
        to: str = "",
        *,
        steps: int = 1,
        author: str,
        message: str = "",
        mapping: Mapped | None = None,
        keep: bool = False,
    ) -> Published:
        """Back to a version that was live before: `to` (as `find`), else so many steps. Raises as `publish` does."""
        live = await self.live()
        if to:
            version = (await self.find(to)).hash
        else:
            line = lineage(await self.releases())
            if not 0 < steps < len(line):
                there = f"{len(line) - 1} to go back to" if line else "nothing is published"
                raise VersionError(f"cannot go back {steps} steps: {there}", mend="see `ivr versions`")
            version = line[-1 - steps]
        if live is not None and live.version == version:
            return Published(live, released=False, before=live.version)
        sources = await self.sources(version)
        try:
            library = await self.load(version)
        except FlowLoadError as error:
            raise VersionError(
                f"version {version[:12]} cannot run any more: {error}",
                mend="export it (`ivr versions export`), mend it and publish it",
            ) from error
        self.check(library)
        return await self._release("rollback", sources, library, live, author, message, mapping or {}, keep)

    def check(self, library: FlowLibrary) -> None:
        """Raises VersionError for one that calls could not begin with, or whose callers nobody could take."""
        if self.entry_flow and self.entry_flow not in library.flows:
            raise VersionError(
                f"there is no flow `{self.entry_flow}`, which calls begin with",
                mend=did_you_mean(self.entry_flow, library.flows)
                or f"set IVR_ENTRY_FLOW to one of: {', '.join(sorted(library.flows))}",
            )
        if library.queues and QUEUES not in library.texts:
            queue = min(library.queues)
            raise VersionError(
                f"calls wait in the queue `{queue}`, but there is no {QUEUES}",
                mend=f"write one: `queues: {{{queue}: {{}}}}`",
            )

    async def _release(
        self,
        kind: ReleaseKind,
        sources: Mapping[str, bytes],
        library: FlowLibrary,
        live: FlowRelease | None,
        author: str,
        message: str,
        mapping: Mapped,
        keep: bool,
    ) -> Published:
        calls = await self._dropped(library)
        guesses = await self._guesses(sources, live) if calls else {}
        mapping = settle(calls, mapping, library.nodes.keys(), keep=keep, guesses=guesses)
        before = None if live is None else live.version
        at = self.now()
        version, files = content.to_store(
            self.hotline, sources, author=author, message=message, at=at, parent=before
        )
        seq = 1 if live is None else live.seq + 1
        release = FlowRelease(self.hotline, seq, version.hash, kind, at, author, message, mapping)
        async with self.store.unit_of_work() as uow:
            await uow.flow_files.put(*files)
            await uow.flow_versions.put(version)
            await uow.flow_releases.add(release)
        return Published(
            release,
            released=True,
            before=before,
            staying=sum(calls.values()),
            kept_queues=await self._kept_queues(library),
        )

    async def _dropped(self, library: FlowLibrary) -> Mapping[str, int]:
        async with self.store.reading() as uow:
            standings = await returning(uow)
        libraries = {}
        for version in {standing.version for standing in standings} - {library.version}:
            try:
                libraries[version] = await self.load(version)
            except (VersionError, FlowLoadError):
                # Not stored, or no longer loadable: a restarted server could not take these calls up anyway.
                continue
        return dropped(standings, libraries, library.nodes.keys())

    async def _kept_queues(self, library: FlowLibrary) -> Mapping[str, int]:
        queues = rules_of(library.texts).queues
        async with self.store.reading() as uow:
            waiting = [entry.queue for entry in await uow.entries.live() if entry.queue]
        return Counter(queue for queue in waiting if queue not in queues)

    async def _guesses(self, sources: Mapping[str, bytes], live: FlowRelease | None) -> Mapping[str, str]:
        if live is None:
            return {}
        old = await self.sources(live.version)
        return node_renames(compare(old, content.covered(sources)))
