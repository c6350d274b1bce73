"""Calls that a caller plays by what is heard and by who is there, so that they come to the same end whenever the
controller is killed in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.adoption.adopting import Adopted
from storage.records import CallRecord
from tests.support.fake_ari_objects import Phone
from tests.support.killed_house import LastingHouse, lasting
from tests.support.scripted_ears import Utterance

TO_POLICE = "PJSIP/110@trunk"
OF_A_RESTART = frozenset({"adopted", "not_joined"})
TOLD_AGAIN = frozenset({"queue_progress", "timer_fired"})
"""A place is told anew after a restart; and a telephone that has to be rung again makes more time pass."""


@dataclass(frozen=True, slots=True)
class Script:
    """entry: the flow. during: what the caller and others do, from the caller's channel on. before: prepares."""

    entry: str
    during: Callable[[LastingHouse, str], Awaitable[None]]
    before: Callable[[LastingHouse], None] = lambda here: None


@dataclass(frozen=True, slots=True)
class Played:
    """written: how many facts. events: the journal without what a restart may add."""

    heard: list[str]
    events: list[tuple[str, Mapping[str, Any]]]
    record: CallRecord
    agents: Mapping[str, str]
    adoptions: list[Adopted]
    asked: list[tuple[str, str]]
    told: int
    written: int

    @property
    def outcome(self) -> Mapping[str, Any]:
        data = self.record.data
        told = {name: data.get(name) for name in ("outcome", "queue", "agent", "survey", "agents")}
        return {**told, "by": self.record.ended_by, "language": self.record.language}


async def played(script: Script, *, die_after: int = 0, away_s: float = 0.0) -> Played:
    """The call from its arrival until long after its end; nothing may be left then."""
    async with lasting(entry=script.entry, away_s=away_s) as here:
        script.before(here)
        here.die_after(die_after)
        before = len(here.database.facts)
        caller = here.world.call("call", "12345", "trunk")
        await script.during(here, caller)
        await here.soon(lambda: caller not in here.world.channels)
        await here.until(90)
        here.assert_nothing_left()
        (record,) = here.calls()
        return Played(
            ["recording" if media.startswith("recording:") else media for media in here.heard(caller)],
            [_plain(kind, data) for kind, data in here.events() if not _of_a_restart(kind, data)],
            record,
            here.states(),
            here.adoptions[1:],
            here.outside.asked,
            len(here.outside.told),
            len(here.database.facts) - before,
        )


def _of_a_restart(kind: str, data: Mapping[str, Any]) -> bool:
    return kind in OF_A_RESTART or (kind == "input" and data["type"] in TOLD_AGAIN)


def _plain(kind: str, data: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Without times and names made by chance."""
    return kind, {
        name: value
        for name, value in data.items()
        if not name.endswith(("_s", "_at", "seconds")) and name not in ("recording", "id", "cause")
    }


# --- who does what


async def _menu(here: LastingHouse, caller: str) -> None:
    await here.soon(lambda: len(here.heard(caller)) == 2)
    await here.until(0.5)
    here.world.press(caller, "1")


async def _says(here: LastingHouse, caller: str) -> None:
    await here.soon(lambda: len(here.heard(caller)) == 2)
    # Whoever is not heard out says it again.
    while "main.desk" not in _nodes(here):
        here.ears.script = [Utterance("投诉", 0.35, phrase="投诉")]
        await here.until(0.95)
    here.ears.script = []
    await here.until(3)
    here.world.hang_up(caller)


async def _talks(here: LastingHouse, caller: str) -> None:
    await _menu_two(here, caller)
    while "main.rate" not in _nodes(here):
        await here.soon(lambda: here.together_with("PJSIP/a1") or "main.rate" in _nodes(here))
        await here.until(2.35)
        for agent in here.together_with("PJSIP/a1"):
            here.world.hang_up(agent)
    await here.until(1.45)
    here.world.press(caller, "5")


async def _menu_two(here: LastingHouse, caller: str) -> None:
    await here.soon(lambda: len(here.heard(caller)) == 2)
    await here.until(0.5)
    here.world.press(caller, "2")


def _one_agent(here: LastingHouse) -> None:
    here.world.phones["PJSIP/a1"] = Phone(rings_s=4.3)
    here.log_in("a1")


async def _gives_up(here: LastingHouse, caller: str) -> None:
    await _menu_two(here, caller)
    await here.soon(lambda: "main.desk" in _nodes(here))
    await here.until(6.05)
    here.world.hang_up(caller)


async def _leaves_a_message(here: LastingHouse, caller: str) -> None:
    await here.soon(lambda: here.world.recordings)
    await here.until(0.35)
    here.world.say(caller, 2.0)


async def _calls_the_police(here: LastingHouse, caller: str) -> None:
    await here.soon(lambda: here.heard(caller))
    await here.until(0.5)
    here.world.press(caller, "1")
    await here.soon(lambda: here.together_with(TO_POLICE))
    await here.until(2.35)
    here.world.hang_up(here.together_with(TO_POLICE)[0])


async def _hangs_up_early(here: LastingHouse, caller: str) -> None:
    await here.soon(lambda: here.heard(caller))
    await here.until(0.55)
    here.world.hang_up(caller)


def _nodes(here: LastingHouse) -> set[str]:
    return {str(data["node"]) for kind, data in here.events() if kind == "node"}


SCRIPTS: Mapping[str, Script] = {
    "menu": Script("main", _menu),
    "talk": Script("main", _talks, _one_agent),
    "gives up": Script("main", _gives_up),
    "message": Script("message", _leaves_a_message),
    "police": Script("connect", _calls_the_police),
    "after the hang-up": Script("tail", _hangs_up_early),
}
SPOKEN: Mapping[str, Script] = {"speech": Script("main", _says)}
"""A word that is being said when the controller is killed is lost, and asked for again."""
