"""Citizens: each call is led by its keys into one state, stays there while faults happen, and proves that it is still
there; then the citizen hangs up. Whatever a telephone notices that must not be is told as a `Problem`.

A citizen acts like a person: a key without an effect is pressed again. Keys that were pressed while a fault was under
way may be lost, or be taken twice; then the call is `muddled` and only must not be dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from tests.chaos.listening import Ear, Stretch
from tests.chaos.rig import Rig
from tests.chaos.sounds import CITIZEN_HZ, SECONDS, USUAL_S, person
from tests.support.faults_sip import BadNetwork

Role = Literal["menu", "story", "collect", "record", "desk", "line", "promise"]

LISTEN_EVERY_S: Final = 0.2
DIAL_S: Final = 12.0
GREETED_S: Final = 12.0
FALLBACK_S: Final = 3.0
"""Who calls so near to a cut of ARI's websocket may get the dialplan's fallback, and be hung up on by it."""
AGAIN_S: Final = 4.0
GLIMPSE_S: Final = 0.25
"""A window that lies between two sounds is neither."""
TRIES: Final = 6
KEYS: Final[dict[Role, tuple[str, str]]] = {
    "story": ("1", "story"),
    "collect": ("2", "number"),
    "record": ("3", "speak"),
    "desk": ("4", "other|agent"),
    "promise": ("5", "promised"),
    "line": ("6", "other|agent"),
}
"""Role -> the key that leads there and what is heard then (`|`: one of them)."""
MAY_HEAR: Final[dict[Role, frozenset[str]]] = {
    "menu": frozenset({"choose"}),
    "story": frozenset({"story", "choose"}),
    "collect": frozenset({"number"}),
    "record": frozenset({"speak", "beep"}),
}
STAYS_S: Final[dict[Role, tuple[float, float]]] = {
    "menu": (6.0, 30.0),
    "story": (6.0, 50.0),
    "collect": (6.0, 30.0),
    "record": (6.0, 25.0),
    "desk": (120.0, 120.0),
    "line": (150.0, 150.0),
    "promise": (0.0, 0.0),
}
TRUNK = "127.0.0.2"


@dataclass(slots=True)
class Citizen:
    """One call and what is known of it. stage: as the telephone knows it. at_s: the loop's clock."""

    number: str
    role: Role
    phone: LightPhone
    epoch: int
    began_s: float
    stage: str = "dialling"
    since_s: float = 0.0
    ear: Ear | None = None
    greeted: bool = False
    """Heard the menu: a controller had the call."""
    muddled: bool = False
    promised: bool = False
    joined: int = 0
    ended_s: float | None = None
    ended_by: str = ""
    may_end: bool = False
    """What the citizen did ends the call."""
    stays: tuple[float, float] | None = None
    """From when to when the call was in its state with nothing done by the citizen."""
    story: list[str] = field(default_factory=list)

    @property
    def sip_call(self) -> str:
        call = self.phone.call
        return "" if call is None or call.state == "over" or self.phone._gone else call.call_id

    @property
    def up(self) -> bool:
        return self.phone.call is not None and self.phone.call.state == "up" and not self.phone._gone


@dataclass(frozen=True, slots=True)
class Problem:
    """code: its kind, for counting. about: whose call, "" = the whole."""

    code: str
    text: str
    about: str = ""


class Calm(asyncio.Event):
    """Set while no fault is under way. faults: so many have begun."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = 0
        self.set()

    def clear(self) -> None:
        self.faults += 1
        super().clear()


class GivesUp(Exception):
    """The citizen hangs up; the reason was told where there was one."""


class Caller:
    """Makes one citizen's call from its beginning to its end."""

    def __init__(
        self,
        citizen: Citizen,
        rig: Rig,
        network: BadNetwork,
        chance: random.Random,
        calm: Calm,
        problem: Callable[[Problem], None],
    ) -> None:
        self.citizen = citizen
        self._rig = rig
        self._network = network
        self._chance = chance
        self._calm = calm
        self._problem = problem
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        citizen = self.citizen
        try:
            async with citizen.phone as phone:
                self._network.under(phone)
                await phone.dial(self._rig.rendered.hotline_uri)
                calling = self._loop.create_task(self._calls(), name=f"citizen {citizen.number}")
                over = self._loop.create_task(self._over(), name=f"citizen {citizen.number} over")
                try:
                    await asyncio.wait({calling, over}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in (calling, over):
                        task.cancel()
                    results = await asyncio.gather(calling, over, return_exceptions=True)
                for result in results:
                    if isinstance(result, Exception) and not isinstance(result, GivesUp | PhoneError):
                        raise result
                if citizen.sip_call:
                    citizen.ended_by = citizen.ended_by or "citizen"
                    with contextlib.suppress(PhoneError):
                        await phone.hangup()
        except (PhoneError, OSError) as error:
            self._note(f"telephone: {error}")
        finally:
            citizen.stage = "over"
            citizen.ended_s = self._loop.time()

    async def _over(self) -> None:
        """Until the telephone's call ends by somebody else."""
        citizen = self.citizen
        while True:
            call = citizen.phone.call
            if citizen.ear is not None:
                citizen.ear.listen()
            if citizen.phone._gone or (call is not None and call.state == "over"):
                break
            await asyncio.sleep(LISTEN_EVERY_S / 2)
        why = next((e.detail for e in reversed(citizen.phone.events.history) if e.kind == "closed"), "")
        citizen.ended_by = why
        self._note(f"ended: {why}")
        if citizen.epoch != self._rig.asterisk_epoch or citizen.may_end or why == "vanished":
            return
        if not citizen.greeted and (self._rig.away or abs(citizen.began_s - self._rig.cut_at_s) < FALLBACK_S):
            return  # the dialplan's fallback had it, or nobody
        self._problem(
            Problem("dropped", f"the call ended in `{citizen.stage}`: {why or 'no reason'}", citizen.number)
        )

    async def _calls(self) -> None:
        citizen = self.citizen
        await self._until_up()
        await self._greeted()
        role = citizen.role
        if role == "menu":
            await self._stay("menu")
            self._enter("proving")
            if await self._press("2", "number", DIAL_S):
                return
            raise GivesUp
        key, sound = KEYS[role]
        citizen.may_end = role == "promise"
        if not await self._press(key, sound, DIAL_S):
            raise GivesUp
        match role:
            case "story":
                await self._stay("story")
            case "collect":
                await self._collect()
            case "record":
                await self._record()
            case "promise":
                citizen.promised = True
                citizen.stage = "promised"
                await asyncio.sleep(DIAL_S)
            case "desk" | "line":
                await self._wait_and_talk()

    async def _until_up(self) -> None:
        async with asyncio.timeout(DIAL_S * 3):
            while not self.citizen.up:  # noqa: ASYNC110 - a telephone's state has no signal of its own
                await asyncio.sleep(LISTEN_EVERY_S / 2)
        assert self.citizen.phone.call is not None
        self.citizen.ear = Ear(self.citizen.phone.call)
        self.citizen.stage = "answered"

    async def _greeted(self) -> None:
        if await self._hears("choose", self.citizen.began_s, GREETED_S):
            self.citizen.greeted = True
            self._enter("greeted")
            return
        # Answered by nobody who knows the dialogue: right only where no controller was there.
        self._note("not greeted")
        self.citizen.may_end = True
        raise GivesUp

    async def _collect(self) -> None:
        citizen = self.citizen
        await self._wait_for_calm()
        if citizen.muddled:
            raise GivesUp
        faults = self._calm.faults
        citizen.phone.call.media.press("135")  # type: ignore[union-attr]
        await asyncio.sleep(1.0)
        if self._calm.faults != faults:
            citizen.muddled = True
        await self._stay("collect")
        if citizen.muddled:
            raise GivesUp
        began_s, faults = self._loop.time(), self._calm.faults
        citizen.stage = "proving"
        citizen.phone.call.media.press("790")  # type: ignore[union-attr]
        if await self._hears("right", began_s, AGAIN_S * 2) or self._calm.faults != faults:
            return
        self._proof_failed("three digits before the fault and three after it", "right", began_s)

    async def _record(self) -> None:
        citizen = self.citizen
        await citizen.phone.play(person(CITIZEN_HZ))
        await self._stay("record")
        began_s = self._loop.time()
        citizen.stage = "proving"
        if not await self._press("#", "heard", AGAIN_S * 2):
            self._proof_failed("# after the message", "heard", began_s)

    async def _wait_and_talk(self) -> None:
        citizen = self.citizen
        self._enter("waiting")
        began_s = self._loop.time()
        if not await self._hears("agent|back", began_s, self._chance.uniform(*STAYS_S[citizen.role])):
            self._note("nobody came")
            citizen.stage = "leaving"
            raise GivesUp
        if not citizen.ear.hears("agent", began_s):  # type: ignore[union-attr]
            self._enter("back")  # an agent was there for a moment, and was not heard in it
            return
        citizen.joined += 1
        self._enter("talking")
        await citizen.phone.play(person(CITIZEN_HZ))
        if await self._hears("back", self._loop.time(), self._chance.uniform(6.0, 90.0)):
            self._enter("back")
            await asyncio.sleep(1.0)

    async def _stay(self, role: Role) -> None:
        """In the state of the role, doing nothing, for a while; then what was heard meanwhile is looked at."""
        citizen = self.citizen
        self._enter(role)
        began_s = self._loop.time()
        await asyncio.sleep(self._chance.uniform(*STAYS_S[role]))
        await self._wait_for_calm(act_anyway=0.0)
        citizen.stays = (began_s, self._loop.time())
        if citizen.muddled or citizen.ear is None:
            return
        citizen.ear.listen()
        for stretch in citizen.ear.since(began_s):
            if stretch.name not in MAY_HEAR[role] and stretch.heard_s > GLIMPSE_S:
                what = f"heard {stretch.name} while in {role}: {_told(citizen.ear.since(began_s), began_s)}"
                self._problem(Problem("wrong_step", what, citizen.number))
                raise GivesUp
        for name in MAY_HEAR[role] - {"beep"}:
            whole_s = SECONDS.get(name, USUAL_S)
            heard_s = sum(one.heard_s for one in citizen.ear.stretches if one.name == name)
            times = 2 if role == "story" and name == "choose" else 1  # before it and after it
            if heard_s > (whole_s * times) * 1.5 + 0.2:
                what = f"{name} of {whole_s} s was heard for {heard_s:.1f} s: played twice"
                self._problem(Problem("played_twice", what, citizen.number))
                raise GivesUp

    async def _press(self, key: str, sound: str, timeout_s: float) -> bool:
        """Pressed until the sound is heard; not while a fault is under way, or the call is muddled."""
        citizen = self.citizen
        for attempt in range(TRIES):
            await self._wait_for_calm()
            began_s, faults = self._loop.time(), self._calm.faults
            if attempt:
                citizen.muddled = True
            self._note(f"presses {key}")
            citizen.phone.call.media.press(key)  # type: ignore[union-attr]
            if await self._hears(sound, began_s, AGAIN_S):
                if not self._calm.is_set() or self._calm.faults != faults:
                    citizen.muddled = True
                return True
        return False

    async def _hears(self, sound: str, since_s: float, timeout_s: float) -> bool:
        ear = self.citizen.ear
        assert ear is not None
        until_s = self._loop.time() + timeout_s
        while True:
            ear.listen()
            if any(ear.hears(one, since_s) for one in sound.split("|")):
                return True
            if self._loop.time() >= until_s:
                return False
            await asyncio.sleep(LISTEN_EVERY_S / 2)

    async def _wait_for_calm(self, act_anyway: float = 0.2) -> None:
        """Most people are lucky enough to press no key in the moment of a fault."""
        if self._calm.is_set():
            return
        if self._chance.random() < act_anyway:
            self.citizen.muddled = True
            return
        await self._calm.wait()
        await asyncio.sleep(self._chance.uniform(0.0, 0.3))

    def _proof_failed(self, did: str, wanted: str, since_s: float) -> None:
        citizen = self.citizen
        if citizen.muddled or not self._calm.is_set() or citizen.ear is None:
            return
        heard = _told(citizen.ear.since(since_s), since_s) or "nothing"
        self._problem(Problem("step_lost", f"{did}: heard {heard}, not {wanted}", citizen.number))

    def _enter(self, stage: str) -> None:
        self.citizen.stage = stage
        self.citizen.since_s = self._loop.time()
        self._note(f"in {stage}")

    def _note(self, text: str) -> None:
        self.citizen.story.append(f"{self._loop.time():.2f} {text}")


def _told(stretches: list[Stretch], since_s: float) -> str:
    return ", ".join(
        f"{one.name} at {one.since_s - since_s:+.1f} s for {one.heard_s:.1f} s" for one in stretches
    )


def telephone(number: str, rig: Rig) -> LightPhone:
    return LightPhone(number, rig.server, address=TRUNK)
