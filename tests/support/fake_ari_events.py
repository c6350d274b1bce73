"""Time, ids and the order of events in the fake Asterisk (`fake_ari_commands.py`)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import orjson

from tests.support.fake_ari_objects import timestamp


class FakeEvents:
    """Tells of everything through `deliver`, in an order that is drawn from `seed`.

    jitter_s: the most by which an event or an answer is late.
    """

    def __init__(self, *, app: str = "ivr", seed: int = 0, jitter_s: float = 0.004) -> None:
        self.app = app
        self.random = random.Random(seed)
        self.jitter_s = jitter_s
        self.deliver: Callable[[bytes], None] = lambda raw: None
        self.online = True
        """False: nobody holds the websocket; events are lost and `Stasis` fails."""
        self.lost: dict[str, int] = {}
        """Event type -> how many of the next ones are lost."""
        self.garbled: dict[str, int] = {}
        """Event type -> how many of the next ones come cut off in the middle, and then with values of other types."""
        self.doubled: dict[str, int] = {}
        """Event type -> how many of the next ones come twice."""
        self._topics: dict[str, float] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._counter = 0

    def _new_id(self) -> str:
        self._counter += 1
        return f"1700000000.{self._counter}"

    def _after(self, delay_s: float, act: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        return self._at(asyncio.get_running_loop().time() + delay_s, act, *args)

    def _at(self, when: float, act: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        def run() -> None:
            self._timers.discard(timer)
            act(*args)

        timer = asyncio.get_running_loop().call_at(when, run)
        self._timers.add(timer)
        return timer

    def _emit(self, topic: str, kind: str, then: Callable[[], None] | None = None, **fields: Any) -> None:
        """After a random delay, but never before an earlier event of the same topic."""
        now = asyncio.get_running_loop().time()
        due = max(now + self.random.uniform(0, self.jitter_s), self._topics.get(topic, 0.0) + 1e-6)
        self._topics[topic] = due
        message = {
            "type": kind,
            "timestamp": timestamp(),
            **fields,
            "asterisk_id": "fake",
            "application": self.app,
        }
        raw = orjson.dumps(message)

        def out() -> None:
            if then is not None:
                then()
            if not self.online or _due(self.lost, kind):
                return
            if _due(self.garbled, kind):
                self.deliver(raw[: len(raw) // 2])
                self.deliver(orjson.dumps({name: [name] for name in message} | {"type": kind}))
                return
            self.deliver(raw)
            if _due(self.doubled, kind):
                self.deliver(raw)

        self._at(due, out)

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def _due(counts: dict[str, int], kind: str) -> bool:
    """Whether one more of this kind is due; takes it."""
    if counts.get(kind, 0) <= 0:
        return False
    counts[kind] -= 1
    return True
