"""A controller in a process of its own that may be killed, on an Asterisk that outlives it.

    python -m tests.support.mortal FOLDER PORT

runs the hotline of `parts_house` in FOLDER, and writes `FOLDER/ready` when calls are taken: a pickle of
(RenderedAsterisk, Asterisk's process id).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ivr.asterisk.render import RenderedAsterisk
from ivr.config import Settings
from ivr.main import RunningHotline
from tests.support import parts_house

START_S = 40.0


@asynccontextmanager
async def mortal(
    folder: Path, port: int
) -> AsyncIterator[tuple[asyncio.subprocess.Process, RenderedAsterisk]]:
    """Its process, for killing, and the Asterisk, which ends with the block."""
    module = ("-m", "tests.support.mortal", str(folder), str(port))
    outlives = os.environ | {"IVR_ASTERISK__DIES_WITH_CONTROLLER": "false"}
    process = await asyncio.create_subprocess_exec(sys.executable, *module, env=outlives)
    rendered, asterisk = await _ready(folder / "ready", process)
    try:
        yield process, rendered
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(asterisk, signal.SIGTERM)


@asynccontextmanager
async def taken_over(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A second one in that folder, which has taken over from the first when the block begins."""
    (folder / "ready").unlink()
    module = ("-m", "tests.support.mortal", str(folder), str(port), "takeover")
    process = await asyncio.create_subprocess_exec(sys.executable, *module)
    await _ready(folder / "ready", process)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ready(path: Path, process: asyncio.subprocess.Process) -> tuple[RenderedAsterisk, int]:
    ended = asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout(START_S):
            while True:
                assert not ended.done(), "the controller did not start"
                with contextlib.suppress(FileNotFoundError):
                    told: tuple[RenderedAsterisk, int] = pickle.loads(
                        await asyncio.to_thread(path.read_bytes)
                    )
                    return told
                await asyncio.wait([ended], timeout=0.05)
    finally:
        ended.cancel()


def external(settings: Settings, rendered: RenderedAsterisk) -> Settings:
    """The same hotline, beside the Asterisk that is there already."""
    told: dict[str, Any] = {
        "mode": "external",
        "ari_url": rendered.ari_url,
        "username": rendered.ari_user,
        "password": rendered.ari_password,
    }
    values = settings.model_dump()
    values["asterisk"] |= told
    values["recordings"] |= {"folder": str(rendered.recordings)}
    return Settings.model_validate(values)


async def _run(folder: Path, port: int, *, takeover: bool) -> None:
    settings = parts_house.settings(folder / "state", folder / "flows", port)
    running = RunningHotline(settings, takeover=takeover)
    hotline = await running.start()
    assert hotline.asterisk is not None
    draft = folder / "ready.draft"
    draft.write_bytes(pickle.dumps((hotline.rendered, hotline.asterisk.pid)))
    draft.rename(folder / "ready")
    await running.wait()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2]), takeover="takeover" in sys.argv[3:]))
