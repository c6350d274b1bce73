"""How a test of this folder is played: a scene in a house of its own, after which nothing may be left."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tests.support.call_house import House, house
from tests.support.fake_ari_objects import Phone
from tests.support.kept_facts import assert_rows_are_folds
from tests.support.virtual_time import run_virtual

SEEDS = range(4)
TO_HEAR = (
    "bridges.create_with_id",
    "channels.snoop_channel_with_id",
    "channels.external_media",
    "bridges.add_channel",
)
"""What is asked of Asterisk before a voice comes to the recogniser."""


def play(
    scene: Callable[[House], Coroutine[Any, Any, None]], seed: int = 0, *, repairs: bool = False, **how: Any
) -> None:
    """Run a scene in a house of its own; afterwards nothing may be left, nor (repairs) have been repaired."""

    async def main() -> None:
        async with house(seed, **how) as here:
            await scene(here)
            await here.until(30)
            here.assert_nothing_left()
            assert_rows_are_folds(here.facts)
            if not repairs:
                assert not here.reconciler.repairs, f"left for the reconciler: {here.reconciler.repairs}"

    run_virtual(main)


def summary_of(here: House) -> Any:
    (summary,) = here.memory.calls.values()
    return summary


def press_if_there(here: House, channel: str, digits: str) -> None:
    if channel in here.ari.world.channels:
        here.ari.world.press(channel, digits)


async def under_way(here: House, key: str, at_ms: int, *, rings_s: float = 2.0) -> str:
    """A caller of the dialogue `tail`: waits in line, records, rings another party, by key. Gives the channel."""
    here.outside.takes_s = 6.0
    here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=rings_s)
    here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=rings_s)
    caller = here.ari.world.call("call", "12345", "trunk")
    here.ari.world.say(caller, 30.0)
    await here.until(1.5)
    press_if_there(here, caller, key)
    here.log_in("a1")
    await here.until(at_ms / 1000)
    return caller


def inputs(here: House, kind: str) -> list[Any]:
    """The journalled inputs of a type, in order."""
    return [data for _, _, event, data in here.memory.events if event == "input" and data.get("type") == kind]


def nodes(here: House) -> list[Any]:
    return [data["node"] for _, _, event, data in here.memory.events if event == "node"]


def sent(here: House, operation: str) -> list[Any]:
    """Parameters of every command of that name."""
    return [values for name, values in here.ari.world.commands if name == operation]
