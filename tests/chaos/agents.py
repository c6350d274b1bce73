"""The agents' telephones: they register, log in, answer, talk and hang up, and can be gone without a word."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Literal

from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from tests.chaos.listening import Ear
from tests.chaos.rig import RTP_TIMEOUT_S, Rig
from tests.chaos.sounds import AGENT_HZ, person
from tests.support.faults_sip import BadNetwork

LOG_IN = "*45"
RINGS_S = (0.3, 4.0)
SHORT_TALK_S = (3.0, 9.0)
LONG_TALK_S = (12.0, 30.0)
REGISTER_EVERY_S = 1.0
CODE_S = 10.0
GONE_S = (2.0, 5.0)

Truth = Literal["gone", "idle", "dialling", "ringing", "talking"]


class AgentPhone:
    """long: talks long, so that others wait. Its `run()` goes on until cancelled; `renew()` is a new telephone."""

    def __init__(
        self,
        name: str,
        rig: Rig,
        network: BadNetwork,
        chance: random.Random,
        note: Callable[[str], None],
        *,
        long: bool = False,
    ) -> None:
        self.name = name
        self.phone: LightPhone | None = None
        self.excused_until_s = 0.0
        """Until then (the loop's clock) the board may believe otherwise: what the server cannot know yet."""
        self.taken = 0
        self.cut_off: list[float] = []
        """When a talk with a citizen was ended, not by this telephone (the loop's clock)."""
        self.hangs_up = True
        self._rig = rig
        self._network = network
        self._chance = chance
        self._note = note
        self._talk_s = LONG_TALK_S if long else SHORT_TALK_S
        self._dialling = False
        self._logs_in = True
        self._work: asyncio.Task[None] | None = None
        self._anew = asyncio.Event()
        self.at_work = asyncio.Event()

    @property
    def truth(self) -> Truth:
        if self.phone is None or self.phone._gone:
            return "gone"
        if self._dialling:
            return "dialling"
        state = self.phone.call.state if self.phone.call is not None else "over"
        if state == "up":
            return "talking"
        return "ringing" if state == "ringing" else "idle"

    @property
    def sip_call(self) -> str:
        """The SIP Call-ID of a call that is not over, else ""."""
        if self.truth == "gone" or self.phone is None or self.phone.call is None:
            return ""
        return "" if self.phone.call.state == "over" else self.phone.call.call_id

    def vanish(self) -> None:
        """Its cable is pulled; somebody brings another telephone a few seconds later, on which the agent is still
        logged in. The old call's end is seen by its silence only."""
        if self.phone is not None:
            self._note(f"{self.name}: telephone gone while {self.truth}")
            if self.truth == "talking":
                self.excused_until_s = asyncio.get_running_loop().time() + RTP_TIMEOUT_S + 10.0
            self.phone.vanish()
        self._anew.set()

    def log_in_again(self) -> None:
        """The next telephone logs in as at the beginning of a shift."""
        self._logs_in = True
        self._anew.set()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._anew.clear()
            self._work = loop.create_task(self._shift(), name=f"agent {self.name}")
            renewed = loop.create_task(self._anew.wait(), name=f"agent {self.name} renewed")
            try:
                await asyncio.wait({self._work, renewed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._work.cancel()
                renewed.cancel()
                await asyncio.gather(self._work, renewed, return_exceptions=True)
            await asyncio.sleep(self._chance.uniform(*GONE_S))

    async def _shift(self) -> None:
        while True:
            with contextlib.suppress(PhoneError, OSError):
                await self._on_one_telephone()
            await asyncio.sleep(REGISTER_EVERY_S)

    async def _on_one_telephone(self) -> None:
        account = self._rig.rendered.account(self.name)
        async with LightPhone(self.name, self._rig.server, password=account.password) as phone:
            self._network.under(phone)
            await phone.register(timeout=REGISTER_EVERY_S * 8)
            self.phone = phone
            self.excused_until_s = max(self.excused_until_s, asyncio.get_running_loop().time() + 5.0)
            if self._logs_in:
                await self._log_in(phone)
                self._logs_in = False
            self.at_work.set()
            while True:
                phone.auto_answer_after_s = self._chance.uniform(*RINGS_S)
                event = await phone.events.next("incoming", "established", timeout=24 * 3600)
                if event.kind == "established":
                    await self._talk(phone)

    async def _log_in(self, phone: LightPhone) -> None:
        self._dialling = True
        try:
            while self._rig.away:  # noqa: ASYNC110 - outside of what is tested: any moment is as good
                await asyncio.sleep(0.2)
            await phone.dial(f"sip:{LOG_IN}@{phone.server}")
            await phone.events.next("closed", timeout=CODE_S)
        finally:
            self._dialling = False

    async def _talk(self, phone: LightPhone) -> None:
        self.taken += 1
        assert phone.call is not None
        ear = Ear(phone.call)
        self._note(f"{self.name}: talks")
        await phone.play(person(AGENT_HZ))
        talk_s = self._chance.uniform(*self._talk_s)
        with contextlib.suppress(PhoneError):
            ended = await phone.events.next(
                "closed", timeout=talk_s if self._chance.random() < 0.5 else talk_s * 2
            )
            ear.listen()
            self._note(f"{self.name}: the other side hung up")
            if ear.hears("citizen", 0.0) and ended.detail != "vanished":
                self.cut_off.append(asyncio.get_running_loop().time())
            return
        with contextlib.suppress(PhoneError):
            await phone.hangup()
            self._note(f"{self.name}: hung up")
