"""Options of a queue: offered, chosen, the place kept meanwhile, and what brings the dialogue back to it."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Callback, Enqueue, LeaveQueue, Listen, StartTimer, StopPlay
from ivr.flow.codec import state_from_json, state_to_json
from ivr.flow.inputs import CallbackPlaced, Digit, PromptEnded, QueueProgress, TimerFired
from tests.flow.support import Dialogue, library

QUEUE = """
  wait:
    kind: queue
    queue: general
    announce: {place: place, every_s: 30}
    comfort: {prompts: [sorry], every_s: 45}
    offer: {prompt: again, after_s: 60, every_s: 180}
    options:
      callback: {key: 1, say: {zh: [回拨]}, next: number}
      leave: {key: 2, keep_place: false, next: bye}
      vip: {key: 3, say: {zh: [贵宾]}, if: vip, next: bye}
    next: served
  served: {kind: hangup, prompt: sorry}
  number: {kind: collect, prompt: ask, length: 4, into: number, next: promise, on: {no_input: {next: wait}}}
  promise:
    kind: callback
    queue: general
    number: = number
    next: bye
    on: {error.callback: {say: sorry, next: wait}}
  other: {kind: queue, queue: other, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = """
variables: {vip: false}
always:
  other: {key: 8, urgent: true, next: main.other}
  connect: {key: 9, urgent: true, next: main.connect}
"""
CONNECT = "  connect: {kind: transfer, to: {queue: desk}, next: bye, on: {error.transfer: {next: wait}}}\n"


def waiting(flow: str = QUEUE, hotline: str = HOTLINE) -> Dialogue:
    return Dialogue(library(flow + CONNECT, hotline))


def chosen() -> Dialogue:
    """The place is kept, and the number to be called back at is asked for."""
    call = waiting()
    call.place(3)
    call.played()
    call.press("1")
    assert (call.at, call.heard()) == ("main.number", ["ask"])
    return call


def test_the_offer_comes_after_its_time_and_again() -> None:
    call = waiting()
    assert [timer.after_s for timer in call.of(StartTimer)] == [45.0, 60.0]
    call.fire("offer")
    assert (call.heard(), [timer.after_s for timer in call.of(StartTimer)]) == (["again"], [180.0, 30.0])
    assert call.of(Listen)[0].phrases == ("回拨",)
    once = waiting(QUEUE.replace(", every_s: 180", ""))
    once.fire("offer")
    assert [timer.after_s for timer in once.of(StartTimer)] == [30.0]


def test_the_answer_to_the_offer_may_be_said_for_a_while() -> None:
    call = waiting()
    call.fire("offer")
    call.hear("那个")
    assert call.of(Listen)
    call.played()
    assert "listen" in call.state.waiting
    call.hear("给我回拨吧")
    assert call.at == "main.number"
    call = waiting()
    call.fire("offer")
    call.played()
    call.fire("answer")
    assert "listen" not in call.state.waiting


def test_options_work_by_key_at_any_time() -> None:
    call = waiting()
    queue = call.op("queue")
    call.press("1")
    assert (call.at, call.of(LeaveQueue), call.state.held) == ("main.number", [], queue)


def test_an_option_that_does_not_keep_the_place_leaves_the_queue() -> None:
    call = waiting()
    queue = call.op("queue")
    call.press("2")
    assert (call.at, call.of(LeaveQueue), call.state.held) == ("main.bye", [LeaveQueue(queue)], "")


def test_an_option_not_on_offer_is_none() -> None:
    call = waiting()
    assert call.press("3") == ()
    call = waiting(hotline=HOTLINE.replace("vip: false", "vip: true"))
    call.press("3")
    assert call.at == "main.bye"


def test_an_agent_who_becomes_free_meanwhile_ends_it() -> None:
    call = chosen()
    playing, queue = call.op("play"), call.op("held")
    call.joined("a7")
    assert call.actions[0] == StopPlay(playing)
    assert (call.at, call.state.held, dict(call.state.waiting)) == ("main.wait", "", {"queue": queue})
    assert call.notes("joined")[0]["agent"] == "a7"
    call.queue_ended()
    assert call.at == "main.served"


def test_a_queue_that_ends_meanwhile_raises_its_event_there() -> None:
    handler = "    on: {error.queue.timeout: {say: sorry, next: bye}}\n"
    call = waiting(QUEUE.replace("next: served\n", "next: served\n" + handler, 1))
    call.press("1")
    call.queue_ended("timeout")
    assert (call.at, call.heard()) == ("main.bye", ["sorry", "bye"])
    assert call.passed() == ["main.wait", "main.bye"]


def test_what_else_may_carry_its_op_changes_nothing() -> None:
    call = chosen()
    before = call.state
    for event in (PromptEnded(call.op("held"), "finished"), TimerFired(call.op("held"))):
        assert call.give(event) == ()
    assert call.state == before


def test_a_better_place_meanwhile_is_remembered_and_told_on_coming_back() -> None:
    call = chosen()
    assert call.place(2) == ()
    call.played()
    call.fire("first_input")
    assert (call.at, call.of(Enqueue)) == ("main.wait", [])
    assert call.state.held == ""
    assert {"timer.place", "timer.comfort", "timer.offer"} <= set(call.state.waiting)
    call.fire("place")
    assert call.heard() == ["place"]


def test_coming_back_the_offer_is_not_made_again_before_its_time() -> None:
    call = waiting(QUEUE.replace(", every_s: 180", ""))
    call.press("1")
    call.played()
    call.fire("first_input")
    assert (call.at, "timer.offer" in call.state.waiting) == ("main.wait", False)


def test_a_promise_to_call_back_takes_the_place_over() -> None:
    call = chosen()
    queue = call.op("held")
    call.press("8612")
    (callback,) = call.of(Callback)
    assert (callback.number, callback.held) == ("8612", queue)
    call.give(CallbackPlaced(call.op("callback"), "placed", "k1", 3))
    assert (call.at, call.state.held, call.of(LeaveQueue)) == ("main.bye", "", [])
    assert call.value("callback") == {"id": "k1", "place": 3, "number": "8612"}
    call.played()
    assert call.state.ended and not call.of(LeaveQueue)


def test_a_promise_that_is_refused_leaves_the_caller_the_place() -> None:
    call = chosen()
    queue = call.op("held")
    call.press("8612")
    call.give(CallbackPlaced(call.op("callback"), "refused"))
    assert (call.at, call.heard(), dict(call.state.waiting)["queue"]) == ("main.wait", ["sorry"], queue)
    assert not call.of(Enqueue)


def test_an_agent_who_is_free_before_the_promise_is_written_down_is_first() -> None:
    call = chosen()
    call.press("8612")
    promise = call.op("callback")
    call.joined()
    assert call.at == "main.wait"
    assert call.give(CallbackPlaced(promise, "placed", "k1", 1)) == ()


def test_another_queue_gives_the_place_up_first() -> None:
    call = chosen()
    queue = call.op("held")
    call.press("8")
    call.fire("inter_digit")
    assert (call.at, call.state.held) == ("main.other", "")
    assert [type(action) for action in call.actions if isinstance(action, LeaveQueue | Enqueue)] == [
        LeaveQueue,
        Enqueue,
    ]
    assert call.of(LeaveQueue) == [LeaveQueue(queue)]


def test_a_transfer_to_a_queue_gives_the_place_up_first() -> None:
    call = chosen()
    queue = call.op("held")
    call.press("9")
    call.fire("inter_digit")
    assert (call.at, call.of(LeaveQueue), call.of(Enqueue)[0].queue) == (
        "main.connect",
        [LeaveQueue(queue)],
        "desk",
    )


def test_the_end_of_the_dialogue_gives_the_place_up() -> None:
    flow = QUEUE.replace("next: promise", "next: bye")
    call = waiting(flow)
    queue = call.op("queue")
    call.press("1")
    call.press("8612")
    assert (call.at, call.of(LeaveQueue)) == ("main.bye", [])
    call.played()
    assert (call.state.ended, call.of(LeaveQueue), call.state.held) == (True, [LeaveQueue(queue)], "")


def test_hanging_up_meanwhile_forgets_the_place() -> None:
    call = chosen()
    call.hang_up()
    assert (call.state.ended, call.state.held, call.of(LeaveQueue)) == (True, "", [])


def test_a_kept_place_survives_as_json() -> None:
    call = chosen()
    call.state = state_from_json(state_to_json(call.state))
    call.joined()
    call.queue_ended()
    assert call.at == "main.served"


# Across flows: the queue stands in a flow of its own, which others call

WAITING = """
flow: waiting
parameters: {desk: text}
results: {said: text}
variables: {said: ''}
nodes:
  wait:
    kind: queue
    queue: = desk
    options:
      note: {key: 1, next: note}
      leave: {key: 2, next: return}
      away: {key: 3, next: elsewhere.ask}
    next: return
  note: {kind: collect, prompt: ask, length: 2, into: said, next: deeper}
  deeper: {kind: call, flow: elsewhere, next: wait}
"""
ELSEWHERE = """
flow: elsewhere
nodes:
  ask: {kind: menu, prompt: again, options: {done: {key: 1, next: return}}}
"""
MAIN = """
  start: {kind: call, flow: waiting, with: {desk: general}, results: {told: said}, next: after}
  after: {kind: menu, prompt: sorry, options: {again: {key: 1, next: second}, bye: {key: 2, next: bye}}}
  second: {kind: call, flow: elsewhere, next: bye}
  bye: {kind: hangup, prompt: bye}
"""


def across() -> Dialogue:
    more = {"waiting.yaml": WAITING, "elsewhere.yaml": ELSEWHERE}
    return Dialogue(library(MAIN, "", more))


def test_an_agent_comes_back_through_the_flows_called_meanwhile() -> None:
    call = across()
    call.press("1")
    call.press("77")
    assert (call.at, len(call.state.stack)) == ("elsewhere.ask", 2)
    call.joined()
    assert (call.at, len(call.state.stack)) == ("waiting.wait", 1)
    call.queue_ended()
    # What the option collected is the flow's still, and its result.
    assert (call.at, call.value("told")) == ("main.after", "77")


def test_an_agent_comes_back_into_a_flow_that_has_returned() -> None:
    call = across()
    call.press("2")
    assert (call.at, call.state.stack) == ("main.after", ())
    assert call.state.held
    call.joined()
    assert (call.at, len(call.state.stack), call.value("desk")) == ("waiting.wait", 1, "general")
    call.queue_ended()
    assert call.at == "main.after"


def test_an_agent_comes_back_though_another_flow_was_called_since() -> None:
    call = across()
    call.press("2")
    call.press("1")
    assert (call.at, [frame["node"] for frame in call.state.stack]) == ("elsewhere.ask", ["main.second"])
    call.joined()
    assert [frame["node"] for frame in call.state.stack] == ["main.start"]
    call.queue_ended()
    assert call.at == "main.after"


def test_a_place_goes_on_where_the_same_queue_is_reached_another_way() -> None:
    call = across()
    queue = call.op("queue")
    call.press("1")
    call.press("77")
    call.press("1")
    assert (call.at, call.of(Enqueue), call.state.waiting["queue"]) == ("waiting.wait", [], queue)


@pytest.mark.parametrize("key", ["1", "2"])
def test_progress_reaches_a_place_kept_in_another_flow(key: str) -> None:
    call = across()
    call.press(key)
    call.give(QueueProgress(call.op("held"), 4, 9))
    call.give(Digit("9"))
    call.joined()
    assert call.state.data["place"] == 4
