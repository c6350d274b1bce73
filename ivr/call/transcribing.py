"""Writes down what is said between the caller and whoever has joined: one hearing for each end, while they talk.

Theory of operation. `during` is entered when two are joined and left when the talk is over, however it ends. Inside it
each end has a task of its own: it opens a continuous hearing, attaches it (`media_path.py`), and hands each utterance
to the call's history as it comes. In a conference the caller is heard once, whoever else is there.

Nothing of it may delay or break the call: a task that fails says so in the log and the call goes on without. A
recogniser that is lost, overloaded or not there is asked again after growing pauses; the journal has a note when a
transcript has a gap and another when it goes on. While somebody is on hold nothing is heard: they do not talk to each
other then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from asr.protocol import (
    AsrUnavailable,
    Failed,
    Hearing,
    LineQuality,
    ListenRequest,
    NoSpeech,
    Partial,
    SpeechBegan,
    SpeechEnded,
)
from asr.protocol import Final as Utterance
from ivr.ari.generated.events import ChannelHold, ChannelUnhold
from ivr.call.media_path import ChannelGone, MediaPathFailed, media_path
from ivr.call.ports import Said, Speaker, TalksWrittenDown
from ivr.call.racing import unless
from ivr.call.services import OpenCall
from ivr.call.stream_times import StreamTimes
from ivr.errors import AriError
from ivr.ids import ChannelId

log = logging.getLogger(__name__)

END_SILENCE_S: Final = 0.7
"""People who talk to each other pause for less than one who answers a machine."""
LONGEST_S: Final = 18.0
PAUSES_S: Final = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Between attempts to be heard again; the last one for ever."""
BUSY: Final = 3
"""An overloaded recogniser is left alone for longer: which of the pauses comes first."""
STEADY_S: Final = 20.0
"""A hearing that lasted so long was no failed attempt."""

_TALK: Final = ChannelId("talk")
"""Stands for the talk as a whole among the channels that are on hold."""

Trouble = Literal["unavailable", "language", "overloaded", "lost"]


@dataclass(slots=True, eq=False)
class _End:
    """One of those who talk. party: an agent's id. users: talks it is in. gap: the journal says that there is one."""

    side: Speaker
    channel: ChannelId
    language: str
    party: str = ""
    task: asyncio.Task[None] | None = None
    users: int = 0
    gap: bool = False


class Transcripts:
    """Those of one call. which: whose talks are written down here. hot_words: of a language, names that may be said."""

    def __init__(
        self,
        here: OpenCall,
        which: TalksWrittenDown,
        hot_words: Callable[[str], tuple[str, ...]] = lambda language: (),
    ) -> None:
        self._here = here
        self._which = which
        self._hot_words = hot_words
        self._ends: dict[ChannelId, _End] = {}
        self._held: set[ChannelId] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done while somebody is on hold."""

    @contextmanager
    def during(
        self, other: ChannelId, side: Speaker, party: str, language: str, own: str = ""
    ) -> Iterator[None]:
        """The caller and that one talk to each other while inside. party: an agent's id. Nothing waits or raises.

        own: the agent whose call this is; the other one is the citizen then.
        """
        if not self._wanted("agent" if own else side):
            yield
            return
        ends = [
            self._begin(_End("agent" if own else "caller", self._here.channel, language, own)),
            self._begin(_End(side, other, language, party)),
        ]
        try:
            yield
        finally:
            for end in ends:
                self._leave(end)

    def flow(self, *, on: bool) -> None:
        """The caller and the others hear each other, or not (music, somebody aside): then nothing is written down."""
        self._hold(_TALK, held=not on)

    def _wanted(self, side: Speaker) -> bool:
        if not self._here.services.ears.languages():
            return False
        return self._which == "all" or (self._which == "agents" and side == "agent")

    def _begin(self, new: _End) -> _End:
        end = self._ends.setdefault(new.channel, new)
        if end is new:
            end.task = self._here.spawn(self._follow(end), f"transcript of the {end.side}")
        end.users += 1
        return end

    def _leave(self, end: _End) -> None:
        end.users -= 1
        if end.users == 0:
            del self._ends[end.channel]
            self._hold(end.channel, held=False)
            if end.task is not None:
                end.task.cancel()

    def _hold(self, channel: ChannelId, *, held: bool) -> None:
        if held:
            self._held.add(channel)
        else:
            self._held.discard(channel)
        if self._held and self._flowing.is_set():
            self._flowing.clear()
            self._stopped.set_result(None)
        elif not self._held and not self._flowing.is_set():
            self._stopped = asyncio.get_running_loop().create_future()
            self._flowing.set()

    # --- one end

    async def _follow(self, end: _End) -> None:
        """Until cancelled, or until there is nobody to be heard any more. Raises only CancelledError."""
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch_holds(end), name=f"{self._here.call} holds")
                await self._hear_again_and_again(end)
                watch.cancel()
        except* Exception:
            log.exception("the transcript of the %s broke off; the call goes on without", end.side)

    async def _watch_holds(self, end: _End) -> None:
        with self._here.ari.bus.mailbox(f"{self._here.call}/transcript") as mailbox:
            mailbox.watch(end.channel)
            async for event in mailbox:
                if isinstance(event, (ChannelHold, ChannelUnhold)):
                    self._hold(end.channel, held=isinstance(event, ChannelHold))

    async def _hear_again_and_again(self, end: _End) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await self._flowing.wait()
            began = loop.time()
            trouble = await unless(self._stopped, self._hear(end))
            if trouble is None:
                continue  # on hold
            if trouble == "gone":
                return
            self._note_gap(end, trouble)
            if trouble == "language":
                return
            if loop.time() - began >= STEADY_S:
                failures = 0
            if trouble == "overloaded":
                failures = max(failures, BUSY)
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1

    async def _hear(self, end: _End) -> Trouble | Literal["gone"]:
        """One hearing, from its opening to its end."""
        here = self._here
        request = ListenRequest(
            language=end.language,
            end_silence_s=END_SILENCE_S,
            longest_s=LONGEST_S,
            label=here.call,
            hot_words=self._hot_words(end.language),
            continuous=True,
        )
        try:
            hearing = await here.services.ears.open(request)
        except AsrUnavailable as unavailable:
            log.info("no transcript of the %s: %s", end.side, unavailable)
            return unavailable.cause
        try:
            async with media_path(here.ari, here.services.media, here.call, end.channel, hearing):
                self._note_again(end)
                return await self._write_down(end, hearing)
        except ChannelGone:
            return "gone"
        except (AriError, MediaPathFailed, TimeoutError) as error:
            log.warning("the %s is not heard: %s", end.side, error or type(error).__name__)
            return "lost"
        finally:
            await hearing.aclose()

    async def _write_down(self, end: _End, hearing: Hearing) -> Trouble:
        here = self._here
        times = StreamTimes(here.services.clock.now())
        async for heard in hearing:
            match heard:
                case SpeechBegan(at_s):
                    times.began(at_s, here.services.clock.now())
                case Utterance():
                    if heard.text:
                        here.history.said(
                            Said.of(
                                heard, times.zero, speaker=end.side, source="conversation", party=end.party
                            ),
                            here.services.clock.now(),
                        )
                        here.services.changed()
                case LineQuality():
                    here.history.line(end.side, heard, here.services.clock.now())
                case Failed():
                    log.warning("the transcript of the %s has a gap: %s", end.side, heard.message)
                    return heard.cause
                case SpeechEnded() | Partial() | NoSpeech():
                    pass
                case _:
                    assert_never(heard)
        return "lost"

    # --- what the journal says of it

    def _note_gap(self, end: _End, cause: Trouble) -> None:
        if not end.gap:
            end.gap = True
            self._note(end, {"speaker": end.side, "state": "gap", "cause": cause})

    def _note_again(self, end: _End) -> None:
        if end.gap:
            end.gap = False
            self._note(end, {"speaker": end.side, "state": "goes_on"})

    def _note(self, end: _End, data: dict[str, str]) -> None:
        self._here.history.note("transcript", dict(data), self._here.services.clock.now())
