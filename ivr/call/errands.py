"""Questions of the dialogue to programs and sources outside: each a child task of the call, answered into its inbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

from ivr.call.services import OpenCall
from ivr.flow import codec
from ivr.flow.actions import Action, Lookup, Notify, Request
from ivr.flow.inputs import JsonValue, LookupEnded, OpId, RequestEnded
from ivr.flow.model import FlowLibrary

log = logging.getLogger(__name__)

ANSWER_LOST = "the controller was started again while the answer was awaited"
NOBODY = "this installation asks nothing of outside programs"


class Errands:
    """They need no caller: what was begun before a hang-up goes on while the dialogue does."""

    def __init__(self, here: OpenCall, library: FlowLibrary) -> None:
        self._here = here
        self._library = library
        self._outside = here.services.outside
        self._running: dict[OpId, tuple[Request | Lookup, asyncio.Task[None]]] = {}

    def request(self, action: Request) -> None:
        self._start(action, self._request(action), "request")

    def lookup(self, action: Lookup) -> None:
        self._start(action, self._lookup(action), "lookup")

    def notify(self, action: Notify) -> None:
        if self._outside is None:
            log.error("a message by %s is not delivered: %s", action.channel, NOBODY)
            return
        here = self._here
        self._outside.notify(here.call, action, here.facts.caller, here.services.clock.now())

    def cancel(self, op: OpId) -> None:
        _, task = self._running.pop(op, (None, None))
        if task is not None:
            task.cancel()

    def saved(self) -> list[JsonValue]:
        """What is being asked, as actions."""
        return [codec.action_to_json(action) for action, _ in self._running.values()] if self._running else []

    def resume(self, asked: Iterable[Action]) -> None:
        """The answers went to a controller that is no more. What only asks is asked again; what may have done something
        is not done twice, and the dialogue is told that it failed."""
        for action in asked:
            match action:
                case Lookup():
                    self.lookup(action)
                case Request(method="GET"):
                    self.request(action)
                case Request(op=op):
                    self._here.tell(RequestEnded(op, "failed", detail=ANSWER_LOST))
                case _:
                    pass

    def _start(self, action: Request | Lookup, work: Coroutine[Any, Any, None], name: str) -> None:
        self.cancel(action.op)
        self._running[action.op] = (action, self._here.spawn(work, f"{name} {action.op}"))

    async def _request(self, action: Request) -> None:
        if self._outside is None:
            ended = RequestEnded(action.op, "failed", detail=NOBODY)
        else:
            ended = await self._outside.request(self._here.call, action, self._library)
        self._running.pop(action.op, None)
        self._here.tell(ended)

    async def _lookup(self, action: Lookup) -> None:
        source = self._library.sources.get(action.source)
        if source is not None and source.kind == "queues":
            ended = self._queue_now(action)
        elif self._outside is None:
            ended = LookupEnded(action.op, "failed", detail=NOBODY)
        else:
            caller = self._here.facts.caller
            ended = await self._outside.lookup(self._here.call, action, caller, self._library)
        self._running.pop(action.op, None)
        self._here.tell(ended)

    def _queue_now(self, action: Lookup) -> LookupEnded:
        queue, language = str(action.by.get("queue") or ""), str(action.by.get("language") or "")
        now = self._here.services.queues.now(queue, language)
        if now is None:
            return LookupEnded(action.op, "none", detail=f"there is no queue `{queue}`")
        low_s, high_s = now.wait_s or (None, None)
        value: JsonValue = {
            "waiting": now.waiting,
            "agents": now.agents,
            "free": now.free,
            "low_s": low_s,
            "high_s": high_s,
        }
        return LookupEnded(action.op, "found", value)
