"""The codes that agents dial (`*45`): each runs a flow of the dialogue on the agent's channel.

The dialplan passes `feature,<what was dialled>,<endpoint>`; the endpoint is the SIP account that authenticated, and its
name is the agent's id. Such a call is in no list of calls, and leaves no record unless the agent calls somebody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from ivr.ari.generated.models import Channel
from ivr.call.desk_port import AtDesk
from ivr.call.dialogue import Dialogues
from ivr.call.feature import AgentDesk, serve_feature
from ivr.call.held_records import HeldRecords
from ivr.call.ports import CallerFacts
from ivr.call.registry import CallRegistry
from ivr.call.services import CallServices
from ivr.call.session import CallSession
from ivr.ids import ChannelId, new_call_id

AGENT_FLOW: Final = "agent_codes"
"""What the codes do; where the dialogue has no such flow, the few of `feature.py` work."""


@dataclass(frozen=True, slots=True)
class CodeSettings:
    node: str
    language: str


class CodesDoor:
    """registry: knows which channels are ours. spawn: begins a task of the front door's."""

    def __init__(
        self,
        services: CallServices,
        dialogues: Dialogues,
        desk: AgentDesk,
        settings: CodeSettings,
        registry: CallRegistry,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        on_change: Callable[[], None],
    ) -> None:
        self._services = services
        self._ari = services.ari
        self._dialogues = dialogues
        self._desk = desk
        self._settings = settings
        self._registry = registry
        self._spawn = spawn
        self._on_change = on_change

    def dialled(self, channel: Channel, dialled: str, agent: str) -> None:
        """A code of an agent's: a dialogue of its own, and no call unless the agent calls somebody with it."""
        dialogue = self._dialogues.enter()
        flow = AGENT_FLOW
        if flow not in dialogue.library.flows or self._services.desk is None:
            self._dialogues.leave(dialogue)
            self._spawn(self._feature(channel, dialled, agent), f"feature {channel.id}")
            return
        call = new_call_id(self._settings.node)
        facts = CallerFacts(
            caller=channel.caller.number or agent,
            called=dialled,
            entry_flow=flow,
            flow_version=dialogue.library.version,
            language=self._settings.language,
            trunk=agent,
            answered=channel.state == "Up",
            agent=agent,
        )
        services = replace(self._services, audio=dialogue.audio, records=HeldRecords(self._services.records))
        session = CallSession(services, dialogue.library, call, ChannelId(channel.id), facts)
        task = self._spawn(self._run_code(session, self._services.desk), f"code {call}")
        task.add_done_callback(lambda _: self._dialogues.leave(dialogue))

    def go_on(self, session: CallSession) -> Coroutine[Any, Any, None]:
        """A call of an agent's own, which an earlier controller had begun."""
        desk = self._services.desk
        return session.run() if desk is None else self._run_code(session, desk)

    async def _run_code(self, session: CallSession, desk: AtDesk) -> None:
        self._registry.add_other(session.channel)
        self._registry.add_made(session.call)
        try:
            await session.run()
        finally:
            desk.dialled(session.facts.agent, session.call)
            self._registry.remove_other(session.channel)
            self._registry.remove_made(session.call)
            self._on_change()

    async def _feature(self, channel: Channel, dialled: str, agent: str) -> None:
        self._registry.add_other(channel.id)
        try:
            with self._ari.bus.mailbox(channel.id) as mailbox:
                mailbox.watch(channel.id)
                await serve_feature(
                    self._ari,
                    self._desk,
                    self._dialogues.current.audio,
                    mailbox,
                    ChannelId(channel.id),
                    agent,
                    dialled,
                    self._settings.language,
                )
        finally:
            self._registry.remove_other(channel.id)
