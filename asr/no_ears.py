"""A machine without models, which does not load what understands speech."""

from __future__ import annotations

from asr.protocol import AsrUnavailable, Hearing, ListenRequest


class NoEars:
    """A machine without models: implements `Ears` by saying so."""

    def __init__(self, why: str = "no speech model is installed: run `ivr models fetch`") -> None:
        self._why = why

    def languages(self) -> frozenset[str]:
        return frozenset()

    async def open(self, request: ListenRequest) -> Hearing:
        raise AsrUnavailable(self._why, "unavailable")
