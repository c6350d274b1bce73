"""The composition root: the only place that names the concrete parts and joins them into a running hotline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from asr.pool import NoEars
from ivr import opening
from ivr.accounts.wiring import open_accounts
from ivr.admission.wiring import Identity, admit_by
from ivr.adoption.board import keep_staff
from ivr.adoption.erasing import keep_erasing_live
from ivr.adoption.handing_over import HandingOver, take_application
from ivr.adoption.kept import any_kept
from ivr.adoption.lock import one_at_a_time
from ivr.adoption.wiring import before_connecting, take_over_calls
from ivr.ari.client import AriClient
from ivr.ari.parse import AnyEvent, Gap
from ivr.asterisk.wiring import Kept, asterisk_status
from ivr.beside import Beside
from ivr.call.front_door import FrontDoor, FrontDoorSettings
from ivr.call.media_path import RtpMedia
from ivr.call.services import CallServices
from ivr.call.shared_ears import SharedEars
from ivr.call.websocket_media import WebsocketMedia
from ivr.callback.desk import CallbackDesk
from ivr.callback.hours import hours_of
from ivr.callback.promises import StoredPromises
from ivr.callback.services import CallbackServices
from ivr.callers import CallerHistories
from ivr.callers_known import CallerKeys
from ivr.callers_wiring import open_callers
from ivr.clock import Clock
from ivr.clock_jumps import keep_on_record
from ivr.config import Settings
from ivr.desk.wiring import open_desk
from ivr.disk import DiskWatch, disk_folders
from ivr.dispatch import Dispatcher
from ivr.errors import HotlineError, first_of
from ivr.fallback.wiring import fallback_taking
from ivr.flow.understanding.ready import in_a_hurry
from ivr.garbage import look_seldom
from ivr.gate import Gate
from ivr.hotline import Hotline as Hotline
from ivr.late_start import open_database
from ivr.outside.service import open_outside
from ivr.outside.stored import stored_history, stored_pending
from ivr.prompts import background
from ivr.prompts.catalogue import Folders
from ivr.prompts.store import cache_folder
from ivr.reconcile.door import answering
from ivr.reconcile.wiring import reconcile_by
from ivr.recordings.stored import Watched
from ivr.recordings.wiring import write_down
from ivr.records import FactRecords
from ivr.retention.keeper import keep_erasing
from ivr.rules_live import LiveRules
from ivr.staff import SavedSeed, first_floor
from ivr.status import LiveStatus, TodayCount
from ivr.steady_clock import SteadyClock
from ivr.talk.wiring import oversee
from ivr.tracing.optional import traces_if_wanted
from ivr.versions.content import read_beside
from ivr.versions.live import LiveFlows
from ivr.versions.service import Versions
from ivr.watching.collecting import Parts
from ivr.watching.ears import CountedEars
from ivr.watching.wiring import counted, metering, watching
from routing.board import Board
from web.api.status import DatabaseStatus, SpeechStatus
from web.app import build_app, serve

log = logging.getLogger(__name__)

TAKING_OVER = "taking over the calls"
"""The step after which the calls are this process's, and no longer those of the one before."""
READY_S = 20.0
BEHIND = 5_000
"""So many facts not yet durable: the database is called unwell."""


class RunningHotline:
    """`start()` returns when calls are taken, `stop()` when everything that was started has ended.

    One task holds everything, so that a part that dies ends the whole, and tests may start and stop it from
    different tasks.
    """

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
        *,
        takeover: bool = False,
    ) -> None:
        """clock: instead of the system's; its `monotonic` must be the event loop's. takeover: of the calls of the
        controller that runs, if one does."""
        self._settings = settings
        self._takeover = takeover
        self._say = say
        self._clock = clock
        self._stop = asyncio.Event()
        self._started: asyncio.Future[Hotline] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> Hotline:
        """Raises HotlineError: says which part does not start and how to mend it."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="hotline")
        waits: list[asyncio.Future[Any]] = [self._task, self._started]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            self._started.cancel()
            await self._task
            raise HotlineError("the hotline ended while it started")
        return self._started.result()

    async def stop(self) -> None:
        self._stop.set()
        await self.wait()

    async def abort(self) -> None:
        """End a start that is still under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def wait(self) -> None:
        """Until the hotline has ended; raises what ended it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        async with hotline(self._settings, self._say, self._clock, self._takeover) as running:
            self._started.set_result(running)
            ends = [asyncio.create_task(one.wait()) for one in (self._stop, running.handing_over.let_go)]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in ends:
                    one.cancel()


@asynccontextmanager
async def hotline(
    settings: Settings,
    say: Callable[[str], None] = lambda _: None,
    clock: Clock | None = None,
    takeover: bool = False,
) -> AsyncIterator[Hotline]:
    """Everything up, in the order in which the parts need each other; everything down in the reverse order.

    say: told of each step, for a person who waits. takeover: see `RunningHotline`. Enter and leave in the same task.
    """
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    clock = SteadyClock(settings.state_dir / "clock.json") if clock is None else clock
    async with AsyncExitStack() as stack:
        lock = stack.enter_context(one_at_a_time(settings, takeover=takeover))
        meters = stack.enter_context(metering())
        traces = stack.enter_context(traces_if_wanted(settings.traces, settings.node))
        meters.fact_watchers += traces.fact_watchers
        say("database")
        database = await open_database(stack, settings)
        store, writer = database.store, database.writer
        disk = DiskWatch(settings.disk, disk_folders(settings), writer.spool)
        put = Gate(counted(disk.through(writer.put), meters), writer.durable)
        keep_on_record(clock, put, settings.node)
        say("dialogue and prompts")
        versions = Versions(
            store, settings.hotline, clock.now, settings.entry_flow, read_beside(settings.flows_dir)
        )
        folders = Folders.of(settings.flows_dir)
        flows = LiveFlows(versions, settings.flows_dir, folders, watch=settings.watch)
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
        board = Board(await rules.begin(), floor.agents, floor.entries)
        outside = await stack.enter_async_context(
            open_outside(
                settings.outside,
                clock,
                put,
                stored_pending(store, writer, settings.node, clock),
                stored_history(store, clock),
            )
        )

        today = TodayCount(clock)
        keys = CallerKeys.kept_in(settings.state_dir)
        callers = await stack.enter_async_context(
            open_callers(store, put, clock, keys, settings.node, settings.missed)
        )
        watched = Watched(callers.put)
        records = FactRecords(watched, settings.node, today)
        changed = _Changed()
        dispatcher = Dispatcher(board, clock, records, changed)
        stack.callback(dispatcher.close)
        dispatcher.begin(floor)
        await callers.begin(dispatcher, writer.left)
        at_work = await stack.enter_async_context(
            open_desk(settings.desk, dispatcher, clock, store, put, ari, outside)
        )
        histories = CallerHistories(store, clock)
        stack.push_async_callback(histories.close)
        rendered = asterisk.rendered if asterisk else None
        telephony = await stack.enter_async_context(
            open_accounts(settings, store, clock, ari, dispatcher, rendered, changed)
        )
        fallback = fallback_taking(settings, ari, store, watched, clock, telephony.book.agent_of)
        by_websocket = WebsocketMedia(ari)

        def on_event(event: AnyEvent) -> None:
            telephony.on_event(event)
            if fallback is not None:
                fallback.on_event(event)
            if isinstance(event, Gap):
                by_websocket.forget()
                reconciler.soon()
            changed()

        outbound = opening.outbound_of(settings)
        calling_back = CallbackServices(
            ari,
            dispatcher,
            outbound,
            clock,
            at_work.talks,
            lambda: flows.audio,
            at_work.in_talk,
            number_of=lambda name: flows.library.numbers.get(name),
            changed=changed,
        )
        callbacks = CallbackDesk(
            calling_back,
            dispatcher,
            StoredPromises(store, callers.put, put.durable),
            settings.node,
            changed,
            settings=settings.callbacks,
            hours=hours_of(lambda: flows.library.calendars, rules.hours.said),
        )
        callers.call_back_by(callbacks.owe)
        services = CallServices(
            ari,
            flows.audio,
            ears,
            dispatcher,
            records,
            clock,
            changed,
            outside=outside,
            callbacks=callbacks,
            outbound=outbound,
            media=by_websocket if settings.asterisk.media == "websocket" else RtpMedia(),
            written_down=settings.transcripts.talks,
            desk=at_work.by_telephone,
            talks=at_work.talks,
            in_talk=at_work.in_talk,
            onward=calling_back.onward,
            lines=calling_back.lines,
            hours=rules.hours.said,
            begun=traces.begun,
            may_record=disk.may_record,
            settled=writer.settled,
        )
        front_door = FrontDoor(
            services,
            flows,
            FrontDoorSettings(
                settings.node, settings.entry_flow, settings.default_language, settings.max_calls
            ),
            changed,
            on_event,
            histories.of,
        )
        front_door.agent_of = telephony.book.agent_of
        handing_over = HandingOver(lock, writer)

        def replaced() -> None:
            put.shut()
            callers.shut()
            handing_over.replaced()

        front_door.on_replaced = replaced
        front_door.wait_for_adoption()
        reconciler = reconcile_by(
            ari,
            clock,
            settings.node,
            front_door,
            dispatcher,
            at_work.talks,
            at_work.in_talk,
            callbacks,
            telephony,
        )
        first = (settings.default_language, *(x for x in opening.LANGUAGES if x != settings.default_language))
        identity = Identity(settings.node, settings.entry_flow, first, settings.max_calls)
        admissions = admit_by(
            settings.limits, identity, front_door, dispatcher, ari, store, callers.put, clock
        )
        status = LiveStatus(
            clock=clock,
            node=settings.node,
            registry=front_door.registry,
            dispatcher=dispatcher,
            today=today,
            asterisk=lambda: asterisk_status(ari, asterisk, kept),
            database=lambda: DatabaseStatus(
                "sqlite" if store.dialect == "sqlite" else "postgres", writer.waiting < BEHIND
            ),
            speech=lambda: tuple(SpeechStatus(name, engine) for name, engine in languages.items()),
            phones=lambda: telephony.phones.online,
            callbacks=callbacks.lines,
        )
        changed.to(status.bump)
        watched_parts = Parts(
            ari,
            writer,
            status,
            front_door,
            admissions,
            outside,
            callers,
            speech,
            languages,
            settings,
        )
        watch = await stack.enter_async_context(watching(meters, watched_parts, dispatcher, clock, changed))
        status.unwell = watch.unwell
        traces.attach(ari, dispatcher, writer)
        overseeing = oversee(settings, services, store, watched, front_door.registry, dispatcher)
        running = Hotline(
            settings=settings,
            flows=flows,
            store=store,
            writer=writer,
            ari=ari,
            dispatcher=dispatcher,
            front_door=front_door,
            status=status,
            outside=outside,
            desk=at_work.desk,
            overseeing=overseeing,
            callbacks=callbacks,
            callers=callers,
            asterisk=asterisk,
            rendered=rendered,
            telephony=telephony,
            reconciler=reconciler,
            admissions=admissions,
            watching=watch,
            rules=rules,
            languages=languages,
            speech=speech,
            handing_over=handing_over,
        )
        kept: Kept | None = None
        try:
            async with asyncio.TaskGroup() as group:
                door = group.create_task(front_door.run(), name="front door")
                beside = Beside(group)
                beside.needed("writer watched", writer.failed())
                beside.needed("handing over", handing_over.run())
                beside.useful("room on the disk", disk.run)
                beside.useful("notifications", outside.run)
                beside.useful("nuisance list", admissions.run)
                beside.useful("versions of the dialogue", flows.run)
                beside.useful("retention", lambda: keep_erasing(store, settings, clock.now))
                kept = Kept(group, asterisk, ari, front_door.registry, settings.asterisk, changed)
                if settings.prompts.render:
                    beside.useful(
                        "prompt renderer",
                        lambda: background.run(flows.audio, opening.LANGUAGES, cache_folder()),
                    )
                await ari.ready(READY_S)
                await take_over_calls(
                    store, ari, front_door, dispatcher, records, watched, clock, settings.node
                )
                if hurry:
                    beside.useful("words of Chinese", opening.make_words_ready)
                beside.useful(
                    "erasing of rows of calls that are over",
                    lambda: keep_erasing_live(store, settings.node, clock),
                )
                await telephony.keeper.begin()
                beside.useful("accounts", telephony.keeper.run)
                if fallback is not None:
                    beside.useful("calls of the fallback", fallback.run)
                if settings.transcripts.recordings and any(languages.values()):
                    written = write_down(
                        settings, ari, ears, store, put, watched, records, clock, lambda: flows.library
                    )
                    beside.useful("recordings in writing", written.run)
                dispatcher.start()
                rules.drive(dispatcher)
                flows.on_save = SavedSeed(settings.flows_dir, dispatcher, clock, telephony.accounts.welcome)
                beside.needed("callbacks", callbacks.run(front_door.registry))
                beside.useful("reconciler", reconciler.run)
                await lock.until_ours()
                await stack.enter_async_context(answering(settings.state_dir, reconciler))
                beside.useful("missed calls", callers.run)
                beside.useful("recordings and supervisors", overseeing.run)
                put_off = {
                    "agents": lambda: keep_staff(store, dispatcher.board.agents.values()),
                    "telephone accounts": telephony.seed,
                    "callers": lambda: callers.begin_late(dispatcher, writer.left),
                }
                beside.useful("database", lambda: database.keep_up(settings.hotline, put_off))
                if settings.web.enabled:
                    page = build_app(
                        status,
                        settings=opening.page_settings(settings, asterisk),
                        health=watch.health,
                        metrics=watch.metrics,
                    )
                    serving = await stack.enter_async_context(
                        serve(page, settings.web.host, settings.web.port)
                    )
                    running.page_url = serving.url
                look_seldom()
                yield running
                kept.close()
                door.cancel()
                beside.end()
            if asterisk is None:
                await front_door.hand_on_rest()
        except* HotlineError as errors:
            raise first_of(errors) from None


class _Changed:
    """Tells the status page that something changed, once there is one."""

    def __init__(self) -> None:
        self._tell: Callable[[], None] | None = None

    def to(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def __call__(self) -> None:
        if self._tell is not None:
            self._tell()
