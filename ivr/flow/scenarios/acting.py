"""A turn of a scenario, done to a simulated call. Pure: what is wrong with it comes back in words."""

from __future__ import annotations

from ivr.flow.inputs import AgentJoined, Alternative, QueueEnded
from ivr.flow.scenarios.beginning import moment
from ivr.flow.scenarios.model import Turn
from ivr.flow.simulate import Simulation

LONGEST_S = 4 * 3600.0
"""A scenario waits no longer than this for anything."""
AGENT = "a1001"
ACTS: tuple[str, ...] = (
    "press",
    "say",
    "silence",
    "wait",
    "time",
    "hangup",
    "agent",
    "queue",
    "place",
    "party",
    "recorded",
    "request",
    "lookup",
    "callback",
    "speech_fails",
)
"""The fields of a turn that do something. A turn has one of them at most: what two lead to could not be told apart."""


def acts_of(turn: Turn) -> list[str]:
    return [act for act in ACTS if getattr(turn, act) is not None]


def do(call: Simulation, turn: Turn) -> str:
    """Do the turn's act; what is wrong with it, "" when nothing."""
    here = f"at `{call.state.node}`"
    match acts_of(turn)[:1]:
        case []:
            return ""
        case ["time"]:
            return _turn_clock(call, turn)
        case _ if call.over:
            return "the call is over"
        case ["wait"]:
            return _wait(call, turn.wait if turn.wait is not None else 0.0)
        case ["silence"]:
            return "" if call.silence() else f"nothing comes of silence {here}"
        case ["press" | "hangup"]:
            if turn.press is not None:
                call.press(turn.press)
            else:
                call.hang_up()
            return ""
        case ["say" | "speech_fails"]:
            return "" if _speech(call, turn) else f"nobody listens {here}"
        case ["recorded"]:
            return "" if _recorded(call, turn) else f"nothing is recorded {here}"
        case ["agent" | "queue" | "place"]:
            return "" if _queue(call, turn) else f"there is no queue {here}"
        case ["party"]:
            return "" if _party(call, turn) else f"there is no transfer {here}"
        case ["request"] if turn.request is not None:
            answer = turn.request
            done = call.answer_request(answer.outcome, answer.status, answer.body)
            return "" if done else f"there is no request {here}"
        case ["lookup"] if turn.lookup is not None:
            done = call.answer_lookup(turn.lookup.effective, turn.lookup.found)
            return "" if done else f"there is no lookup {here}"
        case ["callback"] if turn.callback is not None:
            return "" if call.answer_callback(turn.callback) else f"there is no promise to call back {here}"
        case acts:
            raise ValueError(f"a turn that does {acts}")


def describe(turn: Turn) -> str:
    """The act as a line of a transcript; "" for a turn that only looks."""
    for name in acts_of(turn)[:1]:
        value = getattr(turn, name)
        if turn.say is not None:
            return turn.say.text
        if turn.request is not None:
            answer = turn.request
            return (
                f"request {answer.outcome}{f' {answer.status}' if answer.outcome in ('ok', 'status') else ''}"
            )
        if turn.lookup is not None:
            return f"lookup {turn.lookup.effective}"
        if turn.place is not None:
            return f"place {turn.place.place}"
        return {"silence": "silence", "hangup": "hangs up"}.get(name) or f"{name} {value}"
    return ""


def _turn_clock(call: Simulation, turn: Turn) -> str:
    if turn.time is not None:
        call.turn_clock(moment(turn.time, call.now.astimezone(call.library.timezone)))
    return ""


def _speech(call: Simulation, turn: Turn) -> bool:
    if turn.say is None:
        return turn.speech_fails is not None and call.fail_recognition(turn.speech_fails)
    others = [Alternative(text, confidence) for text, confidence in turn.say.alternatives.items()]
    if turn.say.after_s:
        call.wait(turn.say.after_s)
    return call.say(turn.say.text, turn.say.confidence, others, turn.say.languages)


def _recorded(call: Simulation, turn: Turn) -> bool:
    if turn.recorded is None or turn.recorded == "failed":
        return call.fail_recording()
    return call.end_recording("silence", float(turn.recorded))


def _queue(call: Simulation, turn: Turn) -> bool:
    if turn.agent is not None:
        return call.join(AGENT) if turn.agent == "joins" else call.end_queue("served")
    if turn.queue is not None:
        return call.end_queue(turn.queue)
    return turn.place is not None and call.move_up(turn.place.place, *(turn.place.wait_s or ()))


def _party(call: Simulation, turn: Turn) -> bool:
    if turn.party is None or turn.party == "answers":
        return call.answer_transfer()
    return call.end_transfer(turn.party)


def _wait(call: Simulation, until: float | str) -> str:
    if isinstance(until, int | float):
        call.wait(float(until))
        return ""
    kinds = {"joined": AgentJoined, "served": QueueEnded}
    begun, before = call.now, call.moment()
    while (call.now - begun).total_seconds() < LONGEST_S:
        if call.over or (
            until in kinds and any(isinstance(event, kinds[until]) for event in call.inputs_since(before))
        ):
            break
        if not call.step_on():
            return f"nothing more happens at `{call.state.node}`"
    return "" if call.over or until != "end" else f"the call does not end (at `{call.state.node}`)"
