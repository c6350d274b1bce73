"""Takes every channel that enters our application and gives it a session. What is left behind all the same is found by
the reconciler (ivr/reconcile)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ivr.ari.generated.events import ApplicationReplaced, StasisStart
from ivr.ari.generated.models import Channel
from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent
from ivr.ari.results import Gone
from ivr.call.callers_channel import in_application
from ivr.call.codes_door import CodesDoor, CodeSettings
from ivr.call.dialogue import Dialogue, Dialogues
from ivr.call.letting_go import to_fallback
from ivr.call.onward import CallsOnward
from ivr.call.ports import CallerFacts
from ivr.call.registry import CallRegistry
from ivr.call.saved import SavedCall
from ivr.call.services import CallServices
from ivr.call.session import CallSession
from ivr.errors import AriError
from ivr.flow.actions import JsonValue
from ivr.ids import CallId, ChannelId, new_call_id, owner_of
from ivr.reconcile.repairs import Repairs
from ivr.talk.second import serve_second

log = logging.getLogger(__name__)

FEATURE = "feature"
COLLEAGUE = "colleague"
"""A second call of an agent's telephone, to somebody to consult."""


@dataclass(frozen=True, slots=True)
class FrontDoorSettings:
    node: str
    entry_flow: str
    language: str
    max_calls: int

    @property
    def code_settings(self) -> CodeSettings:
        return CodeSettings(self.node, self.language)


class FrontDoor:
    def __init__(
        self,
        services: CallServices,
        dialogues: Dialogues,
        settings: FrontDoorSettings,
        on_change: Callable[[], None],
        on_event: Callable[[AnyEvent], None],
        history: Callable[[str], Awaitable[Mapping[str, JsonValue]]] | None = None,
    ) -> None:
        """history: a caller's earlier calls by number, soon or not at all; asked for where a dialogue looks at them."""
        self._services = services
        self._ari: Ari = services.ari
        self.dialogues = dialogues
        self._history = history
        self._settings = settings
        self._on_change = on_change
        self._on_event = on_event
        self.registry = CallRegistry()
        self._codes = CodesDoor(
            services, dialogues, settings.code_settings, self.registry, self._spawn, on_change
        )
        services.onward.by(CallsOnward(self, services, settings.node))
        self.on_replaced: Callable[[], None] = lambda: None
        """Told when another controller has taken the application, before our calls are let go."""
        self.agent_of: Callable[[str], str] = str
        """Whose telephone it is, by the SIP account that dialled (ivr/accounts/book.py)."""
        self.refusal: Callable[[Channel, int], Coroutine[Any, Any, None] | None] = lambda channel, live: None
        """What is done with a caller who is not let in while so many calls are live (ivr/admission)."""
        self.repairs = Repairs()
        """What the reconciler did since the start."""
        self.failed = 0
        """Tasks and events of single callers that failed for a fault of ours, since the start."""
        self._coming_in = 0
        """Callers who are let in, and of whom is asked who they are: they are no sessions yet."""
        self._replaced = False
        """Another controller has our application: what nobody of ours owns may be its own."""
        self._group: asyncio.TaskGroup | None = None
        self._is_open = asyncio.Event()
        self._is_open.set()

    def wait_for_adoption(self) -> None:
        """Nobody is let in, and nothing repaired, until `open`: whose the channels are is not known yet."""
        self._is_open.clear()

    def open(self) -> None:
        self._is_open.set()

    @property
    def is_ours(self) -> bool:
        """Whether what nobody of ours owns in the application is ours to repair."""
        return self._is_open.is_set() and not self._replaced

    async def run(self) -> None:
        """Until cancelled; then every live call is handed on or ended before this returns."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self._is_open.wait()
            async for event in self._ari.bus.front_door():
                try:
                    self._deal_with(event)
                except Exception:
                    # One caller's matter, which must not end the others' calls; the reconciler sees to that caller.
                    self.failed += 1
                    log.exception("%s could not be dealt with", type(event).__name__)

    def _deal_with(self, event: AnyEvent) -> None:
        match event:
            case StasisStart():
                self._arrived(event)
            case ApplicationReplaced() if event.application == self._ari.app:
                self._replaced = True
                self._forsake()
            case _:
                pass
        self._on_event(event)

    def _forsake(self) -> None:
        """Another controller has the application: our calls are its own, as they stand, and nobody's twice."""
        log.critical(
            "another controller has the application %s: %d calls are left to it",
            self._ari.app,
            len(self.registry),
        )
        for session in self.registry:
            try:
                session.keep_unread()
            except Exception:
                log.exception("call %s is left as it was kept last", session.call)
        self.on_replaced()
        for session in self.registry:
            session.forsake()
        self._on_change()

    def _arrived(self, event: StasisStart) -> None:
        """Starts a task and returns: the bus holds this channel's events until its mailbox watches it."""
        channel = ChannelId(event.channel.id)
        args = list(event.args)
        if self.registry.has(channel):
            log.info("%s is in already", channel)
        elif owner_of(channel) is not None:
            log.info("a part of a call that is over entered late: %s", channel)
            self._spawn(self._end_channel(channel), f"end {channel}")
        elif args[:1] == [FEATURE]:
            dialled, agent = dialled_by(args)
            self.registry.add_other(channel)
            self._codes.dialled(event.channel, dialled, self.agent_of(agent))
        elif args[:1] == [COLLEAGUE]:
            dialled, agent = dialled_by(args)
            self.registry.add_other(channel)
            self._spawn(self._second(channel, dialled, self.agent_of(agent)), f"second call {channel}")
        else:
            self.take_in(event.channel)

    async def _second(self, channel: ChannelId, dialled: str, agent: str) -> None:
        self.registry.add_other(channel)
        try:
            await serve_second(self._ari, self._services.in_talk, channel, agent, dialled)
        finally:
            self.registry.remove_other(channel)

    def take_in(self, channel: Channel) -> None:
        """A caller, unless somebody has been taking that one in meanwhile."""
        if self.registry.has(ChannelId(channel.id)):
            return
        if channel.id in self.registry.to_end:
            self._spawn(self._end_channel(channel.id), f"end {channel.id}")
            return
        live = len(self.registry) + self._coming_in
        refusal = self.refusal(channel, live)
        if refusal is not None:
            self._spawn(refusal, f"refused {channel.id}")
            return
        if live >= self._settings.max_calls:
            log.error("%d calls are live: one more goes to the dialplan's fallback", live)
            self._spawn(self.to_fallback(ChannelId(channel.id)), f"full {channel.id}")
            return
        dialogue = self.dialogues.enter()
        facts = CallerFacts(
            caller=channel.caller.number,
            called=channel.dialplan.exten,
            entry_flow=self._settings.entry_flow,
            flow_version=dialogue.library.version,
            language=self._settings.language,
            trunk=endpoint_of(channel.name),
            answered=channel.state == "Up",
        )
        call = new_call_id(self._settings.node)
        if self._history is not None and dialogue.asks_history and facts.caller:
            self.registry.add_other(channel.id)
            self._coming_in += 1
            work = self._run_known(self._history, dialogue, call, ChannelId(channel.id), facts)
        else:
            work = self._run_session(self._session(dialogue, call, ChannelId(channel.id), facts))
        task = self._spawn(work, f"call {call}")
        # Not in the call's own code: whoever counts the calls of a dialogue frees it after the last, and until the
        # task is over its frames still refer to it.
        task.add_done_callback(lambda _: self.dialogues.leave(dialogue))
        self._on_change()

    def go_on(self, saved: SavedCall, dialogue: Dialogue, promised: Collection[str]) -> CallSession:
        """A call of an earlier controller, which has its channel from now on. promised: see `CallSession`."""
        services = replace(self._services, audio=dialogue.audio)
        session = CallSession(
            services, dialogue.library, saved.call, saved.channel, saved.facts, saved, promised
        )
        if saved.facts.agent:
            work = self._codes.go_on(session)
        else:
            self.registry.add(session)
            work = self._run_session(session)
        task = self._spawn(work, f"call {saved.call}")
        task.add_done_callback(lambda _: self.dialogues.leave(dialogue))
        return session

    def _session(
        self, dialogue: Dialogue, call: CallId, channel: ChannelId, facts: CallerFacts
    ) -> CallSession:
        services = replace(self._services, audio=dialogue.audio)
        session = CallSession(services, dialogue.library, call, channel, facts)
        self.registry.add(session)
        return session

    async def _run_known(
        self,
        history: Callable[[str], Awaitable[Mapping[str, JsonValue]]],
        dialogue: Dialogue,
        call: CallId,
        channel: ChannelId,
        facts: CallerFacts,
    ) -> None:
        """The same, after asking for the caller's earlier calls; the bus holds the channel's events meanwhile."""
        try:
            facts = replace(facts, history=await history(facts.caller))
        finally:
            self._coming_in -= 1
            self.registry.remove_other(channel)
        await self._run_session(self._session(dialogue, call, channel, facts))

    async def _run_session(self, session: CallSession) -> None:
        try:
            await session.run()
        finally:
            self.registry.remove(session)
            self._services.in_talk.none_comes(session.call)
            if session.to_end:
                self.registry.to_end.add(session.channel)
            self._on_change()

    async def to_fallback(self, channel: ChannelId) -> None:
        try:
            await to_fallback(self._ari, channel)
        except AriError as error:
            log.error("caller not handed on, left to the reconciler: %s", error)

    async def _end_channel(self, channel: str) -> None:
        try:
            await self._ari.channels.hangup(channel_id=channel, reason="normal")
            self.registry.to_end.discard(channel)
        except AriError as error:
            log.warning("left to the reconciler: %s", error)

    async def hand_on_rest(self) -> None:
        """After `run`: callers who came in while the sessions ended go to the dialplan's fallback, not into silence."""
        try:
            listed = await self._ari.channels.list()
        except AriError as error:
            log.warning("not known who is left in the application: %s", error)
            return
        if isinstance(listed, Gone) or self._replaced:
            return
        for channel in listed.value:
            if owner_of(channel.id) is None and in_application(channel, self._ari.app):
                await self.to_fallback(ChannelId(channel.id))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        if self._group is None:
            raise RuntimeError("the front door is not open")
        task = self._group.create_task(self._alone(work, name), name=name)
        # One that is cancelled before its first step never began the work.
        task.add_done_callback(lambda _: work.close())
        return task

    async def _alone(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """What fails in one caller's task ends no other's: the group would be cancelled, and with it every call."""
        try:
            await work
        except Exception:
            self.failed += 1
            log.exception("%s failed; what is left of it is the reconciler's", name)


def dialled_by(args: Sequence[str]) -> tuple[str, str]:
    """(what an agent dialled, the SIP account that did), of the dialplan's arguments; "" = they do not say.

    The account is the last of them: what was dialled is the telephone's own text, and commas in it make more.
    """
    return (args[1], args[-1]) if len(args) > 2 else ("", "")


def endpoint_of(channel_name: str) -> str:
    """`PJSIP/1001-0000002a` -> `1001`."""
    return channel_name.partition("/")[2].rpartition("-")[0]
