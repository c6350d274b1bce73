"""transfer: to a number, an agent or a queue, and every way it may end."""

from __future__ import annotations

import pytest

from ivr.flow.actions import CancelTransfer, Enqueue, LeaveQueue, Play, Prompt, StopPlay, Transfer
from ivr.flow.inputs import PartyJoined, TransferEnded
from tests.flow.support import PERSON, Dialogue, faults, library

TRANSFER = """
  dial:
    kind: transfer
    to: {TO}
    REST
    result: dialled
    next: bye
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = (
    PERSON
    + "numbers: {police: '110'}\nvariables: {which: police, who: a7, topic: noise}\nfallback: main.person\n"
)
OUTCOMES = ["busy", "no_answer", "refused", "unavailable", "unknown", "forbidden", "failed"]


def transfer(to: str = "number: police", rest: str = "") -> Dialogue:
    return Dialogue(library(TRANSFER.replace("TO", to).replace("REST", rest), HOTLINE))


def end(call: Dialogue, outcome: str, talked_s: float = 0.0, cause: int = 0) -> None:
    call.give(TransferEnded(call.op("transfer"), outcome, talked_s, cause))  # type: ignore[arg-type]


def test_a_number_of_the_hotline_by_its_name() -> None:
    rest = "mode: announced\n    announce: [again, name]\n    ring_s: 20\n    longest_s: 600\n    reason: '{topic}'"
    call = Dialogue(
        library(
            TRANSFER.replace("TO", "number: police").replace("REST", rest),
            HOTLINE.replace("topic: noise", "topic: noise, who: x").replace("who: a7, ", ""),
        )
    )
    (wanted,) = call.of(Transfer)
    assert wanted == Transfer(
        wanted.op,
        "number",
        "110",
        "zh",
        "announced",
        20.0,
        600.0,
        (Prompt("again"), Prompt("name", {"who": "x"})),
        "noise",
    )


def test_the_name_may_be_computed_and_only_names_are_ever_dialled() -> None:
    assert transfer("number: = which").of(Transfer)[0].target == "110"
    call = transfer("number: = '00' + '881234'")
    assert (call.at, call.of(Transfer)) == ("main.person", [])
    assert call.value("dialled") == {"outcome": "forbidden", "talked_s": 0.0, "cause": 0}
    assert [event["event"] for event in call.notes("event")] == ["error.transfer.forbidden"]
    assert transfer("number: = which + '110'").at == "main.person"


def test_an_agent_by_id() -> None:
    call = transfer("agent: = who", "mode: conference")
    (wanted,) = call.of(Transfer)
    assert (wanted.to, wanted.target, wanted.mode) == ("agent", "a7", "conference")


def test_the_prompt_is_heard_before_it_rings() -> None:
    call = transfer(rest="prompt: ask")
    assert (call.heard(), call.of(Transfer)) == (["ask"], [])
    call.played()
    assert call.of(Transfer)
    call = transfer(rest="prompt: ask")
    call.not_played()
    assert call.of(Transfer)


def test_the_talk_and_what_comes_after_it() -> None:
    call = transfer()
    call.give(PartyJoined(call.op("transfer")))
    assert call.notes("joined") == [{"node": "main.dial", "to": "number"}]
    # Keys in the talk are the parties' own.
    assert call.press("0#") == ()
    end(call, "completed", 33.0, 16)
    assert call.at == "main.bye"
    assert call.value("dialled") == {"outcome": "completed", "talked_s": 33.0, "cause": 16}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_other_outcome_is_an_event_with_its_cause(outcome: str) -> None:
    call = transfer(rest=f"on: {{error.transfer.{outcome}: {{if: event.detail.cause == 17, next: bye}}}}")
    end(call, outcome, cause=17)
    assert call.at == "main.bye"
    call = transfer()
    end(call, outcome)
    assert call.at == "main.person"


def test_a_handler_that_leads_nowhere_rings_again() -> None:
    call = transfer(rest="on: {error.transfer.busy: [{say: sorry}, {count: 2, next: bye}]}")
    end(call, "busy")
    assert (call.heard(), call.of(Transfer)) == (["sorry"], [])
    call.played()
    assert len(call.of(Transfer)) == 1
    end(call, "busy")
    assert call.at == "main.bye"


def test_without_words_it_rings_again_at_once_and_not_for_ever() -> None:
    call = transfer(rest="on: {error.transfer: {set: {topic: tried}}}")
    for _ in range(10):
        end(call, "busy")
        assert len(call.of(Transfer)) == 1
    end(call, "busy")
    assert call.at == "main.person"


def test_while_it_rings_the_commands_work_and_leaving_ends_it() -> None:
    call = transfer()
    ringing = call.op("transfer")
    call.press("0")
    assert (call.at, call.of(CancelTransfer)) == ("main.person", [CancelTransfer(ringing)])


def test_repeat_says_the_words_again_and_rings_on() -> None:
    call = transfer(rest="prompt: ask")
    call.played()
    ringing = call.op("transfer")
    call.press("#")
    assert (call.heard(), call.op("transfer")) == (["ask"], ringing)
    call.played()
    assert (call.op("transfer"), call.of(Transfer)) == (ringing, [])
    # Without a prompt there is nothing to repeat, and nobody is called twice.
    call = transfer()
    ringing = call.op("transfer")
    call.press("#")
    assert (call.op("transfer"), call.of(Transfer)) == (ringing, [])


def test_who_answers_meanwhile_ends_the_words() -> None:
    call = transfer(rest="prompt: ask")
    call.played()
    call.press("#")
    playing = call.op("play")
    call.give(PartyJoined(call.op("transfer")))
    assert call.of(StopPlay) == [StopPlay(playing)]


QUEUE_OUTCOMES = {
    "timeout": "no_answer",
    "full": "busy",
    "closed": "unavailable",
    "unstaffed": "unavailable",
    "failed": "failed",
}


def test_to_a_queue() -> None:
    call = transfer("queue: desk", "reason: '{topic}'")
    (entry,) = call.of(Enqueue)
    assert entry == Enqueue(entry.op, "desk", "zh", reason="noise")
    assert call.place(1) == ()
    call.joined("a3")
    assert call.notes("joined") == [{"node": "main.dial", "to": "queue", "agent": "a3"}]
    call.queue_ended()
    assert (call.at, call.value("dialled")) == (
        "main.bye",
        {"outcome": "completed", "talked_s": 60.0, "cause": 0},
    )
    assert transfer("queue: = which + '_desk'").of(Enqueue)[0].queue == "police_desk"


@pytest.mark.parametrize(("ended", "outcome"), QUEUE_OUTCOMES.items())
def test_a_queue_that_does_not_serve(ended: str, outcome: str) -> None:
    call = transfer("queue: desk")
    call.queue_ended(ended)  # type: ignore[arg-type]
    assert (call.at, call.notes("event")[0]["event"]) == ("main.person", f"error.transfer.{outcome}")


def test_leaving_a_queue_leaves_the_place() -> None:
    call = transfer("queue: desk")
    queue = call.op("queue")
    call.press("0")
    assert call.of(LeaveQueue) == [LeaveQueue(queue)]


def test_a_transfer_beside_a_place_that_is_kept() -> None:
    flow = """
  wait: {kind: queue, queue: general, options: {dial: {key: 1, next: dial}}, next: bye}
  dial: {kind: transfer, to: {number: police}, next: bye, on: {error.transfer: {next: wait}}}
  person: {kind: hangup}
  bye: {kind: hangup, prompt: bye}
"""
    library_ = library(flow, HOTLINE)
    call = Dialogue(library_)
    queue = call.op("queue")
    call.press("1")
    end(call, "busy")
    assert (call.at, call.op("queue"), call.of(LeaveQueue)) == ("main.wait", queue, [])
    # Whoever talks to somebody else needs the place no more.
    call.press("1")
    call.give(PartyJoined(call.op("transfer")))
    assert (call.of(LeaveQueue), call.state.held) == ([LeaveQueue(queue)], "")
    # An agent who is free before the other party answers is first.
    call = Dialogue(library_)
    call.press("1")
    ringing = call.op("transfer")
    call.joined()
    assert (call.at, call.of(CancelTransfer)) == ("main.wait", [CancelTransfer(ringing)])


def test_after_the_hang_up_nobody_is_called() -> None:
    menu = (
        "  menu: {kind: menu, prompt: ask, options: {on: {key: 1, next: bye}}, on: {hangup: {next: dial}}}\n"
    )
    call = Dialogue(library(menu + TRANSFER.replace("TO", "number: police").replace("REST", ""), HOTLINE))
    call.hang_up()
    assert (call.state.ended, call.of(Transfer), call.of(Play)) == (True, [], [])


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("number: polize", "unknown-number"),
        ("number: police, agent: a7", "two-ways"),
        ("", "two-ways"),
        ("number: '110'", "unknown-number"),
    ],
)
def test_faults(to: str, code: str) -> None:
    found = faults(TRANSFER.replace("TO", to).replace("REST", ""), HOTLINE)
    assert code in {finding.code for finding in found}
