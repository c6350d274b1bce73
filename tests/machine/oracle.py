"""What must hold: at every moment, for whatever lasts, and when everybody has hung up. `stored.py`: in the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ivr.reconcile.compare import compare
from ivr.reconcile.views import Asterisk, SeenChannel
from routing.ids import EntryId
from routing.invariants import faults
from tests.machine.controller import Controller
from tests.machine.town import Town
from tests.support.fake_ari_objects import FakeChannel

AT_ONCE: Final = frozenset(
    {
        "agent_has_two",
        "waits_beyond_the_limit",
        "step_should_have_relaxed",
        "free_beside_a_caller_who_fits",
        "rung_beside_others_while_a_caller_waits",
        "free_beside_a_caller_rung_by_too_few",
        "place_is_wrong",
        "place_grew",
        "reserved_for_nobody",
        "offered_to_nobody",
    }
)
"""Faults of the board that must not be there even for a moment."""
WITHIN_S: Final = 7.0
"""What is not so is repaired by then: the reconciler's 5 s, and the time that its commands and their events take."""


SILENT_S: Final = 30.0
"""Longer than any question of the dialogue waits for an answer."""


class Watch:
    """`look` often. What it gives is wrong."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}
        self._silent: dict[str, float] = {}
        """Citizens and telephones that hear nothing and nobody, since when."""

    def look(self, here: Town) -> Iterator[str]:
        now = here.now
        if now is None:
            self._since.clear()
            self._silent.clear()
            return
        board, at = now.dispatcher.board, here.house.clock.now()
        wrong = list(faults(board, at))
        for fault in faults(board, at, _ending(here, now)):
            if fault.code in AT_ONCE:
                yield f"the board: {fault}"
        if not (here.calm or not here.troubled):
            self._since.clear()
            self._silent.clear()
            return
        yield from self._dead_air(here)
        found = compare(
            now.reconciler.books.records(map(str, wrong)),
            Asterisk(
                {
                    one.id: SeenChannel(one.id, one.in_stasis, tuple(one.app_args))
                    for one in here.world.channels.values()
                },
                {one.id: frozenset(one.channels) for one in here.world.bridges.values()},
            ),
        )
        self._since = {one.key: self._since.get(one.key, here.time) for one in found}
        for one in found:
            if here.time - self._since[one.key] > WITHIN_S:
                yield f"lasts longer than {WITHIN_S:g} s: {one}"

    def _dead_air(self, here: Town) -> Iterator[str]:
        silent = [
            one
            for one in here.world.channels.values()
            if one.in_stasis
            and one.endpoint.startswith("PJSIP")
            and one.state == "Up"
            and not _hears(here, one)
        ]
        self._silent = {one.id: self._silent.get(one.id, here.time) for one in silent}
        for one in silent:
            if here.time - self._silent[one.id] > SILENT_S:
                yield f"{one.endpoint} ({one.id}) has heard nothing and nobody for {SILENT_S:g} s"


def _ending(here: Town, now: Controller) -> set[EntryId]:
    """Conversations whose agent was forced out, and whose end has not come yet: the agent may have the next offer."""
    joined = {one.id: one.agent for one in now.dispatcher.board.entries() if one.state == "joined"}
    return {entry for entry, agent in here.forced_out if joined.get(entry) == agent}


def _hears(here: Town, channel: FakeChannel) -> bool:
    """Or is being recorded. The agent of a citizen who waits hears nobody for a while, in a room of the talk."""
    world = here.world
    return bool(
        channel.music
        or channel.ringing
        or channel.held
        or channel.silent
        or world.plays(channel.id)
        or any(one.topic == channel.id for one in world.recordings.values())
        or (channel.bridge and (len(world.bridges[channel.bridge].channels) > 1 or channel.ours))
        or (channel.bridge and channel.id in here.devices)
    )


def left(here: Town, now: Controller) -> Iterator[str]:
    """Everybody has hung up: what there is still. Nothing, soon."""
    world = here.world
    for name, there in (
        ("channels", sorted(world.channels)),
        ("bridges", sorted(world.bridges)),
        ("playbacks", sorted(world.playbacks)),
        ("recordings", sorted(world.recordings)),
        ("sessions", [session.call for session in now.door.registry]),
        ("other channels of ours", sorted(now.door.registry.others)),
        ("calls made by us", sorted(now.door.registry.made)),
        ("talks", [talk.call for talk in now.work.in_talk]),
        ("conversations", [one.id for one in now.work.talks]),
        ("entries", [one.id for one in now.dispatcher.board.entries()]),
        ("promises", [one.id for one in now.callbacks.lines()]),
        ("agents not free", _busy(now)),
        ("ears", [""] * here.house.ears.open_now),
        ("requests", [""] * here.house.outside.running),
        ("supervisors", [one.supervisor for one in now.supervising.now()]),
    ):
        if there:
            yield f"{name} remain: {there}"


def _busy(now: Controller) -> list[str]:
    states = ("offline", "available", "paused")
    return [
        f"{one.id} {one.state} {one.own_call}"
        for one in now.dispatcher.board.agents.values()
        if one.state not in states
    ]
