"""A private Postgres killed as by a crash, and started again on what it has written."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.support import postgres as private
from tests.support.faults_processes import tree
from tests.support.postgres import PrivatePostgres

REVIVED_S = 20.0


def kill(running: PrivatePostgres) -> None:
    """SIGKILL to the server and all its processes; returns when they are gone."""
    pids = tree(running.process.pid)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    running.process.wait()
    deadline = time.monotonic() + REVIVED_S
    while any(Path(f"/proc/{pid}/exe").exists() for pid in pids[1:]) and time.monotonic() < deadline:
        time.sleep(0.02)


def revive(running: PrivatePostgres) -> None:
    """The killed server again, in the same folder, with the same databases; returns when it takes connections."""
    programs = private.server_programs()
    prefix = private._as_unprivileged(running.folder)
    settings = [f"--{name}={value}" for name, value in private.SETTINGS.items()]
    deadline = time.monotonic() + REVIVED_S
    while True:
        with (running.folder / "server.log").open("ab") as log:
            running.process = subprocess.Popen(
                [
                    *prefix, str(programs / "postgres"), "-D", str(running.folder / "data"),
                    "-k", str(running.folder), "-p", str(private.PORT), *settings,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=running.folder, start_new_session=True,
            )  # fmt: skip
        try:
            private._wait_ready(programs, running.folder, running.process)
            return
        except RuntimeError:
            # The memory that the killed one shared with its children may be held for a moment.
            if time.monotonic() > deadline:
                raise
