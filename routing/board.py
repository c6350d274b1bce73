"""The floor and the line as they are now: the one holder of routing's state. Mutable, but no I/O, no clock, no task.

Theory of operation. The shell tells what happened (`apply(event, now)`) and carries out the commands that come back, in
order; the facts among them go to journal and storage. `next_deadline()` says when to send the next `Tick`; ring times,
wrap-up, longest waits, relaxing steps and second tries all hang on it.

Each event touches only what it changes:
- an entry that arrives, comes back or relaxes is matched against the free agents;
- an agent who frees is given the best entry among the demands that the agent fits;
- an agent who leaves makes those entries relax for whom nobody is left.
An agent is reserved in the same step that makes the offer, so no agent is offered two. Where several are rung for one
caller (`several.py`), the further ones are chosen last, of those who are free after all this.

Events that name an offer or a call which is over change nothing and come back as `Ignored`. What a person asks for and
the tables forbid (unpausing while offline) raises `IllegalTransition`, with the board unchanged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from routing import agents as ag
from routing import entries as en
from routing.admission import admit
from routing.agents import IN_CALL, OFFERED, Agent, IllegalTransition
from routing.board_events import (
    AgentActed,
    AgentChanged,
    AgentKnown,
    Answered,
    BoardEvent,
    CallbackPromised,
    CallbackRefused,
    CallbackTimed,
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
    RulesChanged,
    SentBack,
    TalkEnded,
    Tick,
)
from routing.board_matching import Matching
from routing.board_state import feeders, ring_several
from routing.decisions import Overtaken, Reject
from routing.entries import Entry, Outcome
from routing.floor import Floor
from routing.ids import EntryId, QueueName
from routing.rules import Rules


class Board(Matching):
    """agents, entries: what was stored, after a start; send `Tick` then."""

    # --- what happened

    def apply(self, event: BoardEvent, now: dt.datetime) -> list[Result]:
        """What follows, in order.

        Raises IllegalTransition only for `AgentActed`, KeyError for an unknown agent there; what was due before that
        comes with the next event.
        """
        self._out, self._undelivered = self._undelivered, []
        self._now = now
        # What is due comes first, so that events in one instant give the same whatever their order; but an answer that
        # waited in the loop beside the end of its own ring time is still an answer.
        self._tick(now, event.entry if isinstance(event, Rang | Answered | NotAnswered) else None)
        match event:
            case EntryArrived(entry=entry):
                self._arrived(event, entry, now)
            case EntryLeft():
                self._left(event, event.entry, event.outcome, now)
            case Rang() | Answered() | NotAnswered() | OfferFailed():
                self._about_offer(event, now)
            case TalkEnded() | SentBack():
                self._talked(event, now)
            case EntryMoved(entry=id):
                self._moved(event, id, now)
            case HoursChanged(closed=closed):
                self._hours_changed(closed, now)
            case CallbackPromised() | CallbackRefused() | CallbackTimed():
                self._called_back(event, now)
            case PlaceTold(entry=id, place=place):
                self._told(event, id, place, now)
            case AgentActed(agent=agent_id, event=acted, engaged=engaged):
                try:
                    self._acted(self._floor.agents[agent_id], acted, now, engaged)
                except (IllegalTransition, KeyError):
                    # What was due before must not be lost with it.
                    self._undelivered = self._out
                    raise
            case AgentKnown(agent=agent):
                self._known(agent, now)
            case RulesChanged(rules=rules):
                self._rules_changed(rules, now)
            case Tick():
                pass
            case _:
                assert_never(event)
        self._settle(now)
        if not (self._unsettled or self._postponed):
            self._fill_up(now)
        return self._out

    def _arrived(self, event: BoardEvent, entry: Entry, now: dt.datetime) -> None:
        if self._line.get(entry.id) is not None:
            self._ignore(event, "the entry is known")
            return
        self._out.append(EntryChanged(None, entry, None))
        # Whoever waited before the closing, and comes back after a start, is not turned away.
        closed = [name for name, since in self._closed.items() if entry.since >= since]
        while (verdict := admit(entry, self._rules, self._floor, self._others(entry), closed)) is not None:
            if isinstance(verdict, Reject):
                self._over(entry, verdict, now)
                return
            entry = self._move_on(entry, verdict, now)
        self._keep(entry, now)
        returned = entry.enqueued_at < entry.since
        self._came_before(entry, "overtaken_returned" if returned else "overtaken_priority")
        self._review(entry.id, now)

    def _others(self, entry: Entry) -> Callable[[QueueName], int]:
        """The lengths of the lines without this entry."""
        own = entry.queue if self._line.get(entry.id) is not None else None
        return lambda name: self._line.length(name) - (name == own)

    def _left(self, event: EntryLeft, id: EntryId, outcome: Outcome, now: dt.datetime) -> None:
        entry = self._line.get(id)
        if entry is None:
            self._ignore(event, "the entry is over")
        elif entry.state == "joined":
            self._hang_up(entry, now, "served" if event.heard else outcome)
        else:
            agents = self._rung(entry)
            self._entry(entry, en.Ended(outcome), now)
            self._stop(id, agents, "caller_left")
            self._let_go_and_free(agents, outcome, now)

    def _about_offer(self, event: Rang | Answered | NotAnswered | OfferFailed, now: dt.datetime) -> None:
        entry, agent = self._line.get(event.entry), self._floor.agents.get(event.agent)
        if entry is None or agent is None or agent.state not in OFFERED or agent.entry != entry.id:
            self._ignore(event, "this offer is over")
            return
        match event:
            case Rang():
                self._agent(agent, ag.Ring(), now)
                self._entry(entry, en.Ringing(), now)
                self._at(now + dt.timedelta(seconds=self._ring_s(entry)), entry.id)
            case Answered():
                self._answered(entry, agent, now)
            case NotAnswered(kind=kind):
                self._missed(entry, agent, kind, now)
            case OfferFailed(why=why):
                agent = self._agent(agent, ag.Withdraw(why), now)
                # The agent is marked too: offering the same pair again at once would fail again, for ever.
                self._off(entry, agent.id, now, "unreachable")
                self._review(entry.id, now)
                self._freed(agent, now)

    def _answered(self, entry: Entry, agent: Agent, now: dt.datetime) -> None:
        """The first to answer has the caller; from this moment whoever else does is too late."""
        others = [one for one in self._rung(entry) if one.id != agent.id]
        self._agent(agent, ag.Answer(), now)
        if self._shares.counts_as(entry.id) not in (None, agent.id):
            self._shares.failed(entry.id)
            self._share(entry, agent)
        self._entry(entry, en.Joined(agent.id), now)
        self._stop(entry.id, others, "answered_elsewhere")
        self._let_go_and_free(others, "answered_elsewhere", now)

    def _let_go_and_free(self, agents: list[Agent], why: str, now: dt.datetime) -> None:
        for agent in self._let_go(agents, why, now):
            self._freed(agent, now)

    def _talked(self, event: TalkEnded | SentBack, now: dt.datetime) -> None:
        entry, agent = self._line.get(event.entry), self._floor.agents.get(event.agent)
        if entry is None or entry.state != "joined" or entry.agent != event.agent:
            self._ignore(event, "this conversation is over")
        elif isinstance(event, TalkEnded):
            self._hang_up(entry, now, "served" if event.served else "failed", event.wrap_up_as)
        else:
            wrap_up_s = self._queue(entry).wrap_up_ends_s
            queue = event.queue if event.queue in self._rules.queues else None
            back = self._entry(entry, en.Requeued(event.why, event.not_before, queue, event.skills), now)
            self._came_before(back, "overtaken_sent_back")
            if agent is not None:
                self._wrap_up(agent, entry.id, wrap_up_s, now)
            self._review(entry.id, now)

    def _moved(self, event: EntryMoved, id: EntryId, now: dt.datetime) -> None:
        entry = self._line.get(id)
        if entry is None or entry.state not in en.IN_LINE:
            self._ignore(event, "the entry stands in no line")
            return
        if event.queue is not None and event.queue not in self._rules.queues:
            self._ignore(event, "there is no such queue")
            return
        agents = self._rung(entry)
        if agents:
            self._stop(entry.id, agents, "moved")
            entry = self._entry(entry, en.Withdrawn("moved"), now)
        moved = self._entry(
            entry, en.Moved(event.by, event.why, event.queue, event.priority, event.skills), now
        )
        if self._queue(moved).rank(moved, now)[1:] != self._queue(entry).rank(entry, now)[1:] or event.queue:
            # Whoever now stands last came before nobody, but the own place is worse than was told.
            self._overtaking.note(moved.queue, moved.id, "overtaken_moved", event.by)
        self._review(entry.id, now)
        self._let_go_and_free(agents, "moved", now)

    def _called_back(
        self, event: CallbackPromised | CallbackRefused | CallbackTimed, now: dt.datetime
    ) -> None:
        entry = self._line.get(event.entry)
        if entry is None or entry.state not in en.IN_LINE:
            self._ignore(event, "the entry stands in no line")
            return
        agents = self._rung(entry)
        if isinstance(event, CallbackPromised):
            if agents:
                # Who is rung for a caller on the line must not find nobody there.
                self._stop(entry.id, agents, "callback")
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
        self._let_go_and_free(agents, "callback", now)

    def _hang_up(
        self, entry: Entry, now: dt.datetime, outcome: Outcome = "served", as_of: QueueName | None = None
    ) -> None:
        self._entry(entry, en.Ended(outcome), now)
        agent = self._floor.agents.get(entry.agent) if entry.agent is not None else None
        if agent is not None:
            queue = self._queue(entry)
            if as_of is not None and entry.queue not in self._rules.queues:
                queue = self._rules.queues.get(as_of, queue)
            self._wrap_up(agent, entry.id, queue.wrap_up_ends_s, now)

    def _wrap_up(self, agent: Agent, entry: EntryId, wrap_up_s: float | None, now: dt.datetime) -> None:
        if agent.entry != entry or agent.state not in IN_CALL:
            return
        agent = self._agent(agent, ag.EndTalk(wrap_up_s), now)
        if agent.until is not None and agent.until <= now:
            self._freed(self._agent(agent, ag.WrapUpDone(), now), now)

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
                queue_order=agent.queue_order,
                revision=old.revision + 1,
            )
        self._put_agent(old, agent, now)
        self._out.append(AgentChanged(old, agent, None))
        self._freed(agent, now)

    # --- what changes for many

    def _rules_changed(self, rules: Rules, now: dt.datetime) -> None:
        """In force for those already waiting: whoever stands in a queue that changed is decided on anew."""
        before, self._rules = self._rules.queues, rules
        self._feeders, self._rings_several = feeders(rules), ring_several(rules)
        changed = {
            name for name in before.keys() | rules.queues.keys() if before.get(name) != rules.queues.get(name)
        }
        for agent in self._floor.agents.values():
            self._watch(agent)
        for name in changed:
            old, new = before.get(name), rules.queues.get(name)
            if old is None or new is None or old.shares != new.shares:
                self._shares.forget(name)
        self._floor = Floor(self._floor.agents.values(), rules, self._shares)
        for census in self._line.demands():
            self._floor.count(census)
        affected = [entry for entry in self._line.entries() if entry.queue in changed]
        said = [self._line.remove(entry.id).said for entry in affected]
        for entry, last in zip(affected, said, strict=True):
            self._keep(entry, now).said = last
            if entry.rung:
                self._count_rung(entry)
                self._at(now, entry.id)
        for name in changed:
            old, new = before.get(name), rules.queues.get(name)
            if old is not None and new is not None and old.ageing != new.ageing:
                self._overtaking.note(name, EntryId(""), "new_rules")
            self._feed(name)
        self._unsettle(entry.id for entry in affected)

    def _hours_changed(self, closed: frozenset[QueueName], now: dt.datetime) -> None:
        opened = self._closed.keys() - closed
        self._closed = {name: self._closed.get(name, now) for name in sorted(closed)}
        for name, since in self._closed.items():
            queue = self._rules.queues.get(name)
            if since == now and queue is not None and not queue.serve_after_closing:
                self._unsettle(self._line.of_queue(name))
        for name in opened:
            self._feed(name)

    def _told(self, event: PlaceTold, id: EntryId, place: int, now: dt.datetime) -> None:
        entry = self._line.get(id)
        if entry is None or entry.state not in en.IN_LINE:
            self._ignore(event, "the entry stands in no line")
            return
        why = self._worse(entry, place)
        if why and entry.announced is not None:
            self._decided(entry, Overtaken(id, entry.announced, place, why))
        if why or entry.announced is None or place <= entry.announced:
            self._overtaking.told(id, place)
        self._entry(entry, en.Announced(place), now)
