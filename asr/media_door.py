"""Audio that comes to a hearing by websocket instead of RTP: from Asterisk's chan_websocket, or a recording's.

    /media?hearing=KEY               live: 20 ms a message, as somebody speaks
    /media?hearing=KEY&recorded=1    as fast as the engine reads it; the text message END when that was all

Binary messages are 16-bit little-endian samples at 16 kHz, of any length. Asterisk's text messages (MEDIA_START,
DTMF_END ...) say nothing that a hearing needs. Whoever knows the key may speak: it is told to the hearing's owner only,
and good for one connection at a time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import WSMsgType, web

from asr.listening import Listening
from asr.protocol import NoSpeech
from asr.tape import BYTES_PER_S

log = logging.getLogger(__name__)

PATH: Final = "/media"
PROTOCOL: Final = "media"
"""Asterisk asks for this subprotocol and refuses a connection without it."""
END: Final = "END"
LARGEST_MESSAGE: Final = 1 << 18
PIECE_BYTES: Final = BYTES_PER_S // 10
"""Of a recording at a time: others' audio waits no longer than it takes to look through so much."""
LAST_SILENCE_S: Final = 1.0
"""After a recording, beyond the silence that ends an utterance."""


@dataclass(slots=True)
class _Expected:
    """connection: the task that serves it now."""

    listening: Listening
    connection: asyncio.Task[Any] | None = None


class MediaDoor:
    """Which key is whose. One a worker."""

    def __init__(self) -> None:
        self._expected: dict[str, _Expected] = {}

    def expect(self, listening: Listening) -> str:
        """The key by which its audio may come in, until `forget`."""
        key = secrets.token_hex(16)
        self._expected[key] = _Expected(listening)
        return key

    def forget(self, key: str) -> None:
        """The hearing is over: so is its connection."""
        expected = self._expected.pop(key, None)
        if expected is not None and expected.connection is not None:
            expected.connection.cancel()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, until either side ends it."""
        expected = self._expected.get(request.query.get("hearing", ""))
        if expected is None or expected.connection is not None:
            log.warning("audio came from %s for a hearing that does not expect it", request.remote)
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(protocols=(PROTOCOL,), max_msg_size=LARGEST_MESSAGE)
        expected.connection = asyncio.current_task()
        try:
            await socket.prepare(request)
            if request.query.get("recorded"):
                await _take_recorded(socket, expected.listening)
            else:
                await _take_live(socket, expected.listening)
        finally:
            expected.connection = None
        return socket


async def _take_live(socket: web.WebSocketResponse, listening: Listening) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            listening.media.come(message.data)


async def _take_recorded(socket: web.WebSocketResponse, listening: Listening) -> None:
    """Reads no further than the engine is: so much of a long recording is in memory as one utterance is long."""
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await _hear_slowly(listening, message.data)
        elif message.type is WSMsgType.TEXT and message.data == END:
            silence_s = listening.request.end_silence_s + LAST_SILENCE_S
            await _hear_slowly(listening, bytes(int(silence_s * BYTES_PER_S) // 2 * 2))
            listening.emit(NoSpeech(silence_s))
            return


async def _hear_slowly(listening: Listening, audio: bytes) -> None:
    for begin in range(0, len(audio), PIECE_BYTES):
        listening.hear(audio[begin : begin + PIECE_BYTES])
        await listening.caught_up()
        await asyncio.sleep(0)
