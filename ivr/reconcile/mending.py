"""Repairs one finding. What Asterisk has gone from by itself is as good as repaired."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from ivr.accounts.own_calls import OwnCalls
from ivr.ari.generated.models import Channel
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.call.registry import CallRegistry
from ivr.dispatch import Dispatcher
from ivr.ids import CallId, ChannelId
from ivr.reconcile.compare import Finding
from ivr.talk.registry import Talks
from routing.agent_events import CallOutEnded, Force, TimeUp
from routing.agents import IllegalTransition
from routing.board_events import AgentActed
from routing.ids import AgentId, EntryId

log = logging.getLogger(__name__)

RECONCILER = "reconciler"


@dataclass(frozen=True, slots=True)
class Mender:
    """take_in: a caller whom nobody has becomes a call. own_calls: None where no telephones are watched."""

    ari: Ari
    dispatcher: Dispatcher
    in_talk: Talks
    registry: CallRegistry
    take_in: Callable[[Channel], None]
    own_calls: OwnCalls | None = None

    async def mend(self, finding: Finding, channels: Mapping[str, Channel]) -> None:
        """channels: as they were listed. Raises AriError: not repaired."""
        subject = finding.subject
        match finding.code:
            case "channel_without_owner":
                await self.ari.channels.hangup(channel_id=ChannelId(subject), reason="normal")
            case "caller_without_session":
                if not isinstance(await self.ari.channels.get(channel_id=ChannelId(subject)), Gone):
                    self.take_in(channels[subject])
            case "bridge_without_owner":
                await self.ari.bridges.destroy(bridge_id=subject)
            case (
                "session_without_channel" | "caller_left" | "telephone_gone_from_talk" | "place_not_on_board"
            ):
                self.ari.bus.doubt(subject)
            case "citizen_alone" | "misplaced":
                await self._together(CallId(finding.call))
            case "entry_without_session":
                self._give_up(EntryId(subject))
            case "agent_held_for_nobody" | "agent_in_no_talk":
                self._free(AgentId(subject))
            case "board":
                self.dispatcher.start()
            case "telephone_gone" | "telephone_back":
                self.dispatcher.phone_seen(subject, finding.code == "telephone_back")
            case "telephone_busy" | "telephone_idle":
                if self.own_calls is not None:
                    self.own_calls.in_use(subject, finding.code == "telephone_busy")
            case _:
                assert_never(finding.code)

    async def _together(self, call: CallId) -> None:
        talks = [talk for talk in self.in_talk if talk.call == call]
        for talk in talks:
            talk.tidy()
        session = self.registry.get(call)
        party = None if session is None else session.party
        if session is None or party is None:
            return
        found = await self.ari.bridges.get(bridge_id=party.bridge)
        if session.party is not party:
            return  # over meanwhile: the caller is back with the dialogue
        if isinstance(found, Gone):
            # With the end of the party's telephone the caller is back with the dialogue.
            await self.ari.channels.hangup(channel_id=ChannelId(party.channel), reason="normal")
            return
        outside = {session.channel, party.channel} - {*found.value.channels}
        if outside:
            await self.ari.bridges.add_channel(bridge_id=party.bridge, channel=sorted(outside))

    def _give_up(self, id: EntryId) -> None:
        entry = self.dispatcher.board.entry(id)
        if entry is not None and entry.state == "joined" and entry.agent is not None:
            self.dispatcher.finished(id, entry.agent)
        elif entry is not None:
            self.dispatcher.leave(id, "failed")

    def _free(self, id: AgentId) -> None:
        """As the end of what held the agent would have: a pause or log-out that was wished for meanwhile holds."""
        agent = self.dispatcher.board.agents[id]
        after = agent.leaving.to if agent.leaving is not None else "available"
        why = RECONCILER if agent.leaving is None else agent.leaving.reason
        act = (
            CallOutEnded(0.0)
            if agent.own_call
            else TimeUp(0.0, "available")
            if agent.state in ("reserved", "ringing")
            else Force(after, RECONCILER, why)
        )
        try:
            self.dispatcher.apply(AgentActed(id, act))
        except IllegalTransition as illegal:
            log.info("freed meanwhile: %s", illegal)
