"""Who calls again: a key in place of the number, the place that a caller lost, the agent who served the caller last.

Theory of operation. The key is a keyed hash of the number: entries of one caller are found by it, and nobody who sees
an entry learns the number. Who hangs up in a queue, or is cut off by us, and calls again within the queue's `redial_s`,
gets the old place: each lost place is given back once. Lost places are read from the database at a start. The last
agent is asked of the database while the call arrives and is known when the caller wants a person, or not at all.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import logging
import os
import re
import secrets
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ivr.clock import Clock
from ivr.errors import ConfigError, StorageError
from ivr.log import of_no_call
from routing.entries import Entry
from routing.ids import AgentId, QueueName
from storage.store import Store
from storage.waits import LOST_PLACES

log = logging.getLogger(__name__)

KEY_FILE: Final = "caller-key"
ASK_S: Final = 3.0
"""For the last agent; a later answer comes too late for its call."""
TOGETHER_S: Final = 0.1
"""Between two questions for last agents."""
LAST_AGENT_DAYS: Final = 14
PLACES_KEPT: Final = 20_000
AGENTS_KEPT: Final = 5_000


class CallerKeys:
    """secret: this hotline's own; with another one no caller is known again."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, number: str) -> str:
        """32 hexadecimal digits; "" of a withheld number. The same for `+86 138...`, `0086138...` and `138...`."""
        plain = re.sub(r"[^0-9]", "", re.sub(r"^\s*(?:\+|00)86", "", number))
        if not plain:
            return ""
        return hmac.new(self._secret, plain.encode(), hashlib.sha256).hexdigest()[:32]

    @classmethod
    def kept_in(cls, folder: Path) -> CallerKeys:
        """The secret lies in a file of this folder, made at the first start. Raises ConfigError."""
        path = folder / KEY_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                secret = path.read_bytes()
            else:
                secret = secrets.token_bytes(32)
                with os.fdopen(handle, "wb") as file:
                    file.write(secret)
        except OSError as error:
            raise ConfigError(f"{path}: not readable: {error}", mend="see who owns the file") from error
        if len(secret) < 16:
            raise ConfigError(f"{path}: damaged", mend="remove the file; callers are then known anew")
        return cls(secret)


@dataclass(frozen=True, slots=True)
class LostPlace:
    """A place that a caller had, since enqueued_at. lost_at: when the caller was gone. announced: as told last."""

    entry: str
    call: str
    enqueued_at: dt.datetime
    lost_at: dt.datetime
    announced: int | None


class KnownCallers(Protocol):
    """Nothing waits."""

    def key(self, number: str) -> str:
        """ "" = not known."""
        ...

    def lost_place(self, key: str, queue: QueueName, within_s: float) -> LostPlace | None:
        """It is the caller's again from now on: a second call does not get it too."""
        ...

    def last_agent(self, key: str) -> AgentId | None: ...

    def entry_over(self, entry: Entry, began_in: QueueName) -> None:
        """An entry has ended. began_in: the queue that the caller asked for, wherever it was moved since."""
        ...


class NobodyKnown:
    """`KnownCallers` of a house without any."""

    def key(self, number: str) -> str:
        return ""

    def lost_place(self, key: str, queue: QueueName, within_s: float) -> LostPlace | None:
        return None

    def last_agent(self, key: str) -> AgentId | None:
        return None

    def entry_over(self, entry: Entry, began_in: QueueName) -> None:
        pass


class ReturningCallers:
    """Implements `KnownCallers`, from a database. store: None = only what happens in this run."""

    def __init__(
        self, keys: CallerKeys, clock: Clock, store: Store | None = None, *, days: int = LAST_AGENT_DAYS
    ) -> None:
        self.key = keys.of
        self._clock = clock
        self._store = store
        self._days = days
        self._lost: OrderedDict[tuple[str, QueueName], LostPlace] = OrderedDict()
        self._agents: OrderedDict[str, AgentId] = OrderedDict()
        self._unasked: set[str] = set()
        self._asking: asyncio.Task[None] | None = None

    @property
    def remembered(self) -> int:
        """Places or agents, whichever are more."""
        return max(len(self._lost), len(self._agents))

    async def begin(self, longest_s: float) -> None:
        """Places lost in earlier runs. longest_s: the longest `redial_s` of the rules. Never raises."""
        if self._store is None or longest_s <= 0:
            return
        try:
            async with self._store.reading() as uow:
                since = self._clock.now() - dt.timedelta(seconds=longest_s)
                for record in await uow.waits.lost_places(since):
                    entry = record.entry()
                    self.entry_over(entry, entry.queue)
        except StorageError as error:
            log.warning("places lost before the start cannot be given back: %s", error)

    async def close(self) -> None:
        """Wait for what is still being asked."""
        if self._asking is not None:
            await asyncio.wait([self._asking])

    # --- while a call arrives

    def arrived(self, number: str) -> None:
        """Ask for the caller's last agent. Never waits."""
        key = self.key(number)
        if not key or self._store is None:
            return
        self._unasked.add(key)
        if self._asking is None or self._asking.done():
            asking = self._ask_in_turn(self._store)
            loop = asyncio.get_running_loop()
            self._asking = loop.create_task(asking, name="last agents", context=of_no_call())

    async def _ask_in_turn(self, store: Store) -> None:
        """At once, and then for all who have arrived meanwhile: a question for each is dear where many call."""
        while self._unasked:
            keys, self._unasked = self._unasked, set()
            await self._ask(keys, store)
            await asyncio.sleep(TOGETHER_S)

    async def _ask(self, keys: Collection[str], store: Store) -> None:
        try:
            async with store.reading(ASK_S) as uow:
                since = self._clock.now() - dt.timedelta(days=self._days)
                found = await uow.waits.last_agents(keys, since)
        except StorageError as error:
            log.warning("callers' last agents cannot be read: %s", error)
            return
        for key, agent in found.items():
            self._remember(key, AgentId(agent))

    # --- KnownCallers

    def last_agent(self, key: str) -> AgentId | None:
        return self._agents.get(key)

    def lost_place(self, key: str, queue: QueueName, within_s: float) -> LostPlace | None:
        lost = self._lost.pop((key, queue), None)
        if lost is None:
            return None
        # One place, though it can be found under the queue that it was moved to as well.
        for other in [where for where, one in self._lost.items() if one is lost]:
            del self._lost[other]
        away_s = (self._clock.now() - lost.lost_at).total_seconds()
        return lost if away_s <= within_s else None

    def entry_over(self, entry: Entry, began_in: QueueName) -> None:
        if not entry.caller_key or entry.callback or entry.only is not None or entry.ended_at is None:
            return
        if entry.outcome == "served" and entry.agent is not None:
            self._remember(entry.caller_key, entry.agent)
        if entry.outcome in LOST_PLACES:
            lost = LostPlace(entry.id, entry.call_id, entry.enqueued_at, entry.ended_at, entry.announced)
            for queue in {began_in, entry.queue}:
                self._lost[entry.caller_key, queue] = lost
                self._lost.move_to_end((entry.caller_key, queue))
            while len(self._lost) > PLACES_KEPT:
                self._lost.popitem(last=False)

    def _remember(self, key: str, agent: AgentId) -> None:
        self._agents[key] = agent
        self._agents.move_to_end(key)
        while len(self._agents) > AGENTS_KEPT:
            self._agents.popitem(last=False)
