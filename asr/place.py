"""One place for a worker, always filled: begun again when it goes, replaced when its memory grows.

it serves, then                      what follows
-----------------------------------  ---------------------------------------------------------------------------
dies, freezes, cannot be reached     its hearings are lost; another begins after a pause that grows
its memory grows beyond the bound    another begins beside it; once that one is ready it gets all new hearings,
                                     and the old one ends when its last hearing has, or after `drain_s`
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from asr.link import Address, WorkerDied, WorkerLink
from asr.process import live
from asr.settings import PoolSettings, RemoteWorker

log = logging.getLogger(__name__)

STABLE_S = 30.0
"""A worker that lived so long was no failed start: the pauses begin anew."""

Result = TypeVar("Result")

Live = Callable[[WorkerLink], Awaitable[None]]
"""Keeps a link conversing with a worker until it goes; raises WorkerDied or OSError then."""


@dataclass(frozen=True, slots=True)
class _Life:
    link: WorkerLink
    task: asyncio.Task[str]


def on_this_machine(settings: PoolSettings, number: int) -> Place:
    return Place(settings, str(number), lambda link: live(link, settings), replaces=True)


def elsewhere(settings: PoolSettings, remote: RemoteWorker) -> Place:
    """Its memory is its own machine's business (`ivr asr-worker`)."""
    address = Address(remote.url, remote.token, remote.fingerprint, remote.ca_file)
    return Place(settings, remote.url, lambda link: link.converse(address), replaces=False)


class Place:
    """Run `run()` in one task. `up` is set while a worker serves; `settled` once one does, or did not start."""

    def __init__(self, settings: PoolSettings, name: str, live: Live, *, replaces: bool) -> None:
        self._settings = settings
        self._live = live
        self._replaces = replaces
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.name = name
        self.settled = asyncio.Event()
        self.up = asyncio.Event()
        self.link = WorkerLink(settings, name, self._ids, self._gone)
        self.known: frozenset[str] = frozenset()
        self.restarts = 0
        self.replaced = 0
        self.trouble = ""

    @property
    def ready(self) -> bool:
        return self.link.ready

    @property
    def coming(self) -> bool:
        """It served before and will again soon, unless something is wrong for good."""
        return bool(self.known) and not self.ready

    @property
    def languages(self) -> frozenset[str]:
        return self.link.languages if self.ready else frozenset()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._keep_filled()
        finally:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_filled(self) -> None:
        loop = asyncio.get_running_loop()
        pause_s = self._settings.restart_first_s
        before: _Life | None = None
        while True:
            began = loop.time()
            link = WorkerLink(self._settings, self.name, self._ids, self._gone)
            life = _Life(link, self._start(self._one_life(link), "life"))
            await _first(life.task, link.up)
            if link.ready:
                self._hand_over_to(link)
                if before is not None:
                    self._start(self._drain(before), "drains")
                    before = None
                if await self._outgrew(life):
                    before = life
                    continue
            self.trouble = await life.task
            self.settled.set()
            if loop.time() - began > STABLE_S:
                pause_s = self._settings.restart_first_s
            log.error("speech worker %s: %s; again in %.1f s", self.name, self.trouble, pause_s)
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(pause_s * 2, self._settings.restart_longest_s)
            self.restarts += 1

    async def _one_life(self, link: WorkerLink) -> str:
        """Why it ended."""
        try:
            await self._live(link)
        except (WorkerDied, OSError) as error:
            return str(error)
        return "the speech worker ended"

    def _hand_over_to(self, link: WorkerLink) -> None:
        self.link = link
        self.known = link.languages
        self.trouble = ""
        self.up.set()
        self.settled.set()

    def _gone(self, link: WorkerLink) -> None:
        if self.link is link:
            self.up.clear()

    async def _outgrew(self, life: _Life) -> bool:
        """False: it is gone. True: it serves, and is to be replaced."""
        if not self._replaces:
            await asyncio.wait({life.task})
            return False
        await asyncio.wait({life.task}, timeout=self._settings.replace_after_s)
        await _first(life.task, life.link.grown)
        if not life.link.ready:
            return False
        grown_mb = life.link.state.get("grown_mb", 0.0)
        log.warning("speech worker %s has grown by %.0f MB: another one takes its place", self.name, grown_mb)
        self.replaced += 1
        return True

    async def _drain(self, life: _Life) -> None:
        """Nothing new is opened on it any more."""
        try:
            async with asyncio.timeout(self._settings.drain_s):
                await _first(life.task, life.link.quiet)
        except TimeoutError:
            log.warning("speech worker %s: %d hearings never ended", self.name, life.link.open_count)
        life.task.cancel()

    def _start(self, work: Coroutine[Any, Any, Result], what: str) -> asyncio.Task[Result]:
        task = asyncio.create_task(work, name=f"asr worker {self.name} {what}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _first(task: asyncio.Task[str], event: asyncio.Event) -> None:
    """Until the task is done or the event is set."""
    waiting = asyncio.create_task(event.wait(), name="asr worker event")
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
