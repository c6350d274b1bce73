"""Recorded sound to a hearing, as fast as it is read, and what was heard in it.

    request = ListenRequest("zh", continuous=True, priority="background")
    await read_out(ears, request, pieces, print)

The sound goes by websocket to the worker (`media_door.py`), which takes no more than its engine can read: nothing piles
up anywhere, however long the recording is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import aiohttp

from asr.media_door import END, PROTOCOL
from asr.protocol import AsrUnavailable, Ears, Failed, Heard, Hearing, ListenRequest, NoSpeech

CONNECT_S: Final = 5.0


async def read_out(
    ears: Ears, request: ListenRequest, pieces: Iterator[bytes], tell: Callable[[Heard], None]
) -> None:
    """Returns when all was heard and told, in order; times are seconds from the beginning of the recording.

    pieces: 16 kHz 16-bit little-endian mono, some seconds each at most; taken one at a time, in a thread, since a file
    may be behind them. Raises AsrUnavailable: refused or broken off; and what `pieces` raises.
    """
    hearing = await ears.open(request)
    try:
        if not hearing.media_url:
            raise AsrUnavailable("this worker takes no recordings", "unavailable")
        sending = asyncio.create_task(_send(hearing, pieces), name=f"reads out {request.label}")
        try:
            ended = await _hear_out(hearing, tell)
        finally:
            # The worker ends the connection with the hearing: nobody waits for the other's farewell.
            await hearing.aclose()
            sending.cancel()
            await asyncio.wait({sending})
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error
        if not ended:
            raise AsrUnavailable("the hearing broke off", "lost")
    finally:
        await hearing.aclose()


async def _hear_out(hearing: Hearing, tell: Callable[[Heard], None]) -> bool:
    """True: to the end. Raises AsrUnavailable."""
    async for heard in hearing:
        if isinstance(heard, NoSpeech):
            return True
        if isinstance(heard, Failed):
            raise AsrUnavailable(heard.message, heard.cause)
        tell(heard)
    return False


async def _send(hearing: Hearing, pieces: Iterator[bytes]) -> None:
    """Returns when the worker has read everything. Whatever goes wrong ends the hearing too."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.ws_connect(
                f"{hearing.media_url}&recorded=1", protocols=(PROTOCOL,), ssl=hearing.media_trust
            ) as socket,
        ):
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                await socket.send_bytes(piece)
            await socket.send_str(END)
            # The worker closes it when it is through.
            await socket.receive()
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
        await hearing.aclose()
        # Not its text: the address has the key in it.
        raise AsrUnavailable(
            f"the recording did not reach the worker: {type(error).__name__}", "lost"
        ) from error
    except BaseException:
        await hearing.aclose()
        raise
