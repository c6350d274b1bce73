"""Makes the three views from what the house and Asterisk have. The only part that knows both their shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ivr.accounts.book import TECHNOLOGY, AccountBook
from ivr.ari.generated.models import Bridge, Channel, Endpoint
from ivr.call.callers_channel import in_application
from ivr.call.registry import CallRegistry
from ivr.dispatch import Dispatcher
from ivr.phones import ONLINE
from ivr.reconcile.views import Asterisk, Records, SeenChannel, Telephone, Telephones
from ivr.talk.conversations import Conversations
from ivr.talk.registry import Talks


@dataclass(frozen=True, slots=True)
class Books:
    """Where our records are. promises: entries that are kept without a caller on the line. not_ended: see `Ari`."""

    node: str
    app: str
    registry: CallRegistry
    dispatcher: Dispatcher
    talks: Conversations
    in_talk: Talks
    promises: Callable[[], Iterable[str]]
    not_ended: set[str]

    def records(self, faults: Iterable[object] = ()) -> Records:
        board, sessions = self.dispatcher.board, list(self.registry)
        talking: dict[str, str] = {}
        telephones: dict[str, str] = {}
        for talk in self.in_talk:
            talking |= dict.fromkeys(talk.state.agents, talk.call)
            telephones |= dict.fromkeys(talk.channels, talk.call)
        for one in self.talks:
            talking[one.agent] = one.call
            telephones |= {one.citizen: one.call, one.telephone: one.call}
        together = [(*room, talk.call) for talk in self.in_talk for room in talk.together()]
        alone = {channel: talk.call for talk in self.in_talk for channel in talk.alone}
        for session in sessions:
            if (party := session.party) is not None:
                telephones[party.channel] = session.call
                both = frozenset({session.channel, party.channel})
                together.append((party.bridge, both, session.call))
        return Records(
            self.node,
            self.app,
            {session.call: session.channel for session in sessions},
            frozenset(session.call for session in sessions if session.hung_up),
            self.registry.others,
            self.registry.made,
            frozenset({*self.promises(), *(session.entry for session in sessions)}),
            frozenset(self.dispatcher.seats.unseated),
            talking,
            telephones,
            tuple(together),
            alone,
            {session.call: entry for session in sessions if (entry := session.in_line)},
            {str(id): agent for id, agent in board.agents.items()},
            {entry.id: entry for entry in board.entries()},
            tuple(map(str, faults)),
            frozenset({*self.registry.ended, *self.not_ended}),
        )


def asterisk_of(channels: Iterable[Channel], bridges: Iterable[Bridge], app: str) -> Asterisk:
    return Asterisk(
        {
            channel.id: SeenChannel(
                channel.id,
                in_application(channel, app),
                tuple(channel.dialplan.app_data.split(",")[1:]),
            )
            for channel in channels
        },
        {bridge.id: frozenset(bridge.channels) for bridge in bridges},
    )


def telephones_of(endpoints: Iterable[Endpoint], book: AccountBook) -> Telephones:
    """Those of the agents' accounts."""
    return tuple(
        Telephone(
            one.resource,
            book.agents[one.resource],
            one.state == ONLINE or one.resource in book.unasked,
            tuple(one.channel_ids),
        )
        for one in endpoints
        if one.technology == TECHNOLOGY and one.resource in book.agents
    )
