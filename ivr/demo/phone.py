"""What every simulated phone can do, and the events it reports.

A phone has one call at a time. Its events are kept in order in an `EventLog`; `next` waits for the next
event of a kind after the last one it gave out, so that a script reads like the call went:

    await phone.dial("sip:12345@127.0.0.1:5060")
    await phone.events.next("established", timeout=5)
    await phone.send_digits("1")
    await phone.events.next("closed", timeout=30)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""Mono audio, 16-bit signed."""

PHONE_RATE = 8000
"""Sample rate (Hz) of everything a simulated phone says and hears: they speak G.711."""

PhoneEventKind = Literal[
    "registered",
    "register_failed",
    "unregistered",
    "incoming",
    "refused",
    "ringing",
    "established",
    "closed",
    "digit",
    "lamp",
    "refer",
    "exited",
]


class PhoneError(Exception):
    """A phone could not be started or refused a command. The message carries the end of its log."""


class PhoneTimeout(PhoneError):
    """An expected event did not come in time. The message lists the events that did."""


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """peer: the other side's SIP URI, "" where there is none. detail: the reason of `closed` and `register_failed`,
    the key of `digit`, the state of `lamp` (RFC 4235), what a transfer came to of `refer`. at_s: the event
    loop's clock (s)."""

    kind: PhoneEventKind
    peer: str = ""
    detail: str = ""
    at_s: float = 0.0


class EventLog:
    """All events of one phone, in order. One reader at a time."""

    def __init__(self) -> None:
        self._events: list[PhoneEvent] = []
        self._given = 0
        self._more = asyncio.Event()

    @property
    def history(self) -> Sequence[PhoneEvent]:
        return tuple(self._events)

    def add(self, kind: PhoneEventKind, *, peer: str = "", detail: str = "") -> None:
        self._events.append(PhoneEvent(kind, peer, detail, asyncio.get_running_loop().time()))
        self._more.set()

    async def next(self, *kinds: PhoneEventKind, timeout: float = 10.0) -> PhoneEvent:
        """The next event of these kinds (of any kind when none is named) after the last one given out.

        Events of other kinds before it are passed over. Raises PhoneTimeout after `timeout` s, and
        PhoneError at once when the phone exits meanwhile.
        """
        try:
            async with asyncio.timeout(timeout):
                while True:
                    while self._given < len(self._events):
                        event = self._events[self._given]
                        self._given += 1
                        if not kinds or event.kind in kinds:
                            return event
                        if event.kind == "exited":
                            raise PhoneError(f"the phone exited while waiting for {kinds}: {event.detail}")
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            seen = [event.kind for event in self._events]
            raise PhoneTimeout(
                f"no {' or '.join(kinds) or 'event'} within {timeout} s; seen: {seen}"
            ) from None


class Phone(Protocol):
    """A simulated phone. Commands return when the phone took them; what follows is told by `events`."""

    @property
    def events(self) -> EventLog: ...
    async def dial(self, uri: str) -> None: ...
    async def answer(self) -> None: ...
    async def reject(self) -> None: ...
    async def hangup(self) -> None: ...
    async def send_digits(self, digits: str) -> None:
        """Press keys as RFC 4733 telephone events, one after the other."""
        ...

    async def play(self, audio: Path | Samples) -> float:
        """Speak a recording from now on, silence after it. Returns its length (s). Replaces what was being said."""
        ...

    def received_audio(self) -> Samples:
        """What this phone has heard in its latest call so far, at `PHONE_RATE`."""
        ...
