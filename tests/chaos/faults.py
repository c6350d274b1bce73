"""The faults: each does its harm and returns when the cause is over; whether all is well again the oracle says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.chaos.citizens import Problem
from tests.chaos.rig import Rig
from tests.chaos.town import Town
from tests.support import faults_postgres
from tests.support.faults_ari import AriProxy
from tests.support.faults_processes import frozen, kill, no_room

BACK_S: Final = 60.0
SECOND_S: Final = 15.0

Do = Callable[[Rig, Town, random.Random], Awaitable[str]]
"""Returns what was done, in a few words."""


@dataclass(frozen=True, slots=True)
class Fault:
    """settles_s: the bound for all to be well again. cuts: calls under way end, since Asterisk itself ends.
    every: how often it comes, relative to the others."""

    name: str
    do: Do
    settles_s: float = 20.0
    cuts: bool = False
    every: float = 1.0


async def controller_killed(rig: Rig, town: Town, chance: random.Random) -> str:
    """Started again by its supervisor, at once or seconds later."""
    away_s = 0.0 if chance.random() < 0.6 else chance.uniform(0.5, 4.0)
    assert rig.controller is not None
    rig.away = True
    rig.controller.kill()
    await rig.controller.ended.wait()
    await asyncio.sleep(away_s)
    began_s = asyncio.get_running_loop().time()
    await rig.serve()
    return (
        f"started {away_s:.1f} s later, serves after {asyncio.get_running_loop().time() - began_s:.1f} s more"
    )


async def controller_killed_twice(rig: Rig, town: Town, chance: random.Random) -> str:
    """Killed again while it starts."""
    assert rig.controller is not None
    rig.away = True
    rig.controller.kill()
    await rig.controller.ended.wait()
    again_s = chance.uniform(0.1, 1.5)
    started = await rig.start_controller()
    await asyncio.sleep(again_s)
    started.kill()
    await started.ended.wait()
    await rig.serve()
    return f"again {again_s:.1f} s after its start"


async def asterisk_killed(rig: Rig, town: Town, chance: random.Random) -> str:
    """The controller starts it again."""
    pid = rig.asterisk_pid
    if pid is None:
        return "none was there"
    kill(pid)
    town.asterisk_is_gone()
    await rig.asterisk_over(pid, BACK_S)
    await rig.asterisk_answers(BACK_S)
    return "killed"


async def asterisk_frozen(rig: Rig, town: Town, chance: random.Random) -> str:
    for_s = 20.0 if chance.random() < 0.1 else chance.uniform(1.0, 9.0)
    assert rig.asterisk_pid is not None
    async with frozen(rig.asterisk_pid, for_s):
        pass
    return f"for {for_s:.1f} s"


async def ari_cut(rig: Rig, town: Town, chance: random.Random) -> str:
    times = chance.choice((1, 1, 1, 3))
    cut = 0
    for _ in range(times):
        rig.cut_at_s = asyncio.get_running_loop().time()
        cut += rig.proxy.cut()
        await asyncio.sleep(chance.uniform(0.0, 0.5))
    return f"{times} times, {cut} connections"


async def _for_a_while(proxy: AriProxy, what: str, value: float | bool, for_s: float) -> float:
    """The proxy does that to what goes through, and then no more. Gives for how long (s)."""
    before = getattr(proxy, what)
    setattr(proxy, what, value)
    try:
        await asyncio.sleep(for_s)
    finally:
        setattr(proxy, what, before)
    return for_s


async def ari_slow(rig: Rig, town: Town, chance: random.Random) -> str:
    for_s = await _for_a_while(rig.proxy, "slow_s", 5.0, chance.uniform(2.0, 6.0))
    return f"answers 5 s late for {for_s:.1f} s"


async def ari_failing(rig: Rig, town: Town, chance: random.Random) -> str:
    for_s = await _for_a_while(rig.proxy, "failing", True, chance.uniform(1.0, 4.0))
    return f"500 for {for_s:.1f} s"


async def ari_silent(rig: Rig, town: Town, chance: random.Random) -> str:
    for_s = await _for_a_while(rig.proxy, "silent", True, chance.uniform(2.0, 8.0))
    return f"connected, and nothing through, for {for_s:.1f} s"


async def postgres_killed(rig: Rig, town: Town, chance: random.Random) -> str:
    away_s = chance.choice((0.0, 1.0, 4.0))
    await asyncio.to_thread(faults_postgres.kill, rig.postgres)
    await asyncio.sleep(away_s)
    await asyncio.to_thread(faults_postgres.revive, rig.postgres)
    return f"started again after {away_s} s"


async def both_killed(rig: Rig, town: Town, chance: random.Random) -> str:
    """The database is away, and the controller, which holds what happened since, is killed."""
    assert rig.controller is not None
    held_s = chance.uniform(0.5, 3.0)
    await asyncio.to_thread(faults_postgres.kill, rig.postgres)
    await asyncio.sleep(held_s)
    rig.away = True
    rig.controller.kill()
    await rig.controller.ended.wait()
    await asyncio.to_thread(faults_postgres.revive, rig.postgres)
    await rig.serve()
    return f"the controller {held_s:.1f} s after the database"


async def started_without_postgres(rig: Rig, town: Town, chance: random.Random) -> str:
    """The controller is started while the database is away, which comes back later: calls are taken from the first."""
    assert rig.controller is not None
    await asyncio.to_thread(faults_postgres.kill, rig.postgres)
    rig.away = True
    rig.controller.kill()
    await rig.controller.ended.wait()
    try:
        await rig.serve()
        without_s = chance.uniform(1.0, 5.0)
        await asyncio.sleep(without_s)
    finally:
        await asyncio.to_thread(faults_postgres.revive, rig.postgres)
    return f"{without_s:.1f} s without"


async def postgres_killed_early(rig: Rig, town: Town, chance: random.Random) -> str:
    """The controller has just been started, and still reads what earlier ones left, when the database goes."""
    assert rig.controller is not None
    rig.away = True
    rig.controller.kill()
    await rig.controller.ended.wait()
    await rig.serve()
    after_s = chance.uniform(0.0, 8.0)
    await asyncio.sleep(after_s)
    return f"{after_s:.1f} s after the controller's start, {await postgres_killed(rig, town, chance)}"


async def postgres_frozen(rig: Rig, town: Town, chance: random.Random) -> str:
    for_s = chance.uniform(1.0, 8.0)
    async with frozen(rig.postgres.process.pid, for_s):
        pass
    return f"for {for_s:.1f} s"


async def disk_full(rig: Rig, town: Town, chance: random.Random) -> str:
    for_s = chance.uniform(1.0, 4.0)
    assert rig.controller is not None
    with no_room(rig.controller.pid):
        await asyncio.sleep(for_s)
    return f"no file grows for {for_s:.1f} s"


async def clock_jump(rig: Rig, town: Town, chance: random.Random) -> str:
    hours = chance.choice((-5.0, -1.0, -0.2, 0.2, 1.0, 5.0))
    rig.clock.set(rig.clock.seconds + hours * 3600)
    await asyncio.sleep(0.5)
    return f"by {hours:+.1f} h"


async def sip_lossy(rig: Rig, town: Town, chance: random.Random) -> str:
    for_s = chance.uniform(3.0, 6.0)
    town.network.loss, town.network.late_s = 0.05, 0.15
    try:
        await asyncio.sleep(for_s)
    finally:
        town.network.loss, town.network.late_s = 0.0, 0.0
    return f"5 % lost, up to 0.15 s late, for {for_s:.1f} s"


async def agent_gone(rig: Rig, town: Town, chance: random.Random) -> str:
    """One who talks or is rung, where there is one."""
    busy = [agent for agent in town.agents.values() if agent.truth in ("talking", "ringing")]
    agent = chance.choice(busy or list(town.agents.values()))
    truth = agent.truth
    agent.vanish()
    await asyncio.sleep(0.5)
    return f"{agent.name} while {truth}"


async def two_controllers(rig: Rig, town: Town, chance: random.Random) -> str:
    """A second one is started by mistake: it has to end by itself, and the first goes on."""
    first = rig.controller
    assert first is not None
    second = await rig.start_controller()
    if await second.ended_within(SECOND_S):
        return f"the second ended ({second.status})"
    town.problem(Problem("second_stays", f"{second.name} did not end within {SECOND_S:.0f} s"))
    second.kill()
    await second.ended.wait()
    return "the second had to be killed"


async def handed_over(rig: Rig, town: Town, chance: random.Random) -> str:
    """No fault but a planned restart (`ivr run --takeover`): nobody may notice it."""
    first = rig.controller
    assert first is not None
    second = await rig.start_controller(takeover=True)
    serves = await second.ready()
    if serves and await first.ended_within(BACK_S):
        rig.controller = second
        return f"the first ended ({first.status})"
    town.problem(Problem("not_handed_over", f"the second serves: {serves}, the first ended: {first.status}"))
    second.kill()
    await second.ended.wait()
    return "not handed over"


async def worker_killed(rig: Rig, town: Town, chance: random.Random) -> str:
    """The process that listens to callers; the pool starts another."""
    assert rig.controller is not None
    seen = await rig.controller.inspect() or {"ears": []}
    killed = [ear for ear in seen["ears"] if ear["pid"] is not None]
    for ear in killed:
        kill(ear["pid"])
    await asyncio.sleep(0.3)
    return f"{len(killed)} killed, {sum(ear['open'] for ear in killed)} callers were listened to"


FAULTS: Final[Sequence[Fault]] = (
    Fault("controller_killed", controller_killed, every=3.0),
    Fault("controller_killed_twice", controller_killed_twice),
    Fault("asterisk_killed", asterisk_killed, cuts=True),
    Fault("asterisk_frozen", asterisk_frozen, settles_s=30.0),
    Fault("ari_cut", ari_cut, every=2.0),
    Fault("ari_slow", ari_slow),
    Fault("ari_failing", ari_failing, every=1.5),
    Fault("ari_silent", ari_silent, settles_s=30.0),
    Fault("postgres_killed", postgres_killed),
    Fault("postgres_killed_early", postgres_killed_early),
    Fault("postgres_frozen", postgres_frozen),
    Fault("both_killed", both_killed),
    Fault("started_without_postgres", started_without_postgres, settles_s=30.0),
    Fault("disk_full", disk_full),
    Fault("clock_jump", clock_jump),
    Fault("sip_lossy", sip_lossy),
    Fault("agent_gone", agent_gone),
    Fault("two_controllers", two_controllers),
    Fault("handed_over", handed_over),
    Fault("worker_killed", worker_killed, settles_s=40.0),
)
KINDS: Final = {fault.name: fault for fault in FAULTS}


def plan(seed: int, count: int, kinds: Sequence[str] = ()) -> list[tuple[Fault, random.Random]]:
    """So many faults in the seed's order, each with its own chance; every kind comes once before any comes by lot.

    kinds: only these, the first time in this order."""
    chance = random.Random(seed)
    chosen = [KINDS[kind] for kind in kinds] if kinds else list(FAULTS)
    first = list(chosen)
    if not kinds:
        chance.shuffle(first)
    rest = chance.choices(chosen, [fault.every for fault in chosen], k=max(0, count - len(first)))
    return [(fault, random.Random(chance.random())) for fault in [*first, *rest][:count]]
