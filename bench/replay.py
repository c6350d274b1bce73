"""How many stored calls a second go through a draft: journal in, verdict out, in one process.

The calls are those of the scenarios that ship (`flows/*.scenario.yaml`), ended by the caller where a scenario leaves
it open: greeting, language, questions by key and by voice, queues, messages, look-ups, surveys. They are replayed
through two drafts: one changes the main question, which most of them come by; one changes a question that few come by.
The baseline, `machine_alone`, is the floor: the same inputs read from the same journals and fed to the machine by their
operations, once, with nothing translated and nothing compared; it can answer for no draft.

Seconds are those of the processor (`time.process_time`): nothing here waits.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ivr.flow import machine
from ivr.flow.actions import Action, Note
from ivr.flow.codec import input_to_json
from ivr.flow.load import load_sources, read_folder
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.journal import Event, stored_call
from ivr.flow.replaying.replay import Replayer
from ivr.flow.replaying.summary import Summary
from ivr.flow.scenarios.reading import Case, read_scenarios
from tests.flow.replay_support import play

FLOWS: Final = Path(__file__).parents[1] / "flows"
GOAL_CALLS_PER_S: Final = 2000
QUESTION: Final = ("main.yaml", "        key: 3\n", "        key: 7\n")
ELSEWHERE: Final = ("complaint.yaml", "first_input_s: 6", "first_input_s: 7")


def journal(library: FlowLibrary, case: Case) -> tuple[str, str, str, list[Event]]:
    """Id, caller, number, events: a scenario as a session would journal it."""
    call = play(library, case)
    if not call.over:
        call.hang_up()
    at = call.actions[0][0]
    events: list[Event] = [(at, kind, data) for kind, data in _notes(call.steps[0])]
    for (at, event), actions in zip(call.inputs, call.steps[1:], strict=True):
        events.append((at, "input", input_to_json(event)))
        events += [(at, kind, data) for kind, data in _notes(actions)]
    events.append((at, "ended", {"outcome": "completed", "by": "caller", "cause": 16}))
    known = call.state.call
    return known.call_id, known.caller, known.number, events


def _notes(actions: Sequence[Action]) -> list[tuple[str, dict[str, object]]]:
    return [(action.kind, dict(action.data)) for action in actions if isinstance(action, Note)]


def changed(name: str, before: str, after: str) -> FlowLibrary:
    sources = read_folder(FLOWS)
    text = sources[name].decode()
    assert before in text
    return load_sources({**sources, name: text.replace(before, after).encode()})


def rate(work: Callable[[], None], calls: int, seconds: float) -> float:
    """Calls per second of the processor: the median of five rounds of `seconds` / 5 each."""
    work()
    rounds = []
    for _ in range(5):
        done = 0
        begun = time.process_time()
        while time.process_time() < begun + seconds / 5:
            work()
            done += calls
        rounds.append(done / (time.process_time() - begun))
    return statistics.median(rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of half a minute")
    seconds = 2.0 if parser.parse_args().quick else 10.0
    sources = read_folder(FLOWS)
    library = load_sources(sources)
    journals = [journal(library, case) for case in read_scenarios(sources)]

    def through(draft: FlowLibrary) -> tuple[float, Summary]:
        replayer = Replayer(draft)
        replayer.know(library)
        summary = Summary()
        for one in journals:
            summary.add(replayer.replay(stored_call(*one)))

        def work() -> None:
            for one in journals:
                replayer.replay(stored_call(*one))

        return rate(work, len(journals), seconds), summary

    def alone() -> None:
        for one in journals:
            call = stored_call(*one)
            state = machine.start(library, call.flow, call.facts, call.began_at).state
            for given in call.inputs:
                state = machine.step(library, state, given.event, given.at).state

    # What was loaded stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    (question, of_question), (elsewhere, of_elsewhere) = (
        through(changed(*QUESTION)),
        through(changed(*ELSEWHERE)),
    )
    machine_alone = rate(alone, len(journals), seconds)
    inputs = statistics.mean(sum(kind == "input" for _, kind, _ in one[3]) for one in journals)
    print(f"{len(journals)} calls, {inputs:.1f} inputs each")
    print(f"through a draft of the main question  {question:>8,.0f} calls/s  {_told(of_question)}")
    print(f"through a draft of another question   {elsewhere:>8,.0f} calls/s  {_told(of_elsewhere)}")
    print(f"machine alone, nothing compared       {machine_alone:>8,.0f} calls/s")
    print(
        json.dumps(
            {
                "name": "replay",
                "ours": {
                    "calls_per_s": round(question),
                    "elsewhere_calls_per_s": round(elsewhere),
                    "fidelity": of_question.fidelity,
                    "inputs_per_call": round(inputs, 1),
                },
                "baseline": {"machine_alone_calls_per_s": round(machine_alone)},
                "ratio": round(question / machine_alone, 3),
                "goals": {
                    "calls_per_s": question >= GOAL_CALLS_PER_S,
                    "fidelity": of_question.fidelity == 1.0,
                },
                "python": platform.python_version(),
            }
        )
    )


def _told(summary: Summary) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in summary.verdicts.most_common())


if __name__ == "__main__":
    main()
