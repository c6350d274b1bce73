"""How the board matches: entries anew, agents who freed, what is due. `board.py` tells it what happened."""

from __future__ import annotations

import datetime as dt
import heapq
import math
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Final, assert_never

from routing import agents as ag
from routing import entries as en
from routing.agent_limits import due
from routing.agents import IN_CALL, OFFERED, Agent
from routing.board_events import EndConversation, EndWait, StopRinging
from routing.board_ringing import Ringing
from routing.choosing import may_ask
from routing.decisions import Move, Offer, Overflow, Overtaken, ReasonCode, Reject, Wait
from routing.entries import BY_THE_RULES, Entry
from routing.floor import has
from routing.ids import AgentId, EntryId, QueueName
from routing.matcher import decide_on, offer_next, relaxation
from routing.rules import Rank, micros
from routing.several import round_ends_at

MOST_AT_ONCE: Final = 50
"""Entries that one event decides on anew, beside its own: when rules change or the last expert leaves, thousands may
have to be. The rest follows at once, with the next `Tick`, so that the callers and agents of meanwhile need not wait
for it."""

Turn = tuple[int, int, Rank]
"""Whose turn it is with an agent: urgent (0) or not, the agent's own order of the queues, the rank."""
LOOKED_AT: Final = 64
"""Of the first in line an agent is tried with so many, before the demands that the agent fits are gone through."""


class Matching(Ringing):
    def _review(self, id: EntryId, now: dt.datetime) -> None:
        """Decide on a waiting entry anew, and act on it. Harmless when nothing has changed."""
        self._unsettled.pop(id, None)
        entry = self._line.get(id)
        while entry is not None and entry.state == "waiting":
            decision = decide_on(entry, self._rules, self._floor, now, self._closed)
            if isinstance(decision, Offer | Wait) and decision.step != entry.step:
                relaxed = relaxation(entry, self._queue(entry), self._floor, now)
                if relaxed is not None:
                    entry = self._entry(entry, relaxed, now)
            match decision:
                case Offer(agent=agent):
                    self._offer(entry, self._floor.agents[agent], decision, now)
                    return
                case Wait(again_at=again_at):
                    if self._given_one_of_several(entry, now):
                        return
                    self._decided(entry, decision)
                    if self._rings_several:
                        again_at = self._may_be_asked_again_at(entry, again_at, now)
                    if again_at is not None:
                        self._at(again_at, id)
                    return
                case Move():
                    entry = self._move_on(entry, decision, now)
                case Overflow() | Reject():
                    self._over(entry, decision, now)
                    return
                case Overtaken():
                    raise AssertionError("the matcher decides nothing about places")
                case _:
                    assert_never(decision)

    def _may_be_asked_again_at(
        self, entry: Entry, otherwise: dt.datetime | None, now: dt.datetime
    ) -> dt.datetime | None:
        """When one who did not take the caller may be asked once more: somebody who is rung for another, perhaps."""
        pause = dt.timedelta(seconds=self._queue(entry).retry_s)
        times = [again for missed in entry.tried.values() if (again := missed + pause) > now]
        return min((*times, *(() if otherwise is None else (otherwise,))), default=None)

    def _move_on(self, entry: Entry, decision: Move, now: dt.datetime) -> Entry:
        """By the rules, to another queue; an entry that just arrived, too."""
        self._decided(entry, decision)
        why = decision.reasons[0].code
        entry = self._entry(entry, en.Moved(BY_THE_RULES, why, decision.to), now)
        self._came_before(entry, "overtaken_moved", BY_THE_RULES)
        return entry

    def _came_before(self, entry: Entry, code: ReasonCode, by: str = "") -> None:
        """Note it if the entry, new in its line, stands before others."""
        place = self.place(entry.id)
        if place is not None and place.place < place.waiting:
            self._overtaking.note(entry.queue, entry.id, code, by)

    def _freed(self, agent: Agent, now: dt.datetime) -> None:
        """Give the agent, if free, the best of those waiting whom the agent fits."""
        agent = self._floor.agents[agent.id]
        if agent.state != "available":
            return
        best = self._best_for(agent, now)
        if best is None:
            if self._short:
                self._idle[agent.id] = None
            return
        entry = self._line.get(EntryId(best[-1][-1]))
        assert entry is not None
        self._offer(entry, agent, offer_next(entry, agent, self._queue(entry), self._floor, now), now)

    def _best_for(self, agent: Agent, now: dt.datetime) -> Turn | None:
        """Of those who wait."""
        best: Turn | None = None
        for queue in agent.queues:
            best = self._first_of(queue, agent, best, now)
        return best

    def _give_up_for_the_best(self, agent: Agent, now: dt.datetime) -> None:
        best = None if agent.leaving is not None else self._best_for(agent, now)
        entry = None if agent.entry is None else self._line.get(agent.entry)
        if best is not None and entry is not None:
            waiting = self._line.get(EntryId(best[-1][-1]))
            assert waiting is not None
            self._give_up(entry, agent, waiting, now)

    def _first_of(self, queue: QueueName, agent: Agent, best: Turn | None, now: dt.datetime) -> Turn | None:
        """The first in that line for this agent, if it goes before `best`, else `best`.

        The agent fits one of the first in line, or fits few demands at all: there is little to look at either way.
        """
        now_us, order = micros(now), agent.queue_order.get(queue, 0)
        kept = self._line.waiting((queue, agent.id))
        if kept is not None:
            best = self._first(kept(now_us), agent, best, now)
        line = self._line.open_to_all(queue)
        if line is None:
            return best
        for looked_at, rank in enumerate(line(now_us)):
            turn = (rank[0], order, rank)
            if best is not None and best <= turn:
                return best
            if looked_at == LOOKED_AT:
                break
            waiting = self._line.kept(EntryId(rank[-1]))
            assert waiting is not None
            if has(agent, waiting.demand.needs) and self._askable(waiting.entry, agent, now):
                return turn
        else:
            return best
        for census in self._floor.fits(agent.id, queue):
            ranks = self._line.waiting(census)
            if ranks is not None:
                rank = ranks.first(now_us)
                if best is None or (rank[0], order, rank) < best:
                    best = self._first(ranks(now_us), agent, best, now)
        return best

    def _first(self, ranks: Iterator[Rank], agent: Agent, best: Turn | None, now: dt.datetime) -> Turn | None:
        for rank in ranks:
            entry = self._line.get(EntryId(rank[-1]))
            assert entry is not None
            turn = (rank[0], agent.queue_order.get(entry.queue, 0), rank)
            if best is not None and best <= turn:
                return best
            if self._askable(entry, agent, now):
                return turn
        return best

    def _askable(self, entry: Entry, agent: Agent, now: dt.datetime) -> bool:
        queue = self._queue(entry)
        if may_ask(entry, agent, queue, now):
            return True
        missed = entry.tried.get(agent.id)
        if missed is not None:
            # Free again sooner than this caller may be offered once more: nobody else would bring it up then.
            self._at(missed + dt.timedelta(seconds=queue.retry_s), entry.id)
        return False

    def _over(self, entry: Entry, decision: Overflow | Reject, now: dt.datetime) -> None:
        self._decided(entry, decision)
        self._out.append(EndWait(self._entry(entry, en.Ended(decision.outcome), now), decision))

    def _missed(self, entry: Entry, agent: Agent, kind: ag.NoAnswerKind, now: dt.datetime) -> None:
        entry, agent = self._not_taken(entry, agent, kind, now)
        # The caller who was let down first, then the agent's next one.
        self._review(entry.id, now)
        self._freed(agent, now)

    # --- what follows, and what is due

    def _settle(self, now: dt.datetime) -> None:
        """Decide anew on those for whom something has changed, first in line first."""
        left = MOST_AT_ONCE
        while left and (self._unsettled or self._postponed):
            if self._unsettled:
                ranked = sorted(
                    (rank, id) for id in self._unsettled if (rank := self._rank(id, now)) is not None
                )
                self._unsettled.clear()
                if len(ranked) > left:
                    # Whoever is put off already keeps the turn.
                    ids = dict.fromkeys(chain(self._postponed, (id for _, id in ranked)))
                    self._postponed = deque(ids)
                    continue
                for _, id in ranked:
                    self._review(id, now)
                    left -= 1
            else:
                self._review(self._postponed.popleft(), now)
                left -= 1

    def _tick(self, now: dt.datetime, sparing: EntryId | None = None) -> None:
        """What is due comes first. sparing: whose ring time is not looked at, since its answer is being told."""
        moment = now.timestamp()
        spared: float | None = None
        while self._deadlines and self._deadlines[0][0] <= moment:
            deadline = heapq.heappop(self._deadlines)
            if not self._holds(deadline):
                continue
            when, kind, id = deadline
            if kind == "agent":
                self._looked_at[AgentId(id)] = math.inf
                self._agent_due(AgentId(id), now)
                continue
            kept = self._line.kept(EntryId(id))
            assert kept is not None
            kept.due = math.inf
            if id == sparing:
                spared = when
            else:
                self._entry_due(kept.entry, now)
        if spared is not None and sparing is not None:
            self._at(dt.datetime.fromtimestamp(spared, dt.UTC), sparing)
        self._settle(now)

    def _entry_due(self, entry: Entry, now: dt.datetime) -> None:
        self._keep(entry, now)
        agents = self._rung(entry)
        if not agents:
            self._review(entry.id, now)
            return
        ends_at = round_ends_at(entry, self._ring_s(entry))
        if now < ends_at:
            self._at(ends_at, entry.id)
            return
        self._stop(entry.id, agents, "timeout")
        freed = []
        for agent in agents:
            entry, agent = self._not_taken(entry, agent, "timeout", now)
            freed.append(agent)
        self._review(entry.id, now)
        for agent in freed:
            self._freed(agent, now)

    def _agent_due(self, id: AgentId, now: dt.datetime) -> None:
        """The end of a wrap-up, or a limit of the agent's state: nobody is reserved, or rung, for ever."""
        agent = self._floor.agents.get(id)
        if agent is None:
            return
        over = agent.state == "wrap_up" and agent.until is not None and agent.until <= now
        event = ag.WrapUpDone() if over else due(agent, self._rules.agents, now)
        if event is not None:
            self._acted(agent, event, now)

    def _acted(self, agent: Agent, event: ag.AgentEvent, now: dt.datetime, engaged: str = "") -> None:
        after = self._agent(agent, event, now)
        if engaged and after.state == "available":
            after = self._agent(after, ag.CallOut(engaged), now)
        entry = self._line.get(agent.entry) if agent.entry is not None else None
        if entry is not None and after.entry is None and agent.state in OFFERED:
            # Forced, or the phone went away, in the middle of an offer.
            why = "forced" if isinstance(event, ag.Force) else "unreachable"
            self._out.append(StopRinging(entry.id, agent.id, why))
            self._off(entry, agent.id, now, None if why == "forced" else "unreachable", why)
            self._review(entry.id, now)
        elif entry is not None and after.entry is None and agent.state in IN_CALL:
            self._out.append(EndConversation(entry.id, agent.id, "forced"))
        self._freed(after, now)
