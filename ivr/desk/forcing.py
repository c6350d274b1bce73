"""Ends the telephone of an agent whom somebody forced out of a talk, also when the talk is only just beginning."""

from __future__ import annotations

from collections.abc import Callable

from ivr.ids import ChannelId
from ivr.talk.conversations import Conversation, Conversations
from routing.ids import AgentId


class ForcedOut:
    """Implements `ivr.talk.conversations.Watcher`. hang_up: ends a channel, soon."""

    def __init__(self, talks: Conversations, hang_up: Callable[[ChannelId], None]) -> None:
        self._talks = talks
        self._hang_up = hang_up
        self._as_it_begins: set[AgentId] = set()
        """Answered, and not yet joined: the talk is not among the talks."""
        talks.watch(self)

    def end(self, agent: AgentId) -> None:
        """The agent is out of the call that the board has just taken away."""
        talk = self._talks.of_agent(agent)
        if talk is None:
            self._as_it_begins.add(agent)
        else:
            self._hang_up(talk.telephone)

    def busy_anew(self, agent: AgentId) -> None:
        """What begins from now on is another call."""
        self._as_it_begins.discard(agent)

    def joined(self, conversation: Conversation) -> None:
        if conversation.agent in self._as_it_begins:
            self._as_it_begins.discard(conversation.agent)
            self._hang_up(conversation.telephone)

    def parted(self, conversation: Conversation) -> None:
        pass
