"""The threads of a worker's engines, shared fairly between hearings, and what their work costs.

    lane = load.lane(recognizer, request)           # raises AsrUnavailable("overloaded")
    future = lane.submit(work, units)               # from any thread
    lane.close()

Each hearing has a lane; `fair.py` says whose turn it is, `admission.py` whether there is room for one more.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from asr.admission import Admission, Kind, Measured
from asr.fair import FairQueue
from asr.protocol import AsrUnavailable, ListenRequest, Priority, Recognizer

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Piece:
    lane: Lane
    work: Callable[[], Any]
    units: float
    future: Future[Any]
    since_s: float

    @property
    def counts(self) -> bool:
        """What an engine for whole utterances does besides (prepare, look into speech that goes on) is done once, or
        only while nobody waits: it says nothing of what one more caller would cost."""
        return self.units > 0 or self.lane.kind.streaming

    def run(self) -> Callable[[], None]:
        """Does the work; hands back how to tell whoever waits for it."""
        try:
            result = self.work()
        # Whatever an engine raises belongs to whoever asked.
        except BaseException as error:
            raised = error
            return lambda: self.future.set_exception(raised)
        return lambda: self.future.set_result(result)


class Load:
    """Any thread."""

    def __init__(
        self,
        threads: int,
        *,
        max_streams: int = 16,
        longest_wait_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="engine")
        self._clock = clock
        self._lock = threading.Lock()
        # With more than one thread there is always one that no recording holds.
        self._queue: FairQueue[_Piece] = FairQueue(max(1, threads - 1))
        self._admission = Admission(threads, max_streams, longest_wait_s)
        self._numbers = itertools.count()
        self._running: dict[int, float] = {}

    def lane(self, recognizer: Recognizer, request: ListenRequest) -> Lane:
        """Raises AsrUnavailable: what is asked cannot be served in real time."""
        able = recognizer.capabilities
        kind = Kind(able.engine, able.streaming, bool(request.phrases))
        with self._lock:
            late_s, waiting = self._late_s(), sum(1 for _ in self._queue.waiting("background"))
            why = self._admission.refusal(kind, request.priority, late_s, waiting)
            if why:
                raise AsrUnavailable(why, "overloaded")
            self._admission.opened(kind, request.priority)
        return Lane(self, next(self._numbers), kind, request.priority, self._clock())

    def measured(self) -> Measured:
        with self._lock:
            return self._admission.measured(self._late_s())

    def stop(self) -> None:
        """What runs ends by itself; nothing more begins."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def idle(self) -> bool:
        """Nobody on the line waits for the engines."""
        with self._lock:
            return not self._queue.at_work("live") and next(self._queue.waiting("live"), None) is None

    def stuck_s(self) -> float:
        """How long the piece that runs longest has been running: an engine that hangs never comes back."""
        with self._lock:
            return self._clock() - min(self._running.values(), default=self._clock())

    def put(self, lane: Lane, work: Callable[[], Result], units: float) -> Future[Result]:
        """What lanes submit by."""
        future: Future[Result] = Future()
        with self._lock:
            self._queue.put(lane.number, lane.priority, _Piece(lane, work, units, future, self._clock()))
        # Not this piece, but leave for one thread to look whose turn it is.
        self._threads.submit(self._work_off)
        return future

    def leave(self, lane: Lane) -> None:
        with self._lock:
            dropped = self._queue.forget(lane.number)
            self._admission.closed(lane.kind, lane.priority)
        for piece in dropped:
            piece.future.cancel()

    def _work_off(self) -> None:
        # On until nothing may be done: a piece of background work that was held back has no other leave.
        while True:
            with self._lock:
                taken = self._queue.take()
            if taken is None:
                return
            priority, piece = taken
            tell = self._run(piece) if piece.future.set_running_or_notify_cancel() else None
            with self._lock:
                self._queue.done(priority)
            # Last: whoever is told finds the counts already right.
            if tell is not None:
                tell()

    def _run(self, piece: _Piece) -> Callable[[], None]:
        lane = piece.lane
        with self._lock:
            now = self._clock()
            self._running[id(piece)] = now
            if piece.counts:
                self._admission.began(lane.kind, now)
        tell = piece.run()
        with self._lock:
            now = self._clock()
            del self._running[id(piece)]
            if piece.counts:
                self._admission.ended(lane.kind, now)
            if piece.units:
                self._admission.did(lane.kind, piece.units, now - lane.counted_until_s)
                lane.counted_until_s = now
        return tell

    def _late_s(self) -> float:
        now = self._clock()
        return max((now - piece.since_s for piece in self._queue.waiting("live")), default=0.0)


class Lane:
    """One hearing's way to the threads. `close` it with the hearing."""

    def __init__(self, load: Load, number: int, kind: Kind, priority: Priority, now: float) -> None:
        self._load = load
        self.number = number
        self.kind = kind
        self.priority = priority
        self.counted_until_s = now
        self._closed = False

    def submit(self, work: Callable[[], Result], units: float = 0.0) -> Future[Result]:
        """In one of the worker's threads, when it is this hearing's turn. Pieces of one hearing begin in order.

        units: what it is worth in the measure of its kind of engine: seconds of speech fed to one that streams, 1 for
        an utterance read by one that does not, 0 for all else (preparing, finishing, looking into unfinished speech).
        """
        return self._load.put(self, work, units)

    @property
    def idle(self) -> bool:
        """Nobody on the line waits for the engines: something may be tried that is perhaps in vain."""
        return self._load.idle()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._load.leave(self)
