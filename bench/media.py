"""How soon a recogniser hears a caller, and what hearing costs Asterisk: by RTP and by websocket, beside a plain talk.

One private Asterisk, one run. Talks are two telephones in a bridge. Figures:

- attach: from the wish to listen to the first audio at the recogniser (snoop, bridge, media channel), one at a time
- processor time of Asterisk per second of a talk: plain, and with both ends sent to a recogniser

    .venv/bin/python -m bench.media [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from aiohttp import WSMsgType, web

from asr.hearing import RemoteHearing
from ivr.ari.client import AriClient, AriSettings
from ivr.ari.generated.events import StasisStart
from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk, RenderOptions, render
from ivr.call.media_path import MediaSource, RtpMedia, media_path
from ivr.call.websocket_media import WebsocketMedia
from ivr.demo.lightphone import LightPhone
from ivr.ids import ChannelId, new_call_id
from tests.support.audio import tone

Way = Literal["rtp", "websocket"]
WAYS: Final[tuple[Way, ...]] = ("rtp", "websocket")
FIRST_AUDIO_S: Final = 3.0
SETTLE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """attaches: of each way. talks: at once. seconds: of each measurement of processor time."""

    attaches: int
    talks: int
    seconds: float


QUICK: Final = Plan(15, 4, 4.0)
FULL: Final = Plan(100, 12, 12.0)


class Sink(asyncio.DatagramProtocol):
    """Where audio arrives, by either way. first: when the first came."""

    def __init__(self) -> None:
        self.first: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.messages = 0
        self.port = 0

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self.messages += 1
        if not self.first.done():
            self.first.set_result(time.perf_counter())


@dataclass(slots=True)
class Ear:
    """Hearings that nobody reads: only whether audio comes counts."""

    sinks: dict[str, Sink] = field(default_factory=dict)
    port: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        application = web.Application()
        application.router.add_get("/media", self._take)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        yield
        await runner.cleanup()

    @asynccontextmanager
    async def hearing(self) -> AsyncIterator[tuple[RemoteHearing, Sink]]:
        loop = asyncio.get_running_loop()
        transport, sink = await loop.create_datagram_endpoint(Sink, local_addr=("127.0.0.1", 0))
        key = f"{id(sink):x}"
        self.sinks[key] = sink
        port = transport.get_extra_info("sockname")[1]
        url = f"http://127.0.0.1:{self.port}/media?hearing={key}"
        try:
            yield RemoteHearing(key, "127.0.0.1", port, lambda identity: None, media_url=url), sink
        finally:
            del self.sinks[key]
            transport.close()

    async def _take(self, request: web.Request) -> web.WebSocketResponse:
        sink = self.sinks[request.query["hearing"]]
        socket = web.WebSocketResponse(protocols=("media",))
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                sink.datagram_received(message.data, ())
        return socket


class Bench:
    def __init__(self, asterisk: PrivateAsterisk, ari: AriClient, ear: Ear) -> None:
        self._asterisk = asterisk
        self._ari = ari
        self._ear = ear
        self._sources: dict[Way, MediaSource] = {"rtp": RtpMedia(), "websocket": WebsocketMedia(ari)}

    async def attach_ms(self, way: Way, channel: ChannelId, times: int) -> list[float]:
        """From the wish to listen to the first audio, ms. The first attach by a way also tells Asterisk the address."""
        found: list[float] = []
        for _ in range(times + 1):
            async with self._ear.hearing() as (hearing, sink):
                began = time.perf_counter()
                async with media_path(self._ari, self._sources[way], new_call_id(), channel, hearing):
                    async with asyncio.timeout(FIRST_AUDIO_S):
                        found.append(1000 * (await sink.first - began))
        return found[1:]

    async def processor_ms(
        self, channels: list[ChannelId], seconds: float, way: Way | None
    ) -> tuple[float, int]:
        """Asterisk's processor time, ms a second of each talk; how many pieces of audio came."""
        async with AsyncExitStack() as stack:
            sinks: list[Sink] = []
            if way is not None:
                for channel in channels:
                    hearing, sink = await stack.enter_async_context(self._ear.hearing())
                    path = media_path(self._ari, self._sources[way], new_call_id(), channel, hearing)
                    await stack.enter_async_context(path)
                    sinks.append(sink)
            await asyncio.sleep(SETTLE_S)
            before, came, began = (
                _processor_ms(self._asterisk.pid),
                sum(s.messages for s in sinks),
                time.monotonic(),
            )
            await asyncio.sleep(seconds)
            lasted_s = time.monotonic() - began
            used_ms = _processor_ms(self._asterisk.pid) - before
            return used_ms / lasted_s / (len(channels) / 2), sum(s.messages for s in sinks) - came


@asynccontextmanager
async def talks(ari: AriClient, rendered: RenderedAsterisk, number: int) -> AsyncIterator[list[ChannelId]]:
    """So many pairs of telephones in bridges, all of them speaking. Gives their channels."""
    server = f"{rendered.sip_host}:{rendered.ports.sip}"
    async with AsyncExitStack() as stack:
        mailbox = stack.enter_context(ari.bus.mailbox("bench"))
        channels: list[ChannelId] = []
        for index in range(2 * number):
            phone = await stack.enter_async_context(LightPhone(str(13800000000 + index), server))
            await phone.dial(rendered.hotline_uri)
            channel = await _arrived(ari)
            mailbox.watch(channel)
            await ari.channels.answer(channel_id=channel)
            await phone.events.next("established", timeout=10)
            await phone.play(tone(300 + 20 * index, 600.0))
            channels.append(channel)
        for index in range(number):
            bridge = f"bench-{index}"
            await ari.bridges.create_with_id(bridge_id=bridge, type="mixing,dtmf_events")
            await ari.bridges.add_channel(bridge_id=bridge, channel=list(channels[2 * index : 2 * index + 2]))
        yield channels
        for channel in channels:
            await ari.channels.hangup(channel_id=channel)
        for index in range(number):
            await ari.bridges.destroy(bridge_id=f"bench-{index}")


async def _arrived(ari: AriClient) -> ChannelId:
    async for event in ari.bus.front_door():
        if isinstance(event, StasisStart):
            return ChannelId(event.channel.id)
    raise RuntimeError("the front door is closed")


async def run(plan: Plan) -> dict[str, object]:
    print(f"machine: {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the run", flush=True)
    binary, ear = locate(), Ear()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-media-")))
        rendered = render(folder / "asterisk", binary, RenderOptions(demo_anonymous=True, rtp_count=400))
        asterisk = await stack.enter_async_context(PrivateAsterisk(binary, rendered))
        settings = AriSettings(rendered.ari_url, rendered.ari_user, rendered.ari_password, rest="websocket")
        ari = await stack.enter_async_context(AriClient(settings))
        await ari.ready()
        await stack.enter_async_context(ear.serving())
        channels = await stack.enter_async_context(talks(ari, rendered, plan.talks))
        bench = Bench(asterisk, ari, ear)
        figures: dict[str, object] = {}
        plain_ms, _ = await bench.processor_ms(channels, plan.seconds, None)
        figures["talk_ms_per_s"] = round(plain_ms, 2)
        for way in WAYS:
            attach = await bench.attach_ms(way, channels[0], plan.attaches)
            used_ms, pieces = await bench.processor_ms(channels, plan.seconds, way)
            found = {
                "attach_p50_ms": round(float(np.percentile(attach, 50)), 1),
                "attach_p95_ms": round(float(np.percentile(attach, 95)), 1),
                "talk_ms_per_s": round(used_ms, 2),
                "added_ms_per_s": round(used_ms - plain_ms, 2),
                "talk_ratio": round(used_ms / max(0.01, plain_ms), 2),
                "pieces_share": round(pieces / (50 * plan.seconds * len(channels)), 3),
            }
            print(f"  {way:9}:", ", ".join(f"{name} {value}" for name, value in found.items()), flush=True)
            figures |= {f"{way}_{name}": value for name, value in found.items()}
        return figures


def _processor_ms(pid: int) -> float:
    """Of all its threads so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under a minute")
    plan = QUICK if parser.parse_args().quick else FULL
    print(json.dumps(asyncio.run(run(plan))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
