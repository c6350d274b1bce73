"""The indexed board decides as the plain definitions do: every strategy, ageing, shares, overflow, preferred agents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import agents as ag
from routing import board_events as ev
from routing.agents import Agent
from routing.board import Board
from routing.decisions import Move, Offer, Overflow
from routing.entries import Entry, Offered, OfferedToo, Step, apply
from routing.ids import AgentId, EntryId, QueueName
from routing.matcher import decide, next_for_agent, place
from routing.plain import Plain
from routing.rules import Ageing, QueueRules, Rules, Strategy
from routing.rules import Overflow as OverflowRule
from routing.several import one_more
from tests.routing.world import agent, at, entry, skills

A, B, C = QueueName("a"), QueueName("b"), QueueName("c")
STRATEGIES: list[Strategy] = [
    "longest_idle",
    "least_occupied",
    "best_skill",
    "round_robin",
    "agent_priority",
    "random",
]
QUIET: list[tuple[ag.AgentAct, str]] = [
    (ag.LogIn(), "offline"),
    (ag.Unpause(), "paused"),
    (ag.WrapUpDone(), "wrap_up"),
]
"""What frees an agent, and in which state."""


def the_rules(strategy: Strategy, ageing: Ageing | None, preferred_s: float, shares: bool) -> Rules:
    steps = (Step(skills(english=3), skills(complaint=2), 15.0), Step({}, skills(english=2)))
    a = QueueRules(
        A,
        steps=steps,
        strategy=strategy,
        ageing=ageing,
        preferred_s=preferred_s,
        shares={"vendor": {"north": 2.0, "south": 1.0}} if shares else {},
        overflow=(OverflowRule(B, after_s=40.0), OverflowRule(B, unstaffed=True)),
        wrap_up_s=None,
    )
    b = QueueRules(B, strategy=strategy, ageing=Ageing(2, 10.0, 5), wrap_up_s=None, max_wait_s=200.0)
    return Rules({A: a, B: b, C: QueueRules(C, urgent=True, wrap_up_s=None, strategy=strategy)})


all_rules = st.builds(
    the_rules,
    st.sampled_from(STRATEGIES),
    st.sampled_from([None, Ageing(1, 10.0, 3), Ageing(3, 7.0, 50)]),
    st.sampled_from([0.0, 20.0]),
    st.booleans(),
)


def some_agents(random: Random) -> list[Agent]:
    return [
        replace(
            agent(
                f"a{number}",
                queues=tuple(random.sample(["a", "b", "c"], random.randint(1, 3))),
                since=-random.randint(0, 300),
                state=random.choice(["available", "available", "paused", "offline"]),
                english=random.randint(1, 5),
                complaint=random.randint(1, 3),
            ),
            rank=random.randint(0, 2),
            busy_s=float(random.randint(0, 200)),
            logged_in_at=at(-random.randint(300, 1500)),
            last_given_at=random.choice([None, at(-random.randint(1, 50))]),
            labels={"vendor": random.choice(["north", "south", "west"])},
        )
        for number in range(random.randint(2, 12))
    ]


def agrees_about_places(board: Board, now: dt.datetime) -> None:
    entries = board.entries()
    assert {e.id: board.place(e.id) for e in entries} == {
        e.id: place(e, entries, board.rules, now) for e in entries
    }


@pytest.mark.parametrize("few", [256, 1], ids=["counted when asked", "tallied"])
@given(rules=all_rules, random=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_each_offer_is_the_one_of_the_definition(few: int, rules: Rules, random: Random) -> None:
    with (
        patch("routing.floor.FEW", few),
        patch("routing.board_matching.LOOKED_AT", random.choice([0, 2, 64])),
    ):
        board = Board(rules, some_agents(random))
        now_s = 0.0
        for number in range(40):
            now_s += random.choice([0.0, 0.5, 3.0, 8.0])
            now = at(now_s)
            board.apply(ev.Tick(), now)
            agents = list(board.agents.values())
            if random.random() < 0.5:
                came = replace(
                    entry(
                        f"e{number:02d}",
                        queue=random.choice(["a", "a", "b", "c"]),
                        when=now_s - random.choice([0.0, 0.0, 12.0]),
                        priority=random.choice([0, 0, 3]),
                    ),
                    since=now,
                    step_since=now,
                    limit_from=now,
                    preferred=random.choice([None, random.choice(agents).id]),
                )
                expected = decide(came, rules, agents, now, shares=board._shares)
                results = board.apply(ev.EntryArrived(came), now)
                first = next(each.decision for each in results if isinstance(each, ev.Decided))
                assert first == expected
                continue
            someone = random.choice(agents)
            frees = next((act for act, state in QUIET if state == someone.state), None)
            if frees is not None:
                free = ag.apply(someone, frees, now)
                wanted = next_for_agent(free, board.entries(), rules, now, agents=[free, *agents])
                results = board.apply(ev.AgentActed(someone.id, frees), now)
                rung = next((each for each in results if isinstance(each, ev.RingAgent)), None)
                if wanted is None:
                    # Unless the rules move somebody to a queue that this agent has just staffed.
                    moved = rung is not None and bool(rung.entry.been)
                    wished = rung is not None and rung.entry.preferred == someone.id
                    assert rung is None or rung.agent.id != someone.id or wished or moved
                else:
                    assert rung is not None
                    assert (rung.entry.id, rung.agent.id) == (wanted.entry, wanted.agent)
            elif someone.entry is not None and someone.state in ag.OFFERED:
                answered = random.random() < 0.7
                board.apply(
                    ev.Answered(someone.entry, someone.id)
                    if answered
                    else ev.NotAnswered(someone.entry, someone.id, "rejected"),
                    now,
                )
            elif someone.entry is not None and someone.state == "talking":
                board.apply(ev.TalkEnded(someone.entry, someone.id), now)
            else:
                board.apply(ev.AgentActed(someone.id, random.choice([ag.LogOut(), ag.Pause("meal")])), now)
            agrees_about_places(board, now)


@pytest.mark.parametrize("few", [256, 1], ids=["counted when asked", "tallied"])
@given(rules=all_rules, random=st.randoms(use_true_random=False), number=st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_those_who_are_rung_beside_are_the_ones_of_the_definition(
    few: int, rules: Rules, random: Random, number: int
) -> None:
    queue = replace(rules.queues[A], ring=number)
    rules = replace(rules, queues={**rules.queues, A: queue})
    with patch("routing.floor.FEW", few):
        board = Board(rules, some_agents(random))
        came = entry("e1", queue="a", when=400)
        results = board.apply(ev.EntryArrived(came), at(400))
    plain = Plain(board.agents.values())
    rung = [each for each in results if isinstance(each, ev.RingAgent)]
    # Back to before: each is reserved again when it is that one's turn.
    for each in rung:
        plain.agents[each.agent.id] = ag.apply(each.agent, ag.Withdraw("back"), at(400))
    offered = came
    for index, each in enumerate(rung):
        agent_before = replace(plain.agents[each.agent.id], since=at(0))
        if index:
            found = one_more(offered, queue, plain, queue.ring_s, at(400))
            assert found is not None
            assert (found.agent, found.reasons[:-1]) == (each.agent.id, each.decision.reasons[:-1])
            offered = apply(offered, OfferedToo(each.agent.id), at(400))
        elif each.entry.queue != A or each.entry.step:
            return  # moved, or relaxed: what `decide` says is tested above
        else:
            plain.shares.offered(
                came.id,
                each.agent,
                queue,
                lambda label, value: any(
                    one.logged_in and A in one.queues and one.labels.get(label, "") == value
                    for one in plain.agents.values()
                ),
            )
            offered = apply(offered, Offered(each.agent.id), at(400))
        plain.agents[each.agent.id] = ag.apply(agent_before, ag.Reserve(came.id), at(400))
    if offered.rung:
        assert one_more(offered, queue, plain, queue.ring_s, at(400)) is None


@given(st.randoms(use_true_random=False), st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_with_ageing_nobody_is_passed_over_by_one_who_came_much_later(random: Random, every_s: int) -> None:
    """Whatever the priorities of the entries and of the queues: p points are worth p times `every_s` of waiting."""
    ageing = Ageing(1, float(every_s), 2000)
    rules = Rules(
        {
            A: QueueRules(A, ageing=ageing, max_wait_s=None, wrap_up_s=0.0),
            B: QueueRules(B, ageing=ageing, max_wait_s=None, wrap_up_s=0.0, priority=10),
        }
    )
    board = Board(rules, [agent("ann", queues=("a", "b"))])
    served: dict[EntryId, Entry] = {}
    for number in range(60):
        came = entry(f"e{number}", queue=random.choice("ab"), when=number, priority=random.randint(0, 5))
        results = board.apply(ev.EntryArrived(came), at(number))
        results += serve_one(board, number)
        for offer in (each for each in results if isinstance(each, ev.RingAgent)):
            older = [e for e in board.entries() if e.state == "waiting"]
            for waits in older:
                ahead = (offer.entry.enqueued_at - waits.enqueued_at).total_seconds()
                assert ahead <= 15 * every_s
            served[offer.entry.id] = offer.entry
    assert served


def serve_one(board: Board, when: int) -> list[ev.Result]:
    talked = board.agents[AgentId("ann")]
    if talked.entry is None or when % 2:
        return []
    board.apply(ev.Answered(talked.entry, talked.id), at(when))
    return board.apply(ev.TalkEnded(talked.entry, talked.id), at(when))


def test_queues_without_a_difference_are_one_line() -> None:
    """An agent of several queues takes the oldest of all: none starves."""
    rules = Rules({name: QueueRules(name, wrap_up_s=0.0) for name in (A, B)})
    board = Board(rules, [agent("ann", queues=("a", "b"))])
    for number in range(10):
        board.apply(ev.EntryArrived(entry(f"e{number}", queue="ab"[number % 2], when=number)), at(number))
    order = []
    for number in range(10, 20):
        talked = board.agents[AgentId("ann")].entry
        assert talked is not None
        order.append(talked)
        board.apply(ev.Answered(talked, AgentId("ann")), at(number))
        board.apply(ev.TalkEnded(talked, AgentId("ann")), at(number))
    assert order == [f"e{number}" for number in range(10)]


def test_the_plain_decision_moves_and_ends_as_the_rules_say() -> None:
    rules = the_rules("longest_idle", None, 0.0, False)
    staffed = [agent("bob", queues=("b",), state="talking")]
    moved = decide(entry("e1", queue="a"), rules, staffed, at(1))
    assert isinstance(moved, Move)
    assert (moved.to, moved.reasons[0].code) == (B, "unstaffed")
    assert isinstance(
        decide(entry("e1", queue="a"), rules, [agent("ann", queues=("a",), english=3)], at(1)), Offer
    )
    shut = Rules({A: QueueRules(A, serve_after_closing=False)})
    assert isinstance(decide(entry("e1", queue="a"), shut, staffed, at(1), closed={A}), Overflow)
