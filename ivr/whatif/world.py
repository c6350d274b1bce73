"""One replication: calls and agents in virtual time, with the real board to decide who is offered to whom.

Theory of operation. `World.run` takes what happens next from three places: the calls that come (drawn before the
beginning, sorted), a heap of what was set going (a talk ends, patience ends, a shift begins ...), and the board's own
deadline. Each goes to the board as the event that a live shell would send; of what the board answers, commands are
carried out (an agent rings, and answers or not) and facts are counted. What was set going and has been overtaken finds
its call or agent in another state and does nothing.

The n-th call of a type has the same talk, patience and so on in every variant of a scenario with the same seed: what
differs between two variants is their doing, not chance.
"""

from __future__ import annotations

import datetime as dt
import heapq
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ivr.whatif.caller import Call, callers_of
from ivr.whatif.crew import Crew
from ivr.whatif.plan import GroupPlan, Plan
from ivr.whatif.tally import Tally
from routing import agents as ag
from routing import board_events as ev
from routing.board import Board
from routing.entries import enter
from routing.ids import AgentId, EntryId

LONGEST_AFTER_S = 7 * 86_400.0
"""Beyond the horizon: who has not been served then never is."""
CITIZEN_RINGS_S = 20.0
"""Of a callback that the citizen does not answer."""


class World:
    """number: of the replication, from 0. seed: of the whole run."""

    def __init__(
        self, plan: Plan, seed: int, number: int, watch: Callable[[Board, ev.BoardEvent], None] | None = None
    ) -> None:
        self.plan, self._watch = plan, watch
        scenario = plan.scenario
        self._began = scenario.began
        self.now = 0.0
        self.horizon = scenario.length_s
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self.tally = Tally(plan)
        seeds = np.random.SeedSequence(entropy=seed, spawn_key=(number,)).spawn(len(plan.types) + 2)
        self.arrivals = callers_of(plan, seeds[: len(plan.types)], np.random.default_rng(seeds[-2]), number)
        self.crew = Crew(plan, seeds[-1], self._after, self._act)
        self.board = Board(plan.rules, self.crew.agents)
        self._live: dict[EntryId, Call] = {}
        self._lines = 0
        self._coming = 0
        for when, closed in plan.closings:
            self._at(when, self._tell, ev.HoursChanged(closed))
        for group in plan.groups:
            for when, number_there in group.staffing:
                self._at(when, self._staff, group, number_there)

    # --- time

    def run(self) -> Tally:
        """To the end. What is counted is in the tally."""
        arrivals, heap, board = self.arrivals, self._heap, self.board
        cut = self.plan.scenario.at_end == "cut"
        if self.plan.scenario.at_end == "close":
            self._at(self.horizon, self._close)
        last = self.horizon if cut else self.horizon + LONGEST_AFTER_S
        began = self._began
        index, number = 0, len(arrivals)
        while True:
            coming = arrivals[index].arrived if index < number else math.inf
            next_at = min(coming, heap[0][0]) if heap else coming
            deadline = board.next_deadline()
            due = math.inf if deadline is None else (deadline - began).total_seconds()
            if due <= next_at:
                if due > last or self._over(index == number):
                    break
                self.now = max(self.now, due)
                self._tell(ev.Tick())
            elif next_at > last or self._over(index == number):
                break
            elif coming <= next_at:
                self.now = coming
                self._arrive(arrivals[index])
                index += 1
            else:
                self.now, _, act, what = heapq.heappop(heap)
                act(*what)
        self._finish(cut)
        return self.tally

    def _over(self, all_came: bool) -> bool:
        """Whether nothing more can happen to any caller."""
        return all_came and not self._live and not self._coming and self.now >= self.horizon

    def _at(self, when: float, act: Callable[..., None], *what: Any) -> None:
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, act, what))

    def _after(self, seconds: float, act: Callable[..., None], *what: Any) -> None:
        self._at(self.now + seconds, act, *what)

    def _act(self, id: AgentId, event: ag.AgentAct) -> None:
        self._tell(ev.AgentActed(id, event))

    def _staff(self, group: GroupPlan, number: int) -> None:
        self.crew.staff(group, number, self.board.agents)

    def _clock(self) -> dt.datetime:
        return self._began + dt.timedelta(seconds=self.now)

    # --- the board

    def _tell(self, event: ev.BoardEvent) -> None:
        """The event, and whatever follows from it at once."""
        now = self._clock()
        events = [event]
        while events:
            told = events.pop(0)
            for result in self.board.apply(told, now):
                kind = type(result)
                if kind is ev.AgentChanged:
                    self._agent_changed(result)  # type: ignore[arg-type]  # of that kind
                elif kind is ev.EntryChanged:
                    self._entry_changed(result)  # type: ignore[arg-type]  # of that kind
                elif kind is ev.RingAgent:
                    answer = self._ring(result)  # type: ignore[arg-type]  # of that kind
                    if answer is not None:
                        events.append(answer)
                elif kind is ev.StopRinging:
                    call = self._live.get(result.entry)  # type: ignore[union-attr,arg-type]  # of that kind
                    if call is not None:
                        call.rung.pop(result.agent, None)  # type: ignore[union-attr,arg-type]  # of that kind
            if self._watch is not None:
                self._watch(self.board, told)

    def _agent_changed(self, fact: ev.AgentChanged) -> None:
        after = fact.after
        desk = self.crew.desks[after.id]
        if isinstance(fact.event, ag.NoAnswer):
            self.tally.missed(desk.group.index, self.now)
        if after.state == desk.state:
            return
        self.tally.spent(desk.group.index, desk.state, desk.since, self.now)
        before, desk.state, desk.since = desk.state, after.state, self.now
        if after.state == "wrap_up" and desk.call is not None and desk.call.wrap_up is not None:
            length = desk.call.wrap_up / desk.group.written.speed
            self._at(self.now + length, self._wrapped_up, after.id, desk.call.entry)
        else:
            self.crew.changed(desk, before, after)

    def _entry_changed(self, fact: ev.EntryChanged) -> None:
        after = fact.after
        if after.state == "joined" and after.agent is not None:
            self._joined(self._live[after.id], after.agent)
        elif after.state == "ended":
            call = self._live.pop(after.id, None)
            if call is not None:
                self._ended(call, after.outcome or "failed")

    def _ring(self, command: ev.RingAgent) -> ev.BoardEvent | None:
        """The agent's answer, when it comes at once."""
        call = self._live[command.entry.id]
        call.offers += 1
        call.rung[command.agent.id] = call.offers
        group = self.crew.desks[command.agent.id].group
        taken, delay = self.crew.takes(group)
        if taken == "misses":
            return ev.Rang(call.entry, command.agent.id)
        answer: ev.BoardEvent = ev.Answered(call.entry, command.agent.id)
        if taken == "rejects":
            answer = ev.NotAnswered(call.entry, command.agent.id, "rejected")
        if delay <= 0:
            return answer
        self._at(self.now + delay, self._answers, call, command.agent.id, call.offers, answer)
        return ev.Rang(call.entry, command.agent.id)

    def _answers(self, call: Call, agent: AgentId, offer: int, answer: ev.BoardEvent) -> None:
        if call.rung.get(agent) == offer and call.entry in self._live:
            self._tell(answer)

    # --- callers

    def _arrive(self, call: Call) -> None:
        scenario, caller = self.plan.scenario, call.caller
        if call.attempt > 1:
            self._coming -= 1
        if scenario.lines is not None and self._lines >= scenario.lines:
            self.tally.ended(call, "blocked", self.now, -1)
            self._again(call, "blocked")
            return
        self._count += 1
        call.entry = EntryId(f"{caller.plan.name}-{self._count}")
        call.line = True
        self._lines += 1
        self._live[call.entry] = call
        plan = caller.plan
        now = self._clock()
        self._tell(
            ev.EntryArrived(
                enter(
                    call.entry,
                    plan.queue,
                    call.entry,
                    now,
                    skills=plan.skills,
                    steps=plan.steps,
                    priority=plan.written.priority,
                )
            )
        )
        if call.entry not in self._live or call.joined_at is not None:
            return
        if call.balks:
            self._hang_up(call)
        elif call.patience < math.inf:
            self._at(self.now + call.patience, self._hang_up, call)
        if plan.written.callback is not None:
            self._at(self.now + plan.written.callback.after, self._offer_callback, call)

    def _hang_up(self, call: Call) -> None:
        if call.entry in self._live and call.joined_at is None and not call.promised:
            self._tell(ev.EntryLeft(call.entry, "abandoned"))

    def _joined(self, call: Call, agent: AgentId) -> None:
        call.agent = agent
        if call.joined_at is None:
            call.joined_at = self.now
        desk = self.crew.desks[agent]
        desk.call = call
        group = desk.group
        offer = call.caller.plan.written.callback
        if call.promised and offer is not None and call.caller.luck.random() >= offer.reached:
            call.tries += 1
            self._at(self.now + CITIZEN_RINGS_S, self._not_reached, call)
            return
        talk = call.talks.get(group.index, call.talk) / group.written.speed
        self._at(self.now + talk, self._talked, call)

    def _talked(self, call: Call) -> None:
        if call.entry in self._live and call.agent is not None:
            self._tell(ev.TalkEnded(call.entry, call.agent))

    def _ended(self, call: Call, outcome: str) -> None:
        if call.line:
            call.line = False
            self._lines -= 1
        group = self.crew.desks[call.agent].group.index if call.agent is not None else -1
        kind = self.tally.ended(call, outcome, self.now, group)
        self._again(call, kind)

    def _wrapped_up(self, id: AgentId, entry: EntryId) -> None:
        agent = self.board.agents[id]
        if agent.state == "wrap_up" and agent.entry == entry:
            self._tell(ev.AgentActed(id, ag.WrapUpDone()))

    def _again(self, call: Call, kind: str) -> None:
        retrial = call.caller.plan.written.retrial
        if retrial is None or kind not in retrial.after:
            return
        if retrial.attempts is not None and call.attempt >= retrial.attempts:
            return
        if call.caller.luck.random() < retrial.probability:
            again = call.caller.again(call, self.now, same=retrial.same)
            if again.arrived <= self.horizon or self.plan.scenario.at_end == "serve":
                self._coming += 1
                self._at(again.arrived, self._arrive, again)

    def _close(self) -> None:
        for entry in [*self._live]:
            call = self._live.get(entry)
            if call is not None and call.joined_at is None and not call.promised:
                self._tell(ev.EntryLeft(entry, "left"))

    # --- virtual hold

    def _offer_callback(self, call: Call) -> None:
        offer = call.caller.plan.written.callback
        if offer is None or call.entry not in self._live or call.joined_at is not None or call.promised:
            return
        if call.caller.luck.random() < offer.accepted:
            call.promised = True
            if call.line:
                call.line = False
                self._lines -= 1
            self._tell(ev.CallbackPromised(call.entry, f"cb-{call.entry}", None))

    def _not_reached(self, call: Call) -> None:
        offer = call.caller.plan.written.callback
        if offer is None or call.agent is None or call.entry not in self._live:
            return
        if call.tries >= offer.attempts:
            self._tell(ev.TalkEnded(call.entry, call.agent, served=False))
            return
        agent, call.agent = call.agent, None
        call.joined_at = None
        later = self._clock() + dt.timedelta(seconds=offer.again_after)
        self._tell(ev.SentBack(call.entry, agent, "not reached", later))

    # --- the end

    def _finish(self, cut: bool) -> None:
        self.now = self.horizon if cut else max(self.now, self.horizon)
        for desk in self.crew.desks.values():
            self.tally.spent(desk.group.index, desk.state, desk.since, self.now)
        for call in self._live.values():
            group = self.crew.desks[call.agent].group.index if call.agent is not None else -1
            self.tally.ended(call, "unfinished", self.now, group)
        self.tally.end = self.now
