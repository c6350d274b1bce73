"""What a hotline stands on: database, dialogue, speech, Asterisk and whoever worked and waited before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from asr.no_ears import NoEars
from asr.protocol import Ears
from ivr import opening
from ivr.adoption.handing_over import take_application
from ivr.adoption.kept import any_kept
from ivr.adoption.lock import ControllerLock, one_at_a_time
from ivr.adoption.wiring import before_connecting
from ivr.ari.client import AriClient
from ivr.asterisk.process import PrivateAsterisk
from ivr.call.shared_ears import SharedEars
from ivr.clock import Clock
from ivr.clock_jumps import keep_on_record
from ivr.config import Settings
from ivr.disk import DiskWatch, disk_folders
from ivr.flow.understanding.ready import in_a_hurry
from ivr.gate import Gate
from ivr.late_start import Database, open_database
from ivr.prompts.catalogue import Folders
from ivr.rules_live import LiveRules
from ivr.staff import first_floor
from ivr.steady_clock import SteadyClock
from ivr.tracing.optional import Traces, traces_if_wanted
from ivr.versions.content import read_beside
from ivr.versions.live import LiveFlows
from ivr.versions.service import Versions
from ivr.watching.ears import CountedEars
from ivr.watching.meters import Meters
from ivr.watching.wiring import metering
from routing.restoring import Restored
from storage.records import TranscriptLine

if TYPE_CHECKING:
    from asr.pool import WorkerPool

TAKING_OVER: Final = "taking over the calls"
"""The step after which the calls are this process's, and no longer those of the one before."""


@dataclass(frozen=True, slots=True)
class Ground:
    """put: every fact's way to the database. floor: the agents and entries to begin with.

    hurry: callers of a controller that was killed wait. speech: None = keys only. languages: language -> the engine
    that understands it, None: keys only. asterisk: None = it is somebody else's.
    """

    settings: Settings
    clock: Clock
    lock: ControllerLock
    meters: Meters
    traces: Traces
    database: Database
    disk: DiskWatch
    put: Gate
    flows: LiveFlows
    rules: LiveRules
    floor: Restored
    hurry: bool
    speech: WorkerPool | None
    languages: Mapping[str, str | None]
    ears: Ears
    asterisk: PrivateAsterisk | None
    ari: AriClient


async def lay_ground(
    stack: AsyncExitStack,
    settings: Settings,
    say: Callable[[str], None],
    clock: Clock | None,
    *,
    takeover: bool,
) -> Ground:
    """stack: ends it all. Raises HotlineError."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    clock = SteadyClock(settings.state_dir / "clock.json") if clock is None else clock
    lock = stack.enter_context(one_at_a_time(settings, takeover=takeover))
    meters = stack.enter_context(metering())
    traces = stack.enter_context(traces_if_wanted(settings.traces, settings.node))
    say("database")
    database = await open_database(stack, settings)
    store, writer = database.store, database.writer
    disk = DiskWatch(settings.disk, disk_folders(settings), writer.spool)
    put = Gate(writer.put, writer.durable)
    put.instead(TranscriptLine, disk.through(writer.put))
    meters.watch(put)
    for see in traces.fact_watchers:
        put.watch(see)
    keep_on_record(clock, put, settings.node)
    say("dialogue and prompts")
    versions = Versions(
        store, settings.hotline, clock.now, settings.entry_flow, read_beside(settings.flows_dir)
    )
    flows = LiveFlows(versions, settings.flows_dir, Folders.of(settings.flows_dir), watch=settings.watch)
    # Callers of a controller that was killed wait for nothing that takes long to load: keys do until it is there.
    hurry = lock.is_ours and await any_kept(store, settings.node)
    with in_a_hurry(hurry):
        await flows.begin()
    floor = await first_floor(settings.flows_dir, flows.current.rules, store, clock, settings.node)
    rules = LiveRules(flows, versions, clock)
    stack.callback(rules.close)
    say("speech")
    speech, languages = await opening.open_speech(stack, settings, hurry=hurry)
    ears = NoEars() if speech is None else traces.ears(CountedEars(SharedEars(speech), meters))
    say("asterisk")
    agents: list[str] = [agent.id for agent in floor.agents]
    asterisk = await opening.start_asterisk(stack, settings, agents, as_it_is=not lock.is_ours)
    ari = await stack.enter_async_context(AriClient(opening.ari_settings(settings, asterisk)))
    before_connecting(ari)
    if not lock.is_ours:
        say(TAKING_OVER)
        await take_application(ari, lock, database.know_again)
        floor = await first_floor(settings.flows_dir, flows.current.rules, store, clock, settings.node)
    return Ground(
        settings=settings,
        clock=clock,
        lock=lock,
        meters=meters,
        traces=traces,
        database=database,
        disk=disk,
        put=put,
        flows=flows,
        rules=rules,
        floor=floor,
        hurry=hurry,
        speech=speech,
        languages=languages,
        ears=ears,
        asterisk=asterisk,
        ari=ari,
    )
