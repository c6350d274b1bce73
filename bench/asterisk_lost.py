"""How long callers are without the hotline when its private Asterisk is killed, and how soon a frozen one is noticed.

In each round the controller's Asterisk is ended by SIGKILL with a caller on the line; a citizen dials again and again,
and the time counts until the controller has that call. The baseline is what an Asterisk of this configuration takes to
start, by itself, in the same round. Then it is stopped (SIGSTOP) until that is noticed, and goes on.

`python -m bench.asterisk_lost [--rounds 5] [--quick]`; the last line is JSON, times in s.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvloop

from ivr import log as house_log
from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderOptions, render
from ivr.config import load_settings
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.main import Hotline, RunningHotline

FLOWS: Final = Path(__file__).resolve().parents[1] / "flows"
TRY_S: Final = 0.3
LOOK_S: Final = 0.005
LONGEST_S: Final = 60.0


async def started_s(folder: Path) -> float:
    """A plain start, until ARI answers."""
    binary = locate()
    rendered = render(folder, binary, RenderOptions(demo_anonymous=True))
    began = time.perf_counter()
    async with PrivateAsterisk(binary, rendered):
        return time.perf_counter() - began


async def until(reached: Callable[[], bool]) -> float:
    """Seconds until it is so."""
    began = time.perf_counter()
    async with asyncio.timeout(LONGEST_S):
        while not reached():  # noqa: ASYNC110 - looked at more often than the status changes
            await asyncio.sleep(LOOK_S)
    return time.perf_counter() - began


def callers(hotline: Hotline) -> list[str]:
    return [one.facts.caller for one in hotline.front_door.registry]


async def served_s(hotline: Hotline) -> float:
    """Until a citizen who tries again and again is a call of the controller."""
    assert hotline.rendered is not None
    began = time.perf_counter()
    server = f"{hotline.rendered.sip_host}:{hotline.rendered.ports.sip}"
    async with asyncio.timeout(LONGEST_S):
        while True:
            async with LightPhone("13800000002", server, address="127.0.0.2") as phone:
                with contextlib.suppress(PhoneError, TimeoutError, OSError):
                    await phone.dial(hotline.rendered.hotline_uri)
                    await phone.events.next("established", timeout=TRY_S)
                    await until(lambda: "13800000002" in callers(hotline))
                    return time.perf_counter() - began


async def one_round(hotline: Hotline, folder: Path) -> dict[str, float]:
    assert hotline.asterisk is not None
    assert hotline.rendered is not None
    plain_s = await started_s(folder)
    server = f"{hotline.rendered.sip_host}:{hotline.rendered.ports.sip}"
    async with LightPhone("13800000001", server, address="127.0.0.2") as citizen:
        await citizen.dial(hotline.rendered.hotline_uri)
        await citizen.events.next("established", timeout=10)
        await until(lambda: len(hotline.front_door.registry) == 1)
        os.kill(hotline.asterisk.pid, signal.SIGKILL)
        noticed_s = await until(lambda: hotline.ari.condition == "away")
        back_s = await served_s(hotline)
    await until(lambda: len(hotline.front_door.registry) == 0)
    os.kill(hotline.asterisk.pid, signal.SIGSTOP)
    frozen_s = await until(lambda: hotline.ari.condition == "silent")
    os.kill(hotline.asterisk.pid, signal.SIGCONT)
    thawed_s = await until(lambda: hotline.ari.condition == "answers")
    return {
        "plain_start_s": plain_s,
        "kill_noticed_s": noticed_s,
        "kill_to_next_call_s": noticed_s + back_s,
        "freeze_noticed_s": frozen_s,
        "thaw_noticed_s": thawed_s,
    }


async def in_a_house(name: Path) -> dict[str, float]:
    """A hotline of its own: one whose Asterisk ends again and again is started more and more slowly."""
    settings = load_settings(
        state_dir=name / "state",
        flows_dir=FLOWS,
        web={"enabled": False},
        speech={"engine": "off"},
        prompts={"render": False},
        asterisk={"allow_anonymous": True, "sip_port": 0, "http_port": 0, "dies_with_controller": True},
    )
    running = RunningHotline(settings)
    hotline = await running.start()
    try:
        return await one_round(hotline, name / "plain")
    finally:
        await running.stop()


async def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="hotline-lost-") as name:
        found = [await in_a_house(Path(name) / str(number)) for number in range(rounds)]
    told = {key: round(statistics.median(one[key] for one in found), 3) for key in found[0]}
    worst = {key: round(max(one[key] for one in found), 3) for key in found[0]}
    print(
        f"{rounds} rounds; {platform.machine()}, {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    for key, value in told.items():
        print(f"{key:<22}{value:>8.3f}  worst {worst[key]:.3f}")
    ratio = round(told["kill_to_next_call_s"] / told["plain_start_s"], 3)
    print(
        json.dumps(
            {"bench": "asterisk_lost", "rounds": rounds, "ratio": ratio, "median": told, "worst": worst}
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    house_log.setup("CRITICAL")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(2 if chosen.quick else chosen.rounds))
