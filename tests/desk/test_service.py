"""The desk: what agents do, what supervisors may, what is refused and how it is written down."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import pytest

from ivr.desk import errors
from ivr.desk.people import MAY, Act
from ivr.desk.views import overdue
from ivr.ids import CallId, ChannelId
from ivr.talk.conversations import Conversation
from routing import board_events as ev
from routing.ids import AgentId
from tests.desk.desk_world import ANN, AUDITOR, BOB, SUE, T0, House


def test_an_agent_logs_in_pauses_comes_back_and_leaves() -> None:
    house = House()
    desk = house.desk
    assert desk.log_in(ANN).state == "available"
    assert desk.log_in(ANN).state == "available", "once more changes nothing"
    assert (desk.pause(ANN, "1").state, desk.agent("ann").pause_reason) == ("paused", "meal")
    assert desk.log_in(ANN).state == "available", "logging in ends a pause"
    assert desk.pause(ANN).pause_reason == "break"
    assert desk.unpause(ANN).state == "available"
    assert (desk.log_out(ANN).state, desk.log_out(ANN).state) == ("offline", "offline")
    assert house.acts == [], "what one does to oneself is no act of power"


def test_a_pin_is_asked_of_those_who_have_one() -> None:
    house = House(pins={"ann": "4711"})
    with pytest.raises(errors.WrongPin) as refused:
        house.desk.log_in(ANN, pin="4712")
    assert (refused.value.words("zh"), house.state("ann")) == ("密码不对", "offline")
    assert house.desk.log_in(ANN, pin="4711").state == "available"
    assert house.desk.log_in(BOB).state == "available"
    assert house.desk.log_in(SUE, agent="ann").state == "available", "a supervisor needs none"


def test_pins_cannot_be_guessed_one_after_the_other() -> None:
    """Nor does one that is no text of digits do anything but not fit."""
    house = House(pins={"ann": "4711", "bob": "12"})
    for pin in ("4712", "é", "", "\udc80", "4713"):
        with pytest.raises(errors.WrongPin):
            house.desk.log_in(ANN, pin=pin)
    with pytest.raises(errors.WrongPin):
        house.desk.log_in(ANN, pin="4711")
    assert house.desk.log_in(BOB, pin="12").state == "available", "one agent's guesses are no other's"
    house.seconds = 299.0
    with pytest.raises(errors.WrongPin):
        house.desk.log_in(ANN, pin="4711")
    house.seconds = 300.0
    assert house.desk.log_in(ANN, pin="4711").state == "available"


def test_a_pause_has_one_of_the_reasons_listed() -> None:
    house = House()
    house.desk.log_in(ANN)
    with pytest.raises(errors.Unknown) as refused:
        house.desk.pause(ANN, "nap")
    assert (refused.value.code, house.state("ann")) == ("unknown_reason", "available")
    assert "nap" in refused.value.words("zh") and "nap" in str(refused.value)


def test_a_wrap_up_code_is_kept_with_its_call() -> None:
    house = House()
    house.desk.log_in(ANN)
    house.served("e1")
    assert house.desk.agent("ann").wrap_up_codes == ("solved", "ticket")
    house.seconds = 4
    with pytest.raises(errors.Unknown):
        house.desk.wrap_up_done(ANN, "7")
    assert house.desk.wrap_up_done(ANN, "2").state == "available"
    (kept,) = house.wrap_ups
    assert (kept.call_id, kept.entry_id, kept.code, kept.ended_by) == ("c-n1-e1", "e1", "ticket", "agent")
    assert (kept.ended_at - kept.began_at).total_seconds() == 4
    house.served("e2")
    house.at(60)
    assert [(one.code, one.ended_by) for one in house.wrap_ups] == [("ticket", "agent"), ("", "time")]
    with pytest.raises(errors.NotNow):
        house.desk.wrap_up_done(ANN, "1")


def test_a_queue_that_requires_a_code_waits_for_it() -> None:
    house = House()
    house.desk.log_in(ANN)
    house.served("e1", "strict")
    house.at(600)
    assert (house.state("ann"), house.desk.agent("ann").code_needed) == ("wrap_up", True)
    with pytest.raises(errors.CodeNeeded):
        house.desk.wrap_up_done(ANN)
    with pytest.raises(errors.CodeNeeded):
        house.desk.call_out(ANN, "c-n1-9")
    with pytest.raises(errors.Unknown):
        house.desk.wrap_up_done(ANN, "solved")
    assert house.desk.wrap_up_done(ANN, "ticket").state == "available"


def test_a_wrap_up_can_be_made_longer() -> None:
    house = House()
    house.desk.log_in(ANN)
    house.served("e1")
    assert house.desk.extend_wrap_up(ANN, 30).until == T0 + dt.timedelta(seconds=40)
    house.at(39)
    assert house.state("ann") == "wrap_up"
    house.at(40)
    assert house.state("ann") == "available"


def test_a_call_of_ones_own() -> None:
    house = House()
    house.desk.log_in(ANN)
    view = house.desk.call_out(ANN, "c-n1-own")
    assert (view.state, view.on_call) == ("talking", "c-n1-own")
    house.call("e1")
    assert house.board.agents[AgentId("ann")].entry is None, "nobody is offered a caller in an own call"
    house.desk.call_out_ended("ann", "c-n1-other")
    assert house.state("ann") == "talking"
    house.desk.call_out_ended("ann", "c-n1-own")
    assert house.state("ann") == "wrap_up"
    house.desk.wrap_up_done(ANN, "1")
    assert [(one.call_id, one.entry_id, one.code) for one in house.wrap_ups] == [("c-n1-own", None, "solved")]
    assert house.state("ann") == "reserved", "the caller who waited"


def test_who_was_paused_before_an_own_call_is_so_again() -> None:
    house = House()
    house.desk.log_in(ANN)
    house.desk.pause(ANN, "meal")
    house.desk.call_out(ANN, "c-n1-own")
    house.desk.call_out_ended("ann", "c-n1-own")
    house.desk.wrap_up_done(ANN)
    assert (house.state("ann"), house.desk.agent("ann").pause_reason) == ("paused", "meal")


def test_skills_and_queues_changed_live_with_who_and_why() -> None:
    house = House()
    house.desk.log_in(ANN)
    view = house.desk.set_skills(SUE, "ann", {"mandarin": 3, "english": 2}, "passed the test")
    assert (view.skills, view.state) == ({"mandarin": 3, "english": 2}, "available")
    assert house.desk.set_queues(SUE, "1001", ["general"], "enough people there").queues == ("general",)
    skills, queues = house.acts
    assert (skills.author, skills.act, skills.subject, skills.why) == (
        "sue",
        "set_skills",
        "ann",
        "passed the test",
    )
    assert skills.data["before"] == {"mandarin": 5} and skills.data["after"]["english"] == 2
    assert queues.data["before"] == ["general", "strict"] and queues.data["role"] == "supervisor"
    for bad in ({"klingon": 2}, {"mandarin": 6}):
        with pytest.raises(errors.Unknown):
            house.desk.set_skills(SUE, "ann", bad, "why not")
    with pytest.raises(errors.Unknown):
        house.desk.set_queues(SUE, "ann", ["nowhere"], "why not")
    assert house.desk.agent("ann").skills == {"mandarin": 3, "english": 2}


def test_a_force_ends_the_talk_and_is_written_down() -> None:
    house = House()
    house.desk.log_in(ANN)
    entry = house.call("e1")
    house.apply(ev.Rang(entry, AgentId("ann")))
    house.apply(ev.Answered(entry, AgentId("ann")))
    talk = Conversation(
        "k1",
        CallId("c-n1-e1"),
        "queue",
        AgentId("ann"),
        ChannelId("citizen"),
        ChannelId("phone"),
        "bridge",
        house.now(),
        entry,
    )
    with house.talks.during(talk):
        assert house.desk.force(SUE, "ann", "offline", "fell ill").state == "offline"
    assert house.ended == ["phone"]
    (act,) = house.acts
    assert (act.author, act.act, act.why) == ("sue", "force", "fell ill")
    assert (act.data["before"], act.data["to"]) == ("talking", "offline")


def test_a_force_in_the_moment_of_the_answer_ends_the_talk_that_is_about_to_begin() -> None:
    house = House()
    house.desk.log_in(ANN)
    entry = house.call("e1")
    house.apply(ev.Answered(entry, AgentId("ann")))
    house.desk.force(SUE, "ann", "paused", "not this one")
    assert house.ended == []
    ids = (CallId("c-n1-e1"), "queue", AgentId("ann"), ChannelId("citizen"), ChannelId("phone"), "bridge")
    with house.talks.during(Conversation("k1", *ids, house.now(), entry)):  # type: ignore[arg-type]
        assert house.ended == ["phone"]
    with house.talks.during(Conversation("k2", *ids, house.now(), entry)):  # type: ignore[arg-type]
        assert house.ended == ["phone"], "once"


def test_acts_of_power_need_a_reason_and_the_role() -> None:
    house = House()
    house.desk.log_in(BOB)
    with pytest.raises(errors.WhyNeeded):
        house.desk.force(SUE, "bob", "paused", "  ")
    with pytest.raises(errors.NotAllowed):
        house.desk.force(ANN, "bob", "paused", "revenge")
    with pytest.raises(errors.NotAllowed):
        house.desk.log_out(ANN, agent="bob")
    with pytest.raises(errors.NotAllowed):
        house.desk.pause(AUDITOR, agent="bob")
    assert house.state("bob") == "available"
    assert [(act.author, act.data["refused"]) for act in house.acts] == [
        ("ann", "not_allowed"),
        ("ann", "not_allowed"),
        ("amy", "not_allowed"),
    ]
    with pytest.raises(errors.Unknown):
        house.desk.force(SUE, "nobody", "paused", "why")


def test_an_entry_is_moved() -> None:
    house = House()
    first, second = house.call("e1"), house.call("e2")
    moved = house.desk.move(SUE, second, "a journalist", queue="strict", priority=5)
    assert (moved.queue, moved.priority, moved.place) == ("strict", 5, 1)
    (act,) = house.acts
    assert (act.kind, act.subject, act.call_id, act.data["from"]) == ("entry", "e2", "c-n1-e2", "general")
    with pytest.raises(errors.Unknown):
        house.desk.move(SUE, "e9", "why", queue="strict")
    with pytest.raises(errors.Unknown):
        house.desk.move(SUE, first, "why", queue="nowhere")
    with pytest.raises(errors.NotAllowed):
        house.desk.move(ANN, first, "mine", priority=9)
    house.desk.log_in(ANN)
    house.apply(ev.Answered(second, AgentId("ann")))
    with pytest.raises(errors.NotNow):
        house.desk.move(SUE, second, "too late", queue="general")


def test_how_things_are() -> None:
    house = House()
    house.desk.log_in(BOB)
    house.call("e1")
    house.seconds = 5
    house.call("e2")
    general, strict = house.desk.queues()
    assert (general.name, general.waiting, general.longest_s) == ("general", 2, 5.0)
    assert general.states == {"offline": 1, "reserved": 1} and strict.states == {"offline": 1}
    assert [entry.id for entry in house.desk.entries("general")] == ["e1", "e2"]
    assert [(agent.id, agent.state) for agent in house.desk.agents()] == [
        ("ann", "offline"),
        ("bob", "reserved"),
    ]
    assert house.desk.waiting_for("ann") == 2
    assert house.desk.agent("bob").limit_then == "available"


def test_every_act_has_a_row_and_every_refusal_its_words() -> None:
    assert set(MAY) == set(get_args(Act))
    for code, (chinese, english) in errors.WORDS.items():
        assert chinese != english, code
        assert ("{what}" in chinese) == ("{what}" in english), code
    assert {error.fixed for error in errors.DeskError.__subclasses__()} - {""} <= set(errors.WORDS)


def test_what_supervisors_are_told_of_who_is_in_a_state_for_too_long() -> None:
    house = House()
    house.desk.log_in(ANN)
    house.desk.pause(ANN, "meal")
    told = overdue(house.desk.agent("ann"), 60)
    assert told == "Ann 1001:超过60秒,现在paused (meal) / over 60 s, now paused (meal)"
