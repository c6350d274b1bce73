"""A session that begins in the middle: where an earlier controller left the call (docs/developers/recovery.md)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable

from ivr.call.parts import Parts
from ivr.call.saved import SavedCall, still_open
from ivr.call.services import OpenCall
from ivr.flow.actions import JsonValue
from ivr.flow.inputs import Digit, HungUp, Input, RecordingEnded, SpeechHeard, SpeechPartial


class GoingOn:
    """saved: the call, whose dialogue had begun. promised: entries of its that are promises to call back by now.
    masked: whether what is pressed at this moment is personal. take: has a message taken as if it came now.
    """

    def __init__(
        self,
        here: OpenCall,
        parts: Parts,
        saved: SavedCall,
        promised: Collection[str],
        masked: Callable[[], bool],
        take: Callable[[Input], Awaitable[None]],
    ) -> None:
        self._here = here
        self._parts = parts
        self._saved = saved
        self._promised = promised
        self._masked = masked
        self._take = take

    async def resume(self) -> None:
        """What was open is open again; what happened and was not told is in the inbox. Raises CodecError."""
        here, saved = self._here, self._saved
        happened = saved.happened
        open_still = still_open(saved.parts, [*happened, *saved.unread])
        open_still["asked"] = saved.asked
        here.resuming = True
        await self._parts.resume(open_still, self._promised, saved.parted_s)
        here.resuming = False
        await self._catch_up(happened)
        for event in saved.unread:
            if event not in happened:
                here.tell(event)
        if here.history.over:
            here.gone = True
        elif saved.cut_off:
            here.gone = False
            here.gap(cut_off=True)
        elif here.gone:
            here.hung_up("caller")

    async def _catch_up(self, happened: Iterable[Input]) -> None:
        """What was written down of the call, and was not kept any more, has happened all the same. Not so what is
        personal and was therefore not written down: the caller is asked again."""
        here = self._here
        here.catching_up = True
        for event in happened:
            if self._masked() and isinstance(event, Digit | SpeechHeard | SpeechPartial):
                continue
            if isinstance(event, HungUp):
                here.gone = True
                here.history.hung_up(event.by, event.cause, here.services.clock.now())
            elif isinstance(event, RecordingEnded):
                self._parts.recorder.ended(event)
            await self._take(event)
        here.catching_up = False


def adopted(here: OpenCall, saved: SavedCall) -> None:
    """Noted in the journal. away_s: for how long nobody was there, at most."""
    away_s = (here.services.clock.now() - (saved.left_at or saved.at)).total_seconds()
    told: dict[str, JsonValue] = {"away_s": round(away_s, 3)}
    if saved.gone:
        told["gone"] = True
    here.note("adopted", told)
