"""As much of SIP (RFC 3261), digest authentication (RFC 7616) and SDP as a plain phone needs. No I/O."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

COMPACT: Final = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}
TELEPHONE_EVENT: Final = 101
"""The payload type we offer for keys."""

_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_DIGESTS = {"": hashlib.md5, "MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class SipError(Exception):
    """What came is not SIP, or asks for something we cannot do."""


@dataclass(frozen=True, slots=True)
class SipMessage:
    """start: the request or status line. headers: (name, value) in order, names as given."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """Of a request its own, of a response its request's."""
        return self.start.split(" ", 1)[0] if self.is_request else self.get("cseq").split()[-1]

    @property
    def status(self) -> int:
        """0 of a request."""
        return 0 if self.is_request else int(self.start.split(" ", 2)[1])

    @property
    def reason(self) -> str:
        """`486 Busy Here`."""
        return self.start.removeprefix("SIP/2.0 ")

    def get(self, name: str) -> str:
        """The first header of this name (lower case), "" when missing."""
        return next(iter(self.get_all(name)), "")

    def get_all(self, name: str) -> Sequence[str]:
        return [value for key, value in self.headers if COMPACT.get(key.lower(), key.lower()) == name]

    @property
    def number(self) -> int:
        """Of its CSeq."""
        return int(self.get("cseq").split()[0])

    @property
    def branch(self) -> str:
        return parameter(self.get("via"), "branch")

    def render(self) -> bytes:
        body = self.body.encode()
        lines = [
            self.start,
            *(f"{name}: {value}" for name, value in self.headers),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse(data: bytes) -> SipMessage:
    """Raises SipError for what is no SIP message."""
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if "SIP/2.0" not in start:
        raise SipError(f"not SIP: {start[:40]!r}")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise SipError(f"not a header: {line[:40]!r}")
        if name.lower() != "content-length":
            headers.append((name.strip(), value.strip()))
    return SipMessage(start, tuple(headers), body)


def parameter(header: str, name: str) -> str:
    """`;name=value` of a header, "" when missing."""
    found = re.search(rf";\s*{name}=([^;>\s]+)", header)
    return found.group(1) if found else ""


def address_of(header: str) -> str:
    """The URI of a From, To or Contact header."""
    found = re.search(r"<([^>]+)>", header)
    return found.group(1) if found else header.split(";")[0].strip()


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)


def response_to(
    request: SipMessage, status: str, *, to_tag: str = "", contact: str = "", body: str = ""
) -> SipMessage:
    """status: `200 OK`."""
    copied = [(name.title(), value) for name in ("via", "from") for value in request.get_all(name)]
    to = request.get("to")
    if to_tag and not parameter(to, "tag"):
        to += f";tag={to_tag}"
    headers = [*copied, ("To", to), ("Call-ID", request.get("call-id")), ("CSeq", request.get("cseq"))]
    if contact:
        headers.append(("Contact", f"<{contact}>"))
    if body:
        headers.append(("Content-Type", "application/sdp"))
    return SipMessage(f"SIP/2.0 {status}", tuple(headers), body)


def authorization(refusal: SipMessage, *, method: str, uri: str, user: str, password: str) -> tuple[str, str]:
    """The header that answers a 401 or 407. Raises SipError when no challenge is of a kind we know."""
    proxy = refusal.status == 407
    for challenge in refusal.get_all("proxy-authenticate" if proxy else "www-authenticate"):
        given = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(challenge)}
        digest = _DIGESTS.get(given.get("algorithm", "").upper())
        if digest is None:
            continue

        def hashed(text: str) -> str:
            return digest(text.encode()).hexdigest()  # noqa: B023  (called within this turn of the loop)

        realm, nonce = given.get("realm", ""), given.get("nonce", "")
        secret, asked = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{uri}")
        fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
        bare = {"algorithm": given["algorithm"]} if "algorithm" in given else {}
        if "auth" in given.get("qop", "").split(","):
            client_nonce = secrets.token_hex(8)
            fields["cnonce"] = client_nonce
            bare |= {"qop": "auth", "nc": "00000001"}
            fields["response"] = hashed(f"{secret}:{nonce}:00000001:{client_nonce}:auth:{asked}")
        else:
            fields["response"] = hashed(f"{secret}:{nonce}:{asked}")
        if "opaque" in given:
            fields["opaque"] = given["opaque"]
        parts = [f'{name}="{value}"' for name, value in fields.items()]
        parts += [f"{name}={value}" for name, value in bare.items()]
        return ("Proxy-Authorization" if proxy else "Authorization", "Digest " + ", ".join(parts))
    raise SipError("no digest challenge that we can answer")


def dialog_state(body: str) -> str:
    """The state in a dialog-info document (RFC 4235): `terminated`, `early`, `confirmed`; "" when it has none."""
    found = re.search(r"<state[^>]*>\s*(\w+)", body)
    return found.group(1) if found else ""


@dataclass(frozen=True, slots=True)
class Media:
    """Where the other side wants its audio, and the payload type of its keys (None: it takes none)."""

    host: str
    port: int
    key_payload: int | None


def describe(host: str, port: int, *, version: int = 1, direction: str = "sendrecv") -> str:
    """Our SDP: G.711 mu-law and keys, 20 ms packets. `version` counts the offers of one call."""
    return "\r\n".join(
        [
            "v=0",
            f"o=- 1 {version} IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {port} RTP/AVP 0 {TELEPHONE_EVENT}",
            "a=rtpmap:0 PCMU/8000",
            f"a=rtpmap:{TELEPHONE_EVENT} telephone-event/8000",
            f"a=fmtp:{TELEPHONE_EVENT} 0-16",
            "a=ptime:20",
            f"a={direction}",
            "",
        ]
    )


def media_of(body: str) -> Media:
    """Reads the other side's SDP. Raises SipError when it has no audio in mu-law."""
    audio = re.search(r"^m=audio (\d+) \S+ ([\d ]+)", body, re.MULTILINE)
    host = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    if audio is None or host is None or "0" not in audio.group(2).split():
        raise SipError("no audio in G.711 mu-law offered")
    keys = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", body, re.MULTILINE)
    return Media(host.group(1), int(audio.group(1)), int(keys.group(1)) if keys else None)
