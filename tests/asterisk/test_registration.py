"""Agents' phones register over every transport, with their password and only with it."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, Protocol

import aiohttp
import pytest

from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk
from ivr.demo import sip
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.demo.sip import SipMessage
from tests.support.softphone import sip_server

pytestmark = pytest.mark.real

Transport = Literal["TCP", "TLS", "WS"]


class Line(Protocol):
    """One connection that carries whole SIP messages."""

    async def ask(self, request: SipMessage) -> SipMessage: ...


class StreamLine:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: SipMessage) -> SipMessage:
        self._writer.write(request.render())
        async with asyncio.timeout(10):
            # Asterisk may ask us something first (OPTIONS); only the answer is wanted.
            while True:
                message = sip.parse(await self._reader.readuntil(b"\r\n\r\n"))
                if not message.is_request:
                    return message


class WebsocketLine:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def ask(self, request: SipMessage) -> SipMessage:
        await self._socket.send_str(request.render().decode())
        async with asyncio.timeout(10):
            while True:
                data = (await self._socket.receive()).data
                message = sip.parse(data if isinstance(data, bytes) else data.encode())
                if not message.is_request:
                    return message


@asynccontextmanager
async def line_to(rendered: RenderedAsterisk, transport: Transport) -> AsyncIterator[Line]:
    if transport == "WS":
        url = rendered.http_url.replace("http", "ws") + "/ws"
        patience = aiohttp.ClientWSTimeout(ws_close=0.5)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, protocols=["sip"], timeout=patience) as socket,
        ):
            yield WebsocketLine(socket)
        return
    port = rendered.ports.sip if transport == "TCP" else rendered.ports.sip_tls
    # The certificate is checked, name included: a phone that is given it can be sure whom it talks to.
    context = ssl.create_default_context(cafile=str(rendered.certificate)) if transport == "TLS" else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield StreamLine(reader, writer)
    finally:
        # Asterisk does not answer TLS's goodbye, so there is nothing to wait for.
        writer.transport.abort()


def registration(name: str, transport: Transport, *, number: int, expires: int = 60) -> SipMessage:
    uri = "sip:127.0.0.1"
    headers = (
        ("Via", f"SIP/2.0/{transport} 127.0.0.1:5999;rport;branch={sip.new_branch()}"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:{name}@127.0.0.1>;tag={secrets.token_hex(4)}"),
        ("To", f"<sip:{name}@127.0.0.1>"),
        ("Call-ID", secrets.token_hex(8)),
        ("CSeq", f"{number} REGISTER"),
        ("Contact", f"<sip:{name}@127.0.0.1:5999;transport={transport.lower()}>;expires={expires}"),
    )
    return SipMessage(f"REGISTER {uri} SIP/2.0", headers)


async def register(line: Line, name: str, password: str, transport: Transport, expires: int = 60) -> int:
    """The status that the registration ends with."""
    request = registration(name, transport, number=1, expires=expires)
    refusal = await line.ask(request)
    assert refusal.status == 401
    answer = sip.authorization(refusal, method="REGISTER", uri="sip:127.0.0.1", user=name, password=password)
    again = registration(name, transport, number=2, expires=expires)
    return (await line.ask(SipMessage(again.start, (*again.headers, answer)))).status


@pytest.mark.parametrize("transport", ["TCP", "TLS", "WS"])
async def test_an_agent_registers(asterisk: PrivateAsterisk, transport: Transport) -> None:
    rendered = asterisk.rendered
    async with line_to(rendered, transport) as line:
        password = rendered.account("agent5").password
        assert await register(line, "agent5", password, transport) == 200
        contacts = await asterisk.cli("pjsip show aor agent5")
        assert f"transport={transport.lower()}" in contacts
        assert await register(line, "agent5", password, transport, expires=0) == 200
    assert "transport=" not in await asterisk.cli("pjsip show aor agent5")


@pytest.mark.parametrize("transport", ["TCP", "TLS", "WS"])
async def test_a_wrong_password_is_refused(asterisk: PrivateAsterisk, transport: Transport) -> None:
    async with line_to(asterisk.rendered, transport) as line:
        assert await register(line, "agent5", "wrong", transport) == 401


async def test_an_agent_registers_over_udp_and_its_lamp_is_known(asterisk: PrivateAsterisk) -> None:
    """A colleague's lamp follows: the hint is made of the pattern, for accounts that no file names."""
    rendered = asterisk.rendered
    server = sip_server(rendered)
    phone = LightPhone("agent6", server, password=rendered.account("agent6").password)
    async with LightPhone("agent5", server, password=rendered.account("agent5").password) as colleague:
        await colleague.register()
        await colleague.watch("agent6")
        assert (await colleague.events.next("lamp")).detail == "terminated"
        async with phone:
            await phone.register()
            await phone.dial(f"sip:*45@{server}")
            assert await lamp_says(colleague, "confirmed")
        assert await lamp_says(colleague, "terminated")


async def lamp_says(phone: LightPhone, state: str) -> bool:
    """Waits for it; raises PhoneTimeout when it does not come."""
    while (await phone.events.next("lamp", timeout=20)).detail != state:
        pass
    return True


@pytest.mark.parametrize(
    ("name", "password"), [("agent6", "wrong"), ("agent6", ""), ("agent7", "x"), ("trunk", "x")]
)
async def test_strangers_cannot_register(asterisk: PrivateAsterisk, name: str, password: str) -> None:
    async with LightPhone(name, sip_server(asterisk.rendered), password=password) as stranger:
        with pytest.raises(PhoneError, match="refused"):
            await stranger.register()
