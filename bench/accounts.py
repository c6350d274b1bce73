"""What SIP accounts cost in Asterisk's memory, against its database file (astdb), on the same machine in one run.

For each of the two: accounts are made over ARI, telephones register (two requests each, one after the other), a
channel to each is made and ended (what an offer begins with), and the controller brings Asterisk in step when nothing
has changed. The baseline is astdb. `python -m bench.accounts [--accounts 200] [--quick]`; the last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import uvloop

from ivr.accounts.asterisk import Provisioner
from ivr.accounts.secrets import digests, new_secret
from ivr.ari.client import AriClient, AriSettings
from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk, RenderOptions, render
from ivr.demo.lightphone import LightPhone
from storage.accounts import SipAccountRecord

Store = Literal["astdb", "memory"]
AT: Final = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
IN_ASTDB: Final = "".join(
    f"{kind} = config,pjsip.conf,criteria=type={kind}\n{kind} = astdb,ps_{kind}s\n"
    for kind in ("endpoint", "auth", "aor")
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians, ms, but `in_step_s` (all accounts, s) and `warnings` (lines in Asterisk's log)."""

    made_ms: float
    registered_ms: float
    channel_ms: float
    in_step_s: float
    warnings: int


async def measure(store: Store, count: int) -> Figures:
    binary = locate()
    with tempfile.TemporaryDirectory(prefix="hotline-accounts-") as folder:
        rendered = render(Path(folder), binary, RenderOptions())
        if store == "astdb":
            (rendered.etc / "sorcery.conf").write_text(f"[res_pjsip]\n{IN_ASTDB}")
        access = AriSettings(rendered.ari_url, rendered.ari_user, rendered.ari_password)
        async with PrivateAsterisk(binary, rendered), AriClient(access) as ari:
            await ari.ready()
            return await _measure(ari, rendered, count)


async def _measure(ari: AriClient, rendered: RenderedAsterisk, count: int) -> Figures:
    provisioner = Provisioner(ari, rendered.profile)
    secrets = {f"bench{number}": new_secret() for number in range(count)}
    accounts = {name: _account(name, secret) for name, secret in secrets.items()}
    made = [await _timed(provisioner.make(account)) for account in accounts.values()]
    began = time.perf_counter()
    assert (await provisioner.reconcile(accounts)).make == ()
    in_step_s = time.perf_counter() - began
    server = f"{rendered.sip_host}:{rendered.ports.sip}"
    registered, channels = [], []
    for name, secret in secrets.items():
        async with LightPhone(name, server, password=secret) as phone:
            registered.append(await _timed(phone.register()))
            create = ari.channels.create(channel_id=f"c-{name}", endpoint=f"PJSIP/{name}", app=ari.app)
            channels.append(await _timed(create))
            await ari.channels.hangup(channel_id=f"c-{name}")
    warnings = rendered.messages_log.read_text().count("WARNING")
    return Figures(
        statistics.median(made) * 1000,
        statistics.median(registered) * 1000,
        statistics.median(channels) * 1000,
        in_step_s,
        warnings,
    )


def _account(name: str, secret: str) -> SipAccountRecord:
    md5, sha256 = digests(name, "hotline", secret)
    return SipAccountRecord(name, name, "phone", "hotline", md5, sha256, AT, AT)


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def main(count: int) -> None:
    before, after = await measure("astdb", count), await measure("memory", count)
    print(f"{count} accounts; {platform.machine()}, {platform.python_version()}")
    print(f"{'':<16}{'astdb':>10}{'memory':>10}{'ratio':>8}")
    for name, old in asdict(before).items():
        new = getattr(after, name)
        print(f"{name:<16}{old:>10.3f}{new:>10.3f}{new / old if old else 0:>8.2f}")
    ratios = {
        name: round(getattr(after, name) / old, 3)
        for name, old in asdict(before).items()
        if name != "warnings"
    }
    told = {"astdb": asdict(before), "memory": asdict(after)}
    print(json.dumps({"bench": "accounts", "accounts": count, "ratios": ratios, **told}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(40 if chosen.quick else chosen.accounts))
