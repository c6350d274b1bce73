"""One open hearing, as its owner sees it: an address for the media and what was heard, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from asr.protocol import Failed, Final, Heard, NoSpeech


class RemoteHearing:
    """Implements `Hearing`. Iterate in one task at a time."""

    def __init__(
        self,
        identity: str,
        host: str,
        port: int,
        let_go: Callable[[str], None],
        *,
        continuous: bool = False,
        media_url: str = "",
        media_trust: Any = True,
    ) -> None:
        self.identity = identity
        self._host = host
        self._port = port
        self._media_url = media_url
        self._media_trust = media_trust
        self._let_go = let_go
        self._last = (Failed, NoSpeech) if continuous else (Failed, NoSpeech, Final)
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._ended = False
        self._closed = False

    @property
    def media_host(self) -> str:
        return self._host

    @property
    def media_port(self) -> int:
        return self._port

    @property
    def media_url(self) -> str:
        return self._media_url

    @property
    def media_trust(self) -> Any:
        return self._media_trust

    def put(self, heard: Heard) -> None:
        """From the worker. After what ends it nothing more counts."""
        if self._ended or self._closed:
            return
        self._ended = isinstance(heard, self._last)
        self._heard.put_nowait(heard)

    def __aiter__(self) -> AsyncIterator[Heard]:
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[Heard]:
        while not (self._ended and self._heard.empty()):
            heard = await self._heard.get()
            if heard is None:
                return
            yield heard

    async def aclose(self) -> None:
        """Gives the media port back. Hang the media channel up first: a later caller may get the port."""
        if self._closed:
            return
        self._closed = True
        self._let_go(self.identity)
        # Whoever still iterates comes to an end.
        self._heard.put_nowait(None)
