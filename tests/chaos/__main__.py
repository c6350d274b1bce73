"""`python -m tests.chaos --seed 1 --faults 300`: the verdict as JSON last; ends with 1 when it failed."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

import uvloop

from tests.chaos.faults import KINDS
from tests.chaos.run import run


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
    kinds = [kind for kind in options.only.split(",") if kind]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        verdict = runner.run(
            run(options.seed, options.faults, options.minutes, kinds=kinds, say=_say, keep=options.keep)
        )
    _say(json.dumps(verdict.as_json()))
    return 0 if verdict.green else 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
