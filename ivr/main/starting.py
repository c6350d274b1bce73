"""Begins to take calls, in the order in which that must happen, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from ivr import opening
from ivr.adoption.board import keep_staff
from ivr.adoption.erasing import keep_erasing_live
from ivr.adoption.wiring import take_over_calls
from ivr.asterisk.wiring import Kept
from ivr.beside import Beside
from ivr.clock import Clock
from ivr.config import Settings
from ivr.garbage import look_seldom
from ivr.main.ground import Ground
from ivr.main.joining import Joined
from ivr.main.late import load, load_late
from ivr.prompts.store import cache_folder
from ivr.reconcile.door import answering
from ivr.staff import SavedSeed
from storage.store import Store

READY_S: Final = 20.0


@asynccontextmanager
async def taking_calls(stack: AsyncExitStack, ground: Ground, joined: Joined) -> AsyncIterator[None]:
    """Calls of an earlier controller are taken over first, then new ones come in. Whatever runs beside them ends
    before this does. Raises an ExceptionGroup of what ended something that is needed."""
    running, settings, ari = joined.hotline, ground.settings, ground.ari
    async with asyncio.TaskGroup() as group:
        door = group.create_task(running.front_door.run(), name="front door")
        beside = Beside(group)
        beside.needed("writer watched", running.writer.failed())
        beside.needed("handing over", running.handing_over.run())
        _beside_from_the_start(beside, ground, joined)
        joined.kept = Kept(
            group, ground.asterisk, ari, running.front_door.registry, settings.asterisk, joined.changed
        )
        await ari.ready(READY_S)
        await take_over_calls(
            running.store,
            ari,
            running.front_door,
            running.dispatcher,
            joined.records,
            ground.put,
            ground.clock,
            settings.node,
        )
        beside.useful("what loads late", load_late)
        if ground.hurry:
            beside.useful("words of Chinese", opening.make_words_ready)
        await _with_calls(beside, ground, joined)
        await ground.lock.until_ours()
        await stack.enter_async_context(answering(settings.state_dir, running.reconciler))
        _beside_when_alone(beside, ground, joined)
        if settings.web.enabled:
            await load("web.app")
            from web.app import WATCHERS, build_app, serve

            page = build_app(
                running.status,
                settings=opening.page_settings(settings, ground.asterisk),
                health=running.watching.health,
                metrics=running.watching.metrics,
            )
            running.watching.watched_by(lambda: len(page[WATCHERS]))
            serving = await stack.enter_async_context(serve(page, settings.web.host, settings.web.port))
            running.page_url = serving.url
        look_seldom()
        try:
            yield
        finally:
            running.watching.ends()
        joined.kept.close()
        door.cancel()
        beside.end()
    if ground.asterisk is None:
        await running.front_door.hand_on_rest()


def _beside_from_the_start(beside: Beside, ground: Ground, joined: Joined) -> None:
    running, flows = joined.hotline, ground.flows
    beside.useful("room on the disk", ground.disk.run)
    beside.useful("notifications", running.outside.run)
    beside.useful("nuisance list", running.admissions.run)
    beside.useful("versions of the dialogue", flows.run)


async def _with_calls(beside: Beside, ground: Ground, joined: Joined) -> None:
    """What must not begin before the calls of an earlier controller have their sessions."""
    running, settings, clock = joined.hotline, ground.settings, ground.clock
    telephony, dispatcher, flows = running.telephony, running.dispatcher, ground.flows
    beside.useful("retention", lambda: _erase_by_age(running.store, settings, clock))
    beside.useful(
        "erasing of rows of calls that are over",
        lambda: keep_erasing_live(running.store, settings.node, clock),
    )
    await telephony.keeper.begin()
    beside.useful("accounts", telephony.keeper.run)
    if settings.prompts.render:
        from ivr.prompts import background

        beside.useful(
            "prompt renderer", lambda: background.run(flows.audio, opening.LANGUAGES, cache_folder())
        )
    if joined.fallback is not None:
        beside.useful("calls of the fallback", joined.fallback.run)
    if settings.transcripts.recordings and ground.speech is not None:
        from ivr.recordings.wiring import write_down

        written = write_down(
            settings,
            ground.ari,
            ground.ears,
            running.store,
            ground.put,
            joined.records,
            clock,
            lambda: flows.library,
        )
        beside.useful("recordings in writing", written.run)
    dispatcher.start()
    ground.rules.drive(dispatcher)
    flows.on_save = SavedSeed(settings.flows_dir, dispatcher, clock, telephony.accounts.welcome)
    beside.needed("callbacks", running.callbacks.run(running.front_door.registry))
    beside.useful("reconciler", running.reconciler.run)


async def _erase_by_age(store: Store, settings: Settings, clock: Clock) -> None:
    await load("ivr.retention.keeper")
    from ivr.retention.keeper import keep_erasing

    await keep_erasing(store, settings, clock.now)


def _beside_when_alone(beside: Beside, ground: Ground, joined: Joined) -> None:
    """What must not begin before the controller of before has ended."""
    running = joined.hotline
    callers, dispatcher, database = running.callers, running.dispatcher, ground.database
    beside.useful("missed calls", callers.run)
    beside.useful("recordings and supervisors", running.overseeing.run)
    put_off = {
        "agents": lambda: keep_staff(running.store, dispatcher.board.agents.values()),
        "telephone accounts": running.telephony.seed,
        "callers": lambda: callers.begin_late(dispatcher, running.writer.left),
    }
    beside.useful("database", lambda: database.keep_up(ground.settings.hotline, put_off))
