"""The demo's crowd: citizens who call the hotline and agents who answer, over real SIP with real audio.

A citizen knows nothing of the dialogue. Like a person, each waits until the other side falls silent and then does
the next thing on a list: presses a key or says something. The same serves for prompts, for an agent, and for the
survey; music while queueing never falls silent.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from ivr.asterisk.render import RenderedAsterisk, SipAccount
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.demo.sayings import SAYINGS

log = logging.getLogger(__name__)

CITIZENS: Final = 4
"""So many at most are on the telephone at once."""
AGENTS: Final = 2
GAP_S: Final = 8.0
"""Mean time from one call's arrival to the next (exponential)."""
QUIET_S: Final = 1.2
"""So long nothing is heard: it is one's turn."""
LONGEST_CALL_S: Final = 240.0
LAST_WAIT_CITIZEN_S: Final = 30.0
"""The hotline has the last word (a survey, thanks) and hangs up; a citizen who heard nothing for so long does."""
LAST_WAIT_AGENT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 30.0
RINGS_S: Final = (0.5, 3.0)
WRAP_UP_S: Final = (2.0, 8.0)
PAUSE_S: Final = (10.0, 25.0)
PAUSE_CHANCE: Final = 0.15
BACK_OFF_S: Final = 5.0
FEATURE_TIMEOUT_S: Final = 20.0
LOG_IN, PAUSE, READY = "*45", "*47", "*48"


@dataclass(frozen=True, slots=True)
class Do:
    """One turn: press keys, say a saying, hang up, or wait for the other side to go on."""

    what: Literal["press", "say", "hangup", "listen"]
    with_: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What a citizen does, turn by turn. weight: how often, relative to the others."""

    name: str
    weight: float
    turns: tuple[Do, ...]


PERSON_ZH: Final = (Do("say", "zh-story"), Do("say", "zh-thanks"), Do("listen"), Do("press", "1"))
PERSON_EN: Final = (Do("say", "en-story"), Do("say", "en-thanks"), Do("listen"), Do("press", "2"))

STORIES: Final = (
    Story("speaks Mandarin", 4, (Do("press", "1"), Do("say", "zh-lamp"), *PERSON_ZH)),
    Story("complains by voice", 2, (Do("press", "1"), Do("say", "zh-noise"), *PERSON_ZH)),
    Story(
        "asks by voice", 2, (Do("press", "1"), Do("say", "zh-insurance"), Do("say", "zh-person"), *PERSON_ZH)
    ),
    Story("complains by key", 2, (Do("press", "1"), Do("press", "2"), *PERSON_ZH)),
    Story("wants a person", 2, (Do("press", "1"), Do("say", "zh-person"), *PERSON_ZH)),
    Story("presses 0 at once", 1, (Do("press", "0"), *PERSON_ZH)),
    Story("speaks English", 2, (Do("press", "2"), Do("say", "en-lamp"), *PERSON_EN)),
    Story("wants a person, in English", 1, (Do("press", "2"), Do("say", "en-person"), *PERSON_EN)),
    Story("asks for English by voice", 1, (Do("say", "en-english"), Do("say", "en-complaint"), *PERSON_EN)),
    Story("hangs up in the menu", 1, (Do("press", "1"), Do("hangup"))),
    Story("says nothing", 1, (Do("press", "1"), Do("listen"), Do("listen"), Do("listen"), *PERSON_ZH)),
)

AGENT_TALK: Final = (Do("say", "zh-noted"), Do("say", "zh-else"))


@dataclass(slots=True)
class DemoCount:
    """What the crowd did: calls begun, answered by the hotline, taken by agents, talked to their end, and faults."""

    calls: int = 0
    answered: int = 0
    taken: int = 0
    talked: int = 0
    failed: int = 0


async def run_demo(
    rendered: RenderedAsterisk,
    *,
    citizens: int = CITIZENS,
    agents: int = AGENTS,
    stop: asyncio.Event,
    gap_s: float = GAP_S,
    seed: int | None = None,
    on_talked: Callable[[DemoCount], None] = lambda _: None,
) -> DemoCount:
    """Call and answer until `stop`. Then every call is hung up, every agent's telephone signs off.

    agents: the last so many accounts are played, so that a person may take the first ones.
    on_talked: told after each conversation with an agent.
    """
    chance = random.Random(seed)
    count = DemoCount()
    async with asyncio.TaskGroup() as group:
        played = rendered.accounts[-agents:] if agents else ()
        tasks = [
            group.create_task(
                _agent(rendered, account, random.Random(chance.random()), count, on_talked),
                name=f"demo-{account.name}",
            )
            for account in played
        ]
        if citizens:
            tasks.append(
                group.create_task(_arrivals(rendered, citizens, gap_s, chance, count), name="demo-citizens")
            )
        await stop.wait()
        for task in tasks:
            task.cancel()
    return count


async def _arrivals(
    rendered: RenderedAsterisk, citizens: int, gap_s: float, chance: random.Random, count: DemoCount
) -> None:
    lines = asyncio.Semaphore(citizens)
    async with asyncio.TaskGroup() as group:
        for number in range(1, 1_000_000_000):
            await lines.acquire()
            story = chance.choices(STORIES, [story.weight for story in STORIES])[0]
            caller = f"138{chance.randrange(10**8):08d}"
            call = group.create_task(_citizen(rendered, caller, story, count), name=f"demo-call-{number}")
            call.add_done_callback(lambda _: lines.release())
            await asyncio.sleep(chance.expovariate(1 / gap_s))


async def _citizen(rendered: RenderedAsterisk, caller: str, story: Story, count: DemoCount) -> None:
    count.calls += 1
    try:
        async with LightPhone(caller, _server(rendered), address=_trunk(rendered)) as phone:
            await phone.dial(rendered.hotline_uri)
            if (await phone.events.next("established", "closed", timeout=ANSWER_TIMEOUT_S)).kind == "closed":
                return
            count.answered += 1
            await _converse(phone, story.turns, LAST_WAIT_CITIZEN_S)
    except (PhoneError, OSError) as error:
        count.failed += 1
        log.warning("demo citizen (%s): %s", story.name, error)


async def _agent(
    rendered: RenderedAsterisk,
    account: SipAccount,
    chance: random.Random,
    count: DemoCount,
    on_talked: Callable[[DemoCount], None],
) -> None:
    """Log in, take calls, wrap up, sometimes pause. Begins anew after a fault: the server may be restarting."""
    while True:
        try:
            async with LightPhone(account.name, _server(rendered), password=account.password) as phone:
                await phone.register()
                await _feature(phone, LOG_IN)
                while True:
                    phone.auto_answer_after_s = chance.uniform(*RINGS_S)
                    await _next_call(phone)
                    count.taken += 1
                    await phone.play(SAYINGS["zh-hello"].samples())
                    await _converse(phone, AGENT_TALK, LAST_WAIT_AGENT_S)
                    count.talked += 1
                    on_talked(count)
                    await asyncio.sleep(chance.uniform(*WRAP_UP_S))
                    await _feature(phone, READY)
                    if chance.random() < PAUSE_CHANCE:
                        await _feature(phone, PAUSE)
                        await asyncio.sleep(chance.uniform(*PAUSE_S))
                        await _feature(phone, PAUSE)
        except (PhoneError, OSError) as error:
            count.failed += 1
            log.warning("demo agent %s: %s", account.name, error)
        await asyncio.sleep(BACK_OFF_S)


async def _next_call(phone: LightPhone) -> None:
    """Wait, however long, until a call is answered (by itself) and up."""
    while True:
        await phone.events.next("incoming", timeout=24 * 3600)
        if (await phone.events.next("established", "closed", timeout=60)).kind == "established":
            return


async def _feature(phone: LightPhone, code: str) -> None:
    """Dial a code; the server says what it did and hangs up."""
    if phone.call is not None and phone.call.state != "over":
        return  # a call came in the meantime: that first
    await phone.dial(f"sip:{code}@{phone.server}")
    await phone.events.next("closed", timeout=FEATURE_TIMEOUT_S)


async def _converse(phone: LightPhone, turns: Sequence[Do], last_wait_s: float) -> None:
    """Take the turns until one side hangs up; at the end of them, hang up after `last_wait_s`."""
    loop = asyncio.get_running_loop()
    talk = loop.create_task(_take_turns(phone, turns, last_wait_s), name=f"demo-{phone.user}-talk")
    over = loop.create_task(
        phone.events.next("closed", timeout=LONGEST_CALL_S), name=f"demo-{phone.user}-over"
    )
    try:
        await asyncio.wait({talk, over}, return_when=asyncio.FIRST_COMPLETED)
        if not over.done():
            await phone.hangup()
    finally:
        for task in (talk, over):
            task.cancel()
        results = await asyncio.gather(talk, over, return_exceptions=True)
    for result in results:
        # A turn taken in the moment the other side hung up is no fault.
        if isinstance(result, Exception) and not isinstance(result, PhoneError):
            raise result


async def _take_turns(phone: LightPhone, turns: Sequence[Do], last_wait_s: float) -> None:
    for turn in turns:
        await phone.until_quiet(QUIET_S, longest_s=LONGEST_CALL_S)
        match turn.what:
            case "press":
                await phone.send_digits(turn.with_)
            case "say":
                await asyncio.sleep(await phone.play(SAYINGS[turn.with_].samples()))
            case "hangup":
                return
            case "listen":
                pass
            case _:
                assert_never(turn.what)
    await phone.until_quiet(QUIET_S, longest_s=last_wait_s)


def _server(rendered: RenderedAsterisk) -> str:
    return f"{rendered.sip_host}:{rendered.ports.sip}"


def _trunk(rendered: RenderedAsterisk) -> str:
    """The address from which citizens call: the trunk's where that is on loopback, else a stranger's."""
    return next((host for host in rendered.options.trunk_hosts if host.startswith("127.")), "127.0.0.1")
