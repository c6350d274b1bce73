"""The worker process of a controller on the same machine: `python -m asr.worker`. What it serves is in `service.py`.

Its settings come as one line of JSON on standard input (so that the token is in no argument list); when it can
serve it answers with one line of JSON on standard output: `{"ready": true, "port": ...}` or
`{"ready": false, "error": ...}`.
It ends when its standard input closes, which happens when the owner dies, however it dies. A worker for other
machines has no owner: `serve` is what `ivr asr-worker` runs.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from asr import wire
from asr.service import Worker, serving
from asr.settings import WorkerSettings

log = logging.getLogger(__name__)

PARENT_DEATH_SIGNAL = 1
LOOK_EVERY_S = 5.0


async def run(worker: Worker) -> None:
    """Serve until standard input closes or a signal asks to stop."""
    loop = asyncio.get_running_loop()
    stop = _stop_on_signals(loop)
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with serving(worker) as port:
        _answer({"ready": True, "port": port})
        owner_gone = asyncio.create_task(reader.read(), name="owner watch")
        asked = asyncio.create_task(stop.wait(), name="stop watch")
        await asyncio.wait({owner_gone, asked}, return_when=asyncio.FIRST_COMPLETED)
        for task in (owner_gone, asked):
            task.cancel()
        await asyncio.gather(owner_gone, asked, return_exceptions=True)
    transport.close()


async def serve(worker: Worker, growth_mb: float, ready: Callable[[int], None]) -> bool:
    """Serve owners on other machines until a signal asks to stop: True. False: it has grown by more than `growth_mb`
    and nobody is listened to, so whoever watches it should start it again. ready: told the websocket's port.

    Raises OSError: the address is taken.
    """
    stop = _stop_on_signals(asyncio.get_running_loop())
    async with serving(worker) as port:
        ready(port)
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()
            except TimeoutError:
                if worker.state()["grown_mb"] > growth_mb and not worker.open_count:
                    return False
                continue
            return True


def _stop_on_signals(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def die_with_parent() -> None:
    """Linux: the kernel ends us with the thread that started us, even if standard input is held open elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _answer(message: dict[str, Any]) -> None:
    sys.stdout.write(wire.dump(message) + "\n")
    sys.stdout.flush()


def main() -> int:
    die_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # The owner decides when to end: an interrupt typed at the terminal reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        settings = WorkerSettings.from_json(sys.stdin.readline())
        os.nice(settings.nice)
        worker = Worker(settings)
    # Whatever an engine raises while it loads: the owner has to be told why there is no worker.
    except Exception as error:
        log.exception("the worker cannot start")
        _answer({"ready": False, "error": f"{type(error).__name__}: {error}"})
        return 1
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run(worker))
    # Engine threads may be deep in a decoding nobody waits for: do not wait for it either.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
