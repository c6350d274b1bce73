"""`python -m tests.chaos --seed 1 --faults 300`: the verdict as JSON last; ends with 1 when it failed.

SIGINT (Ctrl-C), SIGTERM and SIGHUP end the run and all that it started; the verdict is `not finished` then, unless
something failed before, and the exit code 128 and the signal's number.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Final

from ivr.event_loop import new_event_loop
from tests.chaos.faults import KINDS
from tests.chaos.run import Verdict, run

BY_HAND: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=0.0, help="at most; 0: until all faults were")
    parser.add_argument("--only", default="", help=f"kinds with commas between: {', '.join(KINDS)}")
    parser.add_argument("--keep", type=Path, default=None, help="a folder to leave logs and recordings in")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    verdict = Verdict(options.seed)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_until_over_or_ended(options, verdict))
    _say(json.dumps(verdict.as_json()))
    if verdict.ended_by:
        return 128 + signal.Signals[verdict.ended_by]
    return 0 if verdict.green else 1


async def _until_over_or_ended(options: argparse.Namespace, verdict: Verdict) -> None:
    loop = asyncio.get_running_loop()
    kinds = [kind for kind in options.only.split(",") if kind]
    running = loop.create_task(
        run(
            options.seed,
            options.faults,
            options.minutes,
            kinds=kinds,
            say=_say,
            keep=options.keep,
            verdict=verdict,
        ),
        name="chaos",
    )

    def by_hand(number: signal.Signals) -> None:
        if verdict.ended_by:
            _say(f"{number.name} again: ended at once; what still runs is ended by the guard")
            os._exit(128 + number)
        verdict.ended_by = number.name
        _say(f"{number.name}: ended by hand, not finished; all that was started is being ended")
        running.cancel()

    for number in BY_HAND:
        loop.add_signal_handler(number, by_hand, number)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
