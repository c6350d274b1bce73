"""Drives routing: tells the board what happened and carries out what it wants: offer, withdraw, end a wait.

Everything runs on the loop and nothing waits: the board is pure, seats only enqueue, records are written elsewhere.
The one timer is set to the board's next deadline.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol, assert_never

from ivr.call.feature import FeatureCode, FeatureOutcome
from ivr.call.ports import Offer, RingOutcome, Seat
from ivr.clock import Clock
from ivr.flow.actions import Enqueue
from ivr.ids import CallId
from routing import agents as ag
from routing.agents import IllegalTransition
from routing.board import Board
from routing.board_events import (
    AgentActed,
    AgentChanged,
    Answered,
    BoardEvent,
    Decided,
    EndConversation,
    EndWait,
    EntryArrived,
    EntryChanged,
    EntryLeft,
    Fact,
    Ignored,
    NotAnswered,
    OfferFailed,
    Rang,
    Result,
    RingAgent,
    SentBack,
    StopRinging,
    TalkEnded,
    Tick,
)
from routing.entries import Entry, enter
from routing.estimate import estimate
from routing.ids import AgentId, EntryId, QueueName, SkillName

log = logging.getLogger(__name__)

PLACE_EVERY_S = 1.0
"""Places of a queue are told at most so often: a busy line moves many times a second."""
HANDLE_TIMES_KEPT = 50

_KIND_OF: Final[Mapping[RingOutcome, ag.NoAnswerKind]] = {
    "busy": "busy",
    "no_answer": "timeout",
    "unreachable": "unreachable",
}


class RoutingRecords(Protocol):
    """Where routing's facts go. Never waits, never raises."""

    def routing(self, fact: Fact, at: dt.datetime) -> None: ...


class Dispatcher:
    """Implements `ivr.call.ports.Queues` for sessions and `AgentDesk` for telephones and the desktop."""

    def __init__(
        self,
        board: Board,
        clock: Clock,
        records: RoutingRecords,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.board = board
        self._clock = clock
        self._records = records
        self._on_change = on_change
        self._seats: dict[EntryId, Seat] = {}
        self._callers: dict[EntryId, str] = {}
        self._offers: dict[EntryId, Offer] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._place_timers: dict[QueueName, asyncio.TimerHandle] = {}
        self._told: dict[EntryId, tuple[int, int]] = {}
        self._handle_s: dict[QueueName, deque[float]] = defaultdict(lambda: deque(maxlen=HANDLE_TIMES_KEPT))

    def start(self) -> None:
        """After a start of the controller: what is due is done."""
        self._apply(Tick())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for timer in self._place_timers.values():
            timer.cancel()
        self._place_timers.clear()

    # --- Queues: what call sessions tell

    def enqueue(self, entry: EntryId, call: CallId, wanted: Enqueue, caller: str, seat: Seat) -> None:
        now = self._clock.now()
        skills = dict(self.board.rules.for_language(wanted.language))
        for skill, level in wanted.skills.items():
            skills[SkillName(skill)] = max(level, skills.get(SkillName(skill), 0))
        self._seats[entry] = seat
        self._callers[entry] = caller
        arrived = enter(
            entry,
            QueueName(wanted.queue),
            call,
            now,
            skills=skills,
            priority=wanted.priority,
            language=wanted.language,
            reason=wanted.reason,
            timeout_s=wanted.timeout_s,
        )
        self._apply(EntryArrived(arrived))
        if entry in self._seats:
            self._tell_place(entry)

    def leave(self, entry: EntryId, why: Literal["abandoned", "left", "failed"]) -> None:
        self._apply(EntryLeft(entry, why))
        self._forget(entry)

    def ringing(self, entry: EntryId) -> None:
        offer = self._offers.get(entry)
        if offer is not None:
            self._apply(Rang(entry, AgentId(offer.agent)))

    def answered(self, entry: EntryId, agent: AgentId) -> bool:
        """False: the offer was over already (withdrawn in the same moment); the telephone must be let go."""
        return not any(isinstance(result, Ignored) for result in self._apply(Answered(entry, agent)))

    def not_answered(self, entry: EntryId, agent: AgentId, outcome: RingOutcome) -> None:
        self._offers.pop(entry, None)
        kind = _KIND_OF.get(outcome)
        if kind is None:
            self._apply(OfferFailed(entry, agent, outcome))
        else:
            self._apply(NotAnswered(entry, agent, kind))

    def sent_back(self, entry: EntryId, agent: AgentId, why: str) -> None:
        self._apply(SentBack(entry, agent, why))

    def finished(self, entry: EntryId, agent: AgentId) -> None:
        self._apply(TalkEnded(entry, agent))
        self._forget(entry)

    # --- AgentDesk: what agents do

    def feature(self, agent: str, code: FeatureCode, wrap_up_code: str = "") -> FeatureOutcome:
        # What is due comes first: the state that the code meets is the one of this moment.
        self._apply(Tick())
        known = self.board.agents.get(AgentId(agent))
        return "unknown" if known is None else self._feature(known, code, wrap_up_code)

    def _feature(self, agent: ag.Agent, code: FeatureCode, wrap_up_code: str) -> FeatureOutcome:
        try:
            match code:
                case "login":
                    back = agent.state == "paused"
                    self._apply(AgentActed(agent.id, ag.Unpause() if back else ag.LogIn()))
                    return "logged_in"
                case "logout":
                    self._apply(AgentActed(agent.id, ag.LogOut()))
                    return "logged_out"
                case "pause":
                    if agent.state == "paused":
                        self._apply(AgentActed(agent.id, ag.Unpause()))
                        return "resumed"
                    self._apply(AgentActed(agent.id, ag.Pause("break")))
                    return "paused"
                case "ready":
                    done = agent.state == "wrap_up"
                    self._apply(AgentActed(agent.id, ag.WrapUpDone(wrap_up_code) if done else ag.Unpause()))
                    return "resumed"
                case _:
                    assert_never(code)
        except IllegalTransition as illegal:
            log.info("feature code has no effect: %s", illegal)
            return _as_it_is(agent.state)

    def phone_seen(self, agent: str, registered: bool) -> None:
        """The agent's telephone registered or went away. Others' telephones change nothing."""
        if AgentId(agent) not in self.board.agents:
            return
        try:
            self._apply(
                AgentActed(AgentId(agent), ag.PhoneRegistered() if registered else ag.PhoneUnregistered())
            )
        except IllegalTransition as illegal:
            log.debug("%s", illegal)

    # --- carrying out

    def _apply(self, event: BoardEvent) -> list[Result]:
        now = self._clock.now()
        results = self.board.apply(event, now)
        for result in results:
            match result:
                case RingAgent():
                    self._ring(result)
                case StopRinging():
                    self._stop_ringing(result)
                case EndWait(entry=entry):
                    self._end_wait(entry)
                case EndConversation(entry=entry_id):
                    log.warning("agent forced out of %s", entry_id)
                case EntryChanged():
                    self._records.routing(result, now)
                    self._line_moved(result)
                case AgentChanged() | Decided():
                    self._records.routing(result, now)
                case Ignored(event=stale, why=why):
                    log.debug("%s ignored: %s", type(stale).__name__, why)
                case _:
                    assert_never(result)
        self._set_timer(now)
        if results:
            self._on_change()
        return results

    def _ring(self, command: RingAgent) -> None:
        entry = command.entry
        seat = self._seats.get(entry.id)
        queue = self.board.rules.queues[entry.queue]
        title = queue.title.get("en", entry.queue)
        offer = Offer(
            entry=entry.id,
            agent=command.agent.id,
            endpoint=f"PJSIP/{command.agent.id}",
            display=f"{title} {entry.language}".strip(),
            caller=self._callers.get(entry.id, ""),
            ring_s=command.ring_s,
        )
        if seat is None:
            asyncio.get_running_loop().call_soon(self.not_answered, entry.id, command.agent.id, "caller_left")
            return
        self._offers[entry.id] = offer
        seat.offered(offer)

    def _stop_ringing(self, command: StopRinging) -> None:
        offer = self._offers.get(command.entry)
        seat = self._seats.get(command.entry)
        if offer is not None and offer.agent == command.agent:
            del self._offers[command.entry]
            if seat is not None:
                seat.withdrawn(offer)

    def _end_wait(self, entry: Entry) -> None:
        seat = self._seats.get(entry.id)
        self._forget(entry.id)
        if seat is None:
            return
        match entry.outcome:
            case "timeout" | "full" | "closed" | "unstaffed" | "failed":
                seat.rejected(entry.outcome)
            case _:
                seat.rejected("failed")

    def _forget(self, entry: EntryId) -> None:
        self._seats.pop(entry, None)
        self._callers.pop(entry, None)
        self._offers.pop(entry, None)
        self._told.pop(entry, None)

    def _set_timer(self, now: dt.datetime) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.board.next_deadline()
        if deadline is not None:
            delay_s = max(0.0, (deadline - now).total_seconds())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._apply(Tick())

    # --- places and waits

    def _line_moved(self, change: EntryChanged) -> None:
        entry = change.after
        if entry.state == "ended" and entry.outcome == "served" and entry.joined_at and entry.ended_at:
            self._handle_s[entry.queue].append((entry.ended_at - entry.joined_at).total_seconds())
        left_line = entry.state in ("joined", "ended")
        came_back = change.before is not None and change.before.state == "joined" and entry.state == "waiting"
        if (left_line or came_back) and entry.queue not in self._place_timers:
            self._place_timers[entry.queue] = asyncio.get_running_loop().call_later(
                PLACE_EVERY_S, self._tell_queue, entry.queue
            )

    def _tell_queue(self, queue: QueueName) -> None:
        self._place_timers.pop(queue, None)
        for entry_id in list(self._seats):
            entry = self.board.entry(entry_id)
            if entry is not None and entry.queue == queue:
                self._tell_place(entry_id)

    def _tell_place(self, entry_id: EntryId) -> None:
        entry = self.board.entry(entry_id)
        place = self.board.place(entry_id)
        if entry is None or place is None or entry.state == "joined":
            return
        now_told = (place.place, place.waiting)
        if self._told.get(entry_id) == now_told:
            return
        self._told[entry_id] = now_told
        wait = estimate(place.place, self._serving(entry), list(self._handle_s[entry.queue]))
        self._seats[entry_id].progressed(
            place.place, place.waiting, None if wait is None else (wait.low_s, wait.high_s)
        )

    def _serving(self, entry: Entry) -> int:
        return sum(
            1
            for agent in self.board.agents.values()
            if agent.logged_in
            and agent.state != "paused"
            and entry.queue in agent.queues
            and agent.has(entry.skills)
        )


def _as_it_is(state: ag.AgentState) -> FeatureOutcome:
    """What the telephone says when the code changed nothing."""
    match state:
        case "offline":
            return "logged_out"
        case "paused":
            return "paused"
        case _:
            return "logged_in"
