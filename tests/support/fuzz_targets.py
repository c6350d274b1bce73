"""Our parsers with what strangers, peers and files give: any bytes in, only the errors that they promise out.

A target takes bytes and raises nothing, unless something is wrong. `SEEDS` are sound inputs to change.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from asr import rtp, wire
from ivr import masking
from ivr.ari.bus import Bus
from ivr.ari.parse import Sealed, parse_message, seal
from ivr.call.outbound import Outbound, expression
from ivr.call.saved import from_json as saved_call
from ivr.demo import rtp as phone_rtp
from ivr.demo import sip
from ivr.errors import FlowError
from ivr.fallback import notes
from ivr.flow import codec, hosts
from ivr.flow.digits import PatternError
from ivr.flow.expressions.parser import SyntaxFault
from ivr.flow.expressions.parser import parse as parse_expression
from ivr.flow.findings import FlowLoadError
from ivr.flow.prompt_text import PromptTextError
from ivr.flow.prompt_text import parse as parse_prompt
from ivr.flow.understanding.alike import words_said
from ivr.flow.understanding.normal import written
from ivr.flow.understanding.segments import segments
from ivr.flow.values import spoken
from ivr.flow.values.spoken_dates import dates_said
from ivr.flow.values.spoken_times import times_said
from ivr.flow.yaml_source import read as read_yaml
from ivr.outside.addresses import PrivateHostError, PrivateHosts
from ivr.outside.body import BodyError
from ivr.outside.body import decode as decode_body
from ivr.outside.messages import check_rule, recipient
from ivr.recordings.files import within
from ivr.talk.saved import from_json as saved_talk
from storage import spool_codec, spool_format
from storage.personal.mask import mask
from storage.personal.spans import ALL_CLASSES
from tests.support import torture
from tests.support.fake_ari_objects import FakeChannel, channel_json
from web.guard import host_allowed, origin_allowed

NOON: Final = dt.datetime(2026, 11, 26, 4, 0, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """seeds: sound inputs. takes: raises nothing but what is wrong."""

    takes: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def ari(data: bytes) -> None:
    """To a typed event, by way of the mailboxes too; an id that the outside shows is one that is there."""
    event = parse_message(data)
    sealed = seal(data)
    opened = sealed.open() if isinstance(sealed, Sealed) else sealed
    assert type(opened) is type(event)
    bus = Bus()
    with bus.mailbox("call", 8) as mailbox:
        mailbox.watch("c1", "p1")
        bus.dispatch(sealed)
        while mailbox.get_nowait() is not None:
            pass
        while bus.front_door().get_nowait() is not None:
            pass


def sip_of_the_light_phone(data: bytes) -> None:
    with contextlib.suppress(sip.SipError):
        message = sip.parse(data)
        for name in ("from", "to", "contact", "via"):
            sip.address_of(message.get(name))
            sip.parameter(message.get(name), "tag")
        with contextlib.suppress(sip.SipError):
            sip.media_of(message.body)
        sip.dialog_state(message.body)
        sip.parse(message.render())


def rtp_packets(data: bytes) -> None:
    with contextlib.suppress(rtp.BadPacket):
        packet = rtp.parse(data)
        plain = rtp.build(packet)
        assert rtp.parse(plain) == packet
        phone_rtp.decode(packet.payload)


def spool(data: bytes) -> None:
    """Whatever lies in a file: what is read is what was put there, and a damaged part hides no whole record."""
    found = spool_format.scan(data, 0)
    for payload in found.payloads:
        assert spool_format.record(payload) in data
        with contextlib.suppress(spool_codec.Unreadable):
            spool_codec.decode(payload)
    assert 0 <= found.end <= len(data)
    with contextlib.suppress(spool_codec.Unreadable):
        spool_codec.decode(data)


def kept_state(data: bytes) -> None:
    """A dialogue's state and a whole call, as the database gives them back."""
    with contextlib.suppress(orjson.JSONDecodeError):
        value = orjson.loads(data)
        for read in (codec.input_from_json, codec.action_from_json, codec.state_from_json):
            with contextlib.suppress(FlowError):
                read(value)
        if isinstance(value, dict):
            with contextlib.suppress(FlowError):
                saved_call("c-1", "n1-1", NOON, 1, 1, value)
            with contextlib.suppress(FlowError):
                saved_talk(value)


def flows(data: bytes) -> None:
    with contextlib.suppress(FlowLoadError):
        read_yaml("main.yaml", data)


def expressions(data: bytes) -> None:
    text = data.decode(errors="replace")
    with contextlib.suppress(SyntaxFault):
        parse_expression(text)
    with contextlib.suppress(PromptTextError):
        parse_prompt(text)


def numbers(data: bytes) -> None:
    """Patterns and numbers: whoever is called has only signs that a number may have; any text can be masked."""
    text = data.decode(errors="replace")
    pattern, _, number = text.partition("\n")
    with contextlib.suppress(ValueError):
        expression(pattern)
        if (endpoint := Outbound((pattern,)).endpoint_of(number)) is not None:
            plain = endpoint.removeprefix("PJSIP/").removesuffix("@trunk")
            assert plain and all(sign in "+0123456789*#" for sign in plain)
    masking.mask_text(text)


def bodies(data: bytes) -> None:
    kind, _, body = data.partition(b"\n")
    with contextlib.suppress(BodyError):
        json.dumps(decode_body(body, kind.decode(errors="replace"), "utf-8"))


def speech_workers(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        message = wire.load(data.decode(errors="replace"))
        for read in (wire.load_request, wire.load_heard, wire.load_senders):
            with contextlib.suppress(wire.WireError):
                read(message)


def said(data: bytes) -> None:
    """What a caller said, as recognisers write it: no text makes a reader raise, and what is read has its shape."""
    language, _, text = data.decode(errors="surrogateescape").partition("\n")
    for keys in (
        spoken.digits_said(text, language) or "",
        *spoken.digit_strings(text, language, letters=True),
    ):
        assert all(sign in "0123456789*#" for sign in keys)
    spoken.number_said(text, language)
    spoken.yes_no(text, language)
    for order in ("ymd", "mdy"):
        dates_said(text, language, NOON.date(), order=order)
    times_said(text, language)
    words_said(text)
    written(text, language)
    segments(text)


def personal(data: bytes) -> None:
    """What is hidden is hidden once, and what is left is a text as before."""
    text = data.decode(errors="replace")
    for language in ("zh", "en"):
        masked = mask(text, ALL_CLASSES, language)
        assert all(0 <= one.start < one.end <= len(text) for one in masked.spans)
        assert all(one.end <= two.start for one, two in itertools.pairwise(masked.spans))


def fallback_notes(data: bytes) -> None:
    call = notes.read(data.decode(errors="replace"))
    if call is not None:
        assert call.id("n1").startswith("c-n1-")
        within(Path("/voicemail"), call.message)


def addresses(data: bytes) -> None:
    """Where a dialogue's request leads: what an author, a caller or a redirect wrote never chooses another host."""
    entry, _, rest = data.decode(errors="surrogateescape").partition("\n")
    template, _, value = rest.partition("\n")
    with contextlib.suppress(hosts.HostError):
        hosts.places(template)
        empty = hosts.read_address(hosts.fill(template, {name: "x" for name in hosts.places(template)}))[1]
        with contextlib.suppress(hosts.HostError):
            hosts.allowed(empty, (entry,))
        url = hosts.fill(template, {name: value for name in hosts.places(template)})
        assert hosts.read_address(url)[1] == empty
    with contextlib.suppress(PrivateHostError):
        PrivateHosts.read((entry,)).permit(template, value)
    with contextlib.suppress(PatternError):
        check_rule(entry)
        to = recipient(template, value, "", (entry,))
        assert to is None or not any(sign in to for sign in "\r\n<>,; ")


def page_headers(data: bytes) -> None:
    """A page of another origin, or under another name, is never taken for ours."""
    host, _, origin = data.decode(errors="replace").partition("\n")
    if host_allowed(host, ("hotline.city.example",)):
        assert "/" not in host and "@" not in host
        if origin_allowed(origin, host):
            assert origin.rpartition("://")[2].lower() == host.lower()


def _events() -> tuple[bytes, ...]:
    channel = channel_json(FakeChannel("c1", "PJSIP/trunk-1", "Up"), "ivr")
    stamp = {"timestamp": "2026-11-22T13:49:06.879+0000", "application": "ivr", "asterisk_id": "02:fc"}
    playback = {"id": "p1", "media_uri": "sound:a", "target_uri": "channel:c1", "state": "done"}
    told = (
        {"type": "StasisStart", "args": ["call", "12345"], "channel": channel},
        {"type": "ChannelDtmfReceived", "digit": "1", "duration_ms": 80, "channel": channel},
        {"type": "PlaybackFinished", "playback": playback},
        {"type": "ChannelDestroyed", "cause": 16, "cause_txt": "", "channel": channel},
        {"type": "Dial", "dialstatus": "", "peer": channel, "caller": channel},
    )
    return tuple(json.dumps(one | stamp, separators=(",", ":")).encode() for one in told)


TARGETS: Final[Mapping[str, Target]] = {
    "ari": Target(ari, _events()),
    "sip": Target(sip_of_the_light_phone, tuple(one.raw for one in torture.ALL)),
    "rtp": Target(
        rtp_packets, (rtp.build(rtp.Packet(0, 1, 160, 7, False, b"\xff" * 160)), b"\xb1" + bytes(40))
    ),
    "spool": Target(
        spool,
        (
            spool_format.record(b'["JournalRecord",1,[]]') + spool_format.record(b"[]") + b"\0" * 20,
            b'["JournalRecord",1,{"call":"c-1"}]',
        ),
    ),
    "kept_state": Target(
        kept_state,
        (
            b'{"type":"digit","digit":"1"}',
            b'{"facts":{"caller":"1"},"arrived_at":"2026-11-26T04:00:00+00:00"}',
            b'{"type":"hangup"}',
        ),
    ),
    "flows": Target(
        flows,
        (
            b"flow: main\nstart: a\nnodes:\n  a: {kind: say, prompt: hello, next: b}\n  b: &x {kind: end}\n  c: *x\n",
            "text: |\n  您好\nlist: [1, 2.5, ~, 'a']\n".encode(),
        ),
    ),
    "expressions": Target(
        expressions,
        (b"size(call.number) > 3 ? last(call.number, 2) : ''", "第{place:number}位, {{x}}".encode()),
    ),
    "numbers": Target(
        numbers, (b"1[3-9]X{9}\n13800138000", b"+86.\n+8613800138000", "110\n幺三八零零一三八".encode())
    ),
    "bodies": Target(bodies, (b'application/json\n{"a": [1, null, "x\\u0000"]}', b"text/plain\nhello")),
    "speech_workers": Target(
        speech_workers, (b'{"type":"heard","version":1,"text":"hello"}', b'{"kind":"partial","words":[]}')
    ),
    "said": Target(
        said,
        (
            "zh\n我的号码是一三三零七八零二四六,不对,三千二百零五号,后天下午三点半".encode(),
            b"en\nno, the twenty third of next month at half past nine, one hundred and five pound",
            "es\nel veintitrés de mayo, dos mil cinco".encode(),
        ),
    ),
    "personal": Target(
        personal,
        (
            "我叫张伟,电话13800138000,身份证11010519491231002X,住朝阳区建国路8号3单元".encode(),
            b"I am John Smith, call 020 7946 0958, 12 High Street, card 4111 1111 1111 1111",
        ),
    ),
    "fallback_notes": Target(
        fallback_notes,
        (
            b'{"event":"arrived","at":1764150000,"call":"n1-1.7","caller":"138","endpoint":"trunk"}\n'
            b'{"event":"queue","at":1764150100,"status":"TIMEOUT"}\n'
            b'{"event":"voicemail","at":1764150120,"file":"a.wav"}\n{"event":"ended","at":1764150121}\n',
        ),
    ),
    "addresses": Target(
        addresses,
        (
            b"*.city.example\nhttps://api.city.example/v1/{ticket}?q={words}\n123/../4",
            b"10.1.0.0/16\nhttp://10.1.2.3:8080/{x}\n10.1.2.3",
            b"*@city.example\nann@city.example\n13800138000",
        ),
    ),
    "page_headers": Target(
        page_headers,
        (b"hotline.city.example:8080\nhttps://hotline.city.example:8080", b"[::1]:80\nhttp://[::1]:80"),
    ),
}
