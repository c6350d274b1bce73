"""What the status page shows, gathered from the live parts: implements `web.api.status.StatusSource`."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ivr.call.registry import CallRegistry
from ivr.call.session import CallSession
from ivr.callback.desk import CallbackLine
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from routing.agents import IN_CALL, OFFERED, Agent
from routing.entries import IN_LINE, Entry
from routing.ids import EntryId
from web.api.status import (
    AgentLine,
    AsteriskStatus,
    Callback,
    CallState,
    DatabaseStatus,
    LiveCall,
    QueueLine,
    Revision,
    SpeechStatus,
    Status,
    Today,
    Unwell,
)

SHORT_ABANDON_S: Final = 5.0
PROMPT_ANSWER_S: Final = 15.0


class TodayCount:
    """Counts of the local day, from midnight or this controller's start, whichever is later."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns_at = _midnight_after(clock.now())
        self._reset()

    def _reset(self) -> None:
        self._arrived = self._offered = self._answered = self._promptly = 0
        self._abandoned = self._abandoned_short = 0
        self._waited_s = 0.0
        self._joined: set[str] = set()

    def _turn_day(self, now: dt.datetime) -> None:
        if now >= self._turns_at:
            self._turns_at = _midnight_after(now)
            self._reset()

    def arrived(self) -> None:
        self._turn_day(self._clock.now())
        self._arrived += 1

    def entry_changed(self, before: Entry | None, after: Entry, now: dt.datetime) -> None:
        """Count an entry when it begins, is joined the first time, or ends."""
        self._turn_day(now)
        if before is None:
            self._offered += 1
        elif after.state == "joined" and after.id not in self._joined:
            self._joined.add(after.id)
            waited_s = after.waited_s(now)
            self._answered += 1
            self._waited_s += waited_s
            self._promptly += waited_s <= PROMPT_ANSWER_S
        elif after.state == "ended":
            joined = after.id in self._joined
            self._joined.discard(after.id)
            if after.outcome != "abandoned" or joined:
                return
            if after.waited_s(now) < SHORT_ABANDON_S:
                self._abandoned_short += 1
            else:
                self._abandoned += 1

    def figures(self) -> Today:
        self._turn_day(self._clock.now())
        return Today(
            arrived=self._arrived,
            offered=self._offered,
            answered=self._answered,
            answered_within_15_s=self._promptly,
            abandoned=self._abandoned,
            abandoned_short=self._abandoned_short,
            asa_s=self._waited_s / self._answered if self._answered else None,
        )


def _midnight_after(now: dt.datetime) -> dt.datetime:
    """When the next local day begins."""
    tomorrow = now.astimezone().date() + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time()).astimezone()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of everything. calls, agents: by state. queues: those on the line, the longest wait (s, 0.0
    when nobody waits), agents who are free, by queue. callbacks: promises that are not kept yet."""

    node: str
    uptime_s: float
    calls: Mapping[str, int]
    agents: Mapping[str, int]
    queues: Mapping[str, tuple[int, float, int]]
    callbacks: int
    asterisk: AsteriskStatus


class LiveStatus:
    """`snapshot()` costs one walk over live calls, queues and agents; `bump()` wakes the watchers."""

    def __init__(
        self,
        *,
        clock: Clock,
        node: str,
        registry: CallRegistry,
        dispatcher: Dispatcher,
        today: TodayCount,
        asterisk: Callable[[], AsteriskStatus],
        database: Callable[[], DatabaseStatus],
        speech: Callable[[], tuple[SpeechStatus, ...]],
        phones: Callable[[], frozenset[str]],
        callbacks: Callable[[], Sequence[CallbackLine]] = tuple,
    ) -> None:
        self._clock = clock
        self._node = node
        self._registry = registry
        self._dispatcher = dispatcher
        self._today = today
        self._asterisk = asterisk
        self._database = database
        self._speech = speech
        self._phones = phones
        self._callbacks = callbacks
        self._started = clock.monotonic()
        self._revision = Revision()
        self.bump: Callable[[], None] = self._revision.bump
        """Wakes the watchers: some twenty times a call."""
        self.unwell: Callable[[], tuple[Unwell, ...]] = tuple
        """Parts that serve worse than they should (ivr/watching)."""

    async def changed(self, seen: int) -> int:
        return await self._revision.changed(seen)

    def counts(self) -> Counts:
        """One look at each call, entry and agent: for who asks every second, and for metrics."""
        now, board = self._clock.now(), self._dispatcher.board
        waiting: dict[str, int] = dict.fromkeys(board.rules.queues, 0)
        longest = dict.fromkeys(waiting, 0.0)
        free = dict.fromkeys(waiting, 0)
        callbacks = 0
        for entry in board.entries():
            if entry.callback:
                callbacks += 1
            elif entry.state in IN_LINE and entry.queue in waiting:
                waiting[entry.queue] += 1
                longest[entry.queue] = max(longest[entry.queue], entry.waited_s(now))
        states: Counter[str] = Counter()
        for agent in board.agents.values():
            states[agent.state] += 1
            if agent.state == "available":
                for queue in agent.queues:
                    if queue in free:
                        free[queue] += 1
        return Counts(
            node=self._node,
            uptime_s=self._clock.monotonic() - self._started,
            calls=Counter(session.stage for session in self._registry),
            agents=states,
            queues={name: (count, longest[name], free[name]) for name, count in waiting.items()},
            callbacks=callbacks,
            asterisk=self._asterisk(),
        )

    def snapshot(self) -> Status:
        now = self._clock.now()
        agents = list(self._dispatcher.board.agents.values())
        entries = self._dispatcher.board.entries()
        phones = self._phones()
        calls = {entry.id: entry.call_id for entry in entries}
        return Status(
            now=now,
            node=self._node,
            uptime_s=round(self._clock.monotonic() - self._started, 1),
            asterisk=self._asterisk(),
            database=self._database(),
            speech=self._speech(),
            calls=tuple(_call_line(session) for session in self._registry),
            queues=tuple(
                _queue_line(name, entries, agents, now) for name in self._dispatcher.board.rules.queues
            ),
            agents=tuple(_agent_line(agent, calls, phones) for agent in agents),
            today=self._today.figures(),
            callbacks=tuple(_callback(line) for line in self._callbacks()),
            unwell=self.unwell(),
        )


_STATE_OF_STAGE: Final[dict[str, CallState]] = {
    "arriving": "arriving",
    "menu": "menu",
    "queue": "queue",
    "ringing": "ringing",
    "talking": "talking",
}


def _call_line(session: CallSession) -> LiveCall:
    return LiveCall(
        call_id=session.call,
        caller=session.facts.caller,
        since=session.arrived_at,
        state=_STATE_OF_STAGE[session.stage],
        state_since=session.stage_since,
        node=session.node or None,
        language=session.language,
        queue=session.queue or None,
        agent=session.agent or None,
        last_heard=session.last_heard or None,
    )


def _callback(line: CallbackLine) -> Callback:
    return Callback(
        id=line.id,
        queue=line.queue,
        number=line.number,
        promised_at=line.promised_at,
        place=line.place,
        attempts=line.attempts,
        not_before=line.not_before,
        calling=line.calling,
    )


def _queue_line(name: str, entries: list[Entry], agents: list[Agent], now: dt.datetime) -> QueueLine:
    """Those on the line: who was promised a callback stands in it too, and is listed apart."""
    waiting = [
        entry for entry in entries if entry.queue == name and entry.state in IN_LINE and not entry.callback
    ]
    staff = [agent for agent in agents if name in agent.queues]
    return QueueLine(
        name=name,
        waiting=len(waiting),
        longest_wait_s=max((entry.waited_s(now) for entry in waiting), default=None),
        agents_available=sum(agent.state == "available" for agent in staff),
        agents_busy=sum(agent.state in OFFERED or agent.state in IN_CALL for agent in staff),
    )


def _agent_line(agent: Agent, calls: Mapping[EntryId, str], phones: frozenset[str]) -> AgentLine:
    """calls: of each entry."""
    state: Literal[
        "offline", "available", "reserved", "ringing", "talking", "hold", "consulting", "wrap_up", "paused"
    ]
    state = agent.state
    return AgentLine(
        id=agent.id,
        name=agent.name,
        state=state,
        since=agent.since,
        phone_registered=agent.id in phones,
        call_id=None if agent.entry is None else calls.get(agent.entry),
        phone_refuses=agent.do_not_disturb,
    )
