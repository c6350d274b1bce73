"""The telephones of live scenarios: callers, agents, whoever is called outside. They do what a scenario says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from ivr.asterisk.render import RenderedAsterisk
from ivr.cli.live.variant import CALLERS_ADDRESS, OUTSIDE_ADDRESS, agent_of
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.desk.people import SYSTEM
from ivr.errors import HotlineError
from ivr.flow.scenarios.model import QueueGiven, TransferGiven
from ivr.main import Hotline

LONGEST_TALK_S: Final = 2.0
"""A talk is over after so long: that somebody talked is what counts."""
ANSWER_S: Final = 10.0
RINGS_S: Final = 90.0
REFUSALS: Final = {
    "busy": "486 Busy Here",
    "refused": "603 Decline",
    "unavailable": "404 Not Found",
    "no_answer": "480 Temporarily Unavailable",
}
"""What a network says so that Asterisk understands it so."""


class People:
    """Opens telephones, and closes them at the end. outside_port: where those outside answer."""

    def __init__(self, hotline: Hotline, rendered: RenderedAsterisk, outside_port: int) -> None:
        self._hotline = hotline
        self._rendered = rendered
        self._server = f"{rendered.sip_host}:{rendered.ports.sip}"
        self._stack = AsyncExitStack()
        self._agents: dict[str, LightPhone] = {}
        self._outside_port = outside_port

    async def __aenter__(self) -> People:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def caller(self, number: str) -> AsyncIterator[LightPhone]:
        async with LightPhone(number, self._server, address=CALLERS_ADDRESS) as phone:
            yield phone

    async def dial(self, phone: LightPhone) -> None:
        """Raises HotlineError when nobody answers."""
        try:
            await phone.dial(self._rendered.hotline_uri)
            await phone.events.next("established", timeout=ANSWER_S)
        except PhoneError as error:
            raise HotlineError(f"the hotline does not answer: {error}") from error

    @asynccontextmanager
    async def agent(self, name: str, rule: QueueGiven | TransferGiven | None) -> AsyncIterator[LightPhone]:
        """An agent who is there. rule: when they answer and how long they talk; None: as the scenario's turns say."""
        phone = await self._agent_phone(name)
        self._hotline.desk.log_in(SYSTEM, name)
        phone.auto_answer_after_s = None if rule is None else rule.after_s
        talks = asyncio.create_task(_talks(phone, rule.talks_s), name=f"agent {name}") if rule else None
        try:
            yield phone
        finally:
            await _ended(talks)
            await hang_up(phone)
            self._hotline.desk.log_out(SYSTEM, name)

    async def _agent_phone(self, name: str) -> LightPhone:
        if name not in self._agents:
            password = self._rendered.account(name).password
            phone = await self._stack.enter_async_context(LightPhone(name, self._server, password=password))
            try:
                await phone.register()
            except PhoneError as error:
                raise HotlineError(f"the telephone of {name} does not register: {error}") from error
            self._agents[name] = phone
        return self._agents[name]

    @asynccontextmanager
    async def outside(self, rule: TransferGiven | None) -> AsyncIterator[LightPhone]:
        """Whoever is called outside, whatever the number. rule: as of `agent`."""
        async with LightPhone(
            "outside", self._server, address=OUTSIDE_ADDRESS, port=self._outside_port
        ) as phone:
            answers = asyncio.create_task(_outside(phone, rule), name="outside") if rule else None
            try:
                yield phone
            finally:
                await _ended(answers)
                await hang_up(phone)

    @staticmethod
    def of_queue(queue: str) -> str:
        """The agent who answers there."""
        return agent_of(queue)


async def hang_up(phone: LightPhone) -> None:
    """If it is on a call."""
    with contextlib.suppress(PhoneError):
        await phone.hangup()
        await phone.events.next("closed", timeout=ANSWER_S)


async def refuse(phone: LightPhone, outcome: str) -> None:
    """Raises PhoneError when it does not ring."""
    await phone.reject(REFUSALS[outcome])


async def rings(phone: LightPhone, timeout_s: float) -> bool:
    """Wait until somebody calls it."""
    with contextlib.suppress(PhoneError):
        if phone.call is not None and phone.call.state == "ringing":
            return True
        await phone.events.next("incoming", timeout=timeout_s)
        return True
    return False


async def _talks(phone: LightPhone, talks_s: float) -> None:
    """Ends each talk after a while."""
    while True:
        await _until(phone, "established")
        await asyncio.sleep(min(talks_s, LONGEST_TALK_S))
        await hang_up(phone)


async def _outside(phone: LightPhone, rule: TransferGiven) -> None:
    while True:
        await _until(phone, "incoming")
        await asyncio.sleep(rule.after_s)
        with contextlib.suppress(PhoneError):
            if rule.outcome != "completed":
                await refuse(phone, rule.outcome)
                continue
            await phone.answer()
            await asyncio.sleep(min(rule.talks_s, LONGEST_TALK_S))
            await hang_up(phone)


async def _until(phone: LightPhone, kind: str) -> None:
    while True:
        with contextlib.suppress(PhoneError):
            event = await phone.events.next(timeout=RINGS_S)
            if event.kind == kind:
                return


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
