"""A scenario, played through the machine: what happened, turn by turn, and whether that is what was expected. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from ivr.flow.actions import Action, Enqueue, Note, Notify, Play
from ivr.flow.inputs import AgentJoined, Alternative, QueueEnded
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.checking import Seen, mismatches
from ivr.flow.scenarios.model import Given, LookupGiven, Turn
from ivr.flow.scenarios.reading import Case
from ivr.flow.simulate import Simulation
from ivr.flow.state import CallFacts
from ivr.flow.world import LookupRule, QueueRule, RequestRule, TransferRule, World
from ivr.flow.yaml_source import Mark

NOON = dt.time(12, 0)
A_MONDAY = dt.date(2026, 11, 23)
"""When a scenario that says nothing of it takes place: on a Monday at noon, the hotline's time."""
CALLER = "13800000000"
NUMBER = "12345"
LONGEST_S = 4 * 3600.0
"""A scenario waits no longer than this for anything."""


@dataclass(frozen=True, slots=True)
class Failure:
    """turn: counted from 1, 0 = before the first. where: in the scenario's file."""

    turn: int
    where: Mark
    cause: str


@dataclass(frozen=True, slots=True)
class Result:
    """transcript: what was heard, said and done, for people. actions: all of them, for the coverage."""

    case: Case
    failures: tuple[Failure, ...]
    transcript: tuple[str, ...]
    actions: tuple[Action, ...] = field(repr=False, default=())

    @property
    def passed(self) -> bool:
        return not self.failures


def begin(library: FlowLibrary, given: Given) -> Simulation:
    """The call of a scenario, before its first turn."""
    speech: tuple[str, ...] = library.languages
    if given.speech is False:
        speech = ()
    elif isinstance(given.speech, list):
        speech = tuple(given.speech)
    call = CallFacts(
        "c-scenario",
        caller=CALLER if given.caller is None else given.caller,
        number=NUMBER if given.number is None else given.number,
        language=given.language or library.languages[0],
        speech=speech,
        hours={name: said == "open" for name, said in given.hours.items()},
        history=given.history,
        facts=given.facts,
    )
    start = dt.datetime.combine(A_MONDAY, NOON, library.timezone)
    now = moment(given.time, start) if given.time is not None else start
    return Simulation(library, call, now, given.flow or "", world(given))


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """`23:30` on the day of `now`, or a whole date and time, in its zone."""
    if len(text) > len("23:30:00"):
        return dt.datetime.fromisoformat(text.replace(" ", "T")).replace(tzinfo=now.tzinfo)
    return dt.datetime.combine(now.date(), dt.time.fromisoformat(text), now.tzinfo)


def world(given: Given) -> World:
    return World(
        queues={
            name: QueueRule(
                rule.outcome,
                rule.after_s,
                rule.talks_s,
                rule.agent,
                tuple(rule.places),
                *(rule.wait_s or (None, None)),
            )
            for name, rule in given.queues.items()
        },
        requests=tuple(
            RequestRule(rule.url, rule.node, rule.outcome, rule.status, rule.body, rule.after_s, rule.times)
            for rule in given.requests
        ),
        lookups={name: _lookup(rule) for name, rule in given.lookups.items()},
        transfers={
            name: TransferRule(rule.outcome, rule.after_s, rule.talks_s)
            for name, rule in given.transfers.items()
        },
        callbacks=given.callbacks or "placed",
        said_s=given.recorded_s,
    )


def _lookup(rule: LookupGiven) -> LookupRule:
    outcome = rule.outcome or ("found" if rule.found is not None else "none")
    return LookupRule(outcome, rule.found, rule.after_s)


def run(library: FlowLibrary, case: Case) -> Result:
    """Never raises: what goes wrong is a failure of the scenario."""
    given = case.given
    if given.flow and given.flow not in library.flows:
        failure = Failure(0, case.mark, f"there is no flow `{given.flow}`")
        return Result(case, (failure,), ())
    call = begin(library, given)
    failures: list[Failure] = []
    transcript: list[str] = []
    seen_from = 0
    for number, (turn, mark) in enumerate(zip(case.scenario.turns, case.turn_marks, strict=True), 1):
        if not turn.at_once:
            call.settle()
            transcript += _lines(call)
        act = _describe(turn)
        if act:
            seen_from = len(call.actions)
            transcript.append(f"> {act}")
            problem = do(call, turn)
            if problem:
                transcript += _lines(call)
                failures.append(Failure(number, mark, problem))
                break
            if not _next_at_once(case.scenario.turns, number):
                call.settle()
        transcript += _lines(call)
        seen = _seen(call, seen_from)
        wrong = mismatches(turn, seen)
        failures += [Failure(number, mark, cause) for cause in wrong]
        if wrong:
            break
    return Result(case, tuple(failures), tuple(transcript), tuple(action for _, action in call.actions))


def _next_at_once(turns: Sequence[Turn], number: int) -> bool:
    return number < len(turns) and turns[number].at_once


def do(call: Simulation, turn: Turn) -> str:
    """The turn's act; what is wrong with it, "" when nothing."""
    if call.over and turn.time is None:
        return "the call is over"
    if turn.press is not None:
        call.press(turn.press)
    elif turn.say is not None:
        others = [Alternative(text, confidence) for text, confidence in turn.say.alternatives.items()]
        if not call.say(turn.say.text, turn.say.confidence, others):
            return f"nobody listens at `{call.state.node}`"
    elif turn.silence:
        if not call.silence():
            return f"nothing comes of silence at `{call.state.node}`"
    elif turn.wait is not None:
        return _wait(call, turn.wait)
    elif turn.time is not None:
        call.turn_clock(moment(turn.time, call.now.astimezone(call.library.timezone)))
    elif turn.hangup:
        call.hang_up()
    elif turn.agent is not None:
        done = call.join("a1001") if turn.agent == "joins" else call.end_queue("served")
        return "" if done else f"there is no queue at `{call.state.node}`"
    elif turn.queue is not None:
        return "" if call.end_queue(turn.queue) else f"there is no queue at `{call.state.node}`"
    elif turn.place is not None:
        return "" if call.move_up(turn.place) else f"there is no queue at `{call.state.node}`"
    elif turn.party is not None:
        done = call.answer_transfer() if turn.party == "answers" else call.end_transfer(turn.party)
        return "" if done else f"there is no transfer at `{call.state.node}`"
    elif turn.recorded is not None:
        failed = turn.recorded == "failed"
        done = call.fail_recording() if failed else call.end_recording("silence", float(turn.recorded))
        if not done:
            return f"nothing is recorded at `{call.state.node}`"
    elif turn.speech_fails is not None and not call.fail_recognition(turn.speech_fails):
        return f"nobody listens at `{call.state.node}`"
    return ""


def _wait(call: Simulation, until: float | str) -> str:
    if isinstance(until, int | float):
        call.wait(float(until))
        return ""
    kinds = {"joined": AgentJoined, "served": QueueEnded}
    begun = call.now
    before = len(call.inputs)
    while (call.now - begun).total_seconds() < LONGEST_S:
        came = call.inputs[before:]
        if call.over or (until in kinds and any(isinstance(event, kinds[until]) for _, event in came)):
            break
        if not call.step_on():
            return f"nothing more happens at `{call.state.node}`"
    return "" if call.over or until != "end" else f"the call does not end (at `{call.state.node}`)"


def _describe(turn: Turn) -> str:
    for name in ("press", "wait", "time", "agent", "queue", "place", "party", "recorded", "speech_fails"):
        value = getattr(turn, name)
        if value is not None:
            return f"{name} {value}"
    if turn.say is not None:
        return turn.say.text
    return "silence" if turn.silence else "hangs up" if turn.hangup else ""


def _lines(call: Simulation) -> list[str]:
    marks = {"heard": "<", "did": "*"}
    return [f"{marks[line.kind]} {line.text}" for line in call.take_lines() if line.kind in marks]


def _seen(call: Simulation, since: int) -> Seen:
    actions = [action for _, action in call.actions[since:]]
    library = call.library
    heard: list[tuple[str, str]] = []
    for action in actions:
        if isinstance(action, Play):
            heard += [(prompt.id, call.text_of(prompt, action.language)) for prompt in action.prompts]
    return Seen(
        library,
        call.state,
        tuple(heard),
        tuple(action for action in actions if isinstance(action, Note)),
        tuple(action for action in actions if isinstance(action, Enqueue)),
        tuple(action for action in actions if isinstance(action, Notify)),
        tuple(text for _, text in call.done_since(since)),
        call.listening,
        call.over,
        call.ended_by,
    )
