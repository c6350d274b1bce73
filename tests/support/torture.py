"""The torture messages of RFC 4475, written anew from what each section describes, and what scanners send.

None is to the hotline's number: whatever Asterisk makes of them, no call of the controller's may come of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ivr.asterisk.scanners import NAMES


@dataclass(frozen=True, slots=True)
class Torture:
    """name: as the RFC calls it. raw: one datagram."""

    name: str
    raw: bytes


SDP: Final = (
    "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.155\r\ns=-\r\nc=IN IP4 192.0.2.155\r\nt=0 0\r\n"
    "m=audio 49217 RTP/AVP 0\r\n"
)


def message(
    name: str,
    start: str,
    *more: str,
    body: str = "",
    length: str | None = None,
    without: tuple[str, ...] = (),
    **changed: str,
) -> Torture:
    """A sound message to begin with; `more` headers; `changed` ones by their names (`_` for `-`), `without` some."""
    method = start.split(" ")[0] if not start.startswith("SIP/") else "INVITE"
    headers = {
        "Via": f"SIP/2.0/UDP host5.example.net:5060;branch=z9hG4bK{name}",
        "Max-Forwards": "70",
        "From": f"<sip:caller@example.net>;tag={name}",
        "To": "<sip:user@example.com>",
        "Call-ID": f"{name}.torture@example.net",
        "CSeq": f"1 {method}",
        "Contact": "<sip:caller@host5.example.net>",
    }
    headers |= {key.replace("_", "-"): value for key, value in changed.items()}
    lines = [f"{key}: {value}" for key, value in headers.items() if key not in without]
    if body and not any(line.lower().startswith("content-type") for line in more):
        lines.append("Content-Type: application/sdp")
    if "Content-Length" not in without:
        lines.append(f"Content-Length: {len(body.encode()) if length is None else length}")
    text = "\r\n".join([start, *lines, *more, "", body])
    return Torture(name, text.encode("utf-8", "surrogateescape"))


def _raw(name: str, text: str) -> Torture:
    return Torture(name, text.replace("\n", "\r\n").encode("latin-1"))


INVITE: Final = "INVITE sip:user@example.com SIP/2.0"
OPTIONS: Final = "OPTIONS sip:user@example.com SIP/2.0"
REGISTER: Final = "REGISTER sip:example.com SIP/2.0"
_LONG: Final = "longvalue" * 30
_ODD_METHOD: Final = "!interesting-Method0123456789_*+`.%indeed'~"

VALID: Final = (
    _raw(
        "wsinv",
        """INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
a=rtpmap:31 LPC
""",
    ),
    message(
        "intmeth",
        f"{_ODD_METHOD} sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too."
        "(doesn't-it)@example.com SIP/2.0",
        "extensionHeader-!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb",
        To='"BEL:\x07 NUL:\x01 DEL:\x7f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>',
        From="token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"кон\";tag=_token~1'",
        CSeq=f"139122385 {_ODD_METHOD}",
    ),
    message(
        "esc01",
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
        To="sip:%75se%72@example.com",
        From="<sip:I%20have%20spaces@example.net>;tag=938",
        Contact="<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
        body=SDP,
    ),
    message("escnull", REGISTER, To="sip:null-%00-null@example.com", From="sip:null-%00-null@example.com;tag=839",
            Contact="<sip:%00@host5.example.com>, <sip:%00%00@host5.example.com>"),
    message("esc02", "RE%47IST%45R sip:registrar.example.com SIP/2.0", To='"%Z%45" <sip:resource@example.com>',
            From='"%Z%45" <sip:resource@example.com>;tag=f232jadfj23', Contact="<sip:alias1@host1.example.com>"),
    message("lwsdisp", OPTIONS, From="caller<sip:caller@example.com>;tag=323"),
    message(
        "longreq",
        INVITE,
        *(f"Unknown-{_LONG}-{number}: {_LONG};{_LONG}={_LONG}" for number in range(4)),
        *(f"Via: SIP/2.0/TCP sip{number}.example.com;branch=z9hG4bK{number}" for number in range(33)),
        To=f'"{_LONG}" <sip:user@example.com:6000;unknownparam1={_LONG};{_LONG}=c;verylonguri>;tag={_LONG}',
        From=f"sip:{_LONG}@example.net;tag={_LONG}",
        body=SDP,
    ),
    Torture("dblreq", message("dblreq", REGISTER).raw + message("dblreq2", INVITE, body=SDP).raw),
    message("semiuri", "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
    message("transports", OPTIONS, *(
        f"Via: SIP/2.0/{kind} t.example.com;branch=z9hG4bK{kind}" for kind in ("SCTP", "TLS", "UNKNOWN", "TCP"))),
    message(
        "mpart01", "MESSAGE sip:kumiko@example.org SIP/2.0",
        "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
        body="--7a9cbec02ceef655\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\r\n"
        "--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n\x00\x01\x02\x7f\r\n"
        "--7a9cbec02ceef655--\r\n",
    ),
    message("unreason", "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое", body=SDP),
    message("noreason", "SIP/2.0 100 "),
)  # fmt: skip

INVALID: Final = (
    message("badinv01", INVITE, To="sip:j.user@example.com;tag=,;,;", From="sip:caller@example.com;;;,tag=1",
            Contact='"Joe" <sip:joe@example.org>;;;;', Via="SIP/2.0/UDP 192.0.2.15;;,;,,"),
    message("clerr", INVITE, body=SDP, length="9999"),
    message("ncl", INVITE, body=SDP, length="-999"),
    message("scalar02", REGISTER, "Expires: 10000000000000000000000000000000",
            CSeq="36893488147419103232 REGISTER", Max_Forwards="300",
            Contact="<sip:user@host129.example.com>;expires=280297596632815"),
    message("scalarlg", "SIP/2.0 503 Service Unavailable", "Retry-After: 949302838503028349304023988",
            "Warning: 1812 overture \"In Progress\"", CSeq="9292394834772304023312 OPTIONS"),
    message("quotbal", INVITE, To='"Mr. J. User <sip:j.user@example.com>', body=SDP),
    message("ltgtruri", "INVITE <sip:user@example.com> SIP/2.0", body=SDP),
    message("lwsruri", "INVITE sip:user@example.com; lr SIP/2.0", body=SDP),
    message("lwsstart", "INVITE  sip:user@example.com  SIP/2.0", body=SDP),
    message("trws", "OPTIONS sip:remote-target@example.com SIP/2.0  "),
    message("escruri", "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", body=SDP),
    message("baddate", INVITE, "Date: Fri, 01 Jan 2010 16:00:00 EST", body=SDP),
    message("regbadct", REGISTER, Contact="sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
    message("badaspec", 'OPTIONS sip:user@example.org SIP/2.0', To='"Watson, Thomas" < sip:t.watson@example.org >',
            From='"Bell, Alexander" <sip:a.g.bell@example.com>;tag=433423'),
    message("baddn", "OPTIONS sip:t.watson@example.org SIP/2.0", From="Bell, Alexander <sip:a.g.bell@x.com>;tag=4"),
    message("badvers", "OPTIONS sip:t.watson@example.org SIP/7.0", Via="SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw"),
    message("mismatch01", OPTIONS, CSeq="8 INVITE"),
    message("mismatch02", "NEWMETHOD sip:user@example.com SIP/2.0", CSeq="8 INVITE", body=SDP),
    message("bigcode", "SIP/2.0 4294967301 better not break the receiver", CSeq="353494 INVITE"),
)  # fmt: skip

APPLICATION: Final = (
    message("badbranch", OPTIONS, Via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"),
    message("insuf", INVITE, without=("Call-ID", "From", "To"), body=SDP),
    message("unkscm", "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
    message("novelsc", "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
    message("unksm2", REGISTER, To="isbn:2983792873", From="<http://www.example.com>;tag=3234233",
            Contact="<name:John_Smith>"),
    message("bext01", OPTIONS, "Require: nothingSupportsThis, nothingSupportsThisEither",
            "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis"),
    message("invut", INVITE, "Content-Type: application/unknownformat",
            body="<audio>\r\n <pcmu port=\"443\"/>\r\n</audio>\r\n"),
    message("regaut01", REGISTER, "Authorization: NoOneKnowsThisScheme opaque-data=here"),
    message("multi01", INVITE, "Call-ID: 98asdh@192.0.2.2", "CSeq: 59 INVITE", "From: sip:caller@example.com;tag=2",
            "To: sip:user@example.com", "Max-Forwards: 5", "Via: SIP/2.0/UDP 192.0.2.22;branch=z9hG4bKkdj", body=SDP),
    message("mcl01", OPTIONS, "Content-Length: 5", body="There's no way to know how many octets are in here"),
    message("bcast", "SIP/2.0 200 OK", Via="SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923", body=SDP),
    message("zeromf", OPTIONS, Max_Forwards="0"),
    message("cparam01", REGISTER, Contact="sip:+19725552222@gw1.example.net;unknownparam"),
    message("cparam02", REGISTER, Contact="<sip:+19725552222@gw1.example.net;unknownparam>"),
    message("regescrt", REGISTER, Contact="<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"),
    message("sdp01", INVITE, "Accept: text/nobodyKnowsThis", body=SDP),
    _raw("inv2543", """INVITE sip:UserB@example.com SIP/2.0
Via: SIP/2.0/UDP iftgw.example.com
From: <sip:+13035551111@ift.client.example.net;user=phone>
Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
To: sip:+16505552222@ss1.example.net;user=phone
Call-ID: inv2543.1717@ift.client.example.com
CSeq: 56 INVITE
Content-Type: application/sdp

v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.5
s=-
c=IN IP4 192.0.2.5
t=0 0
m=audio 49217 RTP/AVP 0
"""),
)  # fmt: skip

ALL: Final = (*VALID, *INVALID, *APPLICATION)

GARBAGE: Final = (
    b"",
    b"\x00" * 4,
    b"\r\n\r\n",
    b"INVITE",
    b"INVITE sip:",
    b"\xff" * 1400,
    b"SIP/2.0\r\n\r\n",
    b"REGISTER sip:x SIP/2.0\r\n" + b"A" * 1400,
    b"INVITE sip:user@example.com SIP/2.0\r\n" + b"Via: SIP/2.0/UDP a\r\n" * 60 + b"\r\n",
)


def scanners(host: str, port: int, rounds: int) -> Iterator[bytes]:
    """What sweeps look like: names one after the other, numbers abroad with every prefix, by each known program."""
    for number in range(rounds):
        for position, agent in enumerate(NAMES):
            method, user = (
                ("REGISTER", f"{100 + number}"),
                ("OPTIONS", "100"),
                ("INVITE", f"900441483{number:06}"),
            )[(number + position) % 3]
            name = f"scan{number}-{position}"
            via = f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{name};rport"
            body = SDP if method == "INVITE" else ""
            start = f"{method} sip:{user}@{host} SIP/2.0"
            yield message(name, start, f"User-Agent: {agent}/1.0", Via=via, body=body).raw
