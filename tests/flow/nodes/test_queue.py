"""queue: the place, what is said while waiting, the agent, the end; options and the place kept (test_queue_options)."""

from __future__ import annotations

import math

import pytest

from ivr.flow.actions import (
    CancelTimer,
    Enqueue,
    Hangup,
    LeaveQueue,
    Listen,
    Note,
    Play,
    StartTimer,
    StopPlay,
)
from ivr.flow.inputs import SpeechFailed
from tests.flow.support import Dialogue, faults, library

QUEUE = """
  wait:
    kind: queue
    queue: general
    prompt: ask
    priority: "= 2 + 3"
    skills: {sichuanese: 3}
    reason: "{topic}/{said}"
    timeout_s: 600
    announce: {first: again, place: place, wait: name, soon: bye, every_s: 30}
    comfort: {prompts: [sorry, [sorry, ask]], every_s: 45}
    next: bye
    REST
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
COMMANDS = """
always:
  person: {key: 0, say: {zh: [人工]}, next: main.wait}
  repeat: {key: "#", say: {zh: [再说一遍]}, do: repeat}
  back: {key: "*", say: {zh: [返回]}, do: back}
  help: {key: 8, do: help}
  crisis: {key: 9, urgent: true, say: {zh: [不想活]}, next: main.person}
"""
VARIABLES = 'variables: {topic: noise, said: "", who: ""}\n'
FULL = "on: {error.queue.full: {say: sorry, next: bye}}"


def waiting(rest: str = FULL, hotline: str = COMMANDS, flow: str = QUEUE, **facts: object) -> Dialogue:
    return Dialogue(library(flow.replace("REST", rest), VARIABLES + hotline), **facts)  # type: ignore[arg-type]


def test_the_place_is_taken_before_the_prompt_is_heard() -> None:
    call = waiting()
    kinds = [type(action) for action in call.actions if not isinstance(action, Note)]
    assert kinds == [Enqueue, Play, Listen, StartTimer]
    (entry,) = call.of(Enqueue)
    assert entry == Enqueue(entry.op, "general", "zh", {"sichuanese": 3}, 5, 600.0, "noise/")
    # Only what works here is listened for.
    assert call.of(Listen)[0].phrases == ("再说一遍", "不想活")


def test_which_queue_may_be_computed() -> None:
    flow = QUEUE.replace("queue: general", "queue: = topic + '_desk'")
    assert waiting(flow=flow).of(Enqueue)[0].queue == "noise_desk"
    # One that gives no name is for the shell to refuse, not for the machine to fail at.
    flow = QUEUE.replace("queue: general", "queue: = said")
    assert waiting(flow=flow).of(Enqueue)[0].queue == ""


@pytest.mark.parametrize("urgency", ["'high'", "true", "null", "[1]", "1.5"])
def test_a_priority_that_is_no_whole_number_is_none(urgency: str) -> None:
    flow = QUEUE.replace('"= 2 + 3"', "= urgency").replace("REST", "")
    variables = VARIABLES.replace("}", f", urgency: {urgency}}}")
    assert Dialogue(library(flow, variables + COMMANDS)).of(Enqueue)[0].priority == 0


def test_the_place_is_told_when_nothing_else_is_and_never_a_worse_one() -> None:
    call = waiting()
    call.place(3)
    assert not call.heard()
    call.played()
    assert call.heard() == ["place"]
    assert call.of(Play)[0].prompts[0].values == {"place": 3}
    call.played()
    # Better, but too soon; then worse; then better again when its time has come.
    assert call.place(2) == ()
    assert call.place(4) == ()
    call.fire("place")
    assert not call.heard()
    call.place(1)
    assert call.heard() == ["again"]


@pytest.mark.parametrize(
    ("low_s", "high_s", "heard"),
    [
        (None, None, ["place"]),
        (60.0, 200.0, ["place", "name"]),
        (20.0, 60.0, ["place", "bye"]),
        (0.0, 0.0, ["place", "bye"]),
        (-5.0, -1.0, ["place", "bye"]),
        (60.0, math.inf, ["place"]),
        (math.nan, math.nan, ["place"]),
    ],
)
def test_the_wait_is_told_where_it_can_be(
    low_s: float | None, high_s: float | None, heard: list[str]
) -> None:
    call = waiting()
    call.played()
    call.place(3, low_s, high_s)
    assert call.heard() == heard


def test_the_wait_is_a_range_of_whole_minutes() -> None:
    flow = QUEUE.replace("wait: name", "wait: {zh: '{low}到{high}分钟', en: '{low} to {high} minutes'}")
    for low_s, high_s, told in ((10.0, 70.0, (1, 2)), (125.0, 310.0, (2, 6)), (600.0, 300.0, (10, 11))):
        call = waiting(flow=flow)
        call.played()
        call.place(3, low_s, high_s)
        values = call.of(Play)[0].prompts[1].values
        assert (values["low"], values["high"]) == told


def test_words_of_comfort_come_in_turn_and_the_last_stays() -> None:
    call = waiting()
    call.played()
    heard = []
    for _ in range(3):
        call.fire("comfort")
        heard.append(call.heard())
        call.played()
    assert heard == [["sorry"], ["sorry", "ask"], ["sorry", "ask"]]


def test_comfort_waits_for_the_place_and_the_place_for_the_prompt() -> None:
    call = waiting()
    call.place(2)
    call.fire("comfort")
    assert not call.heard()
    call.played()
    # The place has been told, so that no words of comfort are due.
    assert call.heard() == ["place"]
    call.played()
    assert not call.heard()


def test_an_agent_who_joins_ends_prompts_timers_and_listening() -> None:
    call = waiting()
    playing, comfort = call.op("play"), call.op("timer.comfort")
    call.joined("a7")
    assert call.actions[:2] == (StopPlay(playing), CancelTimer(comfort))
    assert set(call.state.waiting) == {"queue"}
    assert call.notes("joined") == [{"queue": "general", "agent": "a7"}]
    # The talk is the agent's and the caller's.
    assert call.press("0#9") == ()
    assert call.place(1) == ()


def test_after_the_talk_the_dialogue_goes_on_with_its_result() -> None:
    call = waiting()
    assert call.value("queue") == {"outcome": "", "waited_s": 0.0, "talked_s": 0.0, "agent": ""}
    call.joined()
    call.queue_ended()
    assert (call.at, call.notes("queue")) == (
        "main.bye",
        [{"queue": "general", "outcome": "served", "waited_s": 12.0}],
    )
    assert call.value("queue") == {"outcome": "served", "waited_s": 12.0, "talked_s": 60.0, "agent": "a1"}


def test_a_queue_that_does_not_serve_raises_its_event() -> None:
    call = waiting()
    call.queue_ended("full")
    assert call.heard() == ["sorry", "bye"]


@pytest.mark.parametrize("outcome", ["timeout", "closed", "unstaffed", "failed"])
def test_without_a_handler_the_call_ends_in_good_order(outcome: str) -> None:
    # Even if the fallback is this very queue.
    call = waiting(FULL, COMMANDS + "fallback: main.wait\n")
    call.queue_ended(outcome)  # type: ignore[arg-type]
    assert call.of(Hangup)
    assert call.notes("event")[0]["event"] == f"error.queue.{outcome}"


def test_a_handler_that_leads_nowhere_queues_anew_when_its_words_are_over() -> None:
    call = waiting("on: {error.queue.full: [{say: sorry}, {count: 3, next: bye}]}")
    call.queue_ended("full")
    assert (call.heard(), call.of(Enqueue)) == (["sorry"], [])
    call.played()
    assert (call.at, len(call.of(Enqueue)), call.heard()) == ("main.wait", 1, ["ask"])
    call.queue_ended("full")
    call.played()
    call.queue_ended("full")
    assert call.at == "main.bye"


def test_reprompt_after_an_error_queues_anew_at_once() -> None:
    call = waiting("on: {error.queue.full: {say: sorry, reprompt: true}}")
    call.place(5)
    call.queue_ended("full")
    assert (len(call.of(Enqueue)), call.heard()) == (1, ["sorry", "ask"])
    # It is another place, and what was told of the first counts no more.
    assert call.state.data == {"queue": "general"}


def test_a_queue_that_fails_for_ever_is_given_up() -> None:
    call = waiting("on: {error.queue.full: {reprompt: true}}", COMMANDS + "fallback: main.person\n")
    for _ in range(10):
        call.queue_ended("full")
        assert call.at == "main.wait"
    call.queue_ended("full")
    assert (call.at, len(call.notes("loop"))) == ("main.person", 1)


def test_keys_and_words_do_not_cost_the_place() -> None:
    call = waiting()
    for key in "0*85":
        assert call.press(key) == ()
    call.hear("转人工")
    assert (call.at, call.of(LeaveQueue), call.of(Enqueue)) == ("main.wait", [], [])
    call.hear("返回")
    assert call.at == "main.wait"


@pytest.mark.parametrize("how", ["key", "word"])
def test_repeat_tells_the_place(how: str) -> None:
    call = waiting()
    call.played()
    call.place(2)
    if how == "word":
        call = waiting()
        call.place(2)
        call.hear("再说一遍")
        assert not call.heard()
        call.played()
    else:
        call.played()
        call.press("#")
    assert call.heard() == ["place"]


def test_repeat_before_the_place_is_known_tells_it_as_soon_as_it_is() -> None:
    call = waiting()
    call.played()
    call.press("#")
    assert not call.heard()
    call.place(2)
    assert call.heard() == ["place"]


@pytest.mark.parametrize("how", ["key", "word"])
def test_urgent_commands_lead_away_and_leave_the_queue(how: str) -> None:
    call = waiting()
    queue = call.op("queue")
    if how == "key":
        call.press("9")
    else:
        call.hear("我不想活了")
    assert (call.at, call.of(LeaveQueue)) == ("main.person", [LeaveQueue(queue)])


def test_a_recogniser_that_fails_is_not_missed() -> None:
    call = waiting()
    call.give(SpeechFailed(call.op("listen"), "overloaded"))
    assert (call.at, call.notes("event")) == ("main.wait", [])
    call.played()
    assert not call.of(Listen)


def test_hanging_up_while_waiting_leaves_nothing_open() -> None:
    call = waiting("on: {hangup: {if: queue.outcome == '', set: {said: gave_up}, next: bye}}")
    call.hang_up()
    assert (call.state.ended, call.state.waiting, call.value("said")) == (True, {}, "gave_up")
    assert call.passed() == ["main.bye"]
    call = waiting()
    call.hang_up("system")
    assert call.state.ended


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("options: {a: {key: 12, next: bye}}", "wrong-value"),
        ("options: {a: {pattern: 1X, next: bye}}", "wrong-value"),
        ("options: {a: {key: 1}}", "no-next"),
    ],
)
def test_faults(options: str, code: str) -> None:
    assert code in {finding.code for finding in faults(QUEUE.replace("REST", options), VARIABLES + COMMANDS)}
