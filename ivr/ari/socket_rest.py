"""REST over the event websocket (Asterisk >= 22.4): matches responses to requests. No I/O of its own.

A request is one text message; its response comes as a message of type RESTResponse among the events. It costs a third
of the processor time of an HTTP request, but Asterisk serves these one at a time, in the socket's own thread. So only
`QUICK` commands may go this way: one that waits for a channel's thread, which also plays prompts, would hold up the
commands of all calls until that prompt ends (seen). Nor may a variable of a channel be read this way: it may be a
function that is worked off in that telephone's queue of SIP work, and a queue that is stuck would hold up all calls.
The rest goes over HTTP, side by side.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import orjson

from ivr.ari.repository import Reply, Request
from ivr.errors import AriUnavailable

log = logging.getLogger(__name__)

QUICK: Final = frozenset(
    {
        "asterisk.ping",
        "bridges.create",
        "bridges.create_with_id",
        "bridges.destroy",
        "bridges.get",
        "channels.continue_in_dialplan",
        "channels.create",
        "channels.dial",
        "channels.get",
        "channels.hangup",
        "channels.hold",
        "channels.mute",
        "channels.play",
        "channels.play_with_id",
        "channels.record",
        "channels.ring",
        "channels.ring_stop",
        "channels.send_dtmf",
        "channels.snoop_channel",
        "channels.snoop_channel_with_id",
        "channels.start_moh",
        "channels.start_silence",
        "channels.stop_moh",
        "channels.stop_silence",
        "channels.unhold",
        "channels.unmute",
        "playbacks.control",
        "playbacks.get",
        "playbacks.stop",
        "recordings.cancel",
        "recordings.get_live",
        "recordings.pause",
        "recordings.stop",
        "recordings.unpause",
    }
)
"""Answered at once, whatever the channel is doing: a test against the real Asterisk sends each while a prompt plays."""

Send = Callable[[bytes], Awaitable[None]]


class SocketRest:
    """A `Transport`. How long an answer may take is the business of whoever asks."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[str, asyncio.Future[Reply]] = {}
        self._send: Send | None = None

    @property
    def is_open(self) -> bool:
        return self._send is not None

    def opened(self, send: Send) -> None:
        """The socket is there; send: writes one text message."""
        self._send = send

    def lost(self) -> None:
        """The socket is gone: nobody will answer what is open."""
        self._send = None
        waiting, self._open = self._open, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(AriUnavailable("the websocket was lost before the answer came"))
                future.exception()  # looked at: who asked may be gone by now, and nobody else need be warned

    def answered(self, message: bytes) -> None:
        """message: of the type `RESTResponse`. One that cannot be read answers nothing."""
        try:
            number, reply = decode(message)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("an answer of Asterisk cannot be read: %s", type(error).__name__)
            return
        future = self._open.pop(number, None)
        if future is not None and not future.done():
            future.set_result(reply)

    async def exchange(self, request: Request) -> Reply:
        if self._send is None:
            raise AriUnavailable(f"{request.operation.name}: no websocket to Asterisk", sent=False)
        number = str(next(self._numbers))
        future = self._open[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send(encode(request, number))
            reply: Reply = await future
            return reply
        finally:
            self._open.pop(number, None)


def decode(message: bytes) -> tuple[str, Reply]:
    """The number of the request, and the reply. Only the three things that count are looked at: it comes with every
    command. Raises ValueError, TypeError, KeyError or AttributeError: it is not as promised."""
    read = orjson.loads(message)
    body = read.get("message_body")
    return str(read["request_id"]), Reply(int(read["status_code"]), b"" if body is None else body.encode())


def encode(request: Request, request_id: str) -> bytes:
    """The RESTRequest message of this request."""
    message = {
        "type": "RESTRequest",
        "request_id": request_id,
        "method": request.operation.method,
        "uri": request.target.removeprefix("/"),
    }
    if request.body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = request.body.decode()
    return orjson.dumps(message)
