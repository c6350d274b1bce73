"""An agent's browser as a telephone: SIP over a websocket here, the voice in a real Chromium (ICE, DTLS-SRTP, opus).

    with chromium(*FLAGS) as devtools:
        async with open_page(devtools) as page, WebPhone(page, url, "a1001-web", secret) as phone:
            await phone.register()
            await phone.answer_next()

The page speaks a tone of its own and says which tone it hears.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from types import TracebackType
from typing import Any, Self

import aiohttp

from ivr.demo import sip
from ivr.demo.sip import SipMessage
from tests.support.browser import Page

FLAGS = ("--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required")
ANSWER_S = 20.0
HOST = "browser.invalid"
"""A browser has no address that it knows (RFC 7118)."""

# One peer at a time. `hears(hz)`: how much louder that tone is than the rest, in dB, in what came last.
SCRIPT = """
window.phone = {
  async answer(offer, hz) {
    const audio = new AudioContext();
    const speaker = audio.createOscillator(), sent = audio.createMediaStreamDestination();
    speaker.frequency.value = hz;
    speaker.connect(sent);
    speaker.start();
    const peer = this.peer = new RTCPeerConnection();
    this.listener = audio.createAnalyser();
    this.listener.fftSize = 8192;
    peer.ontrack = (event) => {
      const player = new Audio();
      player.srcObject = event.streams[0];
      player.muted = true;
      player.play();
      audio.createMediaStreamSource(event.streams[0]).connect(this.listener);
    };
    await peer.setRemoteDescription({ type: "offer", sdp: offer });
    sent.stream.getTracks().forEach((track) => peer.addTrack(track, sent.stream));
    const complete = new Promise((resolve) => {
      peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
    });
    await peer.setLocalDescription(await peer.createAnswer());
    await complete;
    return peer.localDescription.sdp;
  },
  hears(hz) {
    const bins = new Float32Array(this.listener.frequencyBinCount);
    this.listener.getFloatFrequencyData(bins);
    const width = this.listener.context.sampleRate / this.listener.fftSize;
    const at = Math.round(hz / width);
    const near = Math.max(...bins.slice(at - 3, at + 4));
    const rest = bins.filter((_, bin) => bin > 20 && bin < 3400 / width && Math.abs(bin - at) > 20);
    return near - Math.max(...rest);
  },
  async voice() {
    const stats = [...(await this.peer.getStats()).values()];
    const inbound = stats.find((one) => one.type === "inbound-rtp");
    const transport = stats.find((one) => one.type === "transport");
    return { codec: stats.find((one) => one.id === inbound.codecId).mimeType, srtp: transport.srtpCipher,
             dtls: transport.dtlsState, packets: inbound.packetsReceived };
  },
};
true
"""


class WebPhone:
    """url: of SIP over websocket, `ws://HOST:PORT/ws`. One call at a time, answered when `answer_next` is asked for."""

    def __init__(self, page: Page, url: str, user: str, secret: str) -> None:
        self._page = page
        self._url = url
        self._user = user
        self._secret = secret
        self._session = aiohttp.ClientSession()
        self._invites: asyncio.Queue[SipMessage] = asyncio.Queue()
        self._responses: asyncio.Queue[SipMessage] = asyncio.Queue()
        self._tag = secrets.token_hex(4)
        self.over = asyncio.Event()
        """The other side has hung up."""

    async def __aenter__(self) -> Self:
        self._socket = await self._session.ws_connect(
            self._url, protocols=["sip"], timeout=aiohttp.ClientWSTimeout(ws_close=0.5)
        )
        self._reader = asyncio.create_task(self._read(), name="web phone")
        await self._page.evaluate(SCRIPT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()
        await self._session.close()

    async def register(self) -> None:
        request = self._registration(1)
        await self._send(request)
        refusal = await self._response()
        answer = sip.authorization(
            refusal, method="REGISTER", uri=f"sip:{HOST}", user=self._user, password=self._secret
        )
        again = self._registration(2)
        await self._send(SipMessage(again.start, (*again.headers, answer)))
        done = await self._response()
        assert done.status == 200, done.start

    async def answer_next(self, hz: int) -> SipMessage:
        """Take the next call, speaking this tone. Returns the INVITE."""
        async with asyncio.timeout(ANSWER_S):
            invite = await self._invites.get()
        await self._reply(invite, "180 Ringing")
        described = await self._page.evaluate(f"phone.answer({json.dumps(invite.body)}, {hz})")
        await self._reply(invite, "200 OK", described)
        return invite

    async def hears(self, hz: int) -> float:
        """How far this tone stands out of what is heard (dB)."""
        heard: float = await self._page.evaluate(f"phone.hears({hz})")
        return heard

    async def voice(self) -> dict[str, Any]:
        """codec, srtp (its cipher), dtls (its state), packets."""
        told: dict[str, Any] = await self._page.evaluate("phone.voice()")
        return told

    def _registration(self, number: int) -> SipMessage:
        headers = (
            # As a page says that came by HTTPS: a proxy takes the TLS off before Asterisk.
            ("Via", f"SIP/2.0/WSS {HOST};branch={sip.new_branch()}"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self._user}@{HOST}>;tag={self._tag}"),
            ("To", f"<sip:{self._user}@{HOST}>"),
            ("Call-ID", f"register-{self._tag}"),
            ("CSeq", f"{number} REGISTER"),
            ("Contact", f"<sip:{self._user}@{HOST};transport=ws>;expires=120"),
        )
        return SipMessage(f"REGISTER sip:{HOST} SIP/2.0", headers)

    async def _reply(self, request: SipMessage, status: str, body: str = "") -> None:
        contact = f"sip:{self._user}@{HOST};transport=ws"
        await self._send(sip.response_to(request, status, to_tag=self._tag, contact=contact, body=body))

    async def _send(self, message: SipMessage) -> None:
        await self._socket.send_str(message.render().decode())

    async def _response(self) -> SipMessage:
        async with asyncio.timeout(ANSWER_S):
            return await self._responses.get()

    async def _read(self) -> None:
        async for message in self._socket:
            data = message.data if isinstance(message.data, bytes) else message.data.encode()
            if not data.strip():
                continue
            told = sip.parse(data)
            if not told.is_request:
                self._responses.put_nowait(told)
            elif told.method == "INVITE":
                self._invites.put_nowait(told)
            elif told.method != "ACK":
                await self._reply(told, "200 OK")
                if told.method == "BYE":
                    self.over.set()
