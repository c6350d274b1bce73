"""Drives routing: tells the board what happened and carries out what it wants: offer, withdraw, end a wait.

Everything runs on the loop and nothing waits: the board is pure, seats only enqueue, records are written elsewhere.
The one timer is set to the board's next deadline.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, Protocol, assert_never

from ivr.call.ports import Offer, QueueNow, RingOutcome, Seat
from ivr.callers_known import KnownCallers, LostPlace, NobodyKnown
from ivr.clock import Clock
from ivr.flow.actions import Enqueue, Transfer
from ivr.ids import CallId
from ivr.places import Places
from ivr.unseated import Unseated
from routing import agents as ag
from routing.agents import Agent, IllegalTransition
from routing.board import Board
from routing.board_events import (
    AgentActed,
    AgentChanged,
    AgentKnown,
    Answered,
    BoardEvent,
    CallbackPromised,
    CallbackRefused,
    CallbackTimed,
    Decided,
    EndConversation,
    EndWait,
    EntryArrived,
    EntryChanged,
    EntryLeft,
    Fact,
    HoursChanged,
    Ignored,
    NotAnswered,
    OfferFailed,
    PlaceTold,
    Rang,
    Result,
    RingAgent,
    RulesChanged,
    SentBack,
    StopRinging,
    TalkEnded,
    Tick,
)
from routing.entries import Entry, enter
from routing.estimate import WaitRange
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.restoring import Restored
from routing.rules import Rules

log = logging.getLogger(__name__)

_KIND_OF: Final[Mapping[RingOutcome, ag.NoAnswerKind]] = {
    "busy": "busy",
    "no_answer": "timeout",
    "unreachable": "unreachable",
    "do_not_disturb": "do_not_disturb",
}

_ACTS: Final[Mapping[str, ag.AgentAct]] = {
    "hold": ag.Hold(),
    "resume": ag.Resume(),
    "consult": ag.Consult(),
}


class RoutingRecords(Protocol):
    """Where routing's facts go. Never waits, never raises."""

    def routing(self, fact: Fact, at: dt.datetime) -> None: ...


class Dispatcher:
    """Implements `ivr.call.ports.Queues` for sessions and `ivr.desk.looking.Floor` for the desk."""

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
        self._offers: dict[EntryId, dict[AgentId, Offer]] = {}
        self.unseated = Unseated()
        self._timer: asyncio.TimerHandle | None = None
        self._watchers: list[Callable[[Fact, dt.datetime], None]] = []
        self.places = Places(board, self._seats, clock)
        self.places.overtaken = self._overtaken
        self.known: KnownCallers = NobodyKnown()
        self.endpoints_of: Callable[[str], Sequence[str]] = lambda agent: [f"PJSIP/{agent}"]
        """Which telephones of an agent are rung (ivr/accounts/book.py)."""
        self.watchers: list[Callable[[], None]] = []
        """Told whenever something has changed. They only take note."""
        self._began_in: dict[EntryId, QueueName] = {}
        """Where entries began that are in another queue now."""

    def begin(self, found: Restored) -> None:
        """The board began with these: what was repaired goes on record, and each caller's session has to come
        (`resume`) before `adopted` is called."""
        self.unseated = Unseated(found.entries)
        now = self._clock.now()
        for fact in found.facts:
            self._records.routing(fact, now)

    def resume(self, entry: EntryId, caller: str, seat: Seat) -> Entry | None:
        """The session of a caller whose entry an earlier controller had. The entry as it stands: `waiting` or `offered`
        (the seat was told) in the old place, `joined`, or `ended` with its outcome; None: there is none.
        """
        told = self.unseated.take(entry)
        if isinstance(told, Entry):
            return told
        found = self.board.entry(entry)
        if found is None:
            return None
        self._seats[entry], self._callers[entry] = seat, caller
        if told:
            # The agents are reserved since the start, and the caller's number is known only now.
            for offer in told:
                self._offer(replace(offer, caller=caller), seat)
        elif found.state == "waiting":
            self.places.tell_anew(entry)
        return found

    def adopted(self) -> list[EntryId]:
        """All sessions that go on are there: entries that none came for are over. Gives these."""
        left = [entry for entry in self.unseated if self.board.entry(entry) is not None]
        for id in left:
            entry = self.board.entry(id)
            if entry is not None and entry.state == "joined" and entry.agent is not None:
                self.finished(id, entry.agent)
            else:
                self.leave(id, "failed")
        self.unseated.clear()
        return left

    def start(self) -> None:
        """After a start of the controller: what is due is done."""
        self._apply(Tick())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.places.close()

    # --- Queues: what call sessions tell

    def enqueue(
        self, entry: EntryId, call: CallId, wanted: Enqueue, caller: str, seat: Seat
    ) -> LostPlace | None:
        """A caller begins to wait. Gives the place that the caller lost before and has again, if there is one."""
        queue, key = self.board.rules.queues.get(QueueName(wanted.queue)), self.known.key(caller)
        lost = self.known.lost_place(key, queue.name, queue.redial_s) if key and queue is not None else None
        arrived = enter(
            entry,
            QueueName(wanted.queue),
            call,
            self._clock.now(),
            skills=self.skills(wanted.language, wanted.skills),
            priority=wanted.priority,
            language=wanted.language,
            reason=wanted.reason,
            timeout_s=wanted.timeout_s,
            preferred=self.known.last_agent(key),
            one_by_one=not seat.rings_several,
            caller_key=key,
            enqueued_at=None if lost is None else lost.enqueued_at,
        )
        if lost is not None:
            # What was told holds on: the place is told again when it is better than that.
            arrived = replace(arrived, announced=lost.announced)
        self.put(arrived, caller, seat)
        return lost

    def told(self, entry: EntryId, place: int, wait_s: tuple[float, float] | None) -> None:
        """The caller hears now that this is the place, and how long it will take (s)."""
        self._apply(PlaceTold(entry, place))
        self.places.told(entry, place, None if wait_s is None else WaitRange(*wait_s))

    def _overtaken(self, entry: EntryId, place: int) -> None:
        """Not told, but on record with its reasons: the true place is worse than the one that was told."""
        self._apply(PlaceTold(entry, place))

    def put(self, arrived: Entry, caller: str, seat: Seat) -> bool:
        """An entry that begins to wait, or a stored one after a start. False: the rules do not let it wait."""
        self._seats[arrived.id] = seat
        self._callers[arrived.id] = caller
        self._apply(EntryArrived(arrived))
        self.places.tell(arrived.id)
        return self.board.entry(arrived.id) is not None

    def skills(self, language: str, asked: Mapping[str, int]) -> dict[SkillName, int]:
        """What an agent must have: what the language asks for, and what the dialogue does."""
        skills = dict(self.board.rules.for_language(language))
        for skill, level in asked.items():
            skills[SkillName(skill)] = max(level, skills.get(SkillName(skill), 0))
        return skills

    def now(self, queue: str, language: str) -> QueueNow | None:
        """How a queue is doing, for a caller of that language; None when there is none of that name."""
        name = QueueName(queue)
        if name not in self.board.rules.queues:
            return None
        return self.places.now(name, self.skills(language, {}) if language else {})

    def call_agent(
        self, entry: EntryId, call: CallId, wanted: Transfer, caller: str, seat: Seat
    ) -> Literal["offered", "unknown", "unavailable"]:
        """Reserve this one agent, by id or extension, now or not at all."""
        self._apply(Tick())
        agents = self.board.agents
        named = agents.get(AgentId(wanted.target))
        agent = named or next((one for one in agents.values() if one.extension == wanted.target), None)
        if agent is None:
            return "unknown"
        if agent.state != "available":
            return "unavailable"
        arrived = enter(
            entry,
            QueueName(""),
            call,
            self._clock.now(),
            language=wanted.language,
            reason=wanted.reason,
            caller_key=self.known.key(caller),
            only=agent.id,
            ring_s=wanted.ring_s,
        )
        return "offered" if self.put(arrived, caller, seat) else "unavailable"

    # --- the rules and the hours of the queues

    def use_rules(self, rules: Rules) -> None:
        """In force at once, for those who wait too. Nobody is logged out."""
        self._apply(RulesChanged(rules))
        self._on_change()

    def know(self, agent: Agent) -> None:
        """A new agent, or one whose name, skills, queues ... are others now; the state of a known one stays."""
        self._apply(AgentKnown(agent))

    def use_hours(self, closed: frozenset[QueueName]) -> None:
        """These queues are closed from now on, and no others."""
        self._apply(HoursChanged(closed))

    # --- callbacks: what the desk of promises tells

    def promise(
        self, entry: EntryId, callback: str, not_before: dt.datetime | None, number: str, seat: Seat
    ) -> bool:
        """The entry's caller need not stay: `seat` serves it from now on. False: an agent has the caller already."""
        waiting = self.board.entry(entry)
        if waiting is None or waiting.state == "joined":
            return False
        # Told to the old seat: whom it rings is to be let go.
        self._apply(CallbackPromised(entry, callback, not_before))
        self._seats[entry], self._callers[entry] = seat, number
        return True

    def unpromise(self, entry: EntryId, caller: str, seat: Seat) -> None:
        """The promise could not be kept durably: the caller's seat again, in the same place."""
        self._seats[entry], self._callers[entry] = seat, caller
        self._apply(CallbackRefused(entry))

    def time_callback(self, entry: EntryId, not_before: dt.datetime | None) -> None:
        """When its citizen may be called. None: now."""
        self._apply(CallbackTimed(entry, not_before))

    # --- Queues: what happens to an offer

    def leave(self, entry: EntryId, why: Literal["abandoned", "left", "failed"]) -> None:
        self._apply(EntryLeft(entry, why))
        self._forget(entry)

    def ringing(self, entry: EntryId, agent: AgentId) -> None:
        if agent in self._offers.get(entry, ()):
            self._apply(Rang(entry, agent))

    def answered(self, entry: EntryId, agent: AgentId) -> bool:
        """False: the offer was over already (withdrawn in the same moment); the telephone must be let go."""
        return not any(isinstance(result, Ignored) for result in self._apply(Answered(entry, agent)))

    def not_answered(self, entry: EntryId, agent: AgentId, outcome: RingOutcome) -> None:
        self._offers.get(entry, {}).pop(agent, None)
        kind = _KIND_OF.get(outcome)
        if kind is None:
            self._apply(OfferFailed(entry, agent, outcome))
        else:
            self._apply(NotAnswered(entry, agent, kind))

    def sent_back(
        self,
        entry: EntryId,
        agent: AgentId,
        why: str,
        not_before: dt.datetime | None = None,
        queue: str = "",
        skills: Mapping[str, int] | None = None,
    ) -> None:
        """queue, skills: into that queue, asking for these (besides what the language asks for); else as before."""
        waiting = self.board.entry(entry)
        # Or the next offer would be taken for one more at the same time.
        self._offers.get(entry, {}).pop(agent, None)
        asked = None if skills is None or waiting is None else self.skills(waiting.language, skills)
        self._apply(SentBack(entry, agent, why, not_before, QueueName(queue) if queue else None, asked))

    def again(
        self,
        entry: EntryId,
        call: CallId,
        wanted: Enqueue,
        caller: str,
        seat: Seat,
        since: dt.datetime,
        missed_by: str,
    ) -> None:
        """A caller whom nobody took after all: the place that was had since then."""
        now = self._clock.now()
        arrived = enter(
            entry,
            QueueName(wanted.queue),
            call,
            now,
            skills=self.skills(wanted.language, wanted.skills),
            priority=wanted.priority,
            language=wanted.language,
            reason=wanted.reason,
            timeout_s=wanted.timeout_s,
            caller_key=self.known.key(caller),
            enqueued_at=since,
            one_by_one=not seat.rings_several,
        )
        # Or the one who has just not taken the caller would be rung again at once.
        tried = {AgentId(missed_by): now} if missed_by else {}
        self.put(replace(arrived, tried=tried), caller, seat)

    def tell_anew(self, entry: EntryId) -> None:
        """The dialogue waits again, and knows no place."""
        self.places.tell_anew(entry)

    def since(self, entry: EntryId) -> dt.datetime | None:
        """What the age of an entry is counted from."""
        found = self.board.entry(entry)
        return None if found is None else found.enqueued_at

    def knows_agent(self, name: str) -> bool:
        """By id or extension."""
        agents = self.board.agents
        return name in agents or any(one.extension == name for one in agents.values())

    def has(self, agent: AgentId, entry: EntryId) -> bool:
        found = self.board.entry(entry)
        return found is not None and found.state == "joined" and found.agent == agent

    def tell(self, agent: AgentId, act: Literal["hold", "resume", "consult"]) -> None:
        """What the agent does in a talk. An agent whom somebody forced out of it is told nothing."""
        try:
            self._apply(AgentActed(agent, _ACTS[act]))
        except (IllegalTransition, KeyError) as error:
            log.info("not told to the board: %s", error)

    def finished(self, entry: EntryId, agent: AgentId, *, served: bool = True, wrap_up_as: str = "") -> None:
        """served False: the agent was there, the citizen of a callback was not, and is not called again.

        wrap_up_as: the queue whose wrap-up holds for an agent to whom a call was handed."""
        self._apply(TalkEnded(entry, agent, served, QueueName(wrap_up_as) if wrap_up_as else None))
        self._forget(entry)

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

    # --- the desk of agents and supervisors

    def apply(self, event: BoardEvent) -> list[Result]:
        """What a person does. Raises IllegalTransition for what an agent's state does not allow."""
        return self._apply(event)

    def watch(self, see: Callable[[Fact, dt.datetime], None]) -> None:
        """Told of every change of an agent or an entry, on the loop; must not wait, nor tell the board anything."""
        self._watchers.append(see)

    # --- carrying out

    def _apply(self, event: BoardEvent) -> list[Result]:
        now = self._clock.now()
        results = self.board.apply(event, now)
        for result in results:
            if isinstance(result, EntryChanged | AgentChanged):
                for see in self._watchers:
                    see(result, now)
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
                    self._remember(result)
                    self.places.line_moved(result)
                case AgentChanged():
                    self._records.routing(result, now)
                    self.places.agent_changed(result)
                case Decided():
                    self._records.routing(result, now)
                case Ignored(event=stale, why=why):
                    log.debug("%s ignored: %s", type(stale).__name__, why)
                case _:
                    assert_never(result)
        self._set_timer(now)
        if results:
            self._on_change()
            for watcher in self.watchers:
                watcher()
        return results

    def _remember(self, change: EntryChanged) -> None:
        entry, before = change.after, change.before
        if entry.state == "ended":
            self.known.entry_over(entry, self._began_in.pop(entry.id, entry.queue))
        elif before is not None and before.queue != entry.queue:
            self._began_in.setdefault(entry.id, before.queue)

    def _ring(self, command: RingAgent) -> None:
        entry = command.entry
        seat = self._seats.get(entry.id)
        endpoint, *others = self.endpoints_of(command.agent.id)
        offer = Offer(
            entry=entry.id,
            agent=command.agent.id,
            endpoint=endpoint,
            others=tuple(others),
            display=self._display(entry),
            caller=self._callers.get(entry.id, ""),
            ring_s=command.ring_s,
            language=command.agent.labels.get("language", ""),
        )
        if seat is None and entry.id in self.unseated:
            self._offers.setdefault(entry.id, {})[offer.agent] = offer
            self.unseated.offered(offer)
            return
        if seat is None:
            asyncio.get_running_loop().call_soon(self.not_answered, entry.id, command.agent.id, "caller_left")
            return
        self._offer(offer, seat)

    def _offer(self, offer: Offer, seat: Seat) -> None:
        open_offers = self._offers.setdefault(offer.entry, {})
        if open_offers and not seat.rings_several:
            # Another seat than the one with which the entry came.
            asyncio.get_running_loop().call_soon(self.not_answered, offer.entry, offer.agent, "failed")
            return
        open_offers[offer.agent] = offer
        seat.offered(offer)

    def _display(self, entry: Entry) -> str:
        """What the agent's telephone shows beside the caller's number."""
        queue = self.board.rules.queues.get(entry.queue)
        title = "Transfer" if queue is None else queue.title.get("en", entry.queue)
        return f"{'Callback ' if entry.callback else ''}{title} {entry.language}".strip()

    def _stop_ringing(self, command: StopRinging) -> None:
        offer = self._offers.get(command.entry, {}).pop(command.agent, None)
        seat = self._seats.get(command.entry)
        if offer is not None:
            self.unseated.withdrawn(offer)
            if seat is not None:
                seat.withdrawn(offer)

    def _end_wait(self, entry: Entry) -> None:
        seat = self._seats.get(entry.id)
        self._forget(entry.id)
        if seat is None:
            if entry.id in self.unseated:
                self.unseated.ended(entry)
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
        self.places.forget(entry)

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
