"""How many dialogue steps a second: our machine against the same dialogue written by hand as dicts and ifs.

One call is four steps: start, key 1, the answer's end, the caller's end. The baseline does the same with the least that
Python can do: no library, no YAML, no handlers, no counters; it is the floor, not a competitor.

Seconds are those of the processor (`time.process_time`): the machine never waits, and what else the computer is doing
must not count.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from ivr.flow import machine
from ivr.flow.codec import state_from_json, state_to_json
from ivr.flow.inputs import Digit, HungUp, OpId, PromptEnded
from ivr.flow.load import load
from ivr.flow.state import CallFacts

FLOWS = Path(__file__).parent / "flows"
STEPS_PER_CALL = 4
GOAL_STEPS_PER_S = 50_000


def ours() -> Callable[[], None]:
    library = load(FLOWS)
    call = CallFacts("c-bench", caller="13800000000", language="en")
    now = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
    pressed, ended = Digit("1"), HungUp("caller")

    def one_call() -> None:
        state = machine.start(library, "bench", call, now).state
        state = machine.step(library, state, pressed, now).state
        state = machine.step(library, state, PromptEnded(OpId(state.waiting["play"]), "finished"), now).state
        machine.step(library, state, ended, now)

    return one_call


def ours_through_json() -> Callable[[], None]:
    """The same with the state written and read as JSON between the steps, as after a restart."""
    library = load(FLOWS)
    call = CallFacts("c-bench", caller="13800000000", language="en")
    now = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)

    def one_call() -> None:
        state = machine.start(library, "bench", call, now).state
        state = state_from_json(json.loads(json.dumps(state_to_json(state))))
        state = machine.step(library, state, Digit("1"), now).state
        state = state_from_json(json.loads(json.dumps(state_to_json(state))))
        state = machine.step(library, state, PromptEnded(OpId(state.waiting["play"]), "finished"), now).state
        state = state_from_json(json.loads(json.dumps(state_to_json(state))))
        machine.step(library, state, HungUp("caller"), now)

    return one_call


def by_hand() -> Callable[[], None]:
    answers = {"1": "bench.one", "2": "bench.two"}

    def step(state: dict[str, str], kind: str, value: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
        if kind == "start":
            return {"at": "choose"}, [("play", "bench.greeting")]
        if kind == "hangup":
            return {"at": "over"}, []
        if state["at"] == "choose" and kind == "digit":
            if value in answers:
                return {"at": "answer"}, [("stop", ""), ("play", answers[value])]
            return state, [("play", "bench.greeting")]
        if state["at"] == "answer" and kind == "ended":
            return {"at": "over"}, [("hangup", "")]
        return state, []

    def one_call() -> None:
        state, _ = step({}, "start", "")
        state, _ = step(state, "digit", "1")
        state, _ = step(state, "ended", "")
        step(state, "hangup", "")

    return one_call


def rate(one_call: Callable[[], None], seconds: float) -> float:
    """Steps per second of the processor: the median of five rounds of `seconds` / 5 each."""
    for _ in range(200):
        one_call()
    rounds = []
    for _ in range(5):
        calls = 0
        begin = time.process_time()
        while time.process_time() < begin + seconds / 5:
            for _ in range(50):
                one_call()
            calls += 50
        rounds.append(calls * STEPS_PER_CALL / (time.process_time() - begin))
    return statistics.median(rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of half a minute")
    seconds = 2.0 if parser.parse_args().quick else 10.0
    machine_rate = rate(ours(), seconds)
    json_rate = rate(ours_through_json(), seconds)
    hand_rate = rate(by_hand(), seconds)
    print(f"machine                 {machine_rate:>12,.0f} steps/s")
    print(f"machine, state as JSON  {json_rate:>12,.0f} steps/s")
    print(f"by hand (the floor)     {hand_rate:>12,.0f} steps/s")
    print(
        json.dumps(
            {
                "name": "flow",
                "ours": {"steps_per_s": round(machine_rate), "json_steps_per_s": round(json_rate)},
                "baseline": {"steps_per_s": round(hand_rate)},
                "ratio": round(machine_rate / hand_rate, 4),
                "goals": {"steps_per_s": machine_rate >= GOAL_STEPS_PER_S},
                "python": platform.python_version(),
            }
        )
    )


if __name__ == "__main__":
    main()
