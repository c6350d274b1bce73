"""Several agents rung for one caller: who is rung, who is let go how, and that nobody waits because of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing import agents as ag
from routing import board_events as ev
from routing.agents import Agent
from routing.decisions import Offer
from routing.entries import NotTakenByOne, Offered, OfferedToo, WithdrawnFromOne, apply
from routing.ids import AgentId, EntryId, QueueName
from routing.rules import MOST_RUNG, QueueRules, Rules
from routing.rules_load import load_rules
from routing.sentences import sentence
from tests.routing.world import Floor, agent, at, entry, of_kind, offers, rules

E1, ANN, BOB, CID, DAN = EntryId("e1"), AgentId("ann"), AgentId("bob"), AgentId("cid"), AgentId("dan")


def floor(*agents: Agent, ring: int = 3, **more: object) -> Floor:
    return Floor(rules(ring=ring, ring_s=20.0, **more), *agents)


def three(**more: int) -> list[Agent]:
    return [agent(name, since=since, **more) for since, name in enumerate(("ann", "bob", "cid"))]


def stopped(results: list[ev.Result]) -> list[tuple[str, str]]:
    return [(each.agent, each.why) for each in of_kind(results, ev.StopRinging)]


def test_the_best_free_agents_are_rung_together_each_with_a_decision() -> None:
    here = floor(*three(), agent("dan", since=9))
    results = here.tell(ev.EntryArrived(entry("e1", when=10)), 10)
    assert offers(results) == [("e1", "ann"), ("e1", "bob"), ("e1", "cid")]
    decided = [each.decision for each in of_kind(results, ev.Decided)]
    assert [(each.agent, each.reasons[0].code) for each in decided if isinstance(each, Offer)] == [
        ("ann", "longest_idle"),
        ("bob", "rung_too"),
        ("cid", "rung_too"),
    ]
    assert len({each.revision for each in of_kind(results, ev.Decided)}) == 3
    assert "at the same time as 2 more" in sentence(decided[2], "en")
    assert "另有2人在响" in sentence(decided[2], "zh")
    assert here.board.entry(E1).rung == (ANN, BOB, CID)  # type: ignore[union-attr]
    assert here.state("dan") == "available"


def test_all_means_every_free_agent_who_fits() -> None:
    loaded = load_rules("queues: {general: {ring: all}, other: {ring: 2}, usual: {}}")
    assert [queue.ring for queue in loaded.queues.values()] == [MOST_RUNG, 2, 1]
    here = Floor(loaded, *three(), agent("dan", queues=("other",)), agent("eve", state="paused"))
    assert here.arrive("e1") == [("e1", "ann"), ("e1", "bob"), ("e1", "cid")]


def test_the_first_to_answer_has_the_caller_and_the_others_are_as_they_were() -> None:
    here = floor(*three(), strategy="round_robin")
    before = dict(here.board.agents)
    here.arrive("e1", 10)
    for who in (ANN, BOB, CID):
        here.tell(ev.Rang(E1, who), 11)
    results = here.answer("e1", "bob", 14)
    assert stopped(results) == [("ann", "answered_elsewhere"), ("cid", "answered_elsewhere")]
    joined = here.board.entry(E1)
    assert joined is not None
    assert (joined.state, joined.agent, joined.others) == ("joined", BOB, ())
    for who in (ANN, CID):
        after = here.board.agents[who]
        assert (after.state, after.no_answers, after.missed_at) == ("available", 0, None)
        assert (after.idle_since, after.last_given_at) == (before[who].idle_since, before[who].last_given_at)
    # Too late by a moment: the telephone is to be let go, and nothing changes.
    late = here.answer("e1", "ann", 14)
    assert [type(each) for each in late] == [ev.Ignored]
    # It is as much their turn as before.
    here.arrive("e2", 15)
    assert here.board.entry(EntryId("e2")).rung == (ANN, CID)  # type: ignore[union-attr]


def test_who_rejects_is_alone_with_it_and_another_rings_for_the_rest() -> None:
    here = floor(*three(), agent("dan", state="paused"), ring=3)
    here.arrive("e1", 10)
    here.tell(ev.Rang(E1, ANN), 10)
    results = here.tell(ev.NotAnswered(E1, BOB, "rejected"), 13)
    assert stopped(results) == []
    assert offers(results) == []
    assert (here.state("ann"), here.state("bob"), here.state("cid")) == ("ringing", "available", "reserved")
    assert (here.board.agents[BOB].no_answers, here.board.agents[ANN].no_answers) == (1, 0)
    (rung,) = of_kind(here.act("dan", ag.Unpause(), 16), ev.RingAgent)
    assert (rung.agent.id, rung.ring_s) == (DAN, 14.0)
    assert rung.decision.reasons[0].code == "rung_for_the_rest"
    # Nor is the one who rejected rung again in the same round, when the pause after a miss is over.
    assert here.rings(ev.NotAnswered(E1, DAN, "busy"), 22) == []
    results = here.tell(ev.Tick(), 30)
    assert stopped(results) == [("ann", "timeout"), ("cid", "timeout")]
    assert [here.board.agents[who].no_answers for who in (ANN, BOB, CID, DAN)] == [1, 1, 1, 1]


def test_who_came_for_the_rest_has_missed_nothing_and_is_rung_first_in_the_next_round() -> None:
    here = floor(*three()[:2], agent("dan", state="paused"))
    here.arrive("e1", 10)
    here.tell(ev.Rang(E1, ANN), 10)
    assert offers(here.act("dan", ag.Unpause(), 20)) == [("e1", "dan")]
    results = here.tell(ev.Tick(), 30)
    assert stopped(results) == [("ann", "timeout"), ("bob", "timeout"), ("dan", "timeout")]
    assert [here.board.agents[who].no_answers for who in (ANN, BOB, DAN)] == [1, 1, 0]
    assert offers(results) == [("e1", "dan")]
    # The others again, who were not asked for some time, as soon as a place is free in the next round of all.
    here.tell(ev.NotAnswered(E1, DAN, "busy"), 40)
    assert here.board.entry(E1).rung == (ANN, BOB)  # type: ignore[union-attr]


def test_nobody_is_rung_for_the_last_moment() -> None:
    here = floor(*three()[:2], agent("dan", state="paused"))
    here.arrive("e1", 10)
    here.tell(ev.Rang(E1, ANN), 10)
    assert offers(here.act("dan", ag.Unpause(), 26)) == []
    assert here.state("dan") == "available"


def test_the_caller_who_hangs_up_lets_all_go_and_they_take_those_who_wait() -> None:
    here = floor(*three(english=4))
    here.arrive("e1", 10)
    results = here.tell(ev.EntryLeft(E1, "abandoned"), 12)
    assert stopped(results) == [(who, "caller_left") for who in ("ann", "bob", "cid")]
    assert {here.state(who) for who in ("ann", "bob", "cid")} == {"available"}
    assert here.board.agents[ANN].idle_since == at(0)


@pytest.mark.parametrize(
    ("act", "why", "state"),
    [
        (ag.PhoneUnregistered(), "unreachable", "paused"),
        (ag.Force("offline", "sue", "fire"), "forced", "offline"),
    ],
)
def test_a_telephone_that_goes_ends_its_own_ringing_only(act: ag.AgentAct, why: str, state: str) -> None:
    here = floor(*three())
    here.arrive("e1", 10)
    results = here.act("ann", act, 12)
    assert stopped(results) == [("ann", why)]
    assert here.state("ann") == state
    assert here.board.entry(E1).rung == (BOB, CID)  # type: ignore[union-attr]


def test_a_pause_is_remembered_and_only_who_rings_can_answer() -> None:
    here = floor(*three())
    here.arrive("e1", 10)
    here.act("ann", ag.Pause("meal"), 11)
    results = here.answer("e1", "bob", 12)
    assert stopped(results) == [("ann", "answered_elsewhere"), ("cid", "answered_elsewhere")]
    assert (here.state("ann"), here.board.agents[ANN].pause_reason) == ("paused", "meal")


def test_other_rules_leave_those_who_ring_ringing() -> None:
    here = floor(*three(), ring=2)
    here.arrive("e1", 10)
    assert offers(here.tell(ev.RulesChanged(rules(ring=3, ring_s=20.0)), 12)) == [("e1", "cid")]
    assert stopped(here.tell(ev.RulesChanged(rules(ring=1, ring_s=20.0)), 13)) == []
    assert stopped(here.answer("e1", "ann", 14)) == [
        ("bob", "answered_elsewhere"),
        ("cid", "answered_elsewhere"),
    ]


def test_who_waits_gets_one_of_those_who_are_rung_beside_others_best_fitting_first() -> None:
    here = floor(agent("ann", english=5), agent("bob", since=1), agent("cid", since=2, english=3), ring=50)
    here.arrive("e1", 10)
    results = here.tell(ev.EntryArrived(entry("e2", when=11, english=2)), 11)
    assert stopped(results) == [("cid", "needed")], "the first one stays, if there is another"
    assert offers(results) == [("e2", "cid")]
    (offer,) = [each.decision for each in of_kind(results, ev.Decided)]
    assert offer.reasons[0].code == "given_up_elsewhere"
    results = here.tell(ev.EntryArrived(entry("e3", when=12, english=2)), 12)
    assert (stopped(results), offers(results)) == ([("ann", "needed")], [("e3", "ann")])
    # One is left for the first caller, and nobody can have that one.
    assert here.arrive("e4", 13) == []
    assert here.board.entry(E1).rung == (BOB,)  # type: ignore[union-attr]
    # Who is free again serves those who wait, and is rung beside others only then.
    assert offers(here.answer("e1", "bob", 14)) == []
    here.talk_ended("e1", "bob", 20)
    assert offers(here.act("bob", ag.WrapUpDone(), 21)) == [("e4", "bob")]


def test_whoever_comes_to_be_one_of_several_is_free_for_somebody_who_waits() -> None:
    """Ann alone was rung for the first caller, and the second waits for her; now Bob can be rung for the first."""
    here = floor(agent("ann", english=5), agent("bob", state="paused"), ring=2)
    here.arrive("e1", 10)
    assert here.arrive("e2", 11, english=3) == []
    results = here.act("bob", ag.Unpause(), 12)
    assert offers(results) == [("e1", "bob"), ("e2", "ann")]
    assert stopped(results) == [("ann", "needed")]


def test_a_preferred_agent_a_callback_and_a_transfer_ring_one_alone() -> None:
    here = floor(*three())
    for id, more in (
        ("e1", {"preferred": CID}),
        ("e2", {"callback": "cb"}),
        ("e3", {"one_by_one": True}),
    ):
        wanted = replace(entry(id, when=10), **more)  # type: ignore[arg-type]
        assert len(here.rings(ev.EntryArrived(wanted), 10)) == 1
        here.tell(ev.EntryLeft(EntryId(id), "left"), 10)
    alone = replace(entry("e4", queue="", when=10), only=BOB)
    assert here.rings(ev.EntryArrived(alone), 10) == [("e4", "bob")]


def test_a_call_counts_for_the_share_of_who_answers() -> None:
    one = replace(agent("ann"), labels={"vendor": "north"})
    two = replace(agent("bob", since=1), labels={"vendor": "south"})
    here = floor(one, two, ring=2, shares={"vendor": {"north": 1.0, "south": 1.0}}, wrap_up_s=0.0)
    here.arrive("e1", 10)
    here.answer("e1", "bob", 11)
    here.talk_ended("e1", "bob", 20)
    queue = here.board.rules.queues[QueueName("general")]
    assert here.board._shares.behind(queue, ("north",)) == 0.5
    assert here.board._shares.behind(queue, ("south",)) == -0.5


def test_one_of_several_cannot_be_the_last() -> None:
    offered = apply(entry("e1"), Offered(ANN), at(1))
    for event in (NotTakenByOne(ANN, "busy"), WithdrawnFromOne(ANN, "x")):
        with pytest.raises(ag.IllegalTransition):
            apply(offered, event, at(2))
    both = apply(offered, OfferedToo(BOB), at(1))
    assert apply(both, NotTakenByOne(ANN, "busy"), at(2)).tried == {ANN: at(2)}


def test_a_queue_that_rings_one_is_as_ever_beside_one_that_rings_all() -> None:
    both = Rules(
        {QueueName(name): QueueRules(QueueName(name), ring=ring) for name, ring in (("a", 1), ("b", 50))}
    )
    staff = [agent(name, queues=("a", "b"), since=since) for since, name in enumerate(("ann", "bob", "cid"))]
    here = Floor(both, *staff)
    assert here.rings(ev.EntryArrived(entry("e1", queue="a", when=10)), 10) == [("e1", "ann")]
    assert here.rings(ev.EntryArrived(entry("e2", queue="b", when=11)), 11) == [("e2", "bob"), ("e2", "cid")]
    results = here.tell(ev.EntryArrived(entry("e3", queue="a", when=12)), 12)
    assert (stopped(results), offers(results)) == ([("cid", "needed")], [("e3", "cid")])
