"""Three agents rung for one caller: how soon the first rings, and how soon the others stop when one has answered.

Ours (`ring: 3`) against Asterisk's own ring group (`Dial(PJSIP/a&PJSIP/b&PJSIP/c)`), on the same Asterisk with the same
telephones, by turns. Both times are taken at the telephones: from the 200 OK of the one who answers to the CANCEL at
the last of the others, and from the first INVITE to the last one. Telephones send no voice meanwhile.

`python -m bench.ringing [--calls 60] [--quick]`; the last line is JSON, times in ms.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import uvloop

from ivr import log as house_log
from ivr.demo.lightphone import LightPhone
from ivr.demo.sip import SipMessage
from ivr.main import Hotline, RunningHotline
from tests.support import parts_house
from tests.support.citizens import Scene

NAMES: Final = ("a1001", "a1002", "a1003")
AGENTS: Final = "agents:\n" + "".join(
    f'  - {{id: {name}, name: {name}, extension: "{name[1:]}", skills: {{mandarin: 5}}, queues: [general]}}\n'
    for name in NAMES
)
GROUP_NUMBER: Final = "700801"
LONGEST_S: Final = 20.0


class Phone(LightPhone):
    """invited_at, cancelled_at: of its last call, by the clock that all share."""

    invited_at = cancelled_at = 0.0

    def _requested(self, request: SipMessage) -> None:
        if request.method == "INVITE":
            self.invited_at = time.perf_counter()
        elif request.method == "CANCEL":
            self.cancelled_at = time.perf_counter()
        super()._requested(request)


@dataclass(slots=True)
class Side:
    stop_ms: list[float] = field(default_factory=list)
    spread_ms: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        return {
            "calls": len(self.stop_ms),
            "others_stop_p50": round(statistics.median(self.stop_ms), 2),
            "others_stop_max": round(max(self.stop_ms), 2),
            "first_to_last_invite_p50": round(statistics.median(self.spread_ms), 2),
            "first_to_last_invite_max": round(max(self.spread_ms), 2),
        }


async def one_call(stage: Scene, phones: Sequence[Phone], number: int, side: Side, *, ours: bool) -> None:
    """The telephones answer in turn."""
    rendered = stage.rendered
    async with AsyncExitStack() as stack:
        if ours:
            citizen = await stage.citizen()
            registry = stage.hotline.front_door.registry
            await stage.until(lambda: "parts.choose" in [one.node for one in registry], "the menu")
            await citizen.send_digits("5")
        else:
            server = f"{rendered.sip_host}:{rendered.ports.sip}"
            citizen = await stack.enter_async_context(LightPhone("13900000001", server, address="127.0.0.2"))
            await citizen.dial(f"sip:{GROUP_NUMBER}@{server}")
        for phone in phones:
            await phone.events.next("incoming", timeout=LONGEST_S)
        invited = [phone.invited_at for phone in phones]
        side.spread_ms.append((max(invited) - min(invited)) * 1000)
        chosen = phones[number % len(phones)]
        others = [phone for phone in phones if phone is not chosen]
        began = time.perf_counter()
        await chosen.answer()
        for phone in others:
            await phone.events.next("closed", timeout=LONGEST_S)
        side.stop_ms.append((max(phone.cancelled_at for phone in others) - began) * 1000)
        if ours:
            await stage.until(lambda: stage.stages() == ["talking"], "they talk")
        await citizen.hangup()
        await chosen.events.next("closed", timeout=LONGEST_S)
    if ours:
        await stage.until(
            lambda: not stage.stages() and set(stage.states().values()) == {"available"}, "all are free", 30
        )


async def measured(hotline: Hotline, calls: int) -> tuple[Side, Side]:
    ours, theirs = Side(), Side()
    rules = hotline.dispatcher.board.rules
    queues = {
        name: replace(queue, ring=3, ring_s=30.0, wrap_up_s=0.0) for name, queue in rules.queues.items()
    }
    hotline.dispatcher.use_rules(replace(rules, queues=queues))
    assert hotline.asterisk is not None
    group = "&".join(f"PJSIP/{name}" for name in NAMES)
    await hotline.asterisk.cli(f'dialplan add extension {GROUP_NUMBER},1,Dial,"{group},30" into from-trunk')
    async with Scene(hotline) as stage:
        server = f"{stage.rendered.sip_host}:{stage.rendered.ports.sip}"
        phones: list[Phone] = []
        for name in NAMES:
            phone = Phone(name, server, password=stage.rendered.account(name).password)
            await stage.enter(phone)
            await phone.register()
            await stage.until(lambda: name in hotline.telephony.phones.online, f"{name} has a telephone")  # noqa: B023 - awaited here
            stage.log_in(name)
            phones.append(phone)
        for number in range(calls):
            await one_call(stage, phones, number, theirs, ours=False)
            # A telephone that was in a call past the queues is its agent's own call, for a moment longer than the call.
            await stage.until(lambda: set(stage.states().values()) == {"available"}, "all are free", 30)
            await one_call(stage, phones, number, ours, ours=True)
    return ours, theirs


async def run(calls: int) -> dict[str, object]:
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(prefix="bench-ringing-") as folder:
        flows = parts_house.copy_flows(Path(folder) / "flows")
        (flows / "agents.yaml").write_text(AGENTS, encoding="utf-8")
        running = RunningHotline(parts_house.settings(Path(folder) / "state", flows, parts_house.free_port()))
        hotline = await running.start()
        try:
            ours, theirs = await measured(hotline, calls)
        finally:
            await running.stop()
    figures, baseline = ours.figures(), theirs.figures()
    return {
        "name": "ringing",
        "ours": figures,
        "baseline": baseline,
        "ratio": {
            key: round(figures[key] / baseline[key], 2)
            for key in ("others_stop_p50", "first_to_last_invite_p50")
        },
        "load_before": load,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="10 calls")
    arguments = parser.parse_args()
    house_log.setup("CRITICAL")
    report = uvloop.run(run(10 if arguments.quick else arguments.calls))
    for side in ("ours", "baseline"):
        print(f"{side:9} {report[side]}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
