"""How a citizen whom the hotline has called gets a call of their own: the port, for those who have the citizen."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from ivr.ids import CallId, ChannelId
from ivr.talk.registry import Talks
from ivr.talk.saved import SavedTalk
from routing.ids import EntryId

if TYPE_CHECKING:
    from ivr.call.transcribing import Transcripts
    from ivr.talk.talking import Talking

COMES_S: Final = 10.0
"""So long a talk may take until it goes on in another call: a few questions to Asterisk."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """channel: the telephone, answered. number: as dialled. agent: who has the citizen now. was: the call, or the
    promise to call back, out of which the talk comes.

    queue: whose line the citizen waits in when nobody has them, "" = none is known. entry, since: the place that the
    talk has on the board, and what its age is counted from; None: no queue brought the two together.
    """

    channel: ChannelId
    number: str = field(repr=False)
    language: str
    agent: str
    was: str
    queue: str
    entry: EntryId | None = None
    since: dt.datetime | None = None


@dataclass(slots=True)
class Lines:
    """last: number of the last line of a transcript."""

    last: int = 0


class Begins(Protocol):
    def there_is(self, flow: str) -> bool:
        """Whether citizens can have a call of their own, and be sent to that flow in it ("" = any)."""
        ...

    def begin(self, citizen: Citizen, talk: SavedTalk) -> CallId | None:
        """At once; whoever is in the talk is that call's from now on. None: nothing happened."""
        ...

    def written(
        self, call: CallId, citizen: ChannelId, note: Callable[[str, Mapping[str, Any]], None], lines: Lines
    ) -> AbstractAsyncContextManager[Transcripts]:
        """See `written_talk`."""
        ...


class Onward:
    """Made before the front door, which opens it."""

    def __init__(self) -> None:
        self._begins: Begins | None = None

    def by(self, begins: Begins) -> None:
        self._begins = begins

    def there_is(self, flow: str) -> bool:
        return self._begins is not None and self._begins.there_is(flow)

    @asynccontextmanager
    async def written(
        self, call: CallId, citizen: ChannelId, note: Callable[[str, Mapping[str, Any]], None], lines: Lines
    ) -> AsyncIterator[Transcripts | None]:
        """A talk with that citizen, who has no call of their own, is written down while inside. None: it is not. note:
        what there is to say about that. lines: of this id, which may have been another talk's too."""
        if self._begins is None:
            yield None
            return
        async with self._begins.written(call, citizen, note, lines) as transcripts:
            yield transcripts

    def begin(
        self,
        citizen: Citizen,
        talk: SavedTalk,
        talks: Talks,
        went: Callable[[Talking | None], None],
    ) -> CallId | None:
        """At once; None: nothing happened. went: told soon which talk it is there; None: it does not go on there
        either, since somebody has hung up."""
        call = None if self._begins is None else self._begins.begin(citizen, talk)
        if call is None:
            went(None)
            return None
        coming = talks.awaited(call)
        late = asyncio.get_running_loop().call_later(COMES_S, coming.cancel)

        def told(there: asyncio.Future[Talking]) -> None:
            late.cancel()
            went(None if there.cancelled() else there.result())

        coming.add_done_callback(told)
        return call
