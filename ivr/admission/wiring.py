"""Joins admission into the running hotline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from ivr.admission.gate import Gate
from ivr.admission.nuisance import NuisanceService, keep_current
from ivr.admission.refusal import Refusals, unsaid
from ivr.admission.rules import FOR_WANT_OF_ROOM
from ivr.admission.settings import LimitSettings
from ivr.ari.generated.models import Channel
from ivr.ari.interface import Ari
from ivr.call.front_door import FrontDoor, endpoint_of
from ivr.call.ports import CallerFacts
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from ivr.ids import ChannelId, new_call_id
from storage.records import Fact
from storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a refused call is recorded with. languages: the first is the hotline's own."""

    node: str
    entry_flow: str
    languages: Sequence[str]
    most_calls: int


class Admissions:
    """gate: what is decided by, and its figures. refusals: what the refused hear."""

    def __init__(self, gate: Gate, refusals: Refusals, service: NuisanceService, clock: Clock) -> None:
        self.gate = gate
        self.refusals = refusals
        self._service = service
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled: keeps the list current."""
        await keep_current(self._service, self.gate, self._clock.now)


def admit_by(
    settings: LimitSettings,
    identity: Identity,
    front_door: FrontDoor,
    dispatcher: Dispatcher,
    ari: Ari,
    store: Store,
    put: Callable[[Fact], None],
    clock: Clock,
) -> Admissions:
    """From now on the front door asks who is let in."""
    gate = Gate(
        settings.rules(identity.most_calls),
        clock,
        settings.nuisances(),
        key=lambda number: dispatcher.known.key(number),
        spared_queues=settings.spared_queues,
        spared_s=settings.spared_h * 3600,
        overload=settings.overload(),
    )
    dispatcher.watch(gate.see)
    dialogues = front_door.dialogues
    if missing := unsaid(dialogues.current.library.prompts, identity.languages):
        log.warning("who is refused does not hear %s: there is no text in the prompts", ", ".join(missing))
    refusals = Refusals(
        ari,
        lambda: dialogues.current.audio,
        put,
        clock,
        identity.node,
        identity.languages,
        hurried=lambda: gate.share > 0,
    )
    front_door.refusal = door_keeper(settings, identity, front_door, gate, refusals)
    return Admissions(gate, refusals, NuisanceService(store, clock.now), clock)


def door_keeper(
    settings: LimitSettings, identity: Identity, front_door: FrontDoor, gate: Gate, refusals: Refusals
) -> Callable[[Channel, int], Coroutine[Any, Any, None] | None]:
    """What the front door asks of every caller: None lets in, else what is done instead."""

    def refusal(channel: Channel, live: int) -> Coroutine[Any, Any, None] | None:
        caller, called, trunk = channel.caller.number, channel.dialplan.exten, endpoint_of(channel.name)
        refused = gate.refusal(caller, called, trunk, live)
        if refused is None:
            return None
        if refused.reason in FOR_WANT_OF_ROOM and settings.when_full == "fallback":
            return front_door.to_fallback(ChannelId(channel.id))
        facts = CallerFacts(
            caller=caller,
            called=called,
            entry_flow=identity.entry_flow,
            flow_version=front_door.dialogues.current.library.version,
            language=identity.languages[0],
            trunk=trunk,
        )
        # Known as ours before anything is awaited: the reconciler must not take the caller for a lost one.
        front_door.registry.add_other(channel.id)
        call = new_call_id(identity.node)
        return until_over(channel.id, refusals.refuse(call, ChannelId(channel.id), facts, refused))

    async def until_over(channel: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            front_door.registry.remove_other(channel)

    return refusal
