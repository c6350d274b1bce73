"""Ends what a run started and removes its temporary folders when the run is gone, however it ended.

    python -m tests.chaos.guard FOLDER... [--keep FOLDER]

Returns some time after its standard input has ended. A process is the run's when one of these folders, whose names no
other run has, stands in its command line: Asterisk, which controllers leave alive on purpose, and Postgres.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.support.faults_processes import kill

QUIET_S: Final = 1.0
"""So long nothing of the run may be there any more: a controller that was killed may just have started something."""
AT_MOST_S: Final = 20.0
LOOK_EVERY_S: Final = 0.1


def of_folders(folders: Sequence[Path]) -> Iterator[int]:
    """The processes that name one of them, or what lies in it; never this one."""
    names = [str(folder).encode() for folder in folders]
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word == name or word.startswith(name + b"/") for word in words for name in names):
            yield int(entry.name)


def end(folders: Sequence[Path], temporary: Sequence[Path]) -> None:
    """Kills the processes of `folders` and removes those that are temporary."""
    began = quiet_since = time.monotonic()
    while (now := time.monotonic()) - quiet_since < QUIET_S and now - began < AT_MOST_S:
        for pid in of_folders(folders):
            kill(pid)
            quiet_since = now
        time.sleep(LOOK_EVERY_S)
    for folder in temporary:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.guard")
    parser.add_argument("temporary", nargs="+", type=Path)
    parser.add_argument("--keep", action="append", default=[], type=Path, help="a folder that stays")
    given = parser.parse_args()
    sys.stdin.read()
    end([*given.temporary, *given.keep], given.temporary)


if __name__ == "__main__":
    main()
