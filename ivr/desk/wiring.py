"""The desk, joined into the running hotline."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from ivr.ari.ending import end_all
from ivr.ari.interface import Ari
from ivr.clock import Clock
from ivr.desk.history import DeskHistory
from ivr.desk.looking import Floor
from ivr.desk.service import Desk
from ivr.desk.settings import DeskSettings
from ivr.desk.telephone import DeskByTelephone
from ivr.desk.views import AgentView, overdue, refuses
from ivr.flow.actions import JsonValue, Notify
from ivr.ids import CallId, ChannelId
from ivr.talk.conversations import Conversations
from ivr.talk.registry import Talks
from ivr.talk.service import TalkService
from storage.records import Fact
from storage.store import Store


@dataclass(frozen=True, slots=True)
class AtWork:
    """desk: for screens and tests. by_telephone: for calls. in_talk: what can be done with `talks` that go on."""

    desk: Desk
    history: DeskHistory
    by_telephone: DeskByTelephone
    talks: Conversations
    in_talk: Talks


class Supervisors(Protocol):
    """Where what supervisors should know goes (`ivr.outside.service`). Never waits, never raises."""

    def notify(self, call: CallId, wanted: Notify, caller: str, at: dt.datetime) -> None: ...


@asynccontextmanager
async def open_desk(
    settings: DeskSettings,
    floor: Floor,
    clock: Clock,
    store: Store,
    put: Callable[[Fact], None],
    ari: Ari,
    supervisors: Supervisors,
) -> AsyncIterator[AtWork]:
    """supervisors: told when an agent is in a state for longer than the hotline wants."""
    talks, in_talk = Conversations(), Talks()
    ending: set[asyncio.Task[list[object]]] = set()

    def hang_up(channel: ChannelId) -> None:
        task = asyncio.get_running_loop().create_task(end_all(ari, [channel]), name=f"end {channel}")
        ending.add(task)
        task.add_done_callback(ending.discard)

    def remind(view: AgentView, after_s: float) -> None:
        data: dict[str, JsonValue] = {"agent": view.id, "state": view.state, "after_s": after_s}
        told = Notify("supervisor", "", overdue(view, after_s), "zh", data)
        supervisors.notify(CallId(f"desk-{view.id}"), told, "", clock.now())

    def refused(view: AgentView) -> None:
        data: dict[str, JsonValue] = {"agent": view.id, "state": view.state, "phone": view.phone}
        told = Notify("supervisor", "", refuses(view), "zh", data)
        supervisors.notify(CallId(f"desk-{view.id}"), told, "", clock.now())

    pins = {agent: pin.get_secret_value() for agent, pin in settings.pins.items()}
    desk = Desk(floor, clock, put, talks, hang_up, pins, remind, TalkService(in_talk), refused)
    try:
        yield AtWork(desk, DeskHistory(store), DeskByTelephone(desk), talks, in_talk)
    finally:
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
