"""The floor and the line as they are now: the one holder of routing's state. Mutable, but no I/O, no clock, no task.

Theory of operation. The shell tells what happened (`apply(event, now)`) and carries out the commands that come back, in
order; the facts among them go to journal and storage. `next_deadline()` says when to send the next `Tick`; ring times,
wrap-up, longest waits, relaxing steps and second tries all hang on it.

Each event touches only what it changes:
- an entry that arrives, comes back or relaxes is matched against the free agents;
- an agent who frees is given the best entry among the demands that the agent fits;
- an agent who leaves makes those entries relax for whom nobody is left.
An agent is reserved in the same step that makes the offer, so no agent is offered two.

Events that name an offer or a call which is over change nothing and come back as `Ignored`. What a person asks for and
the tables forbid (unpausing while offline) raises `IllegalTransition`, with the board unchanged.
"""

from __future__ import annotations

import datetime as dt
import heapq
from dataclasses import replace
from typing import assert_never

from routing import agents as ag
from routing import entries as en
from routing.agent_limits import due
from routing.agents import IN_CALL, OFFERED, Agent
from routing.board_events import (
    AgentActed,
    AgentChanged,
    AgentKnown,
    Answered,
    BoardEvent,
    CallbackPromised,
    CallbackRefused,
    CallbackTimed,
    EndConversation,
    EndWait,
    EntryArrived,
    EntryChanged,
    EntryLeft,
    EntryMoved,
    HoursChanged,
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
from routing.board_state import BoardState
from routing.decisions import Move, Offer, Overflow, Overtaken, Reject, Wait
from routing.entries import Entry, Outcome
from routing.floor import Demand
from routing.ids import AgentId, EntryId
from routing.matcher import admit, decide_on, limit, may_ask, offer_next, relaxation
from routing.rules import Rank


class Board(BoardState):
    """agents, entries: what was stored, after a start; send `Tick` then."""

    # --- what happened

    def apply(self, event: BoardEvent, now: dt.datetime) -> list[Result]:
        """What follows, in order.

        Raises IllegalTransition only for `AgentActed`, KeyError for an unknown agent there.
        """
        self._out = []
        if not isinstance(event, Rang | Answered | NotAnswered):
            # What is due comes first, so that events in one instant give the same whatever their order; but an
            # answer that waited in the loop beside the end of its own ring time is still an answer.
            self._tick(now)
        match event:
            case EntryArrived(entry=entry):
                self._arrived(event, entry, now)
            case EntryLeft(entry=id, outcome=outcome):
                self._left(event, id, outcome, now)
            case Rang() | Answered() | NotAnswered() | OfferFailed():
                self._about_offer(event, now)
            case TalkEnded() | SentBack():
                self._talked(event, now)
            case EntryMoved(entry=id):
                self._moved(event, id, now)
            case HoursChanged(closed=closed):
                self._closed = closed
                self._match_all(now)
            case CallbackPromised() | CallbackRefused() | CallbackTimed():
                self._called_back(event, now)
            case PlaceTold(entry=id, place=place):
                told = self._line.get(id)
                if told is None or told.state not in en.IN_LINE:
                    self._ignore(event, "the entry stands in no line")
                else:
                    self._entry(told, en.Announced(place), now)
            case AgentActed(agent=agent_id, event=acted):
                self._acted(self._floor.agents[agent_id], acted, now)
            case AgentKnown(agent=agent):
                self._known(agent, now)
            case RulesChanged(rules=rules):
                self._rules = rules
                for agent in self._floor.agents.values():
                    self._watch(agent)
                self._match_all(now)
            case Tick():
                pass
            case _:
                assert_never(event)
        return self._out

    def _arrived(self, event: BoardEvent, entry: Entry, now: dt.datetime) -> None:
        if self._line.get(entry.id) is not None:
            self._ignore(event, "the entry is known")
            return
        self._out.append(EntryChanged(None, entry, None))
        refused = admit(entry, self._rules, self._line.length(entry.queue))
        if refused is not None:
            self._over(entry, refused, now)
            return
        self._keep(entry)
        self._review(entry.id, now)

    def _left(self, event: BoardEvent, id: EntryId, outcome: Outcome, now: dt.datetime) -> None:
        entry = self._line.get(id)
        if entry is None:
            self._ignore(event, "the entry is over")
        elif entry.state == "joined":
            self._hang_up(entry, now)
        else:
            agent = self._offered_agent(entry)
            self._entry(entry, en.Ended(outcome), now)
            if agent is not None:
                self._out.append(StopRinging(id, agent.id, "caller_left"))
                self._freed(self._agent(agent, ag.Withdraw(outcome), now), now)

    def _about_offer(self, event: Rang | Answered | NotAnswered | OfferFailed, now: dt.datetime) -> None:
        entry, agent = self._line.get(event.entry), self._floor.agents.get(event.agent)
        if entry is None or agent is None or agent.state not in OFFERED or agent.entry != entry.id:
            self._ignore(event, "this offer is over")
            return
        match event:
            case Rang():
                self._agent(agent, ag.Ring(), now)
                self._entry(entry, en.Ringing(), now)
                self._at(now + dt.timedelta(seconds=self._ring_s(entry)), "entry", entry.id)
            case Answered():
                self._agent(agent, ag.Answer(), now)
                self._entry(entry, en.Joined(), now)
            case NotAnswered(kind=kind):
                self._missed(entry, agent, kind, now)
            case OfferFailed(why=why):
                agent = self._agent(agent, ag.Withdraw(why), now)
                # The agent is marked too: offering the same pair again at once would fail again, for ever.
                self._entry(entry, en.NotTaken("unreachable"), now)
                self._review(entry.id, now)
                self._freed(agent, now)

    def _missed(self, entry: Entry, agent: Agent, kind: ag.NoAnswerKind, now: dt.datetime) -> None:
        agent = self._agent(agent, ag.NoAnswer(kind, self._queue(entry).no_answer_pause_after), now)
        self._entry(entry, en.NotTaken(kind), now)
        # The caller who was let down first, then the agent's next one.
        self._review(entry.id, now)
        self._freed(agent, now)

    def _talked(self, event: TalkEnded | SentBack, now: dt.datetime) -> None:
        entry, agent = self._line.get(event.entry), self._floor.agents.get(event.agent)
        if entry is None or entry.state != "joined" or entry.agent != event.agent:
            self._ignore(event, "this conversation is over")
        elif isinstance(event, TalkEnded):
            self._hang_up(entry, now, "served" if event.served else "failed")
        else:
            wrap_up_s = self._queue(entry).wrap_up_ends_s
            self._entry(entry, en.Requeued(event.why, event.not_before, event.queue, event.skills), now)
            if agent is not None:
                self._wrap_up(agent, entry.id, wrap_up_s, now)
            self._review(entry.id, now)

    def _moved(self, event: EntryMoved, id: EntryId, now: dt.datetime) -> None:
        entry = self._line.get(id)
        if entry is None or entry.state not in en.IN_LINE:
            self._ignore(event, "the entry stands in no line")
            return
        agent = self._offered_agent(entry)
        if agent is not None:
            self._out.append(StopRinging(entry.id, agent.id, "moved"))
            entry = self._entry(entry, en.Withdrawn("moved"), now)
        self._entry(entry, en.Moved(event.by, event.why, event.queue, event.priority, event.skills), now)
        self._review(entry.id, now)
        if agent is not None:
            self._freed(self._agent(agent, ag.Withdraw("moved"), now), now)

    def _called_back(
        self, event: CallbackPromised | CallbackRefused | CallbackTimed, now: dt.datetime
    ) -> None:
        entry = self._line.get(event.entry)
        if entry is None or entry.state not in en.IN_LINE:
            self._ignore(event, "the entry stands in no line")
            return
        agent = self._offered_agent(entry)
        if isinstance(event, CallbackPromised):
            if agent is not None:
                # Who is rung for a caller on the line must not find nobody there.
                self._out.append(StopRinging(entry.id, agent.id, "callback"))
                entry = self._entry(entry, en.Withdrawn("callback"), now)
            self._entry(entry, en.Promised(event.callback, event.not_before), now)
        elif entry.state != "waiting" or not entry.callback:
            self._ignore(event, "no callback waits there")
            return
        elif isinstance(event, CallbackRefused):
            self._entry(entry, en.Unpromised(), now)
        else:
            self._entry(entry, en.Postponed(event.not_before), now)
        self._review(entry.id, now)
        if agent is not None:
            self._freed(self._agent(agent, ag.Withdraw("callback"), now), now)

    def _hang_up(self, entry: Entry, now: dt.datetime, outcome: Outcome = "served") -> None:
        self._entry(entry, en.Ended(outcome), now)
        agent = self._floor.agents.get(entry.agent) if entry.agent is not None else None
        if agent is not None:
            self._wrap_up(agent, entry.id, self._queue(entry).wrap_up_ends_s, now)

    def _wrap_up(self, agent: Agent, entry: EntryId, wrap_up_s: float | None, now: dt.datetime) -> None:
        if agent.entry != entry or agent.state not in IN_CALL:
            return
        agent = self._agent(agent, ag.EndTalk(wrap_up_s), now)
        if agent.until is not None and agent.until <= now:
            self._freed(self._agent(agent, ag.WrapUpDone(), now), now)
        elif agent.until is not None:
            self._at(agent.until, "agent", agent.id)

    def _acted(self, agent: Agent, event: ag.AgentEvent, now: dt.datetime) -> None:
        after = self._agent(agent, event, now)
        entry = self._line.get(agent.entry) if agent.entry is not None else None
        if entry is not None and after.entry is None and agent.state in OFFERED:
            # Forced, or the phone went away, in the middle of an offer.
            why = "forced" if isinstance(event, ag.Force) else "unreachable"
            self._out.append(StopRinging(entry.id, agent.id, why))
            self._entry(entry, en.Withdrawn(why) if why == "forced" else en.NotTaken("unreachable"), now)
            self._review(entry.id, now)
        elif entry is not None and after.entry is None and agent.state in IN_CALL:
            self._out.append(EndConversation(entry.id, agent.id, "forced"))
        self._freed(after, now)
        if agent.logged_in and not after.logged_in:
            self._unstaffed(list(self._floor.fits(after.id)), now)

    def _agent_due(self, id: AgentId, now: dt.datetime) -> None:
        """The end of a wrap-up, or a limit of the agent's state: nobody is reserved, or rung, for ever."""
        agent = self._floor.agents.get(id)
        if agent is None:
            return
        over = agent.state == "wrap_up" and agent.until is not None and agent.until <= now
        event = ag.WrapUpDone() if over else due(agent, self._rules.agents, now)
        if event is not None:
            self._acted(agent, event, now)

    def _known(self, agent: Agent, now: dt.datetime) -> None:
        old = self._floor.agents.get(agent.id)
        if old is not None:
            agent = replace(
                old,
                name=agent.name,
                extension=agent.extension,
                skills=agent.skills,
                queues=agent.queues,
                labels=agent.labels,
                rank=agent.rank,
                revision=old.revision + 1,
            )
        shrunk = [] if old is None else list(self._floor.fits(agent.id))
        self._floor.put(agent)
        self._out.append(AgentChanged(old, agent, None))
        self._freed(agent, now)
        self._unstaffed(shrunk, now)

    # --- matching

    def _match_all(self, now: dt.datetime) -> None:
        """After a change of rules: everyone again, first in line first."""
        for entry in list(self._line.entries()):
            self._keep(entry)
        waiting = [entry for entry in self._line.entries() if entry.state == "waiting"]
        for entry in sorted(waiting, key=self._rank):
            self._review(entry.id, now)

    def _review(self, id: EntryId, now: dt.datetime) -> None:
        """Decide on a waiting entry anew, and act on it. Harmless when nothing has changed."""
        entry = self._line.get(id)
        if entry is None or entry.state != "waiting":
            return
        decision = decide_on(entry, self._rules, self._floor, now)
        queue = self._rules.queues.get(entry.queue)
        relaxed = None if queue is None else relaxation(entry, queue, self._floor, now)
        if relaxed is not None:
            entry = self._entry(entry, relaxed, now)
        match decision:
            case Offer(agent=agent):
                self._offer(entry, self._floor.agents[agent], decision, now)
            case Wait(again_at=again_at):
                self._decided(entry, decision)
                if again_at is not None:
                    self._at(again_at, "entry", id)
            case Overflow() | Reject() | Move() | Overtaken():
                self._over(entry, decision, now)
            case _:
                assert_never(decision)

    def _freed(self, agent: Agent, now: dt.datetime) -> None:
        """Give the agent, if free, the best waiting entry among all demands that the agent fits."""
        agent = self._floor.agents[agent.id]
        if agent.state != "available":
            return
        best: tuple[Rank, Entry] | None = None
        for demand in self._floor.fits(agent.id):
            for rank in self._line.waiting(demand):
                if best is not None and best[0] <= rank:
                    break
                entry = self._line.get(EntryId(rank[-1]))
                assert entry is not None
                queue = self._queue(entry)
                if may_ask(entry, agent, queue, now):
                    best = (rank, entry)
                    break
                missed = entry.tried.get(agent.id)
                if missed is not None and now < missed + dt.timedelta(seconds=queue.retry_s):
                    # Free again sooner than this caller may be offered once more: then nobody else would bring it up.
                    self._at(missed + dt.timedelta(seconds=queue.retry_s), "entry", entry.id)
        if best is None:
            return
        entry = best[1]
        ends_at = limit(entry, self._queue(entry))
        if ends_at is not None and now >= ends_at:
            self._review(entry.id, now)
            self._freed(agent, now)
            return
        self._offer(entry, agent, offer_next(entry, agent, self._queue(entry), self._floor, now), now)

    def _offer(self, entry: Entry, agent: Agent, decision: Offer, now: dt.datetime) -> None:
        ring_s = self._ring_s(entry)
        self._decided(entry, decision)
        agent = self._agent(agent, ag.Reserve(entry.id), now)
        entry = self._entry(entry, en.Offered(agent.id), now)
        self._at(now + dt.timedelta(seconds=ring_s), "entry", entry.id)
        self._out.append(RingAgent(entry, agent, ring_s, decision))

    def _over(self, entry: Entry, decision: Overflow | Reject, now: dt.datetime) -> None:
        self._decided(entry, decision)
        self._out.append(EndWait(self._entry(entry, en.Ended(decision.outcome), now), decision))

    def _unstaffed(self, demands: list[Demand], now: dt.datetime) -> None:
        """An agent who fitted these is gone: whoever has nobody left moves on to the next step, or out."""
        for demand in demands:
            if self._floor.census(*demand).logged_in:
                continue
            queue = self._rules.queues.get(demand[0])
            ends = demand[1] == () and queue is not None and queue.when_unstaffed == "end"
            for other in list(self._line.demands()) if ends else [demand]:
                if other[0] == demand[0]:
                    self._review_demand(other, now)

    def _review_demand(self, demand: Demand, now: dt.datetime) -> None:
        for rank in list(self._line.waiting(demand)):
            self._review(EntryId(rank[-1]), now)

    def _tick(self, now: dt.datetime) -> None:
        due = now.timestamp()
        while self._deadlines and self._deadlines[0][0] <= due:
            _, kind, id = heapq.heappop(self._deadlines)
            if kind == "agent":
                self._agent_due(AgentId(id), now)
                continue
            entry = self._line.get(EntryId(id))
            if entry is None:
                continue
            agent = self._offered_agent(entry)
            if agent is None:
                self._review(entry.id, now)
            elif now >= entry.since + dt.timedelta(seconds=self._ring_s(entry)):
                self._out.append(StopRinging(entry.id, agent.id, "timeout"))
                self._missed(entry, agent, "timeout", now)
