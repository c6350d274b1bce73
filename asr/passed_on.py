"""A hearing in front of another one: where the sound goes is the other's, what is heard may be looked at on its way."""

from __future__ import annotations

from typing import Any

from asr.protocol import Hearing


class PassedOn:
    """The places of `hearing`; iterating and closing are the subclass's."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing

    @property
    def media_host(self) -> str:
        return self._hearing.media_host

    @property
    def media_port(self) -> int:
        return self._hearing.media_port

    @property
    def media_url(self) -> str:
        return self._hearing.media_url

    @property
    def media_trust(self) -> Any:
        return self._hearing.media_trust
