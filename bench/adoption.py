"""What it costs to keep every live call, and how long the next controller works until it has them all.

    python -m bench.adoption [--quick]

Kept: whole calls (greeting, menu by key, queue, agent, survey) on the fake Asterisk, on virtual time: processor time of
keeping a message that the dialogue was told, beside that of the dialogue's own step (the baseline); bytes a call.

Adopted: so many calls in a menu and in line when the controller is killed; processor time from the next one's first
look at what is stored to its last call, and what became of the places. The fake Asterisk's own work is in it.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from statistics import median
from typing import Any, Final

import orjson

from ivr.call import keeping
from ivr.flow import machine
from storage.live_records import LiveCallRecord
from storage.records import EntryRecord, JournalEvent
from tests.adoption.scripted import SCRIPTS, played
from tests.support import killed_house
from tests.support.killed_house import lasting
from tests.support.virtual_time import run_virtual

GOAL_S: Final = 3.0
SCRIPT: Final = SCRIPTS["talk"]


class Timed:
    """Processor time of each call of a function, in its place for a while."""

    def __init__(self, owner: Any, name: str) -> None:
        self.took: list[float] = []
        self._owner, self._name, self._original = owner, name, getattr(owner, name)

    def __enter__(self) -> Timed:
        original, took = self._original, self.took

        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return original(*arguments, **named)
            finally:
                took.append(time.thread_time() - began)

        setattr(self._owner, self._name, timed)
        return self

    def __exit__(self, *_: object) -> None:
        setattr(self._owner, self._name, self._original)


def kept(calls: int) -> dict[str, Any]:
    run_virtual(lambda: played(SCRIPT))
    with Timed(keeping.Keeper, "keep") as keep, Timed(machine, "step") as step:
        for _ in range(calls):
            run_virtual(lambda: played(SCRIPT))
    facts = run_virtual(_facts)
    sizes = [len(orjson.dumps(one.data)) for one in facts if isinstance(one, LiveCallRecord) and one.data]
    told = sum(isinstance(one, JournalEvent) and one.kind == "input" for one in facts)
    return {
        "messages_a_call": told,
        "written_a_call": len(sizes) + 1,
        "keep_us_median": round(median(keep.took) * 1e6, 1),
        "keep_us_a_message": round(sum(keep.took) / calls / told * 1e6, 1),
        "step_us_a_message": round(sum(step.took) / calls / told * 1e6, 1),
        "ratio_to_step": round(sum(keep.took) / sum(step.took), 2),
        "bytes_median": median(sizes),
        "bytes_most": max(sizes),
    }


async def _facts() -> list[Any]:
    async with lasting(entry=SCRIPT.entry) as here:
        SCRIPT.before(here)
        caller = here.world.call("call", "12345", "trunk")
        await SCRIPT.during(here, caller)
        await here.until(90)
        return here.database.facts


def adopted(calls: int) -> dict[str, Any]:
    return run_virtual(lambda: _adopted(calls))


async def _adopted(calls: int) -> dict[str, Any]:
    took: list[float] = []
    original = killed_house.adopt  # type: ignore[attr-defined]

    async def timed(*arguments: Any) -> Any:
        began = time.process_time()
        found = await original(*arguments)
        took.append(time.process_time() - began)
        return found

    killed_house.adopt = timed  # type: ignore[attr-defined]
    try:
        async with lasting(most_calls=calls) as here:
            callers = [here.world.call("call", "12345", "trunk") for _ in range(calls)]
            await here.until(2.3)
            for caller in callers[::2]:
                here.world.press(caller, "2")
            await here.until(5)
            before = _places(here.database.all(EntryRecord))
            assert here.now is not None
            began = time.process_time()
            here.kill(here.now.ari)
            await here.soon(lambda: len(here.adoptions) == 2)
            whole_s = time.process_time() - began
            found = here.adoptions[1]
            changed = sum(
                _places(here.database.all(EntryRecord)).get(one) != place for one, place in before.items()
            )
            for caller in callers:
                here.world.hang_up(caller)
            await here.until(30)
            here.assert_nothing_left()
            return {
                "calls": calls,
                "going_on": found.going_on,
                "waiting": len(before),
                "places_changed": changed,
                "adopting_s": round(took[-1], 3),
                "with_start_of_the_board_s": round(whole_s, 3),
            }
    finally:
        killed_house.adopt = original  # type: ignore[attr-defined]


def _places(entries: dict[str, EntryRecord]) -> dict[str, int]:
    waiting = sorted(
        (one for one in entries.values() if one.state == "waiting"), key=lambda one: (one.enqueued_at, one.id)
    )
    return {one.id: place for place, one in enumerate(waiting)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    logging.disable(logging.CRITICAL)
    result = {"kept": kept(40 if quick else 200), "adopted": adopted(300)}
    for name, figures in result.items():
        print(name, *(f"{key} {value}" for key, value in figures.items()), sep="\n  ")
    good = result["adopted"]["adopting_s"] < GOAL_S and not result["adopted"]["places_changed"]
    print(json.dumps({"bench": "adoption", "quick": quick, "good": good, **result}))


if __name__ == "__main__":
    main()
