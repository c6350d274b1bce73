"""Phones of a test against a running hotline, and what they heard, by its content."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.demo.softphone import Softphone
from ivr.desk.people import Author
from ivr.flow.actions import JsonValue, Prompt
from ivr.main import Hotline
from routing.ids import AgentId
from tests.support.audio import PHONE_RATE, Match, Samples, contains, is_silent, load_recording
from tests.support.softphone import agent_phone, citizen_phone

_NUMBERS = itertools.count(13800000001)
"""Each citizen calls from another telephone: nobody has a lost place or a last agent from an earlier test."""
LISTEN_EVERY_S = 0.5
"""Between two looks at what a phone has heard so far."""

Caller = Softphone | LightPhone
Phone = TypeVar("Phone")


class Scene:
    """Opens phones and closes them at the end of the test."""

    def __init__(self, hotline: Hotline) -> None:
        self.hotline = hotline
        assert hotline.rendered is not None
        self.rendered = hotline.rendered
        self._stack = AsyncExitStack()
        self._citizens: list[Caller] = []

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def citizen(self, kind: type[Caller] = LightPhone) -> Caller:
        """A citizen on the line, answered by the hotline."""
        number = str(next(_NUMBERS))
        phone = await self._stack.enter_async_context(citizen_phone(self.rendered, number, kind=kind))
        self._citizens.append(phone)
        await phone.dial(self.rendered.hotline_uri)
        await phone.events.next("established", timeout=10)
        # The dialplan answers; the controller has the call a moment later.
        await self.until(lambda: number in self._callers(), f"a session for {number}")
        return phone

    async def enter(self, phone: AbstractAsyncContextManager[Phone]) -> Phone:
        """A telephone of the test's own kind, closed at the end of the test."""
        return await self._stack.enter_async_context(phone)

    async def clear_the_line(self) -> None:
        """Every citizen hangs up; returns when the hotline has no call."""
        for phone in self._citizens:
            with contextlib.suppress(PhoneError):
                await phone.hangup()
        self._citizens.clear()
        await self.until(lambda: not self.stages(), "nobody is on the line", 30)

    def _callers(self) -> list[str]:
        return [session.facts.caller for session in self.hotline.front_door.registry]

    async def citizen_dialling(self) -> Caller:
        """A citizen whose INVITE is out and not yet answered."""
        phone = await self._stack.enter_async_context(
            citizen_phone(self.rendered, str(next(_NUMBERS)), kind=LightPhone)
        )
        await phone.dial(self.rendered.hotline_uri)
        return phone

    async def agent(
        self, name: str, answers_after_s: float | None = 0.5, kind: type[Caller] = LightPhone
    ) -> Caller:
        """An agent's telephone, registered and logged in by the feature code."""
        phone = await self._stack.enter_async_context(
            agent_phone(self.rendered, name, auto_answer_after_s=answers_after_s, kind=kind)
        )
        await phone.register()
        await self.dial_code(phone, "*45")
        await self.until(lambda: self.states()[name] != "offline", f"{name} is logged in")
        return phone

    async def dial_code(self, phone: Caller, code: str) -> Samples:
        """Dial a feature code and hear it out. Returns what was said."""
        await phone.dial(f"sip:{code}@{self.rendered.sip_host}:{self.rendered.ports.sip}")
        await phone.events.next("established", timeout=5)
        await phone.events.next("closed", timeout=15)
        await self.until(lambda: not self._dials(phone.user), f"the code of {phone.user} is over")
        return phone.received_audio()

    def _dials(self, account: str) -> bool:
        """Our side of a code's call, which ends a moment after the telephone's."""
        agent = self.hotline.telephony.book.agent_of(account)
        known = self.hotline.dispatcher.board.agents.get(AgentId(agent))
        return known is not None and known.own_call != ""

    def log_in(self, agent: str) -> None:
        """By the desk; `dial_code` says it by telephone."""
        self.hotline.desk.log_in(Author.of_agent(agent))

    def states(self) -> dict[str, str]:
        return {agent.id: agent.state for agent in self.hotline.dispatcher.board.agents.values()}

    def stages(self) -> list[str]:
        return [session.stage for session in self.hotline.front_door.registry]

    async def until(self, reached: Any, what: str, timeout_s: float = 20.0) -> None:
        """Wait for the status page's own signal of change, not by polling, until `reached()`."""
        status = self.hotline.status
        seen = -1
        try:
            async with asyncio.timeout(timeout_s):
                while not reached():
                    seen = await status.changed(seen)
        except TimeoutError:
            raise AssertionError(
                f"not within {timeout_s} s: {what}; {self.stages()} {self.states()}"
            ) from None

    def clip(self, prompt: str, language: str = "zh", **values: JsonValue) -> Samples:
        """What this prompt sounds like, at the phones' rate."""
        parts = [
            load_recording(Path(uri.removeprefix("sound:") + ".ulaw"))
            for uri in self.hotline.audio.media((Prompt(prompt, values),), language)
        ]
        return np.concatenate(parts)

    def heard(self, phone: Caller, prompt: str, language: str = "zh", **values: JsonValue) -> Match:
        return contains(phone.received_audio(), self.clip(prompt, language, **values))

    async def hears(
        self, phone: Caller, prompt: str, language: str = "zh", timeout_s: float = 25.0, **values: JsonValue
    ) -> None:
        """Wait until the phone has heard the whole prompt; what came since is listened to again and again."""
        clip = self.clip(prompt, language, **values)
        heard = phone.received_audio()
        match = contains(heard, clip)
        for _ in range(round(timeout_s / LISTEN_EVERY_S)):
            if match:
                return
            overlap = max(0, len(heard) - len(clip) - PHONE_RATE)
            await asyncio.sleep(LISTEN_EVERY_S)
            heard = phone.received_audio()
            match = await asyncio.to_thread(contains, heard[overlap:], clip)
        match = contains(heard, clip)
        if not match:
            raise AssertionError(f"{prompt} ({language}) was not heard within {timeout_s} s; best {match}")

    async def hears_for(self, phone: Caller, seconds: float) -> None:
        """Wait until the phone has received so much more audio (silence counts, no packets do not)."""
        wanted = len(phone.received_audio()) + round(seconds * PHONE_RATE)
        for _ in range(round(4 * seconds / LISTEN_EVERY_S)):
            if len(phone.received_audio()) >= wanted:
                return
            await asyncio.sleep(LISTEN_EVERY_S)
        raise AssertionError(f"less than {seconds} s of audio came")

    def silent(self, phone: Caller, since: int) -> bool:
        """Nothing audible from that sample on."""
        return is_silent(phone.received_audio()[since:])

    async def until_journalled(self, call: str, kind: str) -> None:
        """Until the call's journal has an input or note of this kind."""

        async def there() -> bool:
            return any(kind in (event, data.get("type")) for event, data in await self.journal(call))

        seen = -1
        try:
            async with asyncio.timeout(20):
                while not await there():
                    seen = await self.hotline.status.changed(seen)
        except TimeoutError:
            raise AssertionError(f"no {kind} in the journal") from None

    async def journal(self, call: str) -> list[tuple[str, dict[str, Any]]]:
        await self.hotline.writer.drain()
        async with self.hotline.store.reading() as uow:
            return [(event.kind, dict(event.data)) for event in await uow.journal.of(call)]

    async def record(self, call: str) -> Any:
        await self.hotline.writer.drain()
        async with self.hotline.store.reading() as uow:
            return await uow.calls.get(call)

    async def transcript(self, call: str) -> list[Any]:
        await self.hotline.writer.drain()
        async with self.hotline.store.reading() as uow:
            return list(await uow.transcripts.of(call))

    def live_call(self) -> str:
        (session,) = self.hotline.front_door.registry
        return session.call
