"""Complaints of other systems' users, each as a test of ours: on the board and the desk, with time turned by hand."""

from __future__ import annotations

from ivr.desk.people import Author
from routing import board_events as ev
from routing.ids import AgentId
from routing.rules_load import load_rules
from tests.desk.desk_world import ANN, BOB, RULES, House

A, B = AgentId("ann"), AgentId("bob")


def test_agent_stuck_reserved() -> None:
    """Nobody ever tells what became of the offer: the agent is free after 10 s, and the caller gets the next agent."""
    house = House()
    house.desk.log_in(ANN)
    entry = house.call("e1")
    assert house.state("ann") == "reserved"
    house.desk.log_in(BOB)
    house.at(9.9)
    assert house.state("ann") == "reserved"
    house.at(10)
    assert (house.state("ann"), house.state("bob"), house.agent_of(entry)) == ("available", "reserved", "bob")
    assert ev.StopRinging(entry, A, "unreachable") in house.commands


def test_agent_stuck_reserved_for_an_entry_that_is_no_more() -> None:
    """As after a crash in between: the agent's row says reserved, and no entry knows of it."""
    house = House()
    house.desk.log_in(ANN)
    entry = house.call("e1")
    stuck = house.board.agents[A]
    other = House()
    other.board = type(other.board)(other.board.rules, [stuck])
    assert other.board.agents[A].entry == entry
    other.at(10)
    assert other.board.agents[A].state == "available"


def test_an_agent_who_logs_in_by_telephone_is_not_rung_on_that_telephone() -> None:
    """A phone with one line would be busy, and the first caller counted as missed."""
    house = House()
    entry = house.call("e1")
    by_phone = Author.of_agent("ann", engaged="c-code")
    house.desk.log_in(by_phone)
    assert (house.state("ann"), house.board.entry(entry).state) == ("talking", "waiting")  # type: ignore[union-attr]
    # The other telephone's code, or a code of before, does not end it.
    house.desk.code_dialled("ann", "c-other")
    assert house.state("ann") == "talking"
    house.desk.code_dialled("ann", "c-code")
    assert (house.state("ann"), house.agent_of(entry)) == ("reserved", "ann")
    house.desk.code_dialled("ann", "c-code")
    assert house.state("ann") == "reserved"


def test_a_pause_dialled_in_the_code_that_logs_in_is_kept() -> None:
    house = House()
    house.desk.log_in(Author.of_agent("ann", engaged="c-code"))
    house.desk.pause(ANN)
    house.desk.code_dialled("ann", "c-code")
    assert house.state("ann") == "paused"


def test_one_unavailable_agent_blocks_the_rest() -> None:
    """Ann's telephone never answers. Callers of one queue go on to Bob, and Ann is paused after three in a row."""
    house = House()
    house.desk.log_in(ANN)
    house.at(1)
    house.desk.log_in(BOB)
    for number in range(1, 4):
        entry = house.call(f"e{number}")
        assert house.agent_of(entry) == "ann", "idle for longest"
        house.apply(ev.Rang(entry, A))
        house.apply(ev.NotAnswered(entry, A, "timeout"))
        assert house.agent_of(entry) == "bob"
        house.apply(ev.Answered(entry, B))
        house.apply(ev.TalkEnded(entry, B))
        house.desk.wrap_up_done(BOB)
        house.seconds += 10
    assert (house.state("ann"), house.desk.agent("ann").pause_reason) == ("paused", "no_answer")
    assert house.state("bob") == "available"


def test_wrap_up_ends_early_after_a_transfer() -> None:
    """Ann sends the caller back into line, Bob takes the call and ends it at once: Ann's wrap-up lasts all the same."""
    house = House()
    house.desk.log_in(ANN)
    entry = house.call("e1")
    house.apply(ev.Answered(entry, A))
    house.desk.log_in(BOB)
    house.at(5)
    house.apply(ev.SentBack(entry, A, "transfer", queue=None))
    assert (house.state("ann"), house.agent_of(entry)) == ("wrap_up", "bob")
    house.apply(ev.Answered(entry, B))
    house.at(7)
    house.apply(ev.TalkEnded(entry, B))
    house.apply(ev.TalkEnded(entry, A))
    assert (house.state("ann"), house.state("bob")) == ("wrap_up", "wrap_up")
    house.at(14.9)
    assert house.state("ann") == "wrap_up"
    house.at(15)
    assert (house.state("ann"), house.state("bob")) == ("available", "wrap_up")
    house.at(17)
    assert house.state("bob") == "available"
    assert [(one.agent_id, (one.ended_at - one.began_at).total_seconds()) for one in house.wrap_ups] == [
        ("ann", 10),
        ("bob", 10),
    ]


def test_a_rule_change_logs_agents_out() -> None:
    """Whatever changes in the rules, also that a queue is gone: who was logged in stays so, in the same state."""
    house = House()
    house.desk.log_in(ANN)
    house.desk.log_in(BOB)
    house.desk.pause(BOB, "meal")
    before = {agent: house.board.agents[agent] for agent in (A, B)}
    for changed in (
        RULES.replace("wrap_up_s: 10", "wrap_up_s: 30"),
        RULES.replace("  strict:", "  other:"),
        RULES.replace("general: {ring_s: 20, wrap_up_s: 10}", "fresh: {}"),
    ):
        house.apply(ev.RulesChanged(load_rules(changed)))
        assert {agent: house.board.agents[agent] for agent in (A, B)} == before
    house.apply(ev.RulesChanged(load_rules(RULES)))
    assert house.agent_of(house.call("e1")) == "ann"


def test_a_telephone_on_do_not_disturb_is_told_once() -> None:
    house = House()
    house.desk.log_in(ANN)
    for name in ("e1", "e2"):
        entry = house.call(name)
        house.apply(ev.NotAnswered(entry, house.agent_of(entry), "do_not_disturb"))
    ((who, told),) = house.refused
    assert who == "ann" and "免打扰" in told and "do not disturb" in told
    assert house.desk.agent("ann").phone == "do not disturb"


def test_limits_of_a_pause() -> None:
    """A meal: reminded after a minute, available after two. Training: as any pause, logged out after an hour."""
    house = House()
    house.desk.log_in(ANN)
    house.desk.pause(ANN, "meal")
    house.at(60)
    assert (house.reminded, house.state("ann")) == ([("ann", 60)], "paused")
    house.at(120)
    assert (house.state("ann"), house.reminded[-1]) == ("available", ("ann", 120))
    house.desk.pause(ANN, "training")
    house.at(3719)
    assert house.state("ann") == "paused"
    house.at(3720)
    assert house.state("ann") == "offline"


def test_limits_that_change_hold_for_those_already_there() -> None:
    house = House()
    house.desk.log_in(ANN)
    house.desk.pause(ANN, "training")
    house.at(100)
    house.apply(ev.RulesChanged(load_rules(RULES.replace("after_s: 3600", "after_s: 150"))))
    house.at(149)
    assert house.state("ann") == "paused"
    house.at(150)
    assert house.state("ann") == "offline"
