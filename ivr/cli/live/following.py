"""A real call, followed by its journal: the inputs that it had go through the machine once more, as a replay does."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ivr.call.session import CallSession
from ivr.cli.live.variant import Addresses
from ivr.flow.actions import Action, Request
from ivr.flow.codec import input_from_json
from ivr.flow.followed import FollowedCall, done
from ivr.flow.inputs import CallbackPlaced, Digit, RecordingEnded, SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts
from ivr.main import Hotline

LOOK_EVERY_S: Final = 0.5
"""Should the hotline not say that something changed."""
MASKED: Final = "*"
RECORDING: Final = "r-1"
PROMISE: Final = "k-1"
"""As in a simulation."""


class LiveCall(FollowedCall):
    """As a `FollowedCall`, in a scenario's words: with the addresses that authors wrote, the ids of a simulation, and
    what was said where the recogniser wrote the same in other letters."""

    def __init__(
        self, library: FlowLibrary, call: CallFacts, now: dt.datetime, entry: str, addresses: Addresses
    ) -> None:
        self._addresses = addresses
        self.saying = ""
        """What the caller says now, as the scenario writes it."""
        self.promises: list[str] = []
        """The real ids of promises to call back."""
        super().__init__(library, call, now, entry)

    def words(self, action: Action) -> str:
        words = done(action)
        return self._addresses.back(words) if isinstance(action, Request) else words

    def happens(self, at: dt.datetime, written: object) -> None:
        """An input as it was journalled. Raises CodecError."""
        self.now = at
        event = input_from_json(written)
        match event:
            case SpeechHeard() if self.saying and normalise(event.text) == normalise(self.saying):
                event = replace(event, text=self.saying)
            case RecordingEnded() if event.recording:
                event = replace(event, recording=RECORDING)
            case CallbackPlaced() if event.callback:
                self.promises.append(event.callback)
                event = replace(event, callback=PROMISE)
            case _:
                pass
        self.give(event)


class Follower:
    """Reads a call's journal as it is written.

    session: of the call. caller: the number as the scenario has it. pressed: the keys that the caller has pressed, in
    order: the journal masks some of them.
    """

    def __init__(self, hotline: Hotline, session: CallSession, addresses: Addresses, caller: str) -> None:
        self._hotline = hotline
        self._session = session
        self.pressed: deque[str] = deque()
        self._read = 0
        facts = session.facts
        speech = {name for name, engine in hotline.languages.items() if engine is not None}
        self.call = LiveCall(
            hotline.library,
            CallFacts(
                session.call,
                caller=caller,
                number=facts.called,
                language=facts.language,
                speech=tuple(sorted(speech & set(hotline.library.languages))),
                history=facts.history,
            ),
            session.arrived_at,
            facts.entry_flow,
            addresses,
        )
        self.finished = False
        """The call is over and its journal complete."""
        self.on_news: Callable[[], None] = lambda: None

    async def update(self) -> None:
        """Read what is new. Raises StorageError."""
        await self._hotline.writer.drain()
        async with self._hotline.store.reading() as uow:
            events = list(await uow.journal.of(self._session.call))
        news = events[self._read :]
        self._read = len(events)
        for event in news:
            if event.kind == "input":
                data = dict(event.data)
                if data.get("type") == "digit" and self.pressed:
                    key = self.pressed.popleft()
                    if data.get("digit") == MASKED:
                        data["digit"] = key
                self.call.happens(event.at, data)
            elif event.kind == "ended" and "outcome" in event.data:
                self.finished = True
        if news:
            self.on_news()

    async def until(self, reached: Callable[[LiveCall], bool], timeout_s: float) -> bool:
        """Whether it was reached in time; the end of the call ends the waiting too."""
        loop = asyncio.get_running_loop()
        ends, seen = loop.time() + timeout_s, -1
        while True:
            await self.update()
            if reached(self.call):
                return True
            if self.finished or loop.time() >= ends:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    seen = await self._hotline.status.changed(seen)

    def digits(self) -> int:
        """How many keys the dialogue has got."""
        return sum(isinstance(event, Digit) for _, event in self.call.inputs)
