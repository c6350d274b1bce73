"""Plays a drawn shift from its first step until everybody has hung up, and raises `Broken` for what does not hold."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ivr.callback.settings import CallbackSettings
from tests.machine import oracle
from tests.machine.acting import code_of, do
from tests.machine.steps import AGENTS, Shift
from tests.machine.stored import stored
from tests.machine.town import AFTER_FAULTS_S, Town, empty_database, town
from tests.support.fake_ari_objects import Phone
from tests.support.inline_database import InlineLoop

LOOK_S = 0.5
SETTLED_S = 180.0
"""Waits, talks that are given up, and repairs, after everybody has hung up."""
KEPT_S = 1500.0
"""Until every promise is kept, or given up."""


class Broken(AssertionError):
    """What does not hold, the shift in plain words, and what happened."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a shift was like: for figures, and for whether shifts are worth playing."""

    steps: int
    seconds: float
    calls: int
    commands: int
    lives: int
    repairs: int
    joins: int
    acts: int


def play(shift: Shift) -> Played:
    """On virtual time. Raises Broken."""
    empty_database()
    with _logged() as errors, asyncio.Runner(loop_factory=InlineLoop) as runner:
        return runner.run(_play(shift, errors))


async def _play(shift: Shift, errors: list[str]) -> Played:
    promised_by = CallbackSettings(
        order="citizen_first" if shift.citizen_first else "agent_first",
        attempts=2,
        again_s=(20.0,),
        ring_s=20.0,
    )
    async with town(shift.seed, shift.jitter_s, promised_by) as here:
        watching = asyncio.create_task(_watch(here), name="watch")
        try:
            for number, step in enumerate(shift.steps, 1):
                here.tell(f"{number:3}. {step.what}")
                do(here, step.what)
                await _pass(here, step.then_s)
                _check(shift, here, errors)
            await _calm(shift, here, errors)
            await _end(shift, here, errors)
            wrong = await stored(here)
            if wrong:
                raise _broken(shift, here, wrong)
        except Broken:
            raise
        except Exception as error:
            raise _broken(shift, here, [repr(error)]) from error
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        played = Played(
            len(shift.steps),
            here.time,
            len(here.numbers),
            len(here.world.commands),
            here.lives,
            here.repairs,
            here.joins,
            here.acts_done,
        )
    rest = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if rest:
        raise Broken(f"tasks left behind: {sorted(rest)}\n{shift}")
    return played


async def _pass(here: Town, seconds: float) -> None:
    """Or until something is wrong."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await here.wrong.wait()


async def _watch(here: Town) -> None:
    watch = oracle.Watch()
    while True:
        for problem in watch.look(here):
            here.wrongly(problem)
        await asyncio.sleep(LOOK_S)


def _check(shift: Shift, here: Town, errors: list[str]) -> None:
    if errors:
        here.problems.extend(errors)
    if here.lives_on is not None and here.lives_on.done():
        here.problems.append(f"the hotline ended: {here.lives_on.exception()!r}")
    if here.problems:
        raise _broken(shift, here, here.problems)


async def _calm(shift: Shift, here: Town, errors: list[str]) -> None:
    """Nothing is wrong any more: what is not mended while people are on the line is found."""
    here.tell("nothing goes wrong any more")
    here.world.lost.clear()
    here.world.garbled.clear()
    here.world.doubled.clear()
    here.life.dies_in = 0
    await _until(shift, here, errors, lambda: here.now is not None and not here.world.faults, 60.0)
    if here.troubled:
        here.trouble(0.0)
        await _pass(here, AFTER_FAULTS_S)
    await _pass(here, oracle.SILENT_S + 5.0)
    _check(shift, here, errors)


async def _end(shift: Shift, here: Town, errors: list[str]) -> None:
    """Everybody hangs up, promises are kept; then the controller ends."""
    here.tell("everybody hangs up")
    for phone in [*here.world.phones]:
        here.world.phones[phone] = Phone(rings_s=1.0, talks_s=2.0)
    for agent in AGENTS:
        here.world.phones[f"PJSIP/{agent}"] = Phone(rings_s=1.0, talks_s=2.0)
    for number in range(10):
        here.world.phones[f"PJSIP/1380000000{number}@trunk"] = Phone(rings_s=1.0, talks_s=2.0)
    for channel in list(here.world.channels.values()):
        if not channel.id.startswith("c-") or channel.endpoint.startswith("PJSIP"):
            here.world.hang_up(channel.id)
    assert here.now is not None
    for agent in AGENTS:
        here.now.dispatcher.phone_seen(agent, True)
        code_of(here.now, agent, "login")
    await _until(shift, here, errors, lambda: here.now is not None and not here.now.callbacks.lines(), KEPT_S)
    for agent in AGENTS:
        assert here.now is not None
        code_of(here.now, agent, "logout")
    await _until(
        shift, here, errors, lambda: here.now is not None and not list(oracle.left(here, here.now)), SETTLED_S
    )
    await _pass(here, oracle.WITHIN_S)
    _check(shift, here, errors)
    await here.now.writer.drain(60.0)
    here.repairs = here.now.reconciler.repairs.total
    if here.now.door.failed:
        raise _broken(shift, here, [f"{here.now.door.failed} tasks of callers failed, see the log"])
    if not here.troubled and here.repairs:
        raise _broken(shift, here, [f"left for the reconciler: {here.now.reconciler.repairs}"])
    here.ends.set()
    assert here.lives_on is not None
    await asyncio.wait([here.lives_on], timeout=60.0)
    _check_ended(shift, here)


def _check_ended(shift: Shift, here: Town) -> None:
    assert here.lives_on is not None
    if not here.lives_on.done():
        raise _broken(shift, here, ["the controller does not end"])
    here.lives_on.result()


async def _until(shift: Shift, here: Town, errors: list[str], true: object, within_s: float) -> None:
    limit = here.time + within_s
    while not true():  # type: ignore[operator]
        if here.time > limit:
            still = [] if here.now is None else list(oracle.left(here, here.now))
            raise _broken(shift, here, [f"after {within_s:g} s", *still])
        await _pass(here, 1.0)
        _check(shift, here, errors)


def _broken(shift: Shift, here: Town, wrong: list[str]) -> Broken:
    said = "\n".join(f"- {one}" for one in dict.fromkeys(wrong))
    story = "\n".join(here.story)
    return Broken(f"{said}\n\nThe shift: {shift}\n\nWhat happened:\n{story}")


class _Errors(logging.Handler):
    """What is logged with a traceback is a fault of ours, whoever caught it."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._found.append(logging.Formatter().format(record))


@contextmanager
def _logged() -> Iterator[list[str]]:
    found: list[str] = []
    handler = _Errors(found)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield found
    finally:
        root.removeHandler(handler)
