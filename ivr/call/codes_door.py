"""The codes that agents dial (`*45`): each runs a flow of the dialogue on the agent's channel.

The dialplan passes `feature,<what was dialled>,<endpoint>`; the endpoint is the SIP account that authenticated, and its
name is the agent's id. Such a call is in no list of calls, and leaves no record unless the agent calls somebody. A
dialogue without such a flow has the four codes of `standard_codes.yaml`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from ivr.ari.generated.models import Channel
from ivr.call.dialogue import Dialogues
from ivr.call.held_records import HeldRecords
from ivr.call.ports import CallerFacts
from ivr.call.registry import CallRegistry
from ivr.call.services import CallServices
from ivr.call.session import CallSession
from ivr.call.standard_codes import AGENT_FLOW, standard_codes
from ivr.ids import ChannelId, new_call_id


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
        settings: CodeSettings,
        registry: CallRegistry,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        on_change: Callable[[], None],
    ) -> None:
        self._services = services
        self._dialogues = dialogues
        self._settings = settings
        self._registry = registry
        self._spawn = spawn
        self._on_change = on_change

    def dialled(self, channel: Channel, dialled: str, agent: str) -> None:
        """A code of an agent's: a dialogue of its own, and no call unless the agent calls somebody with it."""
        dialogue = self._dialogues.enter()
        library = dialogue.library if AGENT_FLOW in dialogue.library.flows else standard_codes()
        call = new_call_id(self._settings.node)
        facts = CallerFacts(
            caller=channel.caller.number or agent,
            called=dialled,
            entry_flow=AGENT_FLOW,
            flow_version=library.version,
            language=self._settings.language,
            trunk=agent,
            answered=channel.state == "Up",
            agent=agent,
        )
        services = replace(self._services, audio=dialogue.audio, records=HeldRecords(self._services.records))
        session = CallSession(services, library, call, ChannelId(channel.id), facts)
        task = self._spawn(self._run_code(session), f"code {call}")
        task.add_done_callback(lambda _: self._dialogues.leave(dialogue))

    def go_on(self, session: CallSession) -> Coroutine[Any, Any, None]:
        """A call of an agent's own, which an earlier controller had begun."""
        return self._run_code(session)

    async def _run_code(self, session: CallSession) -> None:
        self._registry.add_other(session.channel)
        self._registry.add_made(session.call)
        try:
            await session.run()
        finally:
            if self._services.desk is not None:
                self._services.desk.dialled(session.facts.agent, session.call)
            self._registry.remove_other(session.channel)
            self._registry.remove_made(session.call)
            self._on_change()
