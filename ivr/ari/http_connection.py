"""One kept HTTP/1.1 connection to Asterisk: a request goes out, its answer comes in, one after the other."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from ivr.ari.repository import Reply

LARGEST_HEAD: Final = 65_536
_HEAD_ENDS: Final = b"\r\n\r\n"
_STATUS: Final = re.compile(rb"http/1\.1 (\d{3})\b")
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)")
_CLOSES: Final = re.compile(rb"\r\nconnection:[^\r]*\bclose\b")
_IN_CHUNKS: Final = b"\r\ntransfer-encoding:"
_EMPTY: Final = frozenset({204, 304})


def read_answer(received: bytes) -> tuple[Reply, bool] | None:
    """The answer, and whether the connection is good for another request. None: it is not all there yet.

    Raises ValueError for what Asterisk never sends: another protocol, an answer in chunks or without a length.
    """
    end = received.find(_HEAD_ENDS)
    if end < 0:
        if len(received) > LARGEST_HEAD:
            raise ValueError("the head of the answer has no end")
        return None
    head = received[: end + len(_HEAD_ENDS)].lower()
    status = _STATUS.match(head)
    if status is None:
        raise ValueError("the answer is not HTTP/1.1")
    code, length = int(status[1]), _LENGTH.search(head)
    if code not in _EMPTY and (length is None or _IN_CHUNKS in head):
        raise ValueError("the answer does not say how long it is")
    begin = len(head)
    end = begin + (0 if length is None or code in _EMPTY else int(length[1]))
    if len(received) < end:
        return None
    return Reply(code, received[begin:end]), len(received) == end and _CLOSES.search(head) is None


class HttpConnection(asyncio.Protocol):
    """`await connection.ask(message)` while it is `free`. Whoever gives up waiting for an answer closes it."""

    def __init__(self) -> None:
        self.free_since = 0.0
        """Kept by whoever keeps the connection."""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None
        self._received = b""

    @property
    def free(self) -> bool:
        """Open, and no answer is to come."""
        return self._answer is None and self._transport is not None and not self._transport.is_closing()

    def ask(self, message: bytes) -> asyncio.Future[Reply]:
        """The answer to this request: ConnectionError where none came, ValueError where it cannot be read."""
        if self._transport is None:
            raise ConnectionResetError("the connection is closed")
        answer = self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = self._answer
        try:
            read = read_answer(self._received)
        except ValueError as error:
            self.close()
            if answer is not None and not answer.done():
                answer.set_exception(error)
            return
        if read is None:
            return
        reply, again = read
        self._received, self._answer = b"", None
        if answer is None or not again:
            self.close()
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_exception(ConnectionResetError(str(error or "the connection was cut")))
