"""What a start spends on loading: the program, and the dialogue that ships, as usual and with callers waiting for it.

    python -m bench.hurried [--quick]

Processor seconds of processes of their own, medians of rounds by turns, byte code kept. The baseline is the same
dialogue built as usual, with advice to its authors and the dictionaries of Chinese.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PROGRAM: Final = """
import gc, time
gc.disable()
began = time.process_time()
import ivr.cli.run
print(time.process_time() - began)
"""
DIALOGUE: Final = """
import sys, time
from pathlib import Path
from ivr.flow.load import load_sources, read_folder
from ivr.flow.understanding.ready import in_a_hurry
sources = read_folder(Path(sys.argv[1]))
began = time.process_time()
with in_a_hurry(sys.argv[2] == "hurry"):
    load_sources(sources)
print(time.process_time() - began)
"""


def seconds(code: str, cache: Path, *arguments: str) -> float:
    without = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=without | {"PYTHONPYCACHEPREFIX": str(cache)},
    )
    return float(done.stdout)


def measure(rounds: int, cache: Path) -> dict[str, float]:
    ways = {
        "program_s": (PROGRAM,),
        "dialogue_as_usual_s": (DIALOGUE, str(ROOT / "flows"), "usual"),
        "dialogue_in_a_hurry_s": (DIALOGUE, str(ROOT / "flows"), "hurry"),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, (code, *arguments) in ways.items():
            took = seconds(code, cache, *arguments)
            if turn:  # the first one makes the byte code
                found[name].append(took)
    told = {name: round(statistics.median(took), 2) for name, took in found.items()}
    told["ratio"] = round(told["dialogue_in_a_hurry_s"] / told["dialogue_as_usual_s"], 2)
    told["load"] = round(os.getloadavg()[0], 1)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three rounds")
    rounds = 3 if parser.parse_args().quick else 9
    with tempfile.TemporaryDirectory(prefix="hotline-bytecode-") as cache:
        found = measure(rounds, Path(cache))
    for name, value in found.items():
        print(f"{name:24} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
