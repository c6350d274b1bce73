"""Whether a scenario can be a real call, and what it needs for that. Pure.

A scenario is played in the machine first: one that does not hold there is not worth a call, and what it does there -
queues entered, numbers dialled, services asked - says what has to be there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from ivr.call.standard_codes import AGENT_FLOW
from ivr.flow.actions import Callback, Enqueue, Lookup, Record, Request, Transfer
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.acting import acts_of, do
from ivr.flow.scenarios.beginning import NUMBER, begin, beginning_of
from ivr.flow.scenarios.model import Given, Turn
from ivr.flow.scenarios.reading import Case
from ivr.flow.scenarios.running import Result, run

LONGEST_WAIT_S: Final = 30.0
"""Of one turn, and of an agent or another party; a real call does wait so long."""
LONGEST_MESSAGE_S: Final = 20.0
SURE: Final = 0.8
"""A confidence from which on a scenario only says that it was heard well."""
WEB: Final = "web service"
OUTSIDE: Final = "outside line"


@dataclass(frozen=True, slots=True)
class Group:
    """What is the same for all calls of one hotline. hours: calendar -> open or closed. ends: queues in which nobody is
    served: (queue, timeout or unstaffed, seconds). promises: whether callers may be called back."""

    flow: str = ""
    language: str = ""
    speech: bool = True
    number: str = NUMBER
    hours: tuple[tuple[str, str], ...] = ()
    ends: tuple[tuple[str, str, float], ...] = ()
    promises: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """result: already known, when it does not hold in the machine or cannot be live. start: when it takes place.

    queues: entered. agents: named by transfers. needs: what only one call at a time can use.
    """

    case: Case
    result: Result | None = None
    start: dt.datetime | None = None
    group: Group = Group()
    queues: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    said: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(language, text) of what is said, recordings left out."""


def plan(library: FlowLibrary, case: Case, heard: Collection[str]) -> Plan:
    """heard: the languages that are recognised here."""
    pure = run(library, case)
    if pure.failures:
        return Plan(case, pure)
    reason = next(_reasons(library, case, pure, heard), "")
    if reason:
        return Plan(case, Result(case, (), (), (), reason))
    done = [action for step in pure.steps for action in step]
    queues = frozenset(action.queue for action in done if isinstance(action, Enqueue | Callback))
    agents = frozenset(
        action.target for action in done if isinstance(action, Transfer) and action.to == "agent"
    )
    needs = {f"queue {queue}" for queue in queues} | {f"agent {agent}" for agent in agents}
    if any(isinstance(action, Transfer) and action.to == "number" for action in done):
        needs.add(OUTSIDE)
    if any(isinstance(action, Request | Lookup) for action in done):
        needs.add(WEB)
    return Plan(
        case,
        None,
        beginning_of(library, case.given),
        _group(library, case.given, queues),
        queues,
        agents,
        frozenset(needs),
        tuple(
            (language, turn.say.text)
            for turn, language in _said(library, case)
            if turn.say and not turn.audio
        ),
    )


def _group(library: FlowLibrary, given: Given, queues: Collection[str]) -> Group:
    ends = [
        (name, rule.outcome, rule.after_s)
        for name, rule in given.queues.items()
        if name in queues and rule.outcome != "served"
    ]
    return Group(
        given.flow or "",
        given.language or library.languages[0],
        given.speech is not False,
        given.number or NUMBER,
        tuple(sorted(given.hours.items())),
        tuple(sorted(ends)),
        given.callbacks != "refused",
    )


def _said(library: FlowLibrary, case: Case) -> Iterator[tuple[Turn, str]]:
    """The turns in which something is said, each with the language spoken then."""
    call = begin(library, case.given, promises_kept=not any(turn.callback for turn in case.scenario.turns))
    for turn in case.scenario.turns:
        if not turn.at_once:
            call.settle()
        if turn.say is not None:
            yield turn, call.state.language
        do(call, turn)


def _reasons(library: FlowLibrary, case: Case, pure: Result, heard: Collection[str]) -> Iterator[str]:
    """Why it cannot be a real call."""
    yield from _beginning(library, case.given)
    yield from _others(library, case.given, pure)
    for turn in case.scenario.turns:
        yield from _turn(turn)
    for _, language in _said(library, case):
        if language not in heard:
            yield f"speech in `{language}` is not recognised here"


def _beginning(library: FlowLibrary, given: Given) -> Iterator[str]:
    if given.flow == AGENT_FLOW or given.desk:
        yield "agents' codes are dialled from an agent's telephone"
    if given.facts:
        yield "a real call has no `facts`"
    if given.history:
        yield "a real call has the history that it has"
    if given.split:
        yield "a real call draws its own way"
    if given.caller == "":
        yield "the number is withheld"
    if isinstance(given.speech, list) and set(given.speech) != set(library.languages):
        yield "some languages only are recognised"
    for name in given.hours:
        if any(each.label == "override" for each in library.exits):
            yield f"a supervisor's word on `{name}` cannot be given to a real call"


def _others(library: FlowLibrary, given: Given, pure: Result) -> Iterator[str]:
    for name, rule in given.queues.items():
        if rule.outcome not in ("served", "timeout", "unstaffed"):
            yield f"the queue `{name}` cannot be made to end as {rule.outcome}"
        if rule.after_s > LONGEST_WAIT_S:
            yield f"the queue `{name}` takes {rule.after_s:g} s"
        if "places" in rule.model_fields_set or rule.wait_s is not None:
            yield f"the queue `{name}` has other callers"
    for name, party in given.transfers.items():
        if party.outcome in ("unknown", "forbidden", "failed"):
            yield f"`{name}` cannot be made to end as {party.outcome}"
        if party.after_s > LONGEST_WAIT_S:
            yield f"`{name}` takes {party.after_s:g} s"
    for request in given.requests:
        if request.outcome in ("down", "forbidden"):
            yield f"a web service cannot be made to be {request.outcome}"
    for name in given.lookups:
        source = library.sources.get(name)
        if source is not None and source.kind != "http":
            yield f"the source `{name}` answers for itself"
    if given.callbacks == "failed":
        yield "a promise cannot be made to fail"
    records = any(isinstance(action, Record) for step in pure.steps for action in step)
    if records and (given.recorded_s or 0) > LONGEST_MESSAGE_S:
        yield f"a message of {given.recorded_s:g} s"


def _turn(turn: Turn) -> Iterator[str]:
    said = turn.say
    if said is not None and turn.audio is None:
        if said.alternatives:
            yield "other readings of what is said cannot be made"
        if "confidence" in said.model_fields_set and (said.confidence is None or said.confidence < SURE):
            yield "a confidence cannot be made (a recording of unclear speech can: `audio`)"
    if turn.time is not None:
        yield "the clock is turned during the call"
    if isinstance(turn.wait, int | float) and turn.wait > LONGEST_WAIT_S:
        yield f"a wait of {turn.wait:g} s"
    if turn.place is not None:
        yield "a place in line cannot be made"
    if turn.queue is not None and turn.queue != "served":
        yield f"a queue ends as {turn.queue} by itself only (`given: {{queues: ...}}`)"
    if turn.party in ("unknown", "forbidden", "failed"):
        yield f"a transfer cannot be made to end as {turn.party}"
    if turn.recorded == "failed" or turn.speech_fails is not None:
        yield f"`{acts_of(turn)[0]}` cannot be made"
    if isinstance(turn.recorded, int | float) and turn.recorded > LONGEST_MESSAGE_S:
        yield f"a message of {turn.recorded:g} s"
    if turn.request is not None and turn.request.outcome in ("down", "forbidden"):
        yield f"a web service cannot be made to be {turn.request.outcome}"
    if turn.callback not in (None, "placed"):
        yield "what becomes of a promise is said beforehand (`given: {callbacks: refused}`)"
