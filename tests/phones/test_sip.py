"""The pure parts of the light phone: messages, digests, SDP, G.711 and RTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.demo import sip
from ivr.demo.phone import PHONE_RATE
from ivr.demo.rtp import ENCODED, HeardPacket, RtpSession, decode, encode
from ivr.demo.sip import SipError, SipMessage
from tests.support.audio import silence, tone, tone_present

INVITE = (
    b"INVITE sip:12345@127.0.0.1:5060 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:4000;branch=z9hG4bKabc;rport\r\n"
    b'From: "A" <sip:138@127.0.0.1>;tag=one\r\nTo: <sip:12345@127.0.0.1>\r\n'
    b"i: call-1\r\nCSeq: 7 INVITE\r\nContact: <sip:138@127.0.0.1:4000>\r\nl: 0\r\n\r\n"
)


def test_request_is_read_in_compact_form_too() -> None:
    message = sip.parse(INVITE)
    assert (message.method, message.number, message.branch) == ("INVITE", 7, "z9hG4bKabc")
    assert message.get("call-id") == "call-1"
    assert sip.address_of(message.get("from")) == "sip:138@127.0.0.1"
    assert sip.parameter(message.get("from"), "tag") == "one"


def test_response_copies_what_it_must_and_adds_its_tag_once() -> None:
    request = sip.parse(INVITE)
    answer = sip.parse(
        sip.response_to(request, "200 OK", to_tag="two", contact="sip:x@1", body="v=0").render()
    )
    assert (answer.status, answer.reason, answer.method) == (200, "200 OK", "INVITE")
    assert answer.branch == request.branch
    assert sip.parameter(answer.get("to"), "tag") == "two"
    again = sip.response_to(SipMessage("BYE x SIP/2.0", answer.headers), "200 OK", to_tag="three")
    assert sip.parameter(again.get("to"), "tag") == "two"


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"HTTP/1.1 200 OK\r\n\r\n", b"BYE x SIP/2.0\r\nno colon\r\n\r\n"]
)
def test_what_is_no_sip_is_refused(data: bytes) -> None:
    with pytest.raises(SipError):
        sip.parse(data)


def _challenge(text: str) -> SipMessage:
    return SipMessage("SIP/2.0 401 Unauthorized", (("WWW-Authenticate", text), ("CSeq", "1 REGISTER")))


def test_digest_of_rfc_2617s_example_without_qop() -> None:
    """RFC 2069's form of the well-known example (Mufasa), as its erratum computes it."""
    header, value = sip.authorization(
        _challenge('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'),
        method="GET",
        uri="/dir/index.html",
        user="Mufasa",
        password="Circle Of Life",
    )
    assert header == "Authorization"
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in value


def test_digest_takes_the_first_algorithm_it_knows() -> None:
    refusal = SipMessage(
        "SIP/2.0 407 Proxy Authentication Required",
        (
            ("Proxy-Authenticate", 'Digest realm="r", nonce="n", algorithm=SHA-512-256, qop="auth"'),
            ("Proxy-Authenticate", 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth", opaque="o"'),
        ),
    )
    header, value = sip.authorization(refusal, method="INVITE", uri="sip:1", user="u", password="p")
    assert header == "Proxy-Authorization"
    assert "algorithm=SHA-256" in value and "nc=00000001" in value and 'opaque="o"' in value


def test_a_challenge_of_no_known_kind_is_an_error() -> None:
    with pytest.raises(SipError):
        sip.authorization(
            _challenge("Basic realm=x, algorithm=none"), method="A", uri="b", user="c", password="d"
        )


def test_our_own_sdp_is_read_back_and_others_without_mu_law_refused() -> None:
    media = sip.media_of(sip.describe("127.0.0.1", 4002))
    assert (media.host, media.port, media.key_payload) == ("127.0.0.1", 4002, sip.TELEPHONE_EVENT)
    with pytest.raises(SipError):
        sip.media_of("v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 9\r\n")


def test_mu_law_is_that_of_libsndfile(tmp_path: Path) -> None:
    every_code = bytes(range(256))
    path = tmp_path / "codes.ulaw"
    path.write_bytes(every_code)
    expected, _ = soundfile.read(
        path, dtype="int16", format="RAW", subtype="ULAW", samplerate=8000, channels=1, endian="LITTLE"
    )
    assert np.array_equal(decode(every_code), expected)
    # Both zeros decode to 0; every other code comes back as itself.
    assert all(encode(decode(bytes([code]))) == bytes([code]) for code in range(256) if code != 0x7F)
    assert len(ENCODED) == 65536


def test_pauses_are_kept_in_what_was_heard() -> None:
    session = RtpSession()
    sound, now_s = encode(tone(440, 0.2)), 10.0
    for _ in range(2):
        for start in range(0, len(sound), 160):
            session.heard.append(HeardPacket(now_s, sound[start : start + 160]))
            now_s += 0.02
        now_s += 1.0
    heard = session.heard_audio()
    assert len(heard) == pytest.approx(1.4 * PHONE_RATE, abs=160)
    assert np.abs(heard[round(0.3 * PHONE_RATE) : round(1.1 * PHONE_RATE)]).max() == 0


async def test_sound_and_keys_go_from_one_session_to_another() -> None:
    one, other = RtpSession(), RtpSession()
    try:
        for session in (one, other):
            await session.open("127.0.0.1")
        one.say(tone(700, 0.5))
        other.start("127.0.0.1", one.port, 101)
        one.start("127.0.0.1", other.port, 101)
        one.press("1*")
        await asyncio.sleep(1.2)  # as long as the sound and both keys take, and a little more
    finally:
        one.close()
        other.close()
    assert other.keys_heard == ["1", "*"]
    assert one.key_released_s is not None
    span = tone_present(other.heard_audio(), 700, at_least_s=0.1)
    assert span is not None
    assert other.last_loud_s is not None and one.last_loud_s is None


def test_only_keys_of_a_telephone_are_pressed() -> None:
    with pytest.raises(ValueError, match="no key"):
        RtpSession().press("1x")


def test_silence_is_coded_as_silence() -> None:
    assert set(encode(silence(0.02))) == {0xFF}
