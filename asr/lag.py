"""Work that has a time by which it must be done: an engine that is too slow is as good as one that fails.

An engine's call cannot be stopped, so a stream's calls run in a thread of their own, which is left behind when the time
is up; what it says later is thrown away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol, TypeVar

from asr.protocol import AsrError

Result = TypeVar("Result")

BYTES_PER_S = 32_000


class Lagged(AsrError):
    """The engine did not answer in time."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What an engine may take, in seconds of the clock.

    begin_s: to make a stream. grace_s + per_audio_s * (seconds of audio it was given): for all its hearing together, so
    that one that falls behind step by step is noticed as well as one that hangs. finish_s: beyond that, for its answer.
    last_s: beyond all of it where nobody is left to take over: a late answer is better than none, up to here.
    """

    begin_s: float = 2.0
    grace_s: float = 2.0
    per_audio_s: float = 1.0
    finish_s: float = 3.0
    last_s: float = 6.0

    def left_s(self, heard_bytes: int, spent_s: float, *, finishing: bool, last: bool) -> float:
        """For the next call of one that was given so much audio and has used so much time."""
        allowed_s = self.grace_s + self.per_audio_s * heard_bytes / BYTES_PER_S
        return max(
            0.0,
            allowed_s - spent_s + (self.finish_s if finishing else 0.0) + (self.last_s if last else 0.0),
        )


class Lane(Protocol):
    """Where the calls of one stream run, one after the other."""

    def run(self, work: Callable[[], Result], within_s: float, late: Callable[[], None]) -> Result:
        """What the work returns or raises. Raises Lagged: then this lane is lost, and `late` is called when the work
        has ended after all."""
        ...

    def close(self) -> None: ...


class Watch(Protocol):
    """The clock, and lanes that go by it."""

    def now(self) -> float: ...
    def lane(self) -> Lane: ...


class ThreadWatch:
    """Each lane is a thread: one that hangs takes nothing from the others. A call costs 0.07 ms more than without."""

    def now(self) -> float:
        return time.monotonic()

    def lane(self) -> ThreadLane:
        return ThreadLane()


class ThreadLane:
    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon, none of a pool's: the interpreter would wait for those at its end.
        threading.Thread(target=self._serve, name="engine lane", daemon=True).start()

    def run(self, work: Callable[[], Result], within_s: float, late: Callable[[], None]) -> Result:
        done: Future[Result] = Future()

        def call() -> None:
            try:
                result = work()
            # Whatever it raises belongs to whoever waits.
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(result)

        self._calls.put(call)
        try:
            return done.result(within_s)
        except TimeoutError:
            if done.done():
                return done.result()
        done.add_done_callback(lambda _: late())
        raise Lagged(f"no answer within {within_s:.1f} s")

    def close(self) -> None:
        """Ends the thread once the call in it has ended."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
