"""The supervisor's own telephone: rung by the hotline, and, where the supervisor is an agent who is free, with the
board's knowledge, so that no citizen is offered there meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ivr.ari.interface import Ari
from ivr.call.leg import Destination, Leg
from ivr.call.ports import Queues
from ivr.call.racing import unless
from ivr.call.rung import Rung
from ivr.flow.actions import Transfer
from ivr.flow.inputs import OpId
from ivr.ids import CallId, child_id
from ivr.talk.reaching import Offers
from routing.ids import AgentId, EntryId

RING_S: Final = 25.0


@asynccontextmanager
async def supervisor_phone(
    ari: Ari,
    queues: Queues,
    call: CallId,
    supervisor: str,
    endpoint: str,
    shown: str,
    over: asyncio.Future[None],
) -> AsyncIterator[Leg | None]:
    """The leg, answered and in a bridge of its own; None: not answered. Leaving ends it, and tells the board.

    supervisor: an agent's id, or whatever the installation calls that telephone. shown: on its display. over: when
    done, it is rung no more.
    """
    seat, entry = Offers(), EntryId(child_id(call, "entry"))
    wanted = Transfer(OpId(""), "agent", supervisor, "", ring_s=RING_S, reason=shown)
    offered = queues.call_agent(entry, call, wanted, "", seat) == "offered" and bool(seat.agent)
    agent = AgentId(seat.agent)
    talked = False
    try:
        async with Leg(ari, call, Destination(endpoint, RING_S, shown), kind="super") as leg:
            if offered:
                queues.ringing(entry, agent)
            rung = await unless(over, leg.ring()) or Rung("no_answer")
            if rung.outcome != "answered":
                if offered:
                    queues.not_answered(entry, agent, rung.of_agent)
                yield None
                return
            talked = offered and queues.answered(entry, agent)
            yield leg
    finally:
        if talked:
            queues.finished(entry, agent)
        elif offered:
            # Nothing is left to leave when it ended by itself.
            queues.leave(entry, "left")
