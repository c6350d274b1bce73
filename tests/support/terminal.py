"""A command of ours in a terminal of its own, as a person has it: with keys, Ctrl-C, and a width."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


class Terminal:
    def __init__(self, file: int, process: subprocess.Popen[bytes]) -> None:
        self._file = file
        self._process = process
        self._unread = b""

    def until(self, words: str) -> str:
        """All that is said up to and with these words. Raises AssertionError when the command ends before."""
        wanted = words.encode()
        while wanted not in self._unread:
            try:
                more = os.read(self._file, 4096)
            except OSError:
                more = b""  # nobody has the terminal open any more
            if not more:
                raise AssertionError(f"{words!r} was not said: {self._unread.decode('utf-8', 'replace')}")
            self._unread += more
        said, self._unread = (
            self._unread[: self._unread.index(wanted)] + wanted,
            self._unread.split(wanted, 1)[1],
        )
        return said.decode("utf-8", "replace").replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        os.write(self._file, keys.encode())

    def ended(self) -> int:
        """The exit code."""
        return self._process.wait(timeout=PATIENCE_S)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def in_a_terminal(*arguments: str) -> Iterator[Terminal]:
    """`ivr` with these arguments; ended at the end."""
    ours, theirs = pty.openpty()
    # A shell that opens the terminal as the first of its session has it as its own, so that Ctrl-C is a signal.
    shell = ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&1', os.ttyname(theirs)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*shell, sys.executable, "-m", "ivr", *arguments],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Tests that run side by side ignore Ctrl-C, and what they start would too.
        preexec_fn=_heed_interrupts,
    )
    try:
        yield Terminal(ours, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
