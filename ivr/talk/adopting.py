"""Goes on with a talk that another controller had: who is in a bridge stays there and hears no break.

Theory of operation. What was kept says who was in the talk and where. Asterisk says which telephones are still up, and
the board whose calls still are. Every telephone that is there becomes a party again; the rest is told to the talk as if
it happened now (`missing.py`), and its own table says what follows: the other agent has the citizen, the talk is over,
the citizen is in line again in the old place. Who was being rung is let go.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from ivr.ari.ending import end_all
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.ari.unhurried import unhurried
from ivr.call.leg import Leg
from ivr.call.ports import Queues
from ivr.errors import AriError
from ivr.ids import ChannelId
from ivr.talk.begun import Begun
from ivr.talk.ground import Ground
from ivr.talk.missing import as_found
from ivr.talk.moving import Mover
from ivr.talk.party import Party
from ivr.talk.people import CITIZEN, rooms
from ivr.talk.reaching import Offers, Reached
from ivr.talk.saved import SavedParty, SavedTalk
from ivr.talk.talking import Talking
from ivr.talk.times import TalkTimes
from routing.ids import AgentId, EntryId

log = logging.getLogger(__name__)


def claim(queues: Queues, caller: str, saved: SavedTalk, place: EntryId | None = None) -> None:
    """At once, before the board gives up whom nobody came for. place: the entry that has a seat already."""
    for party in saved.parties.values():
        if party.entry is not None and party.on_board and party.entry != place:
            queues.resume(EntryId(party.entry), caller, Offers())


async def adopted(
    ground: Ground, saved: SavedTalk, now: dt.datetime, parted: Callable[[float, float], None]
) -> Talking:
    """`run` it. Cancelled, as when the citizen hangs up now, or did while nobody watched: everybody is let go first,
    and `parted` told how long citizen and others heard each other and how long not (s), at most."""
    adopting = asyncio.ensure_future(_begun(ground, saved, now))
    try:
        return Talking(ground, await asyncio.shield(adopting))
    except asyncio.CancelledError:
        parted(*_until(saved, now))
        await unhurried(_end_all(ground, adopting))
        raise


async def let_go(ari: Ari, saved: SavedTalk) -> None:
    """The talk is not gone on with: everybody but the citizen is let go."""
    for party in saved.parties.values():
        await end_all(ari, [party.channel])
    await end_all(ari, bridges=[saved.main])


async def _end_all(ground: Ground, adopting: asyncio.Future[Begun]) -> None:
    await Talking(ground, await adopting).close()


async def _begun(ground: Ground, saved: SavedTalk, now: dt.datetime) -> Begun:
    """Raises nothing of Asterisk's: whom it cannot tell of is taken for being there, and looked for again soon."""
    mover = Mover(ground.ari, ground.citizen, saved.main, saved.music)
    state = as_found(saved.state)
    parties: dict[str, Party] = {}
    up = await asyncio.gather(*(_is_up(ground, saved_party) for saved_party in saved.parties.values()))
    for (person, party), is_up in zip(saved.parties.items(), up, strict=True):
        if person in state.persons and _on_board(ground, party):
            # Who has gone meanwhile is one too, until the talk lets go of it: the board has to be told.
            parties[person] = await _party(ground, party, mover)
        else:
            await _let_go(ground, party, is_up=is_up)
    there = frozenset(
        person for person, is_up in zip(saved.parties, up, strict=True) if is_up and person in parties
    )
    legs = {person: parties[person].reached.leg for person in there}
    aside = "" if state.other is None or state.other.id not in legs else legs[state.other.id].bridge
    await mover.settle(rooms(state), legs, aside)
    times = TalkTimes(ground.monotonic, *_until(saved, now), flowing=_flowing(saved))
    longest_s = None if saved.longest_s is None else max(0.0, saved.longest_s - _away_s(saved, now))
    return Begun(
        state,
        parties,
        mover,
        times,
        there,
        list(saved.agents),
        saved.slot,
        saved.second,
        longest_s,
        saved.sent_to,
    )


def _flowing(saved: SavedTalk) -> bool:
    return rooms(saved.state).get(CITIZEN, "main") == "main"


def _away_s(saved: SavedTalk, now: dt.datetime) -> float:
    return max(0.0, (now - saved.at).total_seconds())


def _until(saved: SavedTalk, now: dt.datetime) -> tuple[float, float]:
    """talked_s, held_s: nobody has moved anybody since it was kept."""
    away_s, flowing = _away_s(saved, now), _flowing(saved)
    return saved.talked_s + (away_s if flowing else 0.0), saved.held_s + (0.0 if flowing else away_s)


async def _is_up(ground: Ground, party: SavedParty) -> bool:
    try:
        found = await ground.ari.channels.get(channel_id=ChannelId(party.channel))
    except AriError as error:
        log.warning("a telephone in a talk cannot be asked for: %s", error)
        return True
    return not isinstance(found, Gone)


def _on_board(ground: Ground, party: SavedParty) -> bool:
    """Whether the board says so too. An outsider is on no board."""
    if party.entry is None or not party.on_board:
        return True
    return ground.queues.has(AgentId(party.agent), EntryId(party.entry))


async def _let_go(ground: Ground, party: SavedParty, *, is_up: bool) -> None:
    """The talk was about to let go of it, or the board has its agent elsewhere."""
    agent = AgentId(party.agent)
    if party.entry is not None and party.on_board and ground.queues.has(agent, EntryId(party.entry)):
        ground.queues.finished(EntryId(party.entry), agent, wrap_up_as=ground.queue)
    if is_up:
        await end_all(ground.ari, [party.channel])


async def _party(ground: Ground, saved: SavedParty, mover: Mover) -> Party:
    kind = "agent" if saved.agent else "party"
    async with AsyncExitStack() as stack:
        leg = Leg.up(ground.ari, ground.call, saved.channel, saved.bridge, kind=kind)
        await stack.enter_async_context(leg)
        if leg.bridge == mover.main:
            leg.give_bridge()
        entry = None if saved.entry is None else EntryId(saved.entry)
        return Party(Reached(leg, stack.pop_all(), saved.agent, entry), on_board=saved.on_board)
