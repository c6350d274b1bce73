"""The calls that are live now, by call and by channel."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.call.session import CallSession
from ivr.ids import CallId, ChannelId, owner_of


class CallRegistry:
    def __init__(self) -> None:
        self._by_call: dict[CallId, CallSession] = {}
        self._by_channel: dict[ChannelId, CallSession] = {}
        self._others: set[str] = set()
        self._made: set[CallId] = set()
        self._origins: list[CallId] = []
        """Of citizens' channels that we made: calls that are over, perhaps, and whose objects live on."""
        self.to_end: set[str] = set()
        """Callers' channels whose calls are over and that could not be hung up: nobody takes them for new calls."""

        self.ended: set[str] = set()
        """Channels and bridges that an earlier controller left and that were ended: nobody has them, also where their
        call goes on. One that is there still is ended once more."""

    def __len__(self) -> int:
        return len(self._by_call)

    def __iter__(self) -> Iterator[CallSession]:
        return iter(list(self._by_call.values()))

    @property
    def others(self) -> frozenset[str]:
        """Channels of ours that are no citizen's calls."""
        return frozenset(self._others)

    @property
    def made(self) -> frozenset[CallId]:
        """Calls that we make ourselves, and those that citizens' calls came out of."""
        return frozenset({*self._made, *self._origins})

    def get(self, call: CallId) -> CallSession | None:
        return self._by_call.get(call)

    def add(self, session: CallSession) -> None:
        self._by_call[session.call] = session
        self._by_channel[session.channel] = session
        if (origin := owner_of(session.channel)) is not None:
            self._origins.append(origin)

    def remove(self, session: CallSession) -> None:
        self._by_call.pop(session.call, None)
        self._by_channel.pop(session.channel, None)
        if (origin := owner_of(session.channel)) in self._origins:
            self._origins.remove(origin)

    def add_other(self, channel: str) -> None:
        """A channel of ours that is no citizen's call (an agent dialling a feature code)."""
        self._others.add(channel)

    def remove_other(self, channel: str) -> None:
        self._others.discard(channel)

    def add_made(self, call: CallId) -> None:
        """A call that we make ourselves (calling back): it has parts, and no channel that came in."""
        self._made.add(call)

    def remove_made(self, call: CallId) -> None:
        self._made.discard(call)

    def has(self, channel: ChannelId) -> bool:
        """Somebody is dealing with this channel: it does not come in once more. Who hung up and is back does."""
        session = self._by_channel.get(channel)
        return channel in self._others or (session is not None and not session.hung_up)

    def owns(self, object_id: str) -> bool:
        """True for a live call's channel and for every object whose id begins with a live call's (`child_id`)."""
        if object_id in self._by_channel or object_id in self._others:
            return True
        owner = owner_of(object_id)
        return owner in self._by_call or owner in self._made or owner in self._origins
