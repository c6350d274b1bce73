"""The parts of a hotline, made and joined; none of them takes calls yet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from ivr import opening
from ivr.accounts.wiring import Telephony, open_accounts
from ivr.admission.wiring import Admissions, Identity, admit_by
from ivr.adoption.handing_over import HandingOver
from ivr.ari.parse import AnyEvent, Gap
from ivr.asterisk.wiring import Kept, asterisk_status
from ivr.call.front_door import FrontDoor, FrontDoorSettings
from ivr.call.media_path import RtpMedia
from ivr.call.services import CallServices
from ivr.call.websocket_media import WebsocketMedia
from ivr.callback.desk import CallbackDesk
from ivr.callback.hours import hours_of
from ivr.callback.promises import StoredPromises
from ivr.callback.services import CallbackServices
from ivr.callers import CallerHistories
from ivr.callers_known import CallerKeys
from ivr.callers_wiring import Callers, open_callers
from ivr.desk.wiring import AtWork, open_desk
from ivr.dispatch import Dispatcher
from ivr.fallback.taking import FallbackTaking
from ivr.fallback.wiring import fallback_taking
from ivr.hotline import Hotline
from ivr.main.ground import Ground
from ivr.outside.service import OutsideService, open_outside
from ivr.outside.stored import stored_history, stored_pending
from ivr.reconcile.wiring import reconcile_by
from ivr.records import FactRecords
from ivr.status import LiveStatus, TodayCount
from ivr.talk.wiring import oversee
from ivr.watching.collecting import Parts
from ivr.watching.wiring import watching
from routing.board import Board
from web.api.status import DatabaseStatus, SpeechStatus

BEHIND: Final = 5_000
"""So many facts not yet durable: the database is called unwell."""


@dataclass(slots=True)
class Joined:
    """hotline: what others see; the rest is for the start. changed: tells the pages that something did.

    kept: once Asterisk is looked after.
    """

    hotline: Hotline
    records: FactRecords
    fallback: FallbackTaking | None
    changed: Callable[[], None]
    kept: Kept | None = None


async def join(stack: AsyncExitStack, ground: Ground) -> Joined:
    """stack: ends what has an end. Raises HotlineError."""
    settings, clock, ari, put, flows = ground.settings, ground.clock, ground.ari, ground.put, ground.flows
    store, writer = ground.database.store, ground.database.writer
    board = Board(await ground.rules.begin(), ground.floor.agents, ground.floor.entries)
    pending = stored_pending(store, writer, settings.node, clock)
    outside = await stack.enter_async_context(
        open_outside(settings.outside, clock, put, pending, stored_history(store, clock))
    )
    keys = CallerKeys.kept_in(settings.state_dir)
    callers = await stack.enter_async_context(
        open_callers(store, put, clock, keys, settings.node, settings.missed)
    )
    today = TodayCount(clock)
    records = FactRecords(put, settings.node, today)
    changed = _Changed()
    dispatcher = Dispatcher(board, clock, records, changed)
    dispatcher.together = writer.together
    stack.callback(dispatcher.close)
    dispatcher.begin(ground.floor)
    await callers.begin(dispatcher, writer.left)
    at_work = await stack.enter_async_context(
        open_desk(settings.desk, dispatcher, clock, store, put, ari, outside)
    )
    histories = CallerHistories(store, clock)
    stack.push_async_callback(histories.close)
    rendered = ground.asterisk.rendered if ground.asterisk else None
    telephony = await stack.enter_async_context(
        open_accounts(settings, store, clock, ari, dispatcher, rendered, changed)
    )
    fallback = fallback_taking(settings, ari, store, put, clock, telephony.book.agent_of)
    by_websocket = WebsocketMedia(ari)

    def on_event(event: AnyEvent) -> None:
        telephony.on_event(event)
        if fallback is not None:
            fallback.on_event(event)
        if isinstance(event, Gap):
            by_websocket.forget()
            reconciler.soon()
        changed()

    callbacks, services = _what_calls_need(
        ground, dispatcher, records, callers, outside, at_work, by_websocket, changed
    )
    door_settings = FrontDoorSettings(
        settings.node, settings.entry_flow, settings.default_language, settings.max_calls
    )
    front_door = FrontDoor(services, flows, door_settings, changed, on_event, histories.of)
    front_door.agent_of = telephony.book.agent_of
    handing_over = HandingOver(ground.lock, writer)

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
    admissions = _admissions(ground, front_door, dispatcher, callers)
    ari.see_round_trip = admissions.gate.measured
    status = _status(ground, front_door, dispatcher, today, telephony, callbacks, lambda: joined.kept)
    changed.to(status.bump)
    looked_at = Parts(
        ari,
        writer,
        status,
        front_door,
        admissions,
        outside,
        callers,
        ground.speech,
        opening.LANGUAGES,
        settings,
    )
    watch = await stack.enter_async_context(watching(ground.meters, looked_at, dispatcher, changed))
    status.unwell = watch.unwell
    ground.traces.attach(ari, dispatcher, writer)
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
        overseeing=oversee(settings, services, store, put, front_door.registry, dispatcher),
        callbacks=callbacks,
        callers=callers,
        asterisk=ground.asterisk,
        rendered=rendered,
        telephony=telephony,
        reconciler=reconciler,
        admissions=admissions,
        watching=watch,
        rules=ground.rules,
        languages=ground.languages,
        speech=ground.speech,
        handing_over=handing_over,
    )
    joined = Joined(running, records, fallback, changed)
    return joined


def _what_calls_need(
    ground: Ground,
    dispatcher: Dispatcher,
    records: FactRecords,
    callers: Callers,
    outside: OutsideService,
    at_work: AtWork,
    by_websocket: WebsocketMedia,
    changed: Callable[[], None],
) -> tuple[CallbackDesk, CallServices]:
    settings, flows = ground.settings, ground.flows
    outbound, hours = opening.outbound_of(settings), ground.rules.hours.said
    calling_back = CallbackServices(
        ground.ari,
        dispatcher,
        outbound,
        ground.clock,
        at_work.talks,
        lambda: flows.audio,
        at_work.in_talk,
        number_of=lambda name: flows.library.numbers.get(name),
        changed=changed,
    )
    callbacks = CallbackDesk(
        calling_back,
        dispatcher,
        StoredPromises(ground.database.store, ground.put, ground.put.durable),
        settings.node,
        changed,
        settings=settings.callbacks,
        hours=hours_of(lambda: flows.library.calendars, hours),
    )
    callers.call_back_by(callbacks.owe)
    services = CallServices(
        ground.ari,
        flows.audio,
        ground.ears,
        dispatcher,
        records,
        ground.clock,
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
        hours=hours,
        begun=ground.traces.begun,
        may_record=ground.disk.may_record,
        settled=ground.database.writer.settled,
        together=ground.database.writer.together,
    )
    return callbacks, services


def _admissions(
    ground: Ground, front_door: FrontDoor, dispatcher: Dispatcher, callers: Callers
) -> Admissions:
    settings = ground.settings
    first = (settings.default_language, *(x for x in opening.LANGUAGES if x != settings.default_language))
    identity = Identity(settings.node, settings.entry_flow, first, settings.max_calls)
    store = ground.database.store
    return admit_by(
        settings.limits, identity, front_door, dispatcher, ground.ari, store, ground.put, ground.clock
    )


def _status(
    ground: Ground,
    front_door: FrontDoor,
    dispatcher: Dispatcher,
    today: TodayCount,
    telephony: Telephony,
    callbacks: CallbackDesk,
    kept: Callable[[], Kept | None],
) -> LiveStatus:
    store, writer = ground.database.store, ground.database.writer
    return LiveStatus(
        clock=ground.clock,
        node=ground.settings.node,
        registry=front_door.registry,
        dispatcher=dispatcher,
        today=today,
        asterisk=lambda: asterisk_status(ground.ari, ground.asterisk, kept()),
        database=lambda: DatabaseStatus(
            "sqlite" if store.dialect == "sqlite" else "postgres",
            not writer.away and writer.waiting < BEHIND,
        ),
        speech=lambda: tuple(
            SpeechStatus(name, engine) for name, engine in opening.engines_of(ground.speech).items()
        ),
        phones=lambda: telephony.phones.online,
        callbacks=callbacks.lines,
    )


class _Changed:
    """Tells the status page that something changed, once there is one."""

    def __init__(self) -> None:
        self._tell: Callable[[], None] | None = None

    def to(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def __call__(self) -> None:
        if self._tell is not None:
            self._tell()
