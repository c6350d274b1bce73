"""Carries out where everybody in a talk is: bridges, music, ringing. Never raises for what has gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping, Sequence

from ivr.ari.ending import end_all
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.call.leg import TALK_BRIDGE, Leg
from ivr.errors import AriError
from ivr.ids import ChannelId
from ivr.talk.people import CITIZEN, Move, Room

log = logging.getLogger(__name__)


class Mover:
    """main: the bridge where the citizen is. music: which class is heard, "" = the usual."""

    def __init__(self, ari: Ari, citizen: ChannelId, main: str, music: str = "") -> None:
        self._ari = ari
        self._citizen = citizen
        self.main = main
        self.music = music
        self._bridge: dict[ChannelId, str] = {citizen: main}
        """Which bridge each channel is in."""
        self._sound: dict[ChannelId, Room] = {}
        self.aside: tuple[str, ChannelId] | None = None
        """A person who is aside with a second channel, while the first stays where it is."""

    async def carry_out(self, moves: Sequence[Move], legs: Mapping[str, Leg], aside: str) -> None:
        """legs: by person. aside: the bridge of that room. Who leaves goes first, then who comes."""
        channels = {move: self.channel(move.who, move.after, legs) for move in moves}
        out: list[Awaitable[None]] = []
        into: dict[str, list[ChannelId]] = {}
        for move, channel in channels.items():
            if channel is None:
                continue
            if move.after in ("main", "aside"):
                bridge = self.main if move.after == "main" else aside
                out.append(self._quiet(channel))
                if self._bridge.get(channel) != bridge:
                    into.setdefault(bridge, []).append(channel)
            else:
                out.append(self._alone(channel, move.after))
        await asyncio.gather(*out)
        await asyncio.gather(*(self._add(bridge, channels) for bridge, channels in into.items()))

    async def settle(self, wanted: Mapping[str, Room], legs: Mapping[str, Leg], aside: str) -> None:
        """As `resume`, with what Asterisk says now."""
        there: dict[str, list[str]] = {}
        for name in dict.fromkeys([self.main, *(leg.bridge for leg in legs.values())]):
            try:
                found = await self._ari.bridges.get(bridge_id=name)
            except AriError as error:
                log.warning("a bridge of a talk cannot be asked for: %s", error)
                continue
            if not isinstance(found, Gone):
                there[name] = list(found.value.channels)
        await self.resume(wanted, legs, aside, there)

    async def resume(
        self,
        wanted: Mapping[str, Room],
        legs: Mapping[str, Leg],
        aside: str,
        there: Mapping[str, Collection[str]],
    ) -> None:
        """Another controller had the talk, or something came apart: whoever is where they should be is not touched, the
        others are moved.

        wanted: where everybody is to be. there: the bridges that Asterisk has, with the channels in them.
        """
        self._bridge = {ChannelId(one): bridge for bridge, inside in there.items() for one in inside}
        moves: list[Move] = []
        for who, room in wanted.items():
            channel = self.channel(who, room, legs)
            if channel is None:
                continue
            bridge = self._bridge.get(channel, "")
            if room in ("main", "aside"):
                if bridge != (self.main if room == "main" else aside):
                    self._sound[channel] = "music"  # perhaps: it ends before they are together
                    moves.append(Move(who, "", room))
            elif bridge:
                moves.append(Move(who, "", room))
            else:
                self._sound[channel] = room
        if self.main not in there:
            create = self._ari.bridges.create_with_id
            await self._try(create(bridge_id=self.main, type=TALK_BRIDGE, name=self.main))
        await self.carry_out(moves, legs, aside)

    def came(self, channel: ChannelId, bridge: str) -> None:
        """A telephone that has just answered is in a bridge of its own."""
        self._bridge[channel] = bridge

    async def release(self) -> None:
        """The citizen out of everything, hearing nothing."""
        await self._alone(self._citizen, "elsewhere")

    async def mute(self, channel: ChannelId, *, muted: bool) -> None:
        if muted:
            await self._try(self._ari.channels.mute(channel_id=channel, direction="in"))
        else:
            await self._try(self._ari.channels.unmute(channel_id=channel, direction="in"))

    async def destroy(self) -> None:
        await end_all(self._ari, bridges=[self.main])

    def channel(self, who: str, room: Room, legs: Mapping[str, Leg]) -> ChannelId | None:
        """By which that person, or the citizen, is in that room. None: has no telephone up."""
        if who == CITIZEN:
            return self._citizen
        if self.aside is not None and self.aside[0] == who and room in ("aside", "ringing"):
            return self.aside[1]
        leg = legs.get(who)
        return None if leg is None else leg.channel

    async def _alone(self, channel: ChannelId, room: Room) -> None:
        bridge = self._bridge.pop(channel, None)
        if bridge is not None:
            await self._try(self._ari.bridges.remove_channel(bridge_id=bridge, channel=[channel]))
        await self._quiet(channel)
        if room == "music":
            await self._try(self._ari.channels.start_moh(channel_id=channel, moh_class=self.music or None))
        elif room == "ringing":
            await self._try(self._ari.channels.ring(channel_id=channel))
        self._sound[channel] = room

    async def _quiet(self, channel: ChannelId) -> None:
        sound = self._sound.pop(channel, "")
        if sound == "music":
            await self._try(self._ari.channels.stop_moh(channel_id=channel))
        elif sound == "ringing":
            await self._try(self._ari.channels.ring_stop(channel_id=channel))

    async def _add(self, bridge: str, channels: list[ChannelId]) -> None:
        for channel in channels:
            self._bridge[channel] = bridge
            # One by one: a channel that has gone must not keep the others out.
            await self._try(self._ari.bridges.add_channel(bridge_id=bridge, channel=[channel]))

    @staticmethod
    async def _try(command: Awaitable[object]) -> None:
        try:
            await command
        except AriError as error:
            # Whose channel has gone is told by its own events.
            log.warning("in a talk: %s", error)
