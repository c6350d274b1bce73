"""Decisions with their reasons, as data and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from routing import entries as en
from routing.admission import admit
from routing.decisions import Offer, Overflow, Reject, Wait
from routing.entries import Step
from routing.floor import Floor
from routing.ids import AgentId, SkillName
from routing.line import Place
from routing.matcher import decide, next_for_agent, place
from routing.plain import Plain
from routing.rules import POINT, QueueRules, Rules
from routing.sentences import CAUSES, MOVERS, STATES, TEMPLATES, sentence
from tests.routing.world import Q, agent, at, entry, rules, skills

TITLES = {SkillName("english"): {"zh": "英语", "en": "English"}}


def tried(who: str, when: float, **wants: int) -> en.Entry:
    offered = en.apply(entry("e1", **wants), en.Offered(AgentId(who)), at(when - 1))
    return en.apply(offered, en.NotTaken("rejected"), at(when))


def test_an_offer_says_who_and_why() -> None:
    agents = [
        agent("ann", english=3),
        replace(agent("bob", english=4), state="talking"),
        replace(agent("cid", english=5), state="paused", pause_reason="training"),
        agent("dan", english=1),
        agent("eve", queues=("other",), english=5),
    ]
    decision = decide(entry("e1", english=3), rules(), agents, at(40))
    assert isinstance(decision, Offer)
    assert decision.agent == "ann"
    assert sentence(decision, "en", TITLES) == (
        "Ann was idle the longest (40 s); needs English 3; agents who fit: "
        "3 (1 free, 1 paused: training, 1 talking)."
    )
    assert sentence(decision, "zh", TITLES) == (
        "Ann空闲最久(40秒);需要英语 3;符合的话务员:3人(1人空闲、1人小休: training、1人通话中)。"
    )


def test_a_wait_says_what_those_who_fit_are_doing() -> None:
    agents = [replace(agent("bob", english=4), state="talking"), agent("dan", english=1)]
    decision = decide(entry("e1", english=3), rules(max_wait_s=None), agents, at(5))
    assert isinstance(decision, Wait)
    assert decision.again_at is None
    expected = "No agent who fits is free; needs English 3; agents who fit: 1 (1 talking)."
    assert sentence(decision, "en", TITLES) == expected


def test_a_wait_with_nobody_at_all() -> None:
    decision = decide(entry("e1"), rules(), [agent("ann", state="offline")], at(5))
    assert isinstance(decision, Wait)
    assert decision.again_at == at(1800)
    expected = "No agent who fits is logged in; needs any agent; agents who fit: 0 (1 not logged in)."
    assert sentence(decision, "en") == expected


def test_the_longest_wait_ends_in_an_overflow() -> None:
    decision = decide(entry("e1"), rules(max_wait_s=60.0), [agent("ann")], at(60))
    assert decision == Overflow("e1", "timeout", decision.reasons)  # type: ignore[arg-type]
    own = replace(entry("e1"), timeout_s=5.0)
    assert isinstance(decide(own, rules(max_wait_s=60.0), [agent("ann")], at(5)), Overflow)


def test_a_queue_that_is_not_there_rejects() -> None:
    assert isinstance(decide(entry("e1", queue="nowhere"), rules(), [agent("ann")], at(0)), Reject)


def test_a_full_queue_rejects() -> None:
    assert admit(entry("e1"), rules(max_length=2), Plain([]), lambda name: 1) is None
    rejected = admit(entry("e1"), rules(max_length=2), Plain([]), lambda name: 2)
    assert rejected is not None
    assert sentence(rejected, "zh") == "队列已满:2人等待,上限2。"


def test_who_just_missed_this_caller_comes_last() -> None:
    decision = decide(tried("ann", 10), rules(), [agent("ann", since=-90), agent("bob", since=9)], at(30))
    assert isinstance(decision, Offer)
    assert decision.agent == "bob"


def test_who_alone_missed_this_caller_is_asked_again_after_a_while() -> None:
    waiting = decide(tried("ann", 10), rules(retry_s=5.0), [agent("ann")], at(12))
    assert isinstance(waiting, Wait)
    assert waiting.again_at == at(15)
    again = decide(tried("ann", 10), rules(retry_s=5.0), [agent("ann")], at(15))
    assert isinstance(again, Offer)
    assert "asked again" in sentence(again, "en")


def test_a_preferred_skill_decides_among_those_who_fit() -> None:
    steps = (Step(prefer=skills(english=3)),)
    agents = [agent("ann", since=-90), agent("bob", since=0, english=3)]
    decision = decide(entry("e1", steps=steps), rules(), agents, at(1))
    assert isinstance(decision, Offer)
    assert decision.agent == "bob"
    assert "preferred skills: English 3" in sentence(decision, "en", TITLES)
    nobody = decide(entry("e1", steps=steps), rules(), agents[:1], at(1))
    assert isinstance(nobody, Offer)
    assert nobody.agent == "ann"


def test_a_step_that_ended_long_ago_gave_way_at_its_due_time() -> None:
    steps = (
        Step(require=skills(english=5), for_s=20.0),
        Step(require=skills(english=3), for_s=20.0),
        Step(),
    )
    expert = replace(agent("expert", english=5), state="talking")
    decision = decide(entry("e1", steps=steps), rules(), [expert], at(30))
    assert isinstance(decision, Wait)
    assert (decision.step, decision.again_at) == (1, at(40))
    assert "relaxed to step 2 (its time was over)" in sentence(decision, "en")


def test_the_skills_asked_for_by_the_flow_hold_in_every_step() -> None:
    steps = (Step(require=skills(complaint=3), for_s=20.0), Step())
    decision = decide(entry("e1", steps=steps, english=2), rules(), [agent("ann", complaint=5)], at(100))
    assert isinstance(decision, Wait)


@pytest.mark.parametrize("state", ["offered", "ringing", "joined", "ended"])
def test_only_who_waits_can_be_decided_on(state: en.EntryState) -> None:
    with pytest.raises(ValueError, match=state):
        decide(replace(entry("e1"), state=state), rules(), [], at(0))


def test_an_agent_gets_priority_first_then_age_then_id() -> None:
    ann = agent("ann", english=3)
    entries = [
        entry("b", when=5),
        entry("a", when=5),
        entry("urgent", when=9, priority=1),
        entry("expert", when=0, english=4),
        entry("elsewhere", queue="other", when=0),
        replace(entry("ringing", when=0), state="ringing"),
    ]
    order = []
    while (offer := next_for_agent(ann, entries, rules(), at(10))) is not None:
        order.append(offer.entry)
        entries = [each for each in entries if each.id != offer.entry]
    assert order == ["urgent", "a", "b"]


def test_an_agent_gets_who_relaxed_meanwhile() -> None:
    steps = (Step(require=skills(english=5), for_s=20.0), Step())
    waiting = [entry("e1", steps=steps)]
    assert next_for_agent(agent("ann"), waiting, rules(), at(19)) is None
    offer = next_for_agent(agent("ann"), waiting, rules(), at(20))
    assert offer is not None
    assert offer.step == 1


def test_places_count_those_being_offered_and_not_those_who_talk() -> None:
    entries = [
        replace(entry("first", when=0), state="ringing"),
        entry("second", when=1),
        entry("urgent", when=5, priority=3),
        replace(entry("talks", when=0), state="joined"),
        entry("elsewhere", queue="other", when=0),
    ]
    assert place(entries[1], entries, rules(), at(9)) == Place(3, 3)
    assert place(entries[2], entries, rules(), at(9)) == Place(1, 3)
    assert place(entries[3], entries, rules(), at(9)) is None


def test_the_queue_adds_its_priority() -> None:
    crisis = QueueRules(Q, priority=100)
    assert Rules({Q: crisis}).queues[Q].rank(entry("e1", priority=5), at(0))[1] == -105 * POINT


def test_every_reason_and_state_has_words_in_both_languages() -> None:
    for table in (TEMPLATES, STATES, CAUSES, MOVERS):
        assert all(zh and en and zh != en for zh, en in table.values())


def test_random_draws_among_all_who_are_free() -> None:
    """Each as often as any other; the same moment gives the same agent."""
    queue = QueueRules(Q, strategy="random")
    floor = Floor([agent(f"a{number}", english=3) for number in range(11)], Rules({Q: queue}))
    picked = Counter(
        chosen.id
        for second in range(2000)
        if (chosen := floor.pick(queue, (), (), float(second))) is not None
    )
    assert sum(picked.values()) == 2000
    assert min(picked.values()) > 120
    assert floor.pick(queue, (), (), 7.0) == floor.pick(queue, (), (), 7.0)
