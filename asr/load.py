"""How busy a worker's engines are: measured, so that a caller who can't be served in time is told at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TypeVar

Result = TypeVar("Result")

WEIGHT = 0.2
"""Of the latest call in the running mean of what a call costs."""


class Load:
    """Submits work and knows what waits. Any thread."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._in_flight = 0
        self._mean_s = 0.0
        self.busy_s = 0.0

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        with self._lock:
            self._in_flight += 1
        future = self._threads.submit(self._timed, work)
        future.add_done_callback(self._done)
        return future

    @property
    def idle(self) -> bool:
        return self._in_flight == 0

    @property
    def queue_s(self) -> float:
        """Roughly how long work that is submitted now waits, in seconds, as if one call ran at a time."""
        return self._in_flight * self._mean_s

    def _timed(self, work: Callable[[], Result]) -> Result:
        began = time.monotonic()
        try:
            return work()
        finally:
            took = time.monotonic() - began
            with self._lock:
                self._mean_s += WEIGHT * (took - self._mean_s)
                self.busy_s += took

    def _done(self, future: Future[Result]) -> None:
        with self._lock:
            self._in_flight -= 1
