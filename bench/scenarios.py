"""How long a suite of scenarios takes: our runner against the same inputs given straight to the machine.

The suite is the scenarios of the main hotline under `flows/`, again and again up to 500 (nine inputs each), every
expectation checked, the coverage counted. The baseline gives the machine the inputs that the runner found and keeps
nothing: what is above it is the price of a clock, of other parties, of expectations, of a transcript, of the coverage.

Seconds are those of the processor (`time.process_time`): nothing here waits, and what else the computer is doing must
not count. Reading the folder is told apart.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from ivr.cli.test_folders import examine, run_folder
from ivr.flow import machine
from ivr.flow.inputs import Input
from ivr.flow.load import read_folder
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.acting import acts_of, do
from ivr.flow.scenarios.beginning import begin
from ivr.flow.scenarios.coverage import Coverage
from ivr.flow.scenarios.reading import Case
from ivr.flow.scenarios.running import run
from ivr.flow.state import CallFacts

FLOWS = Path(__file__).parents[1] / "flows"
SUITE = 500
GOAL_S = 5.0

Call = tuple[CallFacts, str, dt.datetime, list[tuple[dt.datetime, Input]]]


def suite(library: FlowLibrary, cases: list[Case]) -> None:
    coverage = Coverage.of(library)
    for case in cases:
        result = run(library, case)
        if not result.passed:
            raise SystemExit(f"{case.name}: {result.failures[0].cause}")
        coverage.add(result.steps)


def inputs_of(library: FlowLibrary, case: Case) -> Call:
    """What the machine is given in this scenario."""
    turns = case.scenario.turns
    call = begin(library, case.given, promises_kept=not any(turn.callback for turn in turns))
    first, started = call.state.call, call.now
    for turn in turns:
        if not turn.at_once:
            call.settle()
        if acts_of(turn):
            do(call, turn)
    call.settle()
    return first, case.given.flow or "", started, call.inputs


def straight(library: FlowLibrary, calls: list[Call]) -> None:
    for facts, entry, started, inputs in calls:
        state = machine.start(library, entry, facts, started).state
        for at, event in inputs:
            state = machine.step(library, state, event, at).state


def seconds(work: Callable[[], None], rounds: int) -> float:
    """The median, after one round that is not counted."""
    work()
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of half a minute")
    rounds = 3 if parser.parse_args().quick else 25
    begun = time.process_time()
    folder = examine(FLOWS, read_folder(FLOWS))
    reading_s = time.process_time() - begun
    library = folder.library
    if library is None or run_folder(folder).failed:
        raise SystemExit("the flows that ship do not hold: `ivr test flows`")
    cases = list(itertools.islice(itertools.cycle(folder.reading.cases), SUITE))
    calls = [inputs_of(library, case) for case in cases]
    ours_s = seconds(lambda: suite(library, cases), rounds)
    straight_s = seconds(lambda: straight(library, calls), rounds)
    print(f"{SUITE} scenarios              {ours_s:8.3f} s")
    print(f"the same inputs, no more   {straight_s:8.3f} s")
    print(f"reading the folder once    {reading_s:8.3f} s")
    print(
        json.dumps(
            {
                "name": "scenarios",
                "ours": {
                    "suite_s": round(ours_s, 3),
                    "scenarios_per_s": round(SUITE / ours_s),
                    "read_s": round(reading_s, 3),
                },
                "baseline": {"suite_s": round(straight_s, 3), "inputs": sum(len(call[3]) for call in calls)},
                "ratio": round(ours_s / straight_s, 2),
                "goals": {"suite_s": ours_s + reading_s <= GOAL_S},
                "python": platform.python_version(),
            }
        )
    )


if __name__ == "__main__":
    main()
