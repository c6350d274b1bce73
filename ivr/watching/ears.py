"""Counts what is asked of the recogniser and how often it says no: implements `Ears` over another one."""

from __future__ import annotations

from asr.protocol import AsrUnavailable, Ears, Hearing, ListenRequest
from ivr.call.shared_ears import rank
from ivr.watching.meters import Meters

_USES = ("dialogue", "talk", "recording")


class CountedEars:
    def __init__(self, ears: Ears, meters: Meters) -> None:
        self._ears = ears
        self._meters = meters

    def languages(self) -> frozenset[str]:
        return self._ears.languages()

    async def open(self, request: ListenRequest) -> Hearing:
        use = _USES[rank(request)]
        try:
            hearing = await self._ears.open(request)
        except AsrUnavailable as refused:
            # Overloaded: the dialogue goes on with keys only.
            self._meters.heard.labels(use, refused.cause).inc()
            raise
        self._meters.heard.labels(use, "opened").inc()
        return hearing
