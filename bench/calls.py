"""Our controller against the same dialogue in plain dialplan: calls a second, stuck calls, and what a caller notices.

One private Asterisk, one run. The load is SIPp (one process; keys as SIP INFO, which needs no root); both sides
play the same files. A rate is held when every call of it went through, the generator kept it up, and no channel
or bridge was left. Figures:

- post-dial delay: INVITE -> 200, every call of a run at 20 calls/s
- key -> next prompt: key let go -> first packet of the next prompt, by probe calls (`probes.py`) while the load runs
  at half the rate that both sides hold, the same for both; the silence with which every prompt's file begins is
  taken off
- processor time per call of Asterisk and of the controller, at 20 calls/s
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import uvloop

from bench.controller import start_controller
from bench.percentiles import percentile
from bench.probes import Probed, first_heard, probe
from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderOptions, render
from ivr.demo.rtp import PACKET_S, PACKET_SAMPLES, HeardPacket
from ivr.flow.actions import Prompt
from ivr.prompts.catalogue import Folders, PromptCatalogue
from tests.support.sipp import SippResult, run_sipp

HERE: Final = Path(__file__).parent
SCENARIO: Final = HERE / "sipp" / "caller.xml"
BASELINE_NUMBER: Final = "700700"
NOTICED_RATE: Final = 20
"""Calls a second at which the post-dial delay is measured."""
MENU_HZ, NEXT_PROMPT_HZ = 620.0, 880.0
PROMPTS: Final = {
    "bench.greeting": (MENU_HZ, 4.0),
    "bench.one": (NEXT_PROMPT_HZ, 0.5),
    "bench.two": (1040.0, 0.5),
}
"""Prompt -> pitch (Hz), length (s). Tones, so that a probe knows within one packet which prompt it hears."""
LISTEN_S: Final = 0.7
"""A caller of the load listens so long before the key."""
CALL_S: Final = LISTEN_S + 0.7
"""How long one call of the scenario lasts."""

RATIO_GOAL, KEY_TO_PROMPT_GOAL_MS, POST_DIAL_GOAL_MS = 0.8, 60.0, 100.0


@dataclass(frozen=True, slots=True)
class Plan:
    """rates: tried by bisection. The others are lengths in seconds, and the number of probing callers."""

    rates: Sequence[int]
    step_s: float
    noticed_s: float
    half_s: float
    probes: int
    receive_timeout_s: float


QUICK: Final = Plan((40, 70, 100, 130, 160), 1.3, 2.0, 2.4, 14, 2.0)
FULL: Final = Plan(
    (20, 30, 40, 50, 60, 70, 80, 90, 100, 115, 130, 150, 170, 190, 220), 8.0, 15.0, 20.0, 10, 5.0
)


@dataclass(slots=True)
class Side:
    name: str
    number: str
    rate: int = 0
    stuck: int = 0
    asterisk_ms: float = 0.0
    controller_ms: float = 0.0
    post_dial_ms: tuple[float, ...] = ()
    probed: Probed | None = None

    def figures(self) -> dict[str, float]:
        keys = self.probed.key_to_prompt_ms if self.probed else []
        return {
            "calls_per_s": float(self.rate),
            "stuck_channels": float(self.stuck),
            "key_to_prompt_p50_ms": percentile(keys, 50),
            "key_to_prompt_p99_ms": percentile(keys, 99),
            "post_dial_p50_ms": percentile(self.post_dial_ms, 50),
            "post_dial_p99_ms": percentile(self.post_dial_ms, 99),
            "asterisk_processor_ms_per_call": self.asterisk_ms,
            "controller_processor_ms_per_call": self.controller_ms,
            "probe_calls": float(len(keys)),
            "probes_failed": float(self.probed.failed if self.probed else 0),
        }


class Bench:
    def __init__(self, asterisk: PrivateAsterisk, controller_pid: int, plan: Plan, lead_ms: float) -> None:
        """lead_ms: silence at the beginning of the next prompt's file, taken off what the probes measure."""
        self._asterisk = asterisk
        self._controller_pid = controller_pid
        self._lead_ms = lead_ms
        self._plan = plan
        rendered = asterisk.rendered
        self._server = f"{rendered.sip_host}:{rendered.ports.sip}"

    async def load(self, side: Side, rate: float, seconds: float) -> tuple[SippResult, int]:
        """One run of SIPp, and how many channels and bridges it left."""
        result = await run_sipp(
            SCENARIO,
            self._server,
            service=side.number,
            rate=rate,
            calls=max(1, round(rate * seconds)),
            timeout_s=seconds + CALL_S + self._plan.receive_timeout_s,
            limit=round(rate * (CALL_S + self._plan.receive_timeout_s)) + 10,
            receive_timeout_s=self._plan.receive_timeout_s,
            pause_s=LISTEN_S,
        )
        left = await self._asterisk.wait_empty(self._plan.receive_timeout_s)
        stuck = len(left.channels) + len(left.bridges)
        if stuck:
            await self._asterisk.clear()
        times = result.response_times_ms.get("post_dial", ())
        print(
            f"  {side.name:8} {rate:5.0f}/s: {result.succeeded} of {result.calls} calls, {result.retransmissions} "
            f"retransmissions, post-dial p99 {percentile(times, 99):.0f} ms, stuck {stuck}, "
            f"generator {result.cpu_s:.1f} s of processor",
            flush=True,
        )
        return result, stuck

    async def holds(self, side: Side, rate: int) -> bool:
        result, stuck = await self.load(side, rate, self._plan.step_s)
        in_time = result.took_s <= self._plan.step_s + CALL_S + 1.0
        return result.failed == 0 and stuck == 0 and in_time and not result.cut

    async def highest_rate(self, side: Side) -> int:
        """By bisection over the plan's rates: the highest held, 0 when not even the lowest is."""
        held, refused = -1, len(self._plan.rates)
        while refused - held > 1:
            middle = (held + refused) // 2
            if await self.holds(side, self._plan.rates[middle]):
                held = middle
            else:
                refused = middle
        return self._plan.rates[held] if held >= 0 else 0

    async def notice(self, side: Side) -> None:
        pids = (self._asterisk.pid, self._controller_pid)
        before = [_processor_ms(pid) for pid in pids]
        result, stuck = await self.load(side, NOTICED_RATE, self._plan.noticed_s)
        side.asterisk_ms, side.controller_ms = (
            round((_processor_ms(pid) - earlier) / max(1, result.calls), 2)
            for pid, earlier in zip(pids, before, strict=True)
        )
        side.post_dial_ms = result.response_times_ms.get("post_dial", ())
        side.stuck += stuck

    async def probe(self, side: Side, rate: float) -> None:
        """Probe calls while the load runs; they are a part of it."""
        loop = asyncio.get_running_loop()
        seconds = self._plan.half_s
        async with asyncio.TaskGroup() as group:
            load = group.create_task(self.load(side, rate, seconds), name="load")
            probing = group.create_task(
                probe(
                    self._server,
                    f"sip:{side.number}@{self._server}",
                    callers=self._plan.probes,
                    until_s=loop.time() + seconds - CALL_S / 2,
                    next_prompt_hz=NEXT_PROMPT_HZ,
                ),
                name="probes",
            )
        side.probed = probing.result()
        side.probed.key_to_prompt_ms = [value - self._lead_ms for value in side.probed.key_to_prompt_ms]
        side.stuck += load.result()[1]


async def run(plan: Plan) -> dict[str, object]:
    binary = locate()
    print(f"machine: {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the run", flush=True)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-calls-")))
        flows = folder / "flows"
        catalogue = await asyncio.to_thread(_prepare_flows, flows, folder / "cache")
        options = RenderOptions(rtp_count=6000, extra_modules=("app_read.so",))
        rendered = render(folder / "asterisk", binary, options)
        _write_dialplan(rendered.etc / "extensions.d" / "bench.conf", catalogue)
        state = folder / "state"
        await asyncio.to_thread(state.mkdir)
        asterisk = await stack.enter_async_context(PrivateAsterisk(binary, rendered))
        controller = await stack.enter_async_context(
            start_controller(
                rendered,
                flows,
                state,
                settings={"IVR_CACHE": str(folder / "cache"), "IVR_PROMPTS__RENDER": "false"},
            )
        )
        bench = Bench(asterisk, controller.pid, plan, _lead_ms(catalogue))
        baseline, ours = Side("dialplan", BASELINE_NUMBER), Side("ours", rendered.hotline_number)
        for side in (baseline, ours):
            await bench.load(side, 10, 0.2)  # first calls load what later ones find ready
            await bench.notice(side)
            side.rate = await bench.highest_rate(side)
        for side in (baseline, ours):
            await bench.probe(side, max(1.0, min(baseline.rate, ours.rate) / 2))
    return _report(ours, baseline)


def _report(ours: Side, baseline: Side) -> dict[str, object]:
    figures, theirs = ours.figures(), baseline.figures()
    ratio = ours.rate / baseline.rate if baseline.rate else 0.0
    return {
        "name": "calls",
        "ours": figures,
        "baseline": theirs,
        "ratio": round(ratio, 3),
        "goals": {
            "calls_per_s": ratio >= RATIO_GOAL,
            "stuck_channels": ours.stuck == 0,
            "key_to_prompt_p99_ms": bool(ours.probed and not ours.probed.failed)
            and figures["key_to_prompt_p99_ms"] < KEY_TO_PROMPT_GOAL_MS,
            "post_dial_p99_ms": figures["post_dial_p99_ms"] < POST_DIAL_GOAL_MS,
        },
    }


def _prepare_flows(flows: Path, cache: Path) -> PromptCatalogue:
    """The bench's flow with recordings of tones for its prompts, and what the controller makes of them."""
    shutil.copytree(HERE / "flows", flows)
    (flows / "agents.yaml").write_text("agents: []\n")
    (flows / "queues.yaml").write_text("queues:\n  general:\n    title: {en: Nobody is in it}\n")
    recordings = flows / "recordings" / "en"
    recordings.mkdir(parents=True)
    for name, (hz, seconds) in PROMPTS.items():
        tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * 16000)) / 16000)
        soundfile.write(recordings / f"{name}.wav", tone, 16000)
    folders = Folders(flows / "audio", flows / "recordings", cache)
    return PromptCatalogue.load({"en": dict.fromkeys(PROMPTS, "a tone")}, folders)


def _write_dialplan(path: Path, catalogue: PromptCatalogue) -> None:
    text = (HERE / "dialplan" / "bench.conf").read_text()
    for name in PROMPTS:
        [uri] = catalogue.media([Prompt(name)], "en")
        text = text.replace("{" + name.removeprefix("bench.") + "}", uri.removeprefix("sound:"))
    path.write_text(text)


def _lead_ms(catalogue: PromptCatalogue) -> float:
    """The file of the next prompt begins with a little silence, as all prompts do: whole packets of it, in ms."""
    [uri] = catalogue.media([Prompt("bench.one")], "en")
    data = Path(uri.removeprefix("sound:") + ".ulaw").read_bytes()
    size = PACKET_SAMPLES
    packets = [HeardPacket(float(i), data[i * size : (i + 1) * size]) for i in range(len(data) // size)]
    first = first_heard(packets, NEXT_PROMPT_HZ)
    assert first is not None, "the prompt has no tone in it"
    return first * PACKET_S * 1000


def _processor_ms(pid: int) -> float:
    """Processor time this process has used so far, all its threads, children not counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under 45 seconds, coarser")
    plan = QUICK if parser.parse_args().quick else FULL
    print(json.dumps(uvloop.run(run(plan))))


if __name__ == "__main__":
    main()
