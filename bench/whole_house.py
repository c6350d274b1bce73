"""Whole calls for benches: a private Asterisk that has our dialogue and the same one in plain dialplan with app_queue,
agents' telephones (SIPp) that answer both, and the controller.

    async with AsyncExitStack() as stack:
        house = await open_house(stack, agents=30)
        async with house.controller() as process, house.agents(talk_s=1.0):
            result, stuck = await house.whole_calls(house.ours, rate=5, seconds=10)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
import soundfile
from prometheus_client.parser import text_string_to_metric_families

from bench.controller import spawn_controller, start_controller
from bench.probes import first_heard
from ivr.accounts.service import Accounts
from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk, RenderOptions, render
from ivr.clock import SystemClock
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.demo.rtp import PACKET_S, PACKET_SAMPLES, HeardPacket
from ivr.demo.sip_socket import SipSocket
from ivr.flow.actions import Prompt
from ivr.prompts.catalogue import Folders, PromptCatalogue
from storage.migrate import upgrade
from storage.store import Store
from tests.support.sipp import SippResult, answering_sipp, run_sipp

HERE: Final = Path(__file__).parent
BASELINE_NUMBER: Final = "700702"
AGENTS_AT: Final = "127.0.0.1"
PROMPTS: Final = {
    "bench.greeting": (620.0, 4.0),
    "bench.one": (880.0, 0.3),
    "bench.two": (1040.0, 0.3),
    "bench.survey": (1240.0, 4.0),
    "bench.thanks": (1480.0, 0.3),
}
"""Prompt -> pitch (Hz), length (s)."""
LISTEN_S: Final = 0.7
TALK_S: Final = 1.0
CALL_S: Final = LISTEN_S + 1.9 + 1.2
"""About how long a whole call lasts with a talk of `TALK_S`."""
LOGGED_IN_AT_ONCE: Final = 20
LOG_IN: Final = "*45"
LONG_S: Final = 3600
START_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class House:
    """ours, baseline: the numbers to dial. leads_ms: prompt -> the silence with which its file begins."""

    folder: Path
    asterisk: PrivateAsterisk
    names: Sequence[str]
    phones_port: int
    database_url: str
    web_port: int
    leads_ms: Mapping[str, float]
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def rendered(self) -> RenderedAsterisk:
        return self.asterisk.rendered

    @property
    def server(self) -> str:
        return f"{self.rendered.sip_host}:{self.rendered.ports.sip}"

    @property
    def ours(self) -> str:
        return self.rendered.hotline_number

    @property
    def baseline(self) -> str:
        return BASELINE_NUMBER

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @contextlib.asynccontextmanager
    async def controller(self) -> AsyncIterator[asyncio.subprocess.Process]:
        started = start_controller(
            self.rendered, self.folder / "flows", self.state, settings=self.controller_settings()
        )
        async with started as process:
            await self.until_served()
            yield process

    async def start_alone(self, log: Path) -> asyncio.subprocess.Process:
        """A controller that is only begun; it tells `log` when it is connected. The caller ends it."""
        settings = self.controller_settings() | {"IVR_LOG_LEVEL": "INFO"}
        return await spawn_controller(
            self.rendered, self.folder / "flows", self.state, log, settings=settings
        )

    async def until_served(self) -> None:
        """Until the controller's pages are there, which come last."""
        async with asyncio.timeout(START_S):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    await self.metrics()
                    return
                await asyncio.sleep(0.05)

    def controller_settings(self) -> dict[str, str]:
        return {
            "IVR_CACHE": str(self.folder / "cache"),
            "IVR_PROMPTS__RENDER": "false",
            "IVR_DATABASE_URL": self.database_url,
            "IVR_WEB__ENABLED": "true",
            "IVR_WEB__PORT": str(self.web_port),
            "IVR_ASTERISK__RTP_TIMEOUT_S": str(LONG_S),
            **self.settings,
        }

    @contextlib.asynccontextmanager
    async def agents(self, talk_s: float = TALK_S) -> AsyncIterator[None]:
        """Every agent's telephone registered, answering, and its agent logged in by code."""
        await self._longer_registrations()
        for name in self.names:
            await self._register(name)
        scenario = HERE / "sipp" / "agent.xml"
        async with answering_sipp(scenario, address=AGENTS_AT, port=self.phones_port, pause_s=talk_s):
            at_once = asyncio.Semaphore(LOGGED_IN_AT_ONCE)
            await asyncio.gather(*(self._log_in(name, at_once) for name in self.names))
            yield

    async def _longer_registrations(self) -> None:
        """The telephones register once: SIPp has their port from then on. Asterisk grants ten minutes otherwise."""
        url = f"{self.rendered.ari_url}/asterisk/config/dynamic/res_pjsip/aor"
        login = aiohttp.encode_basic_auth(self.rendered.ari_user, self.rendered.ari_password)
        fields = {"fields": [{"attribute": "maximum_expiration", "value": str(2 * LONG_S)}]}
        async with aiohttp.ClientSession(headers={"Authorization": login}) as session:
            for name in self.names:
                async with session.put(f"{url}/{name}", json=fields) as response:
                    response.raise_for_status()

    async def _log_in(self, name: str, at_once: asyncio.Semaphore) -> None:
        password = self.rendered.account(name).password
        async with (
            at_once,
            LightPhone(name, self.server, password=password, registers=False) as phone,
        ):
            await phone.dial(f"sip:{LOG_IN}@{self.server}")
            await phone.events.next("established", timeout=20)
            await phone.events.next("closed", timeout=30)

    async def _register(self, name: str) -> None:
        line = SipSocket(
            name,
            self.rendered.account(name).password,
            self.server,
            AGENTS_AT,
            on_request=lambda request: line.respond(request, "200 OK"),
            on_stray=lambda response: None,
            port=self.phones_port,
        )
        await line.open()
        try:
            own = f"<sip:{name}@{self.rendered.sip_host}>"
            headers = [
                *(("From", f"{own};tag=bench"), ("To", own), ("Call-ID", f"register-{name}-{time.time()}")),
                *(("CSeq", "1 REGISTER"), ("Expires", str(LONG_S))),
                ("Contact", f"<sip:{name}@{AGENTS_AT}:{self.phones_port}>;expires={LONG_S}"),
            ]
            request = line.make(f"REGISTER sip:{self.rendered.sip_host} SIP/2.0", headers)
            answer = await line.request(request)
            if answer.status != 200:
                raise PhoneError(f"{name}: registration refused: {answer.reason}")
        finally:
            line.close()

    async def whole_calls(
        self, number: str, rate: float, seconds: float, patience_s: float
    ) -> tuple[SippResult, int]:
        """One run of SIPp, and how many channels and bridges it left."""
        result = await run_sipp(
            HERE / "sipp" / "whole.xml",
            self.server,
            service=number,
            rate=rate,
            calls=max(1, round(rate * seconds)),
            timeout_s=seconds + CALL_S + patience_s,
            receive_timeout_s=patience_s,
            pause_s=LISTEN_S,
            goes_on=True,
        )
        left = await self.asterisk.wait_empty(patience_s)
        stuck = len(left.channels) + len(left.bridges)
        if stuck:
            await self.asterisk.clear()
        return result, stuck

    async def staying_calls(
        self, prefix: str, calls: int, rate: float, listen_s: float, stay_s: float
    ) -> SippResult:
        """Citizens who press 1 after `listen_s`, stay `stay_s` and hang up; who is hung up on has failed."""
        return await run_sipp(
            HERE / "sipp" / "holding.xml",
            self.server,
            service=self.ours,
            rate=rate,
            calls=calls,
            timeout_s=calls / rate + listen_s + stay_s + 20.0,
            receive_timeout_s=15.0,
            written_in={
                "PREFIX": prefix,
                "LISTEN_MS": f"{listen_s * 1000:.0f}",
                "STAY_MS": f"{stay_s * 1000:.0f}",
            },
        )

    async def metrics(self) -> dict[str, float]:
        """Name with labels -> value: `hotline_tasks`, `hotline_calls{waiting}`."""
        url = f"http://127.0.0.1:{self.web_port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            text = await response.text()
        return {
            sample.name
            + ("{" + ",".join(sample.labels.values()) + "}" if sample.labels else ""): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


async def open_house(
    stack: AsyncExitStack,
    *,
    agents: int,
    greeting_s: float | None = None,
    database_url: str = "",
) -> House:
    """database_url: without it SQLite in the house's own folder. greeting_s: another length of the greeting."""
    binary = locate()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-whole-")))
    names = [f"b{number}" for number in range(1, agents + 1)]
    lengths = PROMPTS | ({"bench.greeting": (620.0, greeting_s)} if greeting_s else {})
    catalogue = await asyncio.to_thread(prepare_flows, folder / "flows", folder / "cache", names, lengths)
    options = RenderOptions(agents=tuple(names), rtp_count=6000, extra_modules=("app_read.so",))
    rendered = render(folder / "asterisk", binary, options)
    await asyncio.to_thread(_write_dialplan, rendered.etc, catalogue, names)
    state = folder / "state"
    await asyncio.to_thread(state.mkdir)
    url = database_url or f"sqlite+aiosqlite:///{state / 'hotline.db'}"
    await _make_accounts(url, rendered)
    asterisk = await stack.enter_async_context(PrivateAsterisk(binary, rendered, accounts=False))
    leads = {name: _lead_ms(catalogue, name) for name in PROMPTS}
    phones, web = _free_port(socket.SOCK_DGRAM), _free_port(socket.SOCK_STREAM)
    return House(folder, asterisk, names, phones, url, web, leads)


def prepare_flows(
    flows: Path, cache: Path, names: Sequence[str], lengths: Mapping[str, tuple[float, float]]
) -> PromptCatalogue:
    shutil.copytree(HERE / "flows_whole", flows)
    agents = [
        {"id": name, "name": name, "extension": str(2000 + number), "queues": ["bench"]}
        for number, name in enumerate(names)
    ]
    (flows / "agents.yaml").write_text(json.dumps({"agents": agents}))
    recordings = flows / "recordings" / "en"
    recordings.mkdir(parents=True)
    for name, (hz, seconds) in lengths.items():
        tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * 16000)) / 16000)
        soundfile.write(recordings / f"{name}.wav", tone, 16000)
    folders = Folders(flows / "audio", flows / "recordings", cache)
    return PromptCatalogue.load({"en": dict.fromkeys(PROMPTS, "a tone")}, folders)


def _write_dialplan(etc: Path, catalogue: PromptCatalogue, names: Sequence[str]) -> None:
    text = (HERE / "dialplan" / "whole.conf").read_text()
    for name in PROMPTS:
        [uri] = catalogue.media([Prompt(name)], "en")
        text = text.replace("{" + name.removeprefix("bench.") + "}", uri.removeprefix("sound:"))
    (etc / "extensions.d" / "bench.conf").write_text(text)
    members = "\n".join(f"member => PJSIP/{name},0,{name},PJSIP/{name}" for name in names)
    with (etc / "queues.conf").open("a") as file:
        file.write(
            "\n[bench]\nmusicclass=default\nstrategy=leastrecent\ntimeout=15\nretry=1\nwrapuptime=0\nautofill=yes\n"
            f"joinempty=yes\nleavewhenempty=no\nringinuse=no\n{members}\n"
        )


async def _make_accounts(url: str, rendered: RenderedAsterisk) -> None:
    """In the controller's database, with secrets that the phones know; it makes them in Asterisk."""
    await upgrade(url)
    async with await Store.open(url) as store:
        accounts = Accounts(store, SystemClock().now)
        for account in rendered.accounts:
            await accounts.create(account.name, secret=account.password)


def _lead_ms(catalogue: PromptCatalogue, name: str) -> float:
    [uri] = catalogue.media([Prompt(name)], "en")
    data = Path(uri.removeprefix("sound:") + ".ulaw").read_bytes()
    size = PACKET_SAMPLES
    packets = [
        HeardPacket(float(i), data[i * size : (i + 1) * size]) for i in range(min(100, len(data) // size))
    ]
    first = first_heard(packets, PROMPTS[name][0])
    assert first is not None, f"{name} has no tone in it"
    return first * PACKET_S * 1000


@dataclass(frozen=True, slots=True)
class Used:
    """What a process has of the machine now. rss_kb: resident. cpu_s: used so far."""

    rss_kb: float
    handles: int
    threads: int
    cpu_s: float


def handles(pid: int) -> Counter[str]:
    """What is open, by what it is: `socket`, `anon_inode`, or a file's path with its numbers left out."""
    kinds: Counter[str] = Counter()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            kinds[re.sub(r"\d+", "*", str(handle.readlink()).partition(":[")[0])] += 1
    return kinds


def used(pid: int) -> Used:
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
    times = (process / "stat").read_text().rpartition(")")[2].split()
    return Used(
        float(status["VmRSS"].split()[0]),
        handles(pid).total(),
        int(status["Threads"]),
        (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
    )


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
