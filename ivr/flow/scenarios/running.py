"""A scenario, played through the machine: what happened, turn by turn, and whether that is what was expected. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ivr.flow.actions import Action
from ivr.flow.followed import FollowedCall
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.acting import acts_of, describe, do
from ivr.flow.scenarios.beginning import begin
from ivr.flow.scenarios.checking import Seen, mismatches
from ivr.flow.scenarios.model import Turn
from ivr.flow.scenarios.reading import Case
from ivr.flow.yaml_source import Mark


@dataclass(frozen=True, slots=True)
class Failure:
    """turn: counted from 1, 0 = before the first. where: in the scenario's file."""

    turn: int
    where: Mark
    cause: str


@dataclass(frozen=True, slots=True)
class Result:
    """transcript: what was heard, said and done, for people. steps: the actions of each input, for the coverage.
    skipped: why it was not run at all, "" when it was."""

    case: Case
    failures: tuple[Failure, ...]
    transcript: tuple[str, ...]
    steps: tuple[tuple[Action, ...], ...] = field(repr=False, default=())
    skipped: str = ""

    @property
    def passed(self) -> bool:
        return not self.failures and not self.skipped


def run(library: FlowLibrary, case: Case) -> Result:
    """Never raises: what goes wrong is a failure of the scenario."""
    given, turns = case.given, case.scenario.turns
    if given.flow and given.flow not in library.flows:
        return Result(case, (Failure(0, case.where(), f"there is no flow `{given.flow}`"),), ())
    call = begin(library, given, promises_kept=not any(turn.callback for turn in turns))
    failures: list[Failure] = []
    transcript: list[str] = []
    seen_from = call.moment()._replace(actions=0, done=0)
    for number, turn in enumerate(turns, 1):
        if not turn.at_once:
            call.settle()
            transcript += lines_of(call)
        if acts_of(turn):
            seen_from = call.moment()
            transcript.append(f"> {describe(turn)}")
            problem = do(call, turn)
            if problem:
                transcript += lines_of(call)
                failures.append(Failure(number, case.where(number), problem))
                break
            if not next_at_once(turns, number):
                call.settle()
        transcript += lines_of(call)
        wrong = mismatches(turn, Seen.since(call, seen_from))
        failures += [Failure(number, case.where(number), cause) for cause in wrong]
        if wrong:
            break
    return Result(case, tuple(failures), tuple(transcript), tuple(call.steps))


def next_at_once(turns: Sequence[Turn], number: int) -> bool:
    """Whether the turn after the `number`-th begins while prompts still play."""
    return number < len(turns) and turns[number].at_once


def lines_of(call: FollowedCall) -> list[str]:
    """What came since the last time, as lines of a transcript."""
    marks = {"heard": "<", "did": "*"}
    return [f"{marks[line.kind]} {line.text}" for line in call.take_lines() if line.kind in marks]
