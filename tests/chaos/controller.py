"""Controllers as processes that can be killed, started within a second: a parent that has loaded everything forks them.

    python -m tests.chaos.controller        # reads one order a line, writes `forked NAME PID` and `ended NAME STATUS`

An order is a `Start` as JSON. The controller starts Asterisk, or finds that of its predecessor, and reaches its ARI
through the proxy at the order's port. Once it takes calls it answers on the order's unix socket with what it believes
(`inspection.py`).
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import pickle
import select
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ivr.main
import ivr.opening
from asr.settings import EngineSpec, PoolSettings, WorkerSettings
from ivr import log as house_log
from ivr.ari.client import AriSettings
from ivr.config import load_settings
from ivr.event_loop import new_event_loop
from ivr.steady_clock import SteadyClock
from tests.chaos.inspection import answering
from tests.support.faults_clock import WallOffset

LOOK_S = 0.02
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Start:
    """settings: as `load_settings` takes them. ari_port: where ARI is reached. socket: for inspections. rendered: where
    it leaves what it knows of its Asterisk (pickled). takeover: of the calls of the one that runs."""

    name: str
    settings: dict[str, Any]
    ari_port: int
    clock: str
    socket: str
    rendered: str
    takeover: bool = False


def through(ari_port: int) -> None:
    """From now on the controller reaches ARI at that port: the proxy's, which is no setting of a private Asterisk."""
    direct = ivr.opening.ari_settings

    def proxied(settings: Any, asterisk: Any) -> AriSettings:
        told = direct(settings, asterisk)
        return replace(told, base_url=f"http://127.0.0.1:{ari_port}/ari")

    ivr.opening.ari_settings = proxied


async def _serve(order: Start) -> None:
    through(order.ari_port)
    with_a_fake_engine()
    settings = load_settings(**order.settings)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    clock = SteadyClock(settings.state_dir / "clock.json", wall=WallOffset(Path(order.clock)).wall)
    running = ivr.main.RunningHotline(settings, clock=clock, takeover=order.takeover)
    hotline = await running.start()
    write_whole(Path(order.rendered), pickle.dumps(hotline.rendered))
    async with answering(hotline, Path(order.socket)):
        await running.wait()


def with_a_fake_engine() -> None:
    """Callers are listened to by a worker process whose engine needs no model."""
    engine = EngineSpec("tests.support.fake_engine:streaming", "first", "", ("zh", "en"))
    told = PoolSettings(worker=WorkerSettings(engines=(engine,), threads=1))
    ivr.opening.pool_settings = lambda *_: told


def write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(content)
    draft.rename(path)


def _controller(order: Start) -> int:
    house_log.setup("INFO")
    logging.raiseExceptions = False
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(order))
    except Exception:
        logging.getLogger("controller").exception("%s ended", order.name)
        return 1
    return 0


def main() -> None:
    names: dict[int, str] = {}
    buffer = b""
    _say("ready")
    while True:
        readable, _, _ = select.select([0], [], [], LOOK_S if names else 1.0)
        if readable:
            more = os.read(0, 65536)
            if not more:
                return
            buffer += more
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                order = Start(**json.loads(line))
                pid = os.fork()
                if pid == 0:
                    _die_with_parent()
                    os._exit(_controller(order))
                names[pid] = order.name
                _say(f"forked {order.name} {pid}")
        while names:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            _say(f"ended {names.pop(pid)} {os.waitstatus_to_exitcode(status)}")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
