"""Reads hotlines that something was done to, many of them, and tells whatever is not a located finding.

Sound hotlines (those that ship, the examples, one with every kind of node, one with every form of file) are changed
as data, as text and as bytes, now and then replaced by a file made to blow up (`tests/support/mutations.py`). Of each
it must be said where and why, or it loads; nothing else may be raised, none may take long, and no finding may speak of
Python. What escapes is kept with its files.

    .venv/bin/python -m bench.fuzz_flows --files 100000 --seed 1
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import platform
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.mutations import Mutant, checked, mutant

CHUNK: Final = 200
HANGS_S: Final = 60
"""A file that takes so long is given up, and told."""
TOLD: Final = 20


@dataclass(slots=True)
class Found:
    """codes: how often each was said. slowest: (seconds, seed). wrong: (seed, what)."""

    loaded: int = 0
    refused: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, int, str]] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Found) -> None:
        self.loaded += other.loaded
        self.refused += other.refused
        self.codes += other.codes
        self.ways += other.ways
        self.slowest = heapq.nlargest(10, [*self.slowest, *other.slowest])
        self.wrong += other.wrong


def examine(seeds: range) -> Found:
    found = Found()
    signal.signal(signal.SIGALRM, _hangs)
    for seed in seeds:
        one = mutant(seed)
        signal.alarm(HANGS_S)
        try:
            verdict = checked(one.files, routing=one.of_routing)
        except TimeoutError as error:
            found.wrong.append((seed, str(error)))
            continue
        finally:
            signal.alarm(0)
        if verdict.loaded:
            found.loaded += 1
        else:
            found.refused += 1
        found.codes.update(verdict.codes)
        found.ways.update(one.ways)
        found.slowest = heapq.nlargest(10, [*found.slowest, (verdict.seconds, seed, _name(one))])
        found.wrong += [(seed, each) for each in verdict.wrong]
    return found


def _hangs(number: int, frame: object) -> None:
    raise TimeoutError(f"more than {HANGS_S} s")


def _name(one: Mutant) -> str:
    return f"{one.base}/{one.file} {'+'.join(one.ways)}"


def _chunks(first: int, files: int) -> Iterator[range]:
    for begin in range(first, first + files, CHUNK):
        yield range(begin, min(begin + CHUNK, first + files))


def keep(folder: Path, seed: int) -> None:
    """All files of that hotline, so that `ivr check` can be pointed at it."""
    for name, content in mutant(seed).files.items():
        file = folder / str(seed) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000, help="how many (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="the first one's seed; the others follow")
    parser.add_argument("--quick", action="store_true", help="1500 files")
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"), help="where what escapes is kept")
    chosen = parser.parse_args()
    files = 1500 if chosen.quick else chosen.files
    begin = time.monotonic()
    found = Found()
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        for part in pool.map(examine, _chunks(chosen.seed, files)):
            found.add(part)
    seconds = time.monotonic() - begin
    print(f"{files:,} hotlines in {seconds:,.0f} s: {found.loaded:,} load, {found.refused:,} are refused")
    for code, count in found.codes.most_common():
        print(f"  {count:>9,}  {code}")
    print("the slowest, s of the processor:")
    for took, seed, name in found.slowest:
        print(f"  {took:>7.2f}  seed {seed}: {name}")
    for seed, what in found.wrong[:TOLD]:
        print(f"\nseed {seed}: {_name(mutant(seed))}\n{what}")
    for seed in {seed for seed, _ in found.wrong}:
        keep(chosen.keep, seed)
    if found.wrong:
        print(f"\n{len(found.wrong)} escapes; their files are in {chosen.keep}")
    print(
        json.dumps(
            {
                "name": "fuzz_flows",
                "ours": {
                    "files": files,
                    "escapes": len(found.wrong),
                    "slowest_s": round(found.slowest[0][0], 2),
                    "codes": len(found.codes),
                    "files_per_s": round(files / seconds),
                },
                "baseline": None,
                "ratio": None,
                "goals": {"escapes": not found.wrong},
                "python": platform.python_version(),
            }
        )
    )
    raise SystemExit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
