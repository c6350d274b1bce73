"""Ends the rig's Asterisk when the run is gone, however it ended: controllers leave theirs alive on purpose.

python -m tests.chaos.guard FOLDER       # returns when its input ends; FOLDER is that of the rendered Asterisk
"""

from __future__ import annotations

import sys
from pathlib import Path

from ivr.asterisk.running import read_mark
from tests.support.faults_processes import kill

if __name__ == "__main__":
    sys.stdin.read()
    mark = read_mark(Path(sys.argv[1]))
    if mark is not None:
        kill(mark.pid)
