"""A worker as a process of ours: started with its settings, its log lines into ours, ended whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from asr.link import Address, WorkerDied, WorkerLink
from asr.settings import PoolSettings

log = logging.getLogger(__name__)

KEPT: Final = frozenset({"IVR_CACHE", "IVR_MODELS"})
"""Where models lie. Nothing else of the hotline's environment goes to a worker: it may hold secrets."""


async def live(link: WorkerLink, settings: PoolSettings) -> None:
    """Start a process and converse with it until it goes. Raises WorkerDied, OSError. Cancelled: it ends by itself."""
    token = secrets.token_urlsafe(24)
    worker = replace(settings.worker, token=token)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "asr.worker", stdin=PIPE, stdout=PIPE, stderr=PIPE, env=_environment()
    )
    reporter = asyncio.create_task(_report(link.name, process), name=f"asr worker {link.name} log")
    try:
        port = await _started(process, worker.to_json(), settings.ready_s)
        await link.converse(Address(f"ws://{worker.host}:{port}", token))
    except WorkerDied:
        # Dead, or worse: nobody will ask it anything again, and its memory is needed.
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    finally:
        await _to_its_end(_end(process, reporter, settings.stop_s))


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Bounded work that leaves a process behind if it is cut short: cancelling waits for it."""
    task = asyncio.create_task(work, name="asr worker ends")
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _started(process: Process, settings: str, ready_s: float) -> int:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(settings.encode() + b"\n")
        await process.stdin.drain()
        async with asyncio.timeout(ready_s):
            line = await process.stdout.readline()
        answer = json.loads(line)
    except (ConnectionError, ValueError, TimeoutError) as error:
        raise WorkerDied(f"the speech worker did not start: {error!r}") from error
    if not answer["ready"]:
        raise WorkerDied(f"the speech worker cannot start: {answer['error']}")
    return int(answer["port"])


async def _report(name: str, process: Process) -> None:
    """The worker's own log lines, into ours."""
    assert process.stderr is not None
    levels, level = logging.getLevelNamesMapping(), logging.DEBUG
    async for line in process.stderr:
        text = line.decode(errors="replace").rstrip()
        # The lines of a traceback belong to the one before them.
        level = levels.get(text.partition(" ")[0], level)
        log.log(level, "worker %s: %s", name, text)


async def _end(process: Process, reporter: asyncio.Task[None], stop_s: float) -> None:
    """Ask by closing its input, then insist."""
    assert process.stdin is not None
    process.stdin.close()
    for insist in (process.terminate, process.kill, None):
        try:
            async with asyncio.timeout(stop_s):
                await process.wait()
            break
        except TimeoutError:
            if insist is not None and process.returncode is None:
                insist()
    reporter.cancel()
    await asyncio.gather(reporter, return_exceptions=True)


def _environment() -> dict[str, str]:
    """Ours without the hotline's settings; with the package found from anywhere and numpy's own threads off: the
    engines have theirs."""
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or not name.startswith(("IVR_", "CREDENTIALS_DIRECTORY"))
    }
    return ours | {
        "PYTHONPATH": os.pathsep.join(paths),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
    }
