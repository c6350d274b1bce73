"""The conversations that go on now: found by agent and by call, with those who want to know of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ivr.ids import CallId, ChannelId
from routing.ids import AgentId, EntryId

ConversationKind = Literal["queue", "transfer", "callback", "outbound"]


def _nothing_noted(kind: str, data: Mapping[str, Any]) -> None:
    """Of a conversation whose call has no journal."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One agent and one citizen, from their join until either is gone from it.

    citizen, telephone: the channels of the two; telephone is the agent's. bridge: where they are joined.
    entry: of the queue that brought them together; None: no queue did. note: writes into the call's journal.
    """

    id: str
    call: CallId
    kind: ConversationKind
    agent: AgentId
    citizen: ChannelId
    telephone: ChannelId
    bridge: str
    began_at: dt.datetime
    entry: EntryId | None = None
    queue: str = ""
    language: str = ""
    note: Callable[[str, Mapping[str, Any]], None] = field(default=_nothing_noted, compare=False, repr=False)


class Watcher(Protocol):
    """Told of every conversation. On the loop; must not wait."""

    def joined(self, conversation: Conversation) -> None: ...
    def parted(self, conversation: Conversation) -> None: ...


class Listener(Protocol):
    """Told of everybody else whom a citizen hears: a number that was brought in. On the loop; must not wait."""

    def voice(self, call: CallId, telephone: ChannelId) -> None: ...
    def voice_gone(self, call: CallId, telephone: ChannelId) -> None: ...


class Conversations:
    def __init__(self) -> None:
        self._now: dict[str, Conversation] = {}
        self._watchers: list[Watcher] = []
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def watch(self, watcher: Watcher) -> None:
        self._watchers.append(watcher)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(list(self._now.values()))

    def of_agent(self, agent: AgentId) -> Conversation | None:
        """The one that the agent is in, the latest where there are several."""
        return next((one for one in reversed(self._now.values()) if one.agent == agent), None)

    def of_call(self, call: CallId) -> list[Conversation]:
        return [one for one in self._now.values() if one.call == call]

    @contextmanager
    def during(self, conversation: Conversation) -> Iterator[None]:
        """It goes on for as long as the block does."""
        self._now[conversation.id] = conversation
        for watcher in self._watchers:
            watcher.joined(conversation)
        try:
            yield
        finally:
            del self._now[conversation.id]
            for watcher in self._watchers:
                watcher.parted(conversation)

    @contextmanager
    def beside(self, call: CallId, telephone: ChannelId) -> Iterator[None]:
        """Somebody who is no agent is with the citizen for as long as the block lasts."""
        for listener in self._listeners:
            listener.voice(call, telephone)
        try:
            yield
        finally:
            for listener in self._listeners:
                listener.voice_gone(call, telephone)
