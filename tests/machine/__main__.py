"""`python -m tests.machine --minutes 10 --seed 1`: drawn shifts; figures as JSON last; ends with 1 if one failed."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from dataclasses import asdict

from tests.machine.hunting import hunt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machine", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=40, help="of a shift, at most")
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    began = time.monotonic()
    harvest = hunt(options.seed, options.minutes, _say, options.steps)
    figures = {
        **asdict(harvest),
        "broken": sorted(harvest.broken),
        "seconds": round(time.monotonic() - began),
    }
    _say(json.dumps(figures, ensure_ascii=False))
    return 1 if harvest.failed else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
