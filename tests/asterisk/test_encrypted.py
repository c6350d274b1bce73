"""SIP over TLS and voice by SRTP: what is rendered, and what a real Asterisk makes of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.accounts.profile import objects_of
from ivr.asterisk.certificate import authorities, ensure
from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderOptions, render
from ivr.demo import sip
from ivr.demo.sip import SipMessage
from ivr.errors import AsteriskError
from storage.accounts import AccountKind, SipAccountRecord
from tests.asterisk.watching import watching

NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"


@pytest.fixture
def binary(tmp_path: Path) -> AsteriskBinary:
    (tmp_path / "modules").mkdir()
    return AsteriskBinary(("asterisk",), tmp_path / "modules", tmp_path / "data", (22, 10, 1), private=True)


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    certificate, private_key = tmp_path / "own.crt", tmp_path / "own.key"
    certificate.touch()
    private_key.touch()
    return certificate, private_key


def endpoint_of(
    phones_encrypted: bool, kind: AccountKind, tmp_path: Path, binary: AsteriskBinary
) -> dict[str, str]:
    options = RenderOptions(phones_encrypted=phones_encrypted, rtp_count=100)
    account = SipAccountRecord("agent1", "a1", kind, "hotline", "", "", NOW, NOW)
    return dict(objects_of(account, render(tmp_path / "house", binary, options).profile)[-1].fields)


def test_an_own_certificate_is_used(tmp_path: Path, binary: AsteriskBinary, own: tuple[Path, Path]) -> None:
    options = RenderOptions(certificate=own[0], private_key=own[1], rtp_count=100)
    text = (render(tmp_path / "house", binary, options).etc / "pjsip.conf").read_text()
    assert f"cert_file = {own[0]}\npriv_key_file = {own[1]}\n" in text
    assert not (tmp_path / "house" / "keys" / "hotline.key").exists()


def test_a_certificate_without_its_key_or_its_file_is_refused(
    tmp_path: Path, binary: AsteriskBinary, own: tuple[Path, Path]
) -> None:
    for wrong in (
        RenderOptions(certificate=own[0]),
        RenderOptions(private_key=own[1]),
        RenderOptions(certificate=tmp_path / "none.crt", private_key=own[1]),
        RenderOptions(certificate=Path("a\nbind = 0.0.0.0"), private_key=own[1]),
        RenderOptions(trunk_authorities=tmp_path / "none.crt"),
    ):
        with pytest.raises(AsteriskError) as caught:
            render(tmp_path / "house", binary, wrong)
        assert caught.value.mend


def test_the_trunk_by_tls_with_its_voice_encrypted(tmp_path: Path, binary: AsteriskBinary) -> None:
    options = RenderOptions(outbound_trunk="sbc.city", rtp_count=100)
    plain = (render(tmp_path / "house", binary, options).etc / "pjsip.conf").read_text()
    assert "contact = sip:sbc.city\n" in plain
    assert "media_encryption" not in plain
    assert "verify_server" not in plain
    safe = replace(options, trunk_transport="tls", trunk_encrypted=True)
    text = (render(tmp_path / "house", binary, safe).etc / "pjsip.conf").read_text()
    # With a backslash: without it Asterisk takes what follows for a comment, and calls by UDP.
    assert "contact = sip:sbc.city\\;transport=tls\n" in text
    # Else whoever sits in between has the keys of the voice, which go within SIP.
    assert f"verify_server = yes\nca_list_file = {authorities()}\n" in text
    own = tmp_path / "city.pem"
    own.touch()
    text = (
        render(tmp_path / "house", binary, replace(safe, trunk_authorities=own)).etc / "pjsip.conf"
    ).read_text()
    assert f"verify_server = yes\nca_list_file = {own}\n" in text
    assert re.search(
        r"^\[trunk\]\(common\)(?:\n.+)*\nmedia_encryption = sdes\nmedia_encryption_optimistic = no$",
        text,
        re.M,
    )


@pytest.mark.parametrize(("encrypted", "optimistic"), [(False, "yes"), (True, "no")])
def test_telephones_encrypt_where_they_can_or_must(
    tmp_path: Path, binary: AsteriskBinary, encrypted: bool, optimistic: str
) -> None:
    endpoint = endpoint_of(encrypted, "phone", tmp_path, binary)
    assert (endpoint["media_encryption"], endpoint["media_encryption_optimistic"]) == ("sdes", optimistic)
    assert endpoint_of(encrypted, "browser", tmp_path, binary)["webrtc"] == "yes"


async def answer(reader: asyncio.StreamReader) -> SipMessage:
    """The next final response."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        message = sip.parse(head + body)
        if message.status >= 200:
            return message


@pytest.mark.real
@pytest.mark.asyncio(loop_scope="session")
async def test_a_telephone_logs_in_and_calls_by_tls_and_srtp(asterisk: PrivateAsterisk) -> None:
    rendered = asterisk.rendered
    trusted = ssl.create_default_context(cafile=str(rendered.certificate))
    trusted.minimum_version = ssl.TLSVersion.TLSv1_2
    reader, writer = await asyncio.open_connection("127.0.0.1", rendered.ports.sip_tls, ssl=trusted)
    host, port = writer.get_extra_info("sockname")[:2]
    account = rendered.accounts[0]
    uri = f"sip:127.0.0.1:{rendered.ports.sip_tls}"
    number = 0

    def send(method: str, target: str, *more: tuple[str, str], body: str = "", to: str = "") -> None:
        nonlocal number
        number += method != "ACK"
        own = f"<sip:{account.name}@127.0.0.1>"
        headers = (
            ("Via", f"SIP/2.0/TLS {host}:{port};branch=z9hG4bK{method}{number}"),
            ("Max-Forwards", "70"),
            ("From", f"{own};tag=enc"),
            ("To", to or own),
            ("Call-ID", f"encrypted-{'reg' if method == 'REGISTER' else 'call'}"),
            ("CSeq", f"{number} {method}"),
            ("Contact", f"<sip:{account.name}@{host}:{port};transport=tls>"),
            *more,
            ("Content-Length", str(len(body))),
        )
        writer.write(SipMessage(f"{method} {target} SIP/2.0", headers, body).render())

    async def asked(method: str, target: str, *more: tuple[str, str], body: str = "") -> SipMessage:
        send(method, target, *more, body=body)
        refusal = await answer(reader)
        assert refusal.status == 401
        if method == "INVITE":
            send("ACK", target, to=refusal.get("to"))
        proof = sip.authorization(
            refusal, method=method, uri=target, user=account.name, password=account.password
        )
        send(method, target, proof, *more, body=body)
        return await answer(reader)

    async with asyncio.timeout(30):
        assert (await asked("REGISTER", uri, ("Expires", "60"))).status == 200
        offer = (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0\r\n"
            f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"
        )
        hotline = f"sip:{rendered.hotline_number}@127.0.0.1"
        taken = await asked("INVITE", hotline, ("Content-Type", "application/sdp"), body=offer)
        assert taken.status == 200
        assert "RTP/SAVP 0" in taken.body
        assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" in taken.body
        send("ACK", hotline, to=taken.get("to"))
        send("BYE", hotline, to=taken.get("to"))
        assert (await answer(reader)).status == 200
        assert (await asked("REGISTER", uri, ("Expires", "0"))).status == 200
    # Asterisk does not answer the farewell of TLS.
    writer.transport.abort()


@asynccontextmanager
async def trunk_at(port: int, certificate: tuple[Path, Path]) -> AsyncIterator[asyncio.Queue[str]]:
    """The first line that comes by each TLS connection; "" where who has connected goes without a word."""
    proof = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proof.load_cert_chain(*certificate)
    came: asyncio.Queue[str] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            came.put_nowait((await reader.readline()).decode())
        except OSError:
            came.put_nowait("")
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(take, "127.0.0.1", port, ssl=proof)
    try:
        yield came
    finally:
        server.close()


@pytest.mark.real
async def test_a_call_goes_out_by_tls_and_only_to_who_proves_the_trunks_name(
    asterisk: PrivateAsterisk, tmp_path: Path
) -> None:
    for name in ("trunk", "between"):
        (tmp_path / name).mkdir()
    trunk = ensure(tmp_path / "trunk", name="trunk", external_address=None)
    between = ensure(tmp_path / "between", name="trunk", external_address=None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    options = RenderOptions(
        outbound_trunk=f"127.0.0.1:{port}",
        trunk_transport="tls",
        trunk_authorities=trunk[0],
        trunk_encrypted=True,
        rtp_count=100,
    )
    rendered = render(tmp_path / "house", asterisk.binary, options)
    async with PrivateAsterisk(asterisk.binary, rendered), watching(rendered) as controller:

        async def call(name: str) -> None:
            where = f"endpoint=PJSIP/110@trunk&app={rendered.application}&channelId={name}"
            assert await controller.post(f"channels/create?{where}") == 200
            assert await controller.post(f"channels/{name}/dial?timeout=20") == 204

        async with asyncio.timeout(60):
            async with trunk_at(port, between) as came:
                await call("first")
                assert await came.get() == ""
            async with trunk_at(port, trunk) as came:
                await call("second")
                assert await came.get() == f"INVITE sip:110@127.0.0.1:{port};transport=tls SIP/2.0\r\n"
