"""Ids of objects in Asterisk, which outlive the controller that gave them."""

from __future__ import annotations

import subprocess
import sys

from ivr.ids import child_id

FORKED = """
import os, sys, time
from ivr.ids import child_id
for _ in range(2):
    before = time.time_ns() // 1_000_000
    if not (pid := os.fork()):
        print(before, child_id("c-n1-1-a", "agent"), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
"""


def test_no_id_is_given_twice() -> None:
    assert len({child_id("c-n1-1-a", "agent") for _ in range(1000)}) == 1000


def test_processes_that_are_forked_from_one_begin_each_where_no_other_has_been() -> None:
    """The chaos rig starts its controllers so: one took its predecessor's channel, which had ended, for its own."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        forked_ms, given = line.split()
        assert int(given.partition(".agent")[2], 16) >= int(forked_ms)
    assert len(done.stdout.splitlines()) == 2
