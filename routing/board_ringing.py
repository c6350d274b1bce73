"""The board's part that rings: offers made, one more beside others, one given up, all let go. `several.py` says who."""

from __future__ import annotations

import datetime as dt

from routing import agents as ag
from routing import entries as en
from routing.agents import Agent
from routing.board_events import RingAgent, StopRinging
from routing.board_state import BoardState
from routing.decisions import Offer
from routing.entries import Entry
from routing.floor import has
from routing.ids import AgentId, EntryId
from routing.several import for_the_whole_round, given_up, given_up_offer, one_more, round_ends_at


class Ringing(BoardState):
    def _offer(self, entry: Entry, agent: Agent, decision: Offer, now: dt.datetime) -> None:
        """A round of ringing begins. Who is rung beside this agent is decided when the event is dealt with."""
        ring_s = self._ring_s(entry)
        self._decided(entry, decision)
        self._share(entry, agent)
        agent = self._agent(agent, ag.Reserve(entry.id), now)
        entry = self._entry(entry, en.Offered(agent.id), now)
        self._at(now + dt.timedelta(seconds=ring_s), entry.id)
        self._out.append(RingAgent(entry, agent, ring_s, decision))

    def _share(self, entry: Entry, agent: Agent) -> None:
        queue = self._queue(entry)
        if queue.shares:
            self._shares.offered(
                entry.id, agent, queue, lambda label, value: self._floor.staffed(queue.name, label, value)
            )

    # --- several

    def _fill_up(self, now: dt.datetime) -> None:
        """Ring further agents for those who are rung by fewer than the rules say, first in line first."""
        while self._idle or self._to_fill:
            for one in self._idle:
                self._may_join(self._floor.agents[one])
            self._idle.clear()
            ranked = sorted((rank, id) for id in self._to_fill if (rank := self._rank(id, now)) is not None)
            self._to_fill.clear()
            for _, id in ranked:
                self._fill(id, now)

    def _may_join(self, agent: Agent) -> None:
        if agent.state != "available":
            return
        for queue in agent.queues:
            for id in self._short.get(queue, ()):
                kept = self._line.kept(id)
                if kept is not None and has(agent, kept.demand.needs):
                    self._to_fill[id] = None

    def _fill(self, id: EntryId, now: dt.datetime) -> None:
        while (entry := self._line.get(id)) is not None:
            ring_s = self._ring_s(entry)
            decision = one_more(entry, self._queue(entry), self._floor, ring_s, now)
            if decision is None:
                return
            alone = len(entry.rung) == 1
            self._decided(entry, decision)
            agent = self._agent(self._floor.agents[decision.agent], ag.Reserve(id), now)
            entry = self._entry(entry, en.OfferedToo(agent.id), now)
            left_s = (round_ends_at(entry, ring_s) - now).total_seconds()
            self._out.append(RingAgent(entry, agent, left_s, decision))
            if alone and entry.agent is not None:
                # Until now nobody else could have the first one.
                self._give_up_for_the_best(self._floor.agents[entry.agent], now)

    def _give_up_for_the_best(self, agent: Agent, now: dt.datetime) -> None:
        """For the best of those waiting whom the agent fits, if there is any."""
        raise NotImplementedError

    def _given_one_of_several(self, waiting: Entry, now: dt.datetime) -> bool:
        """Offer the entry, which waits and whom nobody free fits, to one of several rung for another caller."""
        kept = self._line.kept(waiting.id) if self._several else None
        if kept is None or kept.stand is None:
            return False
        only = kept.stand[1] if isinstance(kept.stand, tuple) else None
        rung = [entry for id in self._several if (entry := self._line.get(id)) is not None]
        found = given_up(waiting, self._queue(waiting), rung, self._floor, now, only)
        if found is None:
            return False
        self._give_up(*found, waiting, now)
        return True

    def _give_up(self, entry: Entry, agent: Agent, waiting: Entry, now: dt.datetime) -> None:
        """The agent is one of several rung for `entry`, and is offered the caller who waits instead."""
        self._out.append(StopRinging(entry.id, agent.id, "needed"))
        self._entry(entry, en.WithdrawnFromOne(agent.id, "needed"), now)
        agent = self._agent(agent, ag.Withdraw("needed"), now)
        self._offer(waiting, agent, given_up_offer(waiting, agent, self._queue(waiting), self._floor), now)

    # --- the end of ringing

    def _off(
        self, entry: Entry, agent: AgentId, now: dt.datetime, missed: ag.NoAnswerKind | None, why: str = ""
    ) -> Entry:
        """The agent is not rung for the entry any more, which waits again when nobody else is. missed None: `why`."""
        if len(entry.rung) > 1:
            one = en.WithdrawnFromOne(agent, why) if missed is None else en.NotTakenByOne(agent, missed)
            return self._entry(entry, one, now)
        return self._entry(entry, en.Withdrawn(why) if missed is None else en.NotTaken(missed), now)

    def _not_taken(
        self, entry: Entry, agent: Agent, kind: ag.NoAnswerKind, now: dt.datetime
    ) -> tuple[Entry, Agent]:
        """A miss, but for whom the round was over too soon."""
        if kind == "timeout" and not for_the_whole_round(agent, entry):
            agent = self._agent(agent, ag.Withdraw(kind), now)
            return self._off(entry, agent.id, now, None, kind), agent
        agent = self._agent(agent, ag.NoAnswer(kind, self._queue(entry).no_answer_pause_after), now)
        return self._off(entry, agent.id, now, kind), agent

    def _stop(self, entry: EntryId, agents: list[Agent], why: str) -> None:
        self._out.extend(StopRinging(entry, agent.id, why) for agent in agents)

    def _let_go(self, agents: list[Agent], why: str, now: dt.datetime) -> list[Agent]:
        """None of them has missed anything."""
        return [self._agent(agent, ag.Withdraw(why), now) for agent in agents]
