"""Thousands of invented shifts: what must hold after every single event, whatever happens in whatever order."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from routing import agents as ag
from routing import board_events as ev
from routing.agents import IN_CALL, OFFERED, Agent, IllegalTransition
from routing.board import Board
from routing.choosing import kept_for, may_ask
from routing.decisions import Decision, Wait
from routing.entries import IN_LINE, Entry, Step
from routing.floor import Floor
from routing.ids import AgentId, EntryId, QueueName
from routing.invariants import faults
from routing.matcher import decide, limit, next_for_agent, place, relaxation
from routing.rules import Ageing, Overflow, QueueRules, Rules
from routing.several import at_once
from tests.routing.world import agent, at, entry, skills

CRISIS = QueueName("crisis")
GENERAL = QueueName("general")
RULES = Rules(
    {
        GENERAL: QueueRules(
            GENERAL,
            steps=(
                Step(skills(english=4), {}, 20.0),
                Step(skills(english=2), skills(english=3), 30.0),
                Step(),
            ),
            max_length=6,
            max_wait_s=300.0,
            wrap_up_s=10.0,
        ),
        CRISIS: QueueRules(CRISIS, priority=100, max_wait_s=None, wrap_up_s=0.0, no_answer_pause_after=None),
    }
)
OTHER_RULES = Rules(
    {
        GENERAL: replace(
            RULES.queues[GENERAL],
            steps=(),
            max_length=None,
            strategy="least_occupied",
            ageing=Ageing(1, 10.0, 3),
            preferred_s=15.0,
            overflow=(Overflow(CRISIS, after_s=45.0), Overflow(CRISIS, unstaffed=True)),
            serve_after_closing=False,
        ),
        CRISIS: replace(RULES.queues[CRISIS], urgent=True, strategy="best_skill", ring=3),
    }
)
TWO_AT_ONCE = Rules({name: replace(queue, ring=2) for name, queue in RULES.queues.items()})

NOWHERE = QueueRules(QueueName(""))
AGENT_IDS = ["ann", "bob", "cid", "dan"]
PERSONAL: list[ag.AgentAct] = [
    ag.LogIn(),
    ag.LogOut(),
    ag.Pause("meal"),
    ag.Unpause(),
    ag.WrapUpDone(),
    ag.Hold(),
    ag.Resume(),
    ag.Force("available", "sue", "x"),
    ag.Force("paused", "sue", "x"),
    ag.Force("offline", "sue", "x"),
    ag.PhoneUnregistered(),
    ag.PhoneRegistered(),
]
some_agents = st.lists(
    st.builds(
        lambda id, english, queues, state: agent(id, english=english, queues=tuple(queues), state=state),
        st.sampled_from(AGENT_IDS),
        st.integers(1, 5),
        st.sets(st.sampled_from(["general", "crisis"]), min_size=1),
        st.sampled_from(["offline", "available", "paused"]),
    ),
    unique_by=lambda each: each.id,
    min_size=1,
)


class Shift(RuleBasedStateMachine):
    """A board driven at random. The shell is honest: it reports only about offers and calls that it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.count = 0
        self.ringing: set[tuple[EntryId, AgentId]] = set()
        self.told: dict[EntryId, int] = {}
        self.worst: dict[EntryId, int] = {}
        self.ended: dict[EntryId, str] = {}
        self.ending: set[EntryId] = set()

    @initialize(agents=some_agents, rules=st.sampled_from([RULES, TWO_AT_ONCE]))
    def begin(self, agents: list[Agent], rules: Rules) -> None:
        self.board = Board(rules, agents)

    def tell(self, event: ev.BoardEvent) -> None:
        for result in self.board.apply(event, at(self.now)):
            match result:
                case ev.RingAgent(entry=offered, agent=asked):
                    assert asked.id not in {who for _, who in self.ringing}, "an agent was offered two"
                    queue = self.board.rules.queues.get(offered.queue, NOWHERE)
                    beside = sum(which == offered.id for which, _ in self.ringing)
                    assert beside < at_once(offered, queue), "a caller was offered to too many"
                    assert asked.id in offered.rung
                    assert may_ask(offered, asked, queue, at(self.now)), "asked again at once after a miss"
                    self.ringing.add((offered.id, asked.id))
                case ev.StopRinging(entry=which, agent=who):
                    self.ringing.remove((which, who))
                case ev.AgentChanged(before=before, after=after, event=ag.Withdraw(why)) if (
                    before is not None
                ):
                    assert (after.no_answers, after.idle_since) == (before.no_answers, before.idle_since), why
                    assert before.leaving or after.last_given_at == before.given_before
                case ev.EndConversation(entry=which):
                    self.ending.add(which)
                case ev.EntryChanged(before=Entry(queue=old), after=Entry(queue=new, id=which)) if old != new:
                    self.told.pop(which, None)
                    self.worst.pop(which, None)
                case ev.EntryChanged(after=Entry(state="ended", outcome=outcome, id=which)):
                    assert which not in self.ended, "an entry ended twice"
                    assert outcome is not None
                    self.ended[which] = outcome
                case _:
                    pass

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 5.0, 10.0, 20.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.tell(ev.Tick())

    @rule(
        queue=st.sampled_from(["general", "crisis", "nowhere"]),
        priority=st.integers(0, 2),
        english=st.integers(0, 5),
        preferred=st.sampled_from([None, None, *AGENT_IDS]),
    )
    def a_caller_comes(self, queue: str, priority: int, english: int, preferred: str | None) -> None:
        self.count += 1
        wants = {"english": english} if english else {}
        came = entry(f"e{self.count}", queue=queue, when=self.now, priority=priority, **wants)
        self.tell(ev.EntryArrived(replace(came, preferred=None if preferred is None else AgentId(preferred))))

    @rule(closed=st.sets(st.sampled_from([GENERAL, CRISIS])))
    def hours_change(self, closed: set[QueueName]) -> None:
        self.tell(ev.HoursChanged(frozenset(closed)))

    @rule(
        data=st.data(), queue=st.sampled_from([None, GENERAL, CRISIS]), priority=st.sampled_from([None, 0, 5])
    )
    @precondition(lambda self: any(each.state in IN_LINE for each in self.board.entries()))
    def a_supervisor_moves(self, data: st.DataObject, queue: QueueName | None, priority: int | None) -> None:
        which = data.draw(st.sampled_from(sorted(e.id for e in self.board.entries() if e.state in IN_LINE)))
        self.told.pop(which, None)
        self.tell(ev.EntryMoved(which, "sue", "a child", queue, priority))

    @rule(data=st.data(), outcome=st.sampled_from(["abandoned", "left"]))
    @precondition(lambda self: self.board.entries())
    def a_caller_goes(self, data: st.DataObject, outcome: str) -> None:
        chosen = data.draw(st.sampled_from(sorted(each.id for each in self.board.entries())))
        self.tell(ev.EntryLeft(chosen, outcome))  # type: ignore[arg-type]

    @rule(data=st.data(), how=st.sampled_from(["rang", "answered", "timeout", "busy", "failed"]))
    @precondition(lambda self: self.ringing)
    def a_phone_says(self, data: st.DataObject, how: str) -> None:
        which, who = data.draw(st.sampled_from(sorted(self.ringing)))
        if how == "rang":
            self.tell(ev.Rang(which, who))
            return
        self.ringing.remove((which, who))
        if how == "answered":
            self.tell(ev.Answered(which, who))
        elif how == "failed":
            self.tell(ev.OfferFailed(which, who, "error"))
        else:
            self.tell(ev.NotAnswered(which, who, "timeout" if how == "timeout" else "busy"))

    @rule(data=st.data(), back=st.booleans())
    @precondition(lambda self: any(each.state == "joined" for each in self.board.entries()))
    def a_talk_ends(self, data: st.DataObject, back: bool) -> None:
        joined = sorted(
            (e.id, e.agent) for e in self.board.entries() if e.state == "joined" and e.agent is not None
        )
        which, who = data.draw(st.sampled_from(joined))
        self.ending.discard(which)
        self.tell(ev.SentBack(which, who, "lost") if back else ev.TalkEnded(which, who))

    @rule(data=st.data(), later=st.sampled_from([None, 0.0, 5.0, 60.0]), what=st.sampled_from("pprt"))
    @precondition(lambda self: any(each.state in IN_LINE for each in self.board.entries()))
    def a_callback_is_promised_or_timed(self, data: st.DataObject, later: float | None, what: str) -> None:
        which = data.draw(st.sampled_from(sorted(e.id for e in self.board.entries() if e.state in IN_LINE)))
        stood, before = self.board.entry(which), self.board.place(which)
        when = None if later is None else at(self.now + later)
        if what == "p":
            self.tell(ev.CallbackPromised(which, "cb", when))
        elif what == "r":
            self.tell(ev.CallbackRefused(which))
        else:
            self.tell(ev.CallbackTimed(which, when))
        stands = self.board.entry(which)
        assert stood is not None
        # Whose offer is withdrawn waits again, and the rules may have been about to move it.
        moved = stands is not None and (*stood.been, stood.queue) == stands.been
        assert stands is None or moved or self.board.place(which) == before, "the place was not kept"

    @rule(who=st.sampled_from(AGENT_IDS))
    def a_call_for_one_person(self, who: str) -> None:
        self.count += 1
        wanted = replace(entry(f"e{self.count}", queue="", when=self.now), only=AgentId(who), ring_s=7.0)
        free = AgentId(who) in self.board.agents and self.board.agents[AgentId(who)].state == "available"
        self.tell(ev.EntryArrived(wanted))
        found = self.board.entry(wanted.id)
        assert (found is not None and found.agent == who) if free else found is None

    @rule(who=st.sampled_from(AGENT_IDS), act=st.sampled_from(PERSONAL))
    def somebody_acts(self, who: str, act: ag.AgentAct) -> None:
        if AgentId(who) not in self.board.agents:
            return
        before = self.board.agents[AgentId(who)]
        try:
            self.tell(ev.AgentActed(AgentId(who), act))
        except IllegalTransition:
            assert self.board.agents[AgentId(who)] == before

    @rule(who=st.sampled_from(AGENT_IDS), english=st.integers(1, 5), crisis=st.booleans())
    def skills_change(self, who: str, english: int, crisis: bool) -> None:
        queues = ("general", "crisis") if crisis else ("general",)
        self.tell(ev.AgentKnown(agent(who, english=english, queues=queues, state="offline")))

    @rule(rules=st.sampled_from([RULES, OTHER_RULES, TWO_AT_ONCE]))
    def rules_change(self, rules: Rules) -> None:
        self.tell(ev.RulesChanged(rules))

    @rule(data=st.data())
    @precondition(lambda self: any(each.state in IN_LINE for each in self.board.entries()))
    def a_place_is_told(self, data: st.DataObject) -> None:
        which = data.draw(st.sampled_from(sorted(e.id for e in self.board.entries() if e.state in IN_LINE)))
        found = self.board.place(which)
        assert found is not None
        before = self.board.entry(which)
        assert before is not None
        worse = before.announced is not None and found.place > before.announced
        telling = self.board.telling(which)
        assert telling is not None
        assert telling.say <= (before.announced or telling.place)
        assert not telling.why or worse
        if worse and self.worst.get(which, 0) < found.place:
            assert telling.why, "a place got worse and nobody says why"
        self.worst[which] = found.place if worse else 0
        self.tell(ev.PlaceTold(which, found.place))
        announced = self.board.entry(which)
        assert announced is not None
        assert announced.announced is not None
        assert announced.announced <= self.told.get(which, found.place)
        self.told[which] = announced.announced

    @invariant()
    def nobody_is_held_without_a_reason(self) -> None:
        """Every offered or talking agent has an entry that says so, and the other way round."""
        by_agent = {who: e for e in self.board.entries() for who in e.rung}
        for held in self.board.agents.values():
            if held.state in OFFERED:
                assert by_agent.get(held.id) is not None
                assert by_agent[held.id].id == held.entry
                assert (by_agent[held.id].id, held.id) in self.ringing
            elif held.state in IN_CALL:
                assert held.entry is not None
                talked = self.board.entry(held.entry)
                assert talked is not None
                assert (talked.state, talked.agent) == ("joined", held.id)
        for who, offered in by_agent.items():
            assert self.board.agents[who].entry == offered.id
        for each in self.board.entries():
            assert bool(each.rung) == (each.state in ("offered", "ringing"))
            assert not each.others or each.rung

    @invariant()
    def what_must_hold_of_every_board_holds(self) -> None:
        """Among it: ringing several makes nobody wait, and nobody is idle who could be rung too."""
        joined = {each.id for each in self.board.entries() if each.state == "joined"}
        assert list(faults(self.board, at(self.now), self.ending & joined)) == []

    @invariant()
    def no_free_agent_beside_a_caller_who_fits(self) -> None:
        """Work-conserving: who could be served now is not waiting (bar the pause after a miss)."""
        for waiting in self.board.entries():
            if waiting.state != "waiting":
                continue
            queue = self.board.rules.queues[waiting.queue]
            needs = dict(queue.needs(waiting))
            for free in self.board.agents.values():
                fits = free.state == "available" and waiting.queue in free.queues and free.has(needs)
                kept = kept_for(waiting, queue, self.board.agents, at(self.now)) not in (None, free.id)
                asked = may_ask(waiting, free, queue, at(self.now)) and not kept
                assert not (fits and asked), (waiting, free)

    @invariant()
    def steps_relax_at_once(self) -> None:
        floor = Floor(self.board.agents.values())
        for waiting in self.board.entries():
            if waiting.state == "waiting":
                assert (
                    relaxation(waiting, self.board.rules.queues[waiting.queue], floor, at(self.now)) is None
                )

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """No starving: something is always due for one whose wait is limited, and nobody waits past the limit."""
        deadline = self.board.next_deadline()
        for waiting in self.board.entries():
            ends_at = limit(waiting, self.board.rules.queues.get(waiting.queue, NOWHERE))
            if waiting.state == "waiting" and ends_at is not None:
                assert ends_at > at(self.now)
                assert deadline is not None
                assert deadline <= ends_at

    @invariant()
    def the_incremental_board_agrees_with_the_plain_functions(self) -> None:
        agents, entries = list(self.board.agents.values()), self.board.entries()
        for each in entries:
            if each.state == "waiting":
                decided = decide(each, self.board.rules, agents, at(self.now), closed=self.board.closed)
                assert isinstance(decided, Wait)
            if each.only is None:
                assert self.board.place(each.id) == place(each, entries, self.board.rules, at(self.now))
        for each_agent in agents:
            if each_agent.state == "available":
                found = next_for_agent(each_agent, entries, self.board.rules, at(self.now), agents=agents)
                assert found is None


Shift.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestShift = Shift.TestCase


waiting_entries = st.lists(
    st.builds(
        lambda id, when, priority, english: entry(f"e{id}", when=when, priority=priority, english=english),
        st.integers(0, 99),
        st.integers(-200, 0),
        st.integers(0, 3),
        st.integers(1, 5),
    ),
    unique_by=lambda each: each.id,
    max_size=12,
)
NO_STEPS = Rules({GENERAL: QueueRules(GENERAL)})


@given(waiting_entries, some_agents, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_decisions_do_not_depend_on_the_order_things_are_listed_in(
    entries: list[Entry], agents: list[Agent], random: Random
) -> None:
    shuffled_entries, shuffled_agents = (
        random.sample(entries, len(entries)),
        random.sample(agents, len(agents)),
    )

    def all_decisions(some: list[Entry], others: list[Agent]) -> dict[EntryId, Decision]:
        return {each.id: decide(each, NO_STEPS, others, at(1)) for each in some}

    assert all_decisions(entries, agents) == all_decisions(shuffled_entries, shuffled_agents)
    for each in agents:
        assert next_for_agent(each, entries, NO_STEPS, at(1)) == next_for_agent(
            each, shuffled_entries, NO_STEPS, at(1)
        )


@given(waiting_entries)
@settings(max_examples=200, deadline=None)
def test_one_agent_serves_by_priority_and_then_age(entries: list[Entry]) -> None:
    """All fit: the order of service is the order of the line, whatever the order of arrival in the program."""
    board = Board(NO_STEPS, [agent("ann", state="offline", english=5)])
    for each in entries:
        board.apply(ev.EntryArrived(each), at(0))
    served = []
    results = board.apply(ev.AgentActed(AgentId("ann"), ag.LogIn()), at(1))
    for number in range(2, 2 + len(entries)):
        (ringing,) = [each for each in results if isinstance(each, ev.RingAgent)]
        served.append(ringing.entry.id)
        board.apply(ev.Answered(ringing.entry.id, AgentId("ann")), at(number))
        board.apply(ev.TalkEnded(ringing.entry.id, AgentId("ann")), at(number))
        results = board.apply(ev.AgentActed(AgentId("ann"), ag.WrapUpDone()), at(number))
    expected = sorted(entries, key=lambda each: (-each.priority, each.enqueued_at, each.id))
    assert served == [each.id for each in expected]


@pytest.mark.parametrize("count", [1, 3])
def test_unrelated_events_in_one_instant_commute(count: int) -> None:
    """Two queues with agents of their own: however their events interleave, each sees the same."""
    rules = Rules({name: QueueRules(name) for name in (GENERAL, CRISIS)})

    def run(order: list[str]) -> tuple[object, ...]:
        board = Board(rules, [agent("ann"), agent("bob", queues=("crisis",))])
        for number in range(count):
            for queue in order:
                board.apply(ev.EntryArrived(entry(f"{queue}{number}", queue=queue)), at(0))
        return tuple(sorted((e.id, e.state, e.agent or "", board.place(e.id)) for e in board.entries()))

    assert run(["general", "crisis"]) == run(["crisis", "general"])


def test_the_same_input_gives_the_same_output() -> None:
    def run() -> list[list[ev.Result]]:
        board = Board(RULES, [agent("ann", english=3), agent("bob", english=5)])
        events: list[tuple[ev.BoardEvent, float]] = [
            (ev.EntryArrived(entry("e1", english=3)), 0),
            (ev.EntryArrived(entry("e2", when=1)), 1),
            (ev.NotAnswered(EntryId("e1"), AgentId("bob"), "busy"), 2),
            (ev.Tick(), 30),
        ]
        return [board.apply(event, at(when)) for event, when in events]

    assert run() == run()
