"""The process of a private Asterisk: spawned by us, or found running from an earlier start of this folder.

A controller that dies leaves Asterisk and its calls alive. The next one finds it by a file that says which process it
is: its number, when it began, in which boot, and how its command line ends. A process that differs in any of them is
somebody else's, and is never signalled.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

MARK: Final = "process.json"
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
UNKNOWN_STATUS: Final = 0
"""Of a process that is not our child: nobody is told how it ended."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Which process it is. started: in the kernel's ticks since the boot. command: the end of its command line.

    configuration: a digest of what it was started with.
    """

    pid: int
    started: int
    boot: str
    command: tuple[str, ...]
    configuration: str = ""

    @property
    def is_there(self) -> bool:
        """This very process runs."""
        return mark_of(self.pid, len(self.command), self.configuration) == self


def mark_of(pid: int, tail: int, configuration: str = "") -> Mark | None:
    """Of a process that runs now; None: there is none, or only what is left of one that has ended.

    tail: so many words of its command line are kept.
    """
    folder = Path(f"/proc/{pid}")
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        boot = BOOT.read_text().strip()
    except OSError:
        return None
    if fields[0] in "ZXx":
        return None
    return Mark(pid, int(fields[19]), boot, tuple(words[-tail:]), configuration)


def write_mark(folder: Path, mark: Mark) -> None:
    """Whole or not at all."""
    draft = folder / f".{MARK}.draft"
    draft.write_text(json.dumps(asdict(mark)) + "\n")
    draft.replace(folder / MARK)


def remove_mark(folder: Path) -> None:
    (folder / MARK).unlink(missing_ok=True)


def read_mark(folder: Path) -> Mark | None:
    """The one of this folder whose process still runs."""
    try:
        told = json.loads((folder / MARK).read_text())
        mark = Mark(**(told | {"command": tuple(told["command"])}))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return mark if mark.is_there else None


class Running(Protocol):
    """pid: its number. Nothing here waits."""

    pid: int

    def ended(self) -> bool: ...

    def send(self, number: int) -> None:
        """A signal. Nothing happens when it has ended."""
        ...

    def status(self) -> int:
        """After its end: how it ended, negative = by that signal."""
        ...

    def let_go(self) -> None:
        """It is not ours any more, and goes on. Nothing else is asked of it from now on."""
        ...


class Spawned:
    """Our child. Implements `Running`."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self.pid = child.pid

    def ended(self) -> bool:
        return self._child.poll() is not None

    def send(self, number: int) -> None:
        self._child.send_signal(number)

    def status(self) -> int:
        return self._child.wait()

    def let_go(self) -> None:
        # Or Python would complain of a child that nobody waits for.
        self._child.returncode = UNKNOWN_STATUS


class Found:
    """One that another controller started. Implements `Running`; holds the process, so its number cannot become
    somebody else's meanwhile. Raises OSError when it has just ended."""

    def __init__(self, mark: Mark) -> None:
        self.pid = mark.pid
        self._handle = os.pidfd_open(mark.pid)
        # The number may have gone to another between the file and the handle.
        if not mark.is_there:
            os.close(self._handle)
            raise ProcessLookupError(mark.pid)
        self._poll = select.poll()
        self._poll.register(self._handle, select.POLLIN)

    def ended(self) -> bool:
        # The last of its threads has: until then it holds its ports.
        return bool(self._poll.poll(0))

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def status(self) -> int:
        return UNKNOWN_STATUS

    def let_go(self) -> None:
        pass

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._handle)


def found(folder: Path, command: Sequence[str]) -> tuple[Found, Mark] | None:
    """The process of this folder that an earlier controller left. command: how its command line must end."""
    mark = read_mark(folder)
    if mark is None or mark.command != tuple(command):
        return None
    try:
        return Found(mark), mark
    except OSError:
        return None
