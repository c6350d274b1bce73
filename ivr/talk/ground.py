"""What a talk needs of the call that it is part of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ivr.ari.interface import Ari
from ivr.call.leg import Leg
from ivr.call.outbound import Outbound
from ivr.call.ports import Queues
from ivr.call.telephones import Lines
from ivr.ids import CallId, ChannelId
from ivr.talk.people import Person
from ivr.talk.registry import Talks
from ivr.talk.targets import ToQueue
from routing.ids import AgentId, EntryId


class Line(Protocol):
    """The citizen's place in a queue, which a talk may give back. A call without one cannot (`Ground.line` None)."""

    def sent_back(self, entry: EntryId | None, agent: AgentId, to: ToQueue) -> None:
        """By the agent, into that queue, with the age of before. entry: the agent's own on the board; None: no queue
        gave the agent this call."""
        ...

    def into_line(self, why: str, missed_by: str) -> None:
        """Nobody has the citizen: the old place again. missed_by: who was rung in vain, "" = nobody."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """caller: the citizen's number, "" when withheld. queue: of the talk, "" = none.

    number_of: the number behind a name of the hotline's `numbers`. together: entered while that person shares the call
    with the citizen (or may at any moment): transcript, recording. flowing: told whether citizen and others hear each
    other. owner_is: told who has the citizen, "" = nobody. moved: told of each transfer, for the call's record.
    has_flow: whether the citizen can be sent there; None: the call has no dialogue. run_flow: sends the citizen there
    while the owner waits. rejoining: the citizen, who is with the dialogue, is about to be with the owner again; True:
    by the owner's wish, before the flow is through. changed: something looks different from outside. lines: agents'
    telephones that ring. finished: told, instead of the board, that an agent is out of the talk; it may go on.
    owner_stays: the call is the owner's, and cannot be handed on.
    """

    ari: Ari
    call: CallId
    citizen: ChannelId
    queues: Queues
    outbound: Outbound
    talks: Talks
    caller: str
    language: str
    queue: str
    line: Line | None
    note: Callable[[str, Mapping[str, str | bool]], None]
    number_of: Callable[[str], str | None]
    together: Callable[[Person, Leg, str], AbstractContextManager[None]]
    flowing: Callable[[bool], None]
    owner_is: Callable[[str], None]
    has_flow: Callable[[str], bool] | None
    run_flow: Callable[[str], None]
    rejoining: Callable[[bool], Awaitable[None]]
    changed: Callable[[], None]
    lines: Lines
    monotonic: Callable[[], float]
    finished: Callable[[EntryId, AgentId], None] | None = None
    owner_stays: bool = False
