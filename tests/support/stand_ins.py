"""What a dialogue uses besides its telephone, and always the same: prompts of one second, servers that answer."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

from ivr.flow.actions import JsonValue, Lookup, Notify, Prompt, Request
from ivr.flow.inputs import LookupEnded, RequestEnded
from ivr.flow.model import FlowLibrary
from ivr.ids import CallId


class OneSecondPrompts:
    """Every prompt sounds one second, under the media name `sound:<id>`; the first time, `speaks_s` late."""

    def __init__(self) -> None:
        self.speaks_s = 0.0
        self.spoken: set[str] = set()

    def ready(self, prompts: Sequence[Prompt], language: str) -> bool:
        return not self.speaks_s or all(prompt.id in self.spoken for prompt in prompts)

    async def prepare(self, prompts: Sequence[Prompt], language: str) -> None:
        await asyncio.sleep(self.speaks_s)
        self.spoken.update(prompt.id for prompt in prompts)

    def media(self, prompts: Sequence[Prompt], language: str) -> list[str]:
        return [f"sound:{prompt.id}.{language}" for prompt in prompts]

    def seconds(self, prompts: Sequence[Prompt], language: str) -> float:
        return float(len(prompts))


class ScriptedOutside:
    """Answers every request and lookup after `takes_s` with `body`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.told: list[Notify] = []
        self.running = 0
        self.takes_s = 0.5
        self.body: JsonValue = {"state": "open"}

    async def request(self, call: CallId, wanted: Request, library: FlowLibrary) -> RequestEnded:
        self.asked.append(("request", wanted.url))
        await self._time()
        return RequestEnded(wanted.op, "ok", 200, self.body, self.takes_s)

    async def lookup(self, call: CallId, wanted: Lookup, caller: str, library: FlowLibrary) -> LookupEnded:
        self.asked.append(("lookup", wanted.source))
        await self._time()
        return LookupEnded(wanted.op, "found", self.body)

    def notify(self, call: CallId, wanted: Notify, caller: str, at: dt.datetime) -> None:
        self.told.append(wanted)

    async def _time(self) -> None:
        self.running += 1
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.running -= 1
