"""One controller at a time in a state directory; and how it gives its calls to the next one.

    lock = ControllerLock(state_dir, node)
    lock.take()                  # ConfigError: another one runs, and who
    ...
    lock.say("let_go")           # the calls are the next one's; the process still ends what is its own

    await lock.until_let_go()    # the next one, which has taken the application
    await lock.until_ours()

    who_runs(state_dir)          # for others: the process, or None

Theory of operation. The kernel holds a lock on `controller.lock` for the process that runs, and drops it when that
ends, however it ends. What the file says is for others: which process it is, since when, and whether it has let its
calls go. Whoever comes to take them over says so in `controller.next`, one at a time: then the one that loses the
application to it writes down what is left, says `let_go` and ends. One that does not within `LET_GO_S` is frozen, and
is killed: nothing is lost by that (docs/developers/recovery.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import json
import logging
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from ivr.asterisk.running import Mark, mark_of
from ivr.errors import ConfigError

if TYPE_CHECKING:
    from ivr.config import Settings

log = logging.getLogger(__name__)

LOCK: Final = "controller.lock"
NEXT: Final = "controller.next"
COMING: Final = "controller.coming"
"""Locked while somebody looks at `controller.next` and writes it: that one is replaced, and cannot be locked itself."""
LET_GO_S: Final = 10.0
"""So long the old controller has from losing its application to letting its calls go."""
ENDED_S: Final = 20.0
"""So long it has to end after that."""
LOOK_EVERY_S: Final = 0.02
State = Literal["runs", "let_go"]


@dataclass(frozen=True, slots=True)
class Holder:
    """mark: of the process (ivr/asterisk/running.py), None where the machine does not tell."""

    pid: int
    node: str
    host: str
    since: str
    state: State = "runs"
    mark: Mark | None = None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, node {self.node}, since {self.since}"


class ControllerLock:
    """Of the controller of this process."""

    def __init__(self, state_dir: Path, node: str) -> None:
        self._path = state_dir / LOCK
        self._next = state_dir / NEXT
        self._node = node
        self._file = -1

    @property
    def is_ours(self) -> bool:
        return self._file >= 0

    @property
    def wanted(self) -> bool:
        """Another process has come to take our calls over, and still runs."""
        coming = _read(self._next)
        return coming is not None and coming.pid != os.getpid() and _runs(coming)

    def take(self) -> None:
        """Raises ConfigError: another controller has this state directory, or is about to have it."""
        holder = self.holder()
        if holder is not None and holder.state == "let_go":
            # Whoever it was let go to has the application, and the lock in a moment.
            self._check_coming()
        if not self._try():
            raise ConfigError(
                f"another controller runs in {self._path.parent}: {self.holder() or 'not known which'}",
                mend="stop it, take its calls over with `ivr run --takeover`, or use another `state_dir`",
            )

    def holder(self) -> Holder | None:
        """Who has it, as far as the file tells."""
        return _read(self._path)

    def say(self, state: State) -> None:
        """Into the file, for whoever waits."""
        if self.is_ours:
            holder = self.holder()
            if holder is not None:
                self._write(replace(holder, state=state))

    def come(self) -> bool:
        """Take it, or say that we are to be the next. True: it is ours, nobody has it.

        Raises ConfigError: the calls would be nobody's if we took the application, since another process is taking them
        over already, or the controller that has them and we cannot see each other.
        """
        with self._coming_alone():
            self._check_coming()
            if self._try():
                return True
            holder = self.holder()
            if holder is None or not _runs_here(holder):
                raise ConfigError(
                    f"the controller in {self._path.parent} cannot be seen from here: "
                    f"{holder or 'not known which'}",
                    mend="take over in the machine or container in which it runs, or stop it first",
                )
            draft = self._next.with_suffix(".draft")
            draft.write_text(json.dumps(asdict(self._us())))
            draft.replace(self._next)
        return False

    async def until_let_go(self) -> None:
        """Returns when the calls of the one that has the lock are ours. Kills it when it does not answer."""
        for _ in range(round(LET_GO_S / LOOK_EVERY_S)):
            if self._try():
                return
            holder = self.holder()
            if holder is not None and holder.state == "let_go":
                return
            await asyncio.sleep(LOOK_EVERY_S)
        log.error("the controller of before does not let its calls go and is killed: %s", self.holder())
        self._kill(self.holder())
        await self.until_ours()

    async def until_ours(self) -> None:
        """Returns when the one before has ended. It has let its calls go: one that does not end is killed, since it
        must not cost those calls their new controller. Raises ConfigError: it cannot be killed."""
        if await self._ours_within(ENDED_S):
            return
        log.error("the controller of before does not end, and is killed: %s", self.holder())
        self._kill(self.holder())
        if not await self._ours_within(ENDED_S):
            raise ConfigError(
                f"the controller of before does not end: {self.holder()}", mend="end it with `kill -9`"
            )

    async def _ours_within(self, limit_s: float) -> bool:
        for _ in range(round(limit_s / LOOK_EVERY_S)):
            if self._try():
                self._next.unlink(missing_ok=True)
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    def close(self) -> None:
        """Idempotent. The end of the process does the same."""
        if self.is_ours:
            os.close(self._file)
            self._file = -1

    @contextlib.contextmanager
    def _coming_alone(self) -> Iterator[None]:
        """Between looking whether somebody comes and saying that we do nobody else may. Raises ConfigError."""
        file = _locked(self._path.with_name(COMING))
        if file is None:
            raise self._another_comes()
        try:
            yield
        finally:
            os.close(file)

    def _check_coming(self) -> None:
        if self.wanted:
            raise self._another_comes()

    def _another_comes(self) -> ConfigError:
        coming = _read(self._next) if self.wanted else None
        return ConfigError(
            f"another process takes the calls over just now: {coming or 'not known which'}",
            mend="wait until it has, then look which one runs",
        )

    def _try(self) -> bool:
        if self.is_ours:
            return True
        file = _locked(self._path)
        if file is None:
            return False
        self._file = file
        self._write(self._us())
        return True

    def _us(self) -> Holder:
        since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        return Holder(os.getpid(), self._node, socket.gethostname(), since, mark=mark_of(os.getpid(), 3))

    def _write(self, holder: Holder) -> None:
        told = json.dumps(asdict(holder)).encode() + b"\n"
        os.pwrite(self._file, told, 0)
        os.ftruncate(self._file, len(told))

    def _kill(self, holder: Holder | None) -> None:
        if holder is not None and _runs_here(holder):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(holder.pid, signal.SIGKILL)


@contextlib.contextmanager
def one_at_a_time(settings: Settings, *, takeover: bool) -> Iterator[ControllerLock]:
    """The lock, ours; or another one's, which is about to be (takeover). Raises ConfigError."""
    lock = ControllerLock(settings.state_dir, settings.node)
    try:
        if not takeover:
            lock.take()
        elif not lock.come():
            log.warning("takes over from %s", lock.holder())
        yield lock
    finally:
        lock.close()


def who_runs(state_dir: Path) -> Holder | None:
    """The controller of this machine that runs in that state directory now. Takes no lock: none that starts is kept
    from it."""
    holder = _read(state_dir / LOCK)
    return holder if holder is not None and _runs_here(holder) else None


def _locked(path: Path) -> int | None:
    """The file, open and locked until it is closed; None: somebody else has it. Raises ConfigError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError as error:
        os.close(file)
        mend = "put `state_dir` onto a disk of this machine"
        raise ConfigError(f"{path} cannot be locked: {error}", mend=mend) from error
    return file


def _read(path: Path) -> Holder | None:
    try:
        told = json.loads(path.read_text())
        mark = told.pop("mark", None)
        found = Holder(**told)
        return (
            found if mark is None else replace(found, mark=Mark(**mark | {"command": tuple(mark["command"])}))
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _runs(holder: Holder) -> bool:
    """This very process, not a later one of the same number."""
    return holder.mark is not None and holder.mark.is_there


def _runs_here(holder: Holder) -> bool:
    return holder.host == socket.gethostname() and _runs(holder)
