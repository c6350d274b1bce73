"""Ends a process that was started here. The tests' and the benches' processes end in the same way."""

from __future__ import annotations

import asyncio
import contextlib
import signal


async def end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """Asked first (a telephone says goodbye to the other side), then forced, with so long for each. Always reaped."""
    for request in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await process.wait()
