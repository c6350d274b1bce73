"""The composition root: the only place that names the concrete parts and joins them into a running hotline."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from asr.pool import NoEars, WorkerPool
from ivr.accounts.wiring import Telephony, open_accounts
from ivr.admission.wiring import Admissions, Identity, admit_by
from ivr.adoption.erasing import keep_erasing_live
from ivr.adoption.handing_over import HandingOver, take_application
from ivr.adoption.kept import any_kept
from ivr.adoption.lock import one_at_a_time
from ivr.adoption.wiring import before_connecting, take_over_calls
from ivr.ari.client import AriClient, AriSettings
from ivr.ari.parse import AnyEvent, Gap
from ivr.asterisk.locate import locate
from ivr.asterisk.ports import Ports
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk, RenderOptions, render
from ivr.asterisk.wiring import Kept, asterisk_status
from ivr.call.front_door import FrontDoor, FrontDoorSettings
from ivr.call.media_path import RtpMedia
from ivr.call.outbound import Outbound
from ivr.call.services import CallServices
from ivr.call.shared_ears import SharedEars
from ivr.call.websocket_media import WebsocketMedia
from ivr.callback.desk import CallbackDesk
from ivr.callback.hours import hours_of
from ivr.callback.promises import StoredPromises
from ivr.callback.services import CallbackServices
from ivr.callers import CallerHistories
from ivr.callers_known import CallerKeys
from ivr.callers_wiring import Callers, open_callers
from ivr.clock import Clock
from ivr.config import Settings
from ivr.desk.service import Desk
from ivr.desk.wiring import open_desk
from ivr.disk import MB, DiskWatch, disk_folders
from ivr.dispatch import Dispatcher
from ivr.errors import HotlineError, first_of
from ivr.fallback.wiring import fallback_taking
from ivr.flow.model import FlowLibrary
from ivr.gate import Gate
from ivr.outside.service import OutsideService, open_outside
from ivr.outside.stored import stored_history, stored_pending
from ivr.prompts import background
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.prompts.store import cache_folder
from ivr.reconcile.door import answering
from ivr.reconcile.reconciler import Reconciler
from ivr.reconcile.wiring import reconcile_by
from ivr.recordings.stored import StoredRows, Watched
from ivr.recordings.written import WrittenRecordings
from ivr.records import FactRecords
from ivr.retention.keeper import keep_erasing
from ivr.rules_live import LiveRules
from ivr.speech import pool_settings
from ivr.staff import SavedSeed, first_floor
from ivr.status import LiveStatus, TodayCount
from ivr.steady_clock import SteadyClock
from ivr.talk.wiring import Overseeing, oversee
from ivr.tracing.optional import in_traces, traces_if_wanted
from ivr.versions.content import read_beside
from ivr.versions.live import LiveFlows
from ivr.versions.service import Versions
from ivr.watching.collecting import Parts
from ivr.watching.ears import CountedEars
from ivr.watching.wiring import Watching, counted, metering, watching
from routing.board import Board
from storage.migrate import upgrade
from storage.spool import Spool
from storage.store import Store
from storage.transcript_words import found_by
from storage.writer import FactWriter
from web.api.status import DatabaseStatus, SpeechStatus
from web.app import build_app, serve
from web.settings import PageSettings

log = logging.getLogger(__name__)

LANGUAGES = ("zh", "en")
READY_S = 20.0
SOME_WORDS = "李先生住在人民路，he called at three"
UNWANTED = frozenset(
    {
        "ChannelVarset",
        "ChannelConnectedLine",
        "ChannelDialplan",
        "ChannelCallerId",
        "BridgeCreated",
        "BridgeMerged",
    }
    | {"BridgeDestroyed", "ChannelCreated"}
)
"""Events that no part of ours looks at."""
BEHIND = 5_000
"""So many facts not yet durable: the database is called unwell."""


@dataclass(slots=True)
class Hotline:
    """A hotline that takes calls: what others may see and use of it."""

    settings: Settings
    flows: LiveFlows
    store: Store
    writer: FactWriter
    ari: AriClient
    dispatcher: Dispatcher
    front_door: FrontDoor
    status: LiveStatus
    callbacks: CallbackDesk
    callers: Callers
    outside: OutsideService
    desk: Desk
    overseeing: Overseeing
    """Recordings of talks, supervisors."""
    telephony: Telephony
    reconciler: Reconciler
    admissions: Admissions
    """Who is let in, and who was not."""
    watching: Watching
    """Metrics and health."""
    rules: LiveRules
    """The rules of the queues in force, and their hours."""
    handing_over: HandingOver
    """To the next controller."""
    asterisk: PrivateAsterisk | None = None
    rendered: RenderedAsterisk | None = None
    page_url: str = ""
    languages: Mapping[str, str | None] = field(default_factory=dict)
    """Language -> the engine that understands it, None: keys only."""
    speech: WorkerPool | None = None
    """The speech workers; None: keys only."""

    @property
    def library(self) -> FlowLibrary:
        """The dialogue of new calls."""
        return self.flows.library

    @property
    def audio(self) -> PromptCatalogue:
        """The prompts of new calls."""
        return self.flows.audio


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
        store, writer = await _open_storage(stack, settings)
        disk = DiskWatch(settings.disk, disk_folders(settings), writer.spool)
        put = Gate(counted(disk.through(writer.put), meters))
        say("dialogue and prompts")
        versions = Versions(
            store, settings.hotline, clock.now, settings.entry_flow, read_beside(settings.flows_dir)
        )
        folders = Folders.of(settings.flows_dir)
        flows = LiveFlows(versions, settings.flows_dir, folders, watch=settings.watch)
        await flows.begin()
        floor = await first_floor(settings.flows_dir, flows.current.rules, store, clock, settings.node)
        rules = LiveRules(flows, versions, clock)
        stack.callback(rules.close)
        say("speech")
        # Callers of a controller that was killed wait for nothing that takes long to load: keys do until it is there.
        hurry = lock.is_ours and await any_kept(store, settings.node)
        speech, languages = await _open_speech(stack, settings, hurry=hurry)
        ears = NoEars() if speech is None else traces.ears(CountedEars(SharedEars(speech), meters))
        say("asterisk")
        agents: list[str] = [agent.id for agent in floor.agents]
        asterisk = await _start_asterisk(stack, settings, agents, as_it_is=not lock.is_ours)
        ari = await stack.enter_async_context(AriClient(_ari_settings(settings, asterisk)))
        before_connecting(ari)
        if not lock.is_ours:
            say("taking over the calls")
            await take_application(ari, lock, writer)
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

        outbound = _outbound(settings)
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
            StoredPromises(store, callers.put, writer.durable),
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
            lines=calling_back.lines,
            hours=rules.hours.said,
            begun=traces.begun,
            may_record=disk.may_record,
            settled=writer.settled,
        )
        front_door = FrontDoor(
            services,
            flows,
            dispatcher,
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
        first = (settings.default_language, *(x for x in LANGUAGES if x != settings.default_language))
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
                watchers = [
                    group.create_task(writer.failed(), name="writer watched"),
                    group.create_task(handing_over.run(), name="handing over"),
                    group.create_task(disk.run(), name="room on the disk"),
                    group.create_task(outside.run(), name="notifications"),
                    group.create_task(admissions.run(), name="nuisance list"),
                    group.create_task(flows.run(), name="versions of the dialogue"),
                    group.create_task(keep_erasing(store, settings, clock.now), name="retention"),
                ]
                kept = Kept(group, asterisk, ari, front_door.registry, settings.asterisk, changed)
                renderer = (
                    group.create_task(
                        background.run(flows.audio, LANGUAGES, cache_folder()), name="prompt renderer"
                    )
                    if settings.prompts.render
                    else None
                )
                await ari.ready(READY_S)
                await take_over_calls(
                    store, ari, front_door, dispatcher, records, watched, clock, settings.node
                )
                watchers.append(
                    group.create_task(
                        keep_erasing_live(store, settings.node, clock), name="rows of calls that are over"
                    )
                )
                await telephony.keeper.begin()
                watchers.append(group.create_task(telephony.keeper.run(), name="accounts"))
                if fallback is not None:
                    watchers.append(group.create_task(fallback.run(), name="calls of the fallback"))
                if settings.transcripts.recordings and any(languages.values()):
                    rows = StoredRows(store, put, settings.node)
                    written = WrittenRecordings(
                        ari,
                        ears,
                        rows,
                        records,
                        clock,
                        settings.transcripts.recordings_days,
                        hot_words=lambda language: flows.library.names.hot_words(language),
                    )
                    watched.see = written.see
                    watchers.append(group.create_task(written.run(), name="recordings in writing"))
                dispatcher.start()
                rules.drive(dispatcher)
                flows.on_save = SavedSeed(settings.flows_dir, dispatcher, clock, telephony.accounts.welcome)
                watchers.append(group.create_task(callbacks.run(front_door.registry), name="callbacks"))
                watchers.append(group.create_task(reconciler.run(), name="reconciler"))
                await lock.until_ours()
                await stack.enter_async_context(answering(settings.state_dir, reconciler))
                watchers.append(group.create_task(callers.run(), name="missed calls"))
                watchers.append(group.create_task(overseeing.run(), name="recordings and supervisors"))
                if settings.web.enabled:
                    page = build_app(
                        status,
                        settings=_page_settings(settings, asterisk),
                        health=watch.health,
                        metrics=watch.metrics,
                    )
                    serving = await stack.enter_async_context(
                        serve(page, settings.web.host, settings.web.port)
                    )
                    running.page_url = serving.url
                gc.freeze()  # what was loaded for good need not be looked through again while calls are up
                yield running
                kept.close()
                door.cancel()
                for watcher in watchers:
                    watcher.cancel()
                if renderer is not None:
                    renderer.cancel()
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


async def _open_storage(stack: AsyncExitStack, settings: Settings) -> tuple[Store, FactWriter]:
    url = settings.effective_database_url
    await upgrade(url)
    store = await stack.enter_async_context(await Store.open(url))
    spool = Spool(settings.state_dir / "spool", most_bytes=settings.disk.spool_most_mb * MB)
    writer = await stack.enter_async_context(FactWriter(store, spool=spool))
    return store, writer


async def _open_speech(
    stack: AsyncExitStack, settings: Settings, *, hurry: bool = False
) -> tuple[WorkerPool | None, dict[str, str | None]]:
    """hurry: the workers become ready while calls go on already."""
    if settings.speech.engine == "off":
        return None, dict.fromkeys(LANGUAGES)
    workers = pool_settings(settings.speech, LANGUAGES)
    if workers is None:
        log.warning(
            "no speech model is installed: callers are understood by keys only; run `ivr models fetch`"
        )
        return None, dict.fromkeys(LANGUAGES)
    workers = in_traces(workers, settings.traces)
    # What is said is indexed as it is written: the words of Chinese take a second to load, which calls must not wait.
    pool = WorkerPool(workers, waits=not hurry)

    async def warm() -> None:
        if hurry:  # it takes the interpreter for itself: not while calls are taken over
            await pool.wait_ready(workers.ready_s)
        await asyncio.to_thread(found_by, SOME_WORDS)

    warming = asyncio.create_task(warm(), name="words of transcripts")
    try:
        await stack.enter_async_context(pool)
    finally:
        if hurry:
            stack.push_async_callback(_over, warming)
        else:
            await warming
    serving = pool.serving()
    return pool, {language: serving.get(language) for language in LANGUAGES}


async def _over(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _start_asterisk(
    stack: AsyncExitStack, settings: Settings, agents: list[str], *, as_it_is: bool = False
) -> PrivateAsterisk | None:
    wanted = settings.asterisk
    if wanted.mode == "external":
        return None
    binary = locate()
    options = RenderOptions(
        agents=tuple(agents),
        hotline_number=wanted.hotline_number,
        application=wanted.app,
        node=settings.node,
        demo_anonymous=wanted.allow_anonymous,
        loopback=wanted.loopback,
        trunk_hosts=wanted.trunk_hosts,
        outbound_trunk=wanted.outbound_trunk,
        external_address=wanted.external_address or None,
        rtp_timeout_s=wanted.rtp_timeout_s,
        digests=wanted.sip_digests,
        transfers=wanted.telephone_transfers,
        certificate=wanted.tls_certificate,
        private_key=wanted.tls_private_key,
        trunk_transport=wanted.trunk_transport,
        trunk_encrypted=wanted.trunk_encrypted,
        phones_encrypted=wanted.phones_encrypted,
        preferred_ports=Ports(
            wanted.sip_port, wanted.sip_port and wanted.sip_port + 1, wanted.http_port, 20000, 23999
        ),
    )
    rendered = render(settings.state_dir / "asterisk", binary, options)
    return await stack.enter_async_context(
        PrivateAsterisk(
            binary,
            rendered,
            accounts=False,
            die_with_parent=wanted.dies_with_controller,
            as_it_is=as_it_is,
        )
    )


def _outbound(settings: Settings) -> Outbound:
    """Whom the hotline may call: nobody, unless the settings say so."""
    wanted = settings.asterisk
    return Outbound(
        wanted.outbound_numbers, wanted.outbound_endpoint, wanted.outbound_caller_id or wanted.hotline_number
    )


def _ari_settings(settings: Settings, asterisk: PrivateAsterisk | None) -> AriSettings:
    wanted = settings.asterisk
    if asterisk is None:
        url, user, password = wanted.ari_url, wanted.username, wanted.password.get_secret_value()
    else:
        rendered = asterisk.rendered
        url, user, password = rendered.ari_url, rendered.ari_user, rendered.ari_password
    return AriSettings(
        base_url=url,
        username=user,
        password=password,
        app=wanted.app,
        rest="websocket",
        unwanted=UNWANTED,
        connections=wanted.http_connections,
        request_timeout_s=wanted.request_timeout_s,
        patience_s=wanted.patience_s,
    )


def _page_settings(settings: Settings, asterisk: PrivateAsterisk | None) -> PageSettings:
    return PageSettings(
        dial=asterisk.rendered.hotline_uri if asterisk else "",
        token=settings.web.token.get_secret_value(),
        metrics_token=settings.web.metrics_token.get_secret_value(),
        allowed_hosts=settings.web.allowed_hosts,
        show_transcripts=settings.web.show_transcripts,
    )
