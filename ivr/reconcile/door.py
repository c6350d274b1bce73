"""Where a running server is asked what is not true now: a socket in its state folder, for this user only.

    async with answering(state_dir, reconciler): ...
    report = await ask(state_dir)      # None: no server answers there

The report is one JSON object: `node`, `at`, `counts` (what there is in each view), `findings` (code, subject, why) and
`repairs` since the start. It holds no number and no word of a caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from ivr.errors import AriError
from ivr.reconcile.reconciler import Look, Reconciler

log = logging.getLogger(__name__)

NAME: Final = "live.sock"
ASK_S: Final = 15.0
"""Two looks of a busy server take a few seconds."""


@asynccontextmanager
async def answering(folder: Path, reconciler: Reconciler) -> AsyncIterator[None]:
    """Each connection gets one report. Where no socket can be made that is logged, and nothing else is different."""

    asking: set[asyncio.Task[None]] = set()

    def asked(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(answer(writer), name="doctor --live")
        asking.add(task)
        task.add_done_callback(asking.discard)

    async def answer(writer: asyncio.StreamWriter) -> None:
        try:
            try:
                told = report(reconciler, await reconciler.check())
            except AriError as error:
                told = report(reconciler, None) | {"error": str(error)}
            writer.write(orjson.dumps(told))
            await writer.drain()
        except OSError as error:
            log.info("nobody waited for the answer: %s", error)
        finally:
            writer.close()

    try:
        with _short(folder) as path:
            before = os.umask(0o177)
            try:
                server = await asyncio.start_unix_server(asked, path)
            finally:
                os.umask(before)
    except OSError as error:
        log.warning("`ivr doctor --live` will find nobody here: %s: %s", folder / NAME, error)
        yield
        return
    try:
        yield
    finally:
        server.close()
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        with contextlib.suppress(OSError):
            (folder / NAME).unlink()


async def ask(folder: Path) -> dict[str, Any] | None:
    """None: no server answers there. Raises TimeoutError, ValueError: what answers is not well."""
    try:
        async with asyncio.timeout(ASK_S):
            with _short(folder) as path:
                reader, writer = await asyncio.open_unix_connection(path)
            try:
                told: dict[str, Any] = orjson.loads(await reader.read())
                return told
            finally:
                writer.close()
    except TimeoutError:
        raise
    except OSError:
        return None


def report(reconciler: Reconciler, look: Look | None) -> dict[str, Any]:
    """look: None where Asterisk does not say what it has."""
    board = reconciler.books.dispatcher.board
    counts = {
        "calls": len(reconciler.books.registry),
        "entries": len(board.entries()),
        "agents": len(board.agents),
    }
    if look is not None:
        counts |= {
            "channels": len(look.asterisk.channels),
            "bridges": len(look.asterisk.bridges),
            "telephones": len(look.telephones),
        }
    findings = () if look is None else look.findings
    return {
        "node": reconciler.books.node,
        "at": reconciler.now().isoformat(),
        "counts": counts,
        "findings": [{"code": one.code, "subject": one.subject, "why": one.why} for one in findings],
        "repairs": reconciler.repairs.as_dict(),
        "repairs_failed": reconciler.repairs.failed,
    }


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A path for the socket that is short enough for the kernel, however deep the folder lies."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{NAME}"
    finally:
        os.close(handle)
