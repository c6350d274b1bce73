"""Goes on with the calls of an earlier controller: reads what was kept, looks at Asterisk, and carries the plan out.

    kept = await read(store, node)
    adopted = await adopt(ground, kept)  # Asterisk is connected, the front door waits for us
    front_door.open()

Nothing here plays or ends anything of a call that goes on: its session does, from the state in which it was.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from ivr.admission.refusal import end_of_refusal
from ivr.adoption.kept import Kept
from ivr.adoption.plan import Plan, plan
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.call.callers_channel import in_application
from ivr.call.dialogue import Dialogue
from ivr.call.front_door import FrontDoor
from ivr.call.history import CallHistory
from ivr.call.ports import CallerFacts, LiveCall, Records
from ivr.call.saved import SavedCall
from ivr.call.session import CallSession
from ivr.clock import Clock
from ivr.errors import AriError, AriUnavailable, FlowError, StorageError
from ivr.ids import CallId, ChannelId, owner_of
from ivr.projections.calls import call_of
from routing.entries import Entry
from storage.live_records import LiveCallRecord
from storage.records import CallRecord, JournalEvent

log = logging.getLogger(__name__)

RESUMED_S: Final = 10.0
"""So long is waited for the sessions to be wholly there; they go on in any case."""
HELD_S: Final = 5.0
"""Events of objects that nobody watches yet are kept so much longer."""
TRIES: Final = 5
AGAIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Adopted:
    """going_on: calls whose caller is there. gone: whose caller had hung up meanwhile. took_s: until the last of them
    was wholly ours. given_up: callers who were sent to the dialplan's fallback, for want of their dialogue."""

    going_on: int = 0
    gone: int = 0
    given_up: int = 0
    channels_ended: int = 0
    bridges_ended: int = 0
    took_s: float = 0.0


class Board(Protocol):
    def adopted(self) -> Sequence[Entry]:
        """Every session that goes on has its place: places that none came for are over. Gives these."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """put: takes a fact for the database."""

    ari: Ari
    front_door: FrontDoor
    board: Board
    records: Records
    clock: Clock
    put: Callable[[CallRecord], None]


async def adopt(ground: Ground, kept: Kept) -> Adopted:
    """Returns when every call that goes on is wholly ours. Raises AriError: it is not known which calls are there."""
    began = ground.clock.monotonic()
    for record in kept.finished:
        ground.put(record)
    for record in kept.forgotten:
        _end_forgotten(ground, record, kept.seqs.get(record.id, 0))
    for journal in kept.refused:
        _end_refused(ground, journal)
    if not kept.saved and not kept.unreadable:
        _tell_left(ground.board.adopted(), ())
        ground.ari.bus.let_go()
        return Adopted()
    channels, bridges = await _look(ground.ari)
    lost_ids = [one.id for one in kept.unreadable]
    todo = plan(kept.saved, kept.over, channels, bridges, lost_ids, await _started_at(ground.ari))
    sessions, given_up = await _go_on(ground, todo, kept.promised)
    lost: list[SavedCall | LiveCallRecord] = [*kept.unreadable, *given_up]
    ended = asyncio.gather(*(_end(ground, todo, lost, channels)))
    waits = [asyncio.ensure_future(session.going_on.wait()) for session in sessions]
    if waits:
        _, late = await asyncio.wait(waits, timeout=RESUMED_S)
        for one in late:
            one.cancel()
            log.error("a call of the earlier controller is slow to go on")
    await ended
    _tell_left(ground.board.adopted(), sessions)
    asyncio.get_running_loop().call_later(HELD_S, ground.ari.bus.let_go)
    gone = sum(1 for call in todo.go_on if call.gone)
    adopted = Adopted(
        len(sessions) - gone,
        gone,
        len(lost),
        len(todo.channels),
        len(todo.bridges),
        ground.clock.monotonic() - began,
    )
    told = " ".join(
        f"{name}={value:.3f}" if isinstance(value, float) else f"{name}={value}"
        for name, value in asdict(adopted).items()
    )
    log.warning("calls of the earlier controller: %s", told)
    return adopted


async def _look(ari: Ari) -> tuple[Mapping[str, bool], list[str]]:
    """Channels with whether they are in our application, and bridges. Raises AriError."""
    for attempt in range(1, TRIES + 1):
        try:
            channels, bridges = await asyncio.gather(ari.channels.list(), ari.bridges.list())
        except AriError as error:
            if attempt == TRIES:
                raise
            log.warning("not known yet which calls are there: %s", error)
            await asyncio.sleep(AGAIN_S)
        else:
            if isinstance(channels, Gone) or isinstance(bridges, Gone):
                break
            # Those that we made are in no dialplan.
            there = {
                one.id: in_application(one, ari.app) or owner_of(one.id) is not None for one in channels.value
            }
            return there, [one.id for one in bridges.value]
    raise AriUnavailable("not known which channels are there")


async def _started_at(ari: Ari) -> dt.datetime | None:
    """When this Asterisk was started; None: not known."""
    try:
        told = await ari.asterisk.get_info(only=["status"])
    except AriError as error:
        log.warning("not known since when Asterisk runs: %s", error)
        return None
    return None if isinstance(told, Gone) or told.value.status is None else told.value.status.startup_time


async def _go_on(
    ground: Ground, todo: Plan, promised: frozenset[str]
) -> tuple[list[CallSession], list[SavedCall]]:
    """The sessions, and the calls whose dialogue cannot be run any more."""
    sessions: list[CallSession] = []
    given_up: list[SavedCall] = []
    for call in todo.go_on:
        try:
            dialogue: Dialogue = await ground.front_door.dialogues.again(call.facts.flow_version)
        except (FlowError, StorageError) as error:
            log.error("call %s cannot go on, its dialogue cannot be run: %s", call.call, error)
            given_up.append(call)
        else:
            sessions.append(ground.front_door.go_on(call, dialogue, promised))
    return sessions, given_up


def _end(
    ground: Ground,
    todo: Plan,
    lost: Iterable[SavedCall | LiveCallRecord],
    channels: Mapping[str, bool],
) -> Iterable[Awaitable[object]]:
    """What has no owner any more; callers who cannot be gone on with are given to the dialplan."""
    ari, now = ground.ari, ground.clock.now()
    ground.front_door.registry.ended.update(todo.channels, todo.bridges)
    for channel in todo.channels:
        log.warning("repair: channel %s was left by the earlier controller; ended", channel)
        yield _tried(ari.channels.hangup(channel_id=channel, reason="normal"))
    for bridge in todo.bridges:
        log.warning("repair: bridge %s was left by the earlier controller; destroyed", bridge)
        yield _tried(ari.bridges.destroy(bridge_id=bridge))
    for call in todo.closed:
        ground.records.live(call.call, LiveCall(call.channel, call.revision + 1, now, True))
    for one in lost:
        if isinstance(one, SavedCall):
            _end_given_up(ground, one)
        call_id, channel = (one.call, one.channel) if isinstance(one, SavedCall) else (one.id, one.channel)
        if channels.get(channel):
            yield ground.front_door.to_fallback(ChannelId(channel))
        ground.records.live(CallId(call_id), LiveCall(ChannelId(channel), one.revision + 1, now, True))


def _end_given_up(ground: Ground, call: SavedCall) -> None:
    """On record. An unreadable one is among the forgotten."""
    history = CallHistory(ground.records, call.call, call.facts, call.arrived_at)
    history.resume(call.history, call.written, call.acts)
    history.caught_up(call.said)
    history.failed("the dialogue of the call cannot be run any more")
    history.ended(call.facts.language if call.state is None else call.state.language, ground.clock.now())


def _end_forgotten(ground: Ground, record: CallRecord, seq: int) -> None:
    """A call that is on record as live, and of which nothing was kept to go on with."""
    log.error("call %s of an earlier controller was lost: ended on record", record.id)
    facts = CallerFacts(
        caller=record.caller,
        called=record.dialled,
        entry_flow=record.flow,
        flow_version=record.flow_version,
        language=record.language,
        trunk=str(record.data.get("endpoint", "")),
        agent=str(record.data.get("agent", "")),
        handed_from=str(record.data.get("handed_from", "")),
    )
    history = CallHistory(ground.records, CallId(record.id), facts, record.started_at)
    history.resume({"seq": seq}, ())
    history.failed("nothing was kept of the call when the controller ended")
    history.ended(record.language, ground.clock.now())


def _end_refused(ground: Ground, journal: Sequence[JournalEvent]) -> None:
    """Who was not let in, and perhaps still hears so. On the line they are the reconciler's, as who comes in now."""
    end = end_of_refusal(journal, "system", ground.clock.now())
    ground.records.journal(CallId(end.call_id), end.seq, end.kind, end.data, end.at)
    folded = call_of([*journal, end])
    if folded is not None:
        ground.put(folded.record)


async def _tried(work: Awaitable[Any]) -> None:
    try:
        await work
    except AriError as error:
        log.warning("left to the reconciler: %s", error)


def _tell_left(entries: Sequence[Entry], sessions: Iterable[CallSession]) -> None:
    by_call = {session.call: session for session in sessions}
    for entry in entries:
        log.warning("repair: nobody came for the place %s; it is given up", entry.id)
        session = by_call.get(CallId(entry.call_id))
        if session is not None and entry.state == "joined" and entry.agent:
            # Rung from within a talk, and answered; the controller was killed before the talk had it.
            session.note("not_joined", {"agent": entry.agent, "why": "restart"})
