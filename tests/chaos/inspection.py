"""What a controller believes, asked from outside: its calls, entries, agents, and whether its board is sound."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from asr.pool import WorkerState
from ivr.main import Hotline
from routing.invariants import faults

ASK_S = 3.0


@asynccontextmanager
async def answering(hotline: Hotline, path: Path) -> AsyncIterator[None]:
    """Answers each connection to the unix socket at `path` with one JSON object."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(seen(hotline)).encode())
        with contextlib.suppress(ConnectionError):  # who asked did not wait so long
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(answer, str(path))
    try:
        yield
    finally:
        server.close()


def seen(hotline: Hotline) -> dict[str, Any]:
    board = hotline.dispatcher.board
    entries = []
    for entry in board.entries():
        place = board.place(entry.id)
        entries.append(
            {
                "id": entry.id,
                "call": entry.call_id,
                "queue": entry.queue,
                "state": entry.state,
                "agent": entry.agent or "",
                "callback": entry.callback,
                "place": None if place is None else place.place,
            }
        )
    return {
        "calls": [
            {
                "call": session.call,
                "channel": session.channel,
                "caller": session.facts.caller,
                "node": session.node,
                "stage": session.stage,
            }
            for session in hotline.front_door.registry
        ],
        "entries": entries,
        "agents": {agent.id: agent.state for agent in board.agents.values()},
        "faults": [str(fault) for fault in faults(board, hotline.dispatcher._clock.now())],
        "repairs": str(hotline.front_door.repairs),
        "behind": hotline.writer.waiting,
        "connected": hotline.ari.connected,
        "ears": [] if hotline.speech is None else [_ear(worker) for worker in hotline.speech.state()],
        "tasks": len(asyncio.all_tasks()),
    }


def _ear(worker: WorkerState) -> dict[str, Any]:
    return {"pid": worker.pid, "ready": worker.ready, "open": worker.open_hearings}


async def ask(path: Path) -> dict[str, Any] | None:
    """None: nobody answers there (in time)."""
    try:
        async with asyncio.timeout(ASK_S):
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                told: dict[str, Any] = json.loads(await reader.read())
                return told
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None
