"""The vital signs of an Asterisk. A deadlock seldom takes all of it: HTTP may answer while SIP is dead, and the event
websocket may answer pings while no command is carried out any more. So each is asked by itself, again and again.

`Vitals` judges, pure; `until_frozen` asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import aiohttp

log = logging.getLogger(__name__)

Sign = Literal["events", "http", "sip"]
SIGNS: Final[tuple[Sign, ...]] = ("events", "http", "sip")
WORDS: Final[Mapping[Sign, str]] = {
    "events": "the event websocket",
    "http": "ARI over HTTP",
    "sip": "SIP (OPTIONS)",
}

LOOK_EVERY_S: Final = 1.0
ASK_EVERY_S: Final = 5.0
ANSWER_S: Final = 4.0
"""For one question. A freeze is many that are not answered."""

ASKED_FROM: Final = "127.0.0.4"
"""By this address Asterisk knows who only asks (asterisk-config/pjsip.conf.j2)."""

LATE_S: Final = 1.0
"""A question that came back so much after its limit was kept waiting by ourselves: its answer may lie unread."""

Ask = Callable[[], Awaitable[bool | None]]
"""Whether an answer came, whatever it says; None: it could not even be asked. Has its own time limit (`ANSWER_S`)."""


@dataclass(slots=True)
class Vitals:
    """quiet_s: since that sign came last. A sign that has never come since `begin` says nothing of a freeze: perhaps
    something between us and Asterisk never lets it through. Time in which we stood still ourselves is not counted."""

    every_s: float
    quiet_s: dict[Sign, float] = field(default_factory=dict)
    _ticked: float | None = None

    def begin(self) -> None:
        """Another Asterisk, or one of which nothing can be known at present."""
        self.quiet_s.clear()

    def heard(self, sign: Sign) -> None:
        self.quiet_s[sign] = 0.0

    def unknown(self, sign: Sign) -> None:
        """It could not be asked for: its silence begins anew with its next answer."""
        self.quiet_s.pop(sign, None)

    def tick(self, now: float) -> None:
        """now: s, on a clock that only goes on. To be called every `every_s`."""
        passed = 0.0 if self._ticked is None else now - self._ticked
        self._ticked = now
        counted = min(max(passed, 0.0), 2 * self.every_s)
        for sign in self.quiet_s:
            self.quiet_s[sign] += counted

    def frozen(self, limit_s: float) -> str:
        """Which part has been quiet for so long, in words; "": none. What is asked now and then may have answered last
        before it froze, for as long as nobody asked."""
        limits = {sign: limit_s + (0.0 if sign == "events" else ASK_EVERY_S) for sign in SIGNS}
        quiet = [sign for sign in SIGNS if self.quiet_s.get(sign, 0.0) >= limits[sign]]
        if not quiet:
            return ""
        parts = ", ".join(WORDS[sign] for sign in quiet)
        return f"no answer for {min(self.quiet_s[sign] for sign in quiet):.0f} s from {parts}"


async def until_frozen(
    limit_s: float,
    asks: Mapping[Sign, Ask],
    *,
    runs: Callable[[], bool] = lambda: True,
    events_come: Callable[[], bool] = lambda: False,
    always: Collection[Sign] = (),
) -> str:
    """Returns why, when a part has been quiet for `limit_s`. runs: whether anything can be known at present.
    events_come: whether something has just come over the websocket. always: asked also when it does not run."""
    loop = asyncio.get_running_loop()
    vitals = Vitals(LOOK_EVERY_S)

    async def keep_asking(sign: Sign, ask: Ask) -> None:
        while True:
            if runs() or sign in always:
                answer = await _asked(sign, ask)
                if answer is None:
                    vitals.unknown(sign)
                elif answer and runs():  # one that has gone meanwhile says nothing of the next
                    vitals.heard(sign)
            await asyncio.sleep(ASK_EVERY_S)

    asking = [loop.create_task(keep_asking(sign, ask), name=f"asterisk {sign}") for sign, ask in asks.items()]
    try:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            vitals.tick(loop.time())
            if not runs():
                vitals.begin()
            elif events_come():
                vitals.heard("events")
            if why := vitals.frozen(limit_s):
                return why
    finally:
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)


async def _asked(sign: Sign, ask: Ask) -> bool | None:
    """None: nothing is known, by our own fault. Nobody's calls may be ended for that."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        answer = await ask()
    except Exception:
        log.exception("%s could not be asked for", WORDS[sign])
        return None
    late = loop.time() - began > ANSWER_S + LATE_S
    return None if late and not answer else answer


def never_left(error: BaseException) -> bool:
    """Whether a question failed here, for want of files, memory or an address: Asterisk never had it."""
    return isinstance(error, OSError) and error.errno in (
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EADDRNOTAVAIL,
        errno.EADDRINUSE,
        errno.EACCES,
    )


async def http_answers(url: str, username: str, password: str, application: str) -> bool | None:
    """url: up to and with `/ari`. By a connection of its own: those of the commands may all be waiting. Asked is what
    the application's own lock guards, as events do."""
    login = aiohttp.encode_basic_auth(username, password)
    limit = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with (
            aiohttp.ClientSession(headers={"Authorization": login}, timeout=limit) as session,
            session.get(f"{url}/applications/{application}") as response,
        ):
            await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return None if never_left(error) else False
    return True


async def sip_answers(host: str, port: int, within_s: float = ANSWER_S) -> bool | None:
    """One OPTIONS over UDP, repeated once; any response will do, a challenge as well."""
    loop = asyncio.get_running_loop()
    answered = asyncio.Event()
    call = secrets.token_hex(8)
    target = "127.0.0.1" if host == "0.0.0.0" else host

    class Answer(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            if data.startswith(b"SIP/2.0 ") and call.encode() in data:
                answered.set()

    try:
        transport, _ = await loop.create_datagram_endpoint(
            Answer,
            local_addr=(ASKED_FROM, 0) if target.startswith("127.") else None,
            remote_addr=(target, port),
        )
    except OSError as error:
        return None if never_left(error) else False
    try:
        own_host, own_port = transport.get_extra_info("sockname")[:2]
        own = f"{own_host}:{own_port}"
        for _ in range(2):
            transport.sendto(_options(target, port, own, call))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s / 2):
                    await answered.wait()
                    return True
    finally:
        transport.close()
    return False


def _options(host: str, port: int, own: str, call: str) -> bytes:
    lines = (
        f"OPTIONS sip:{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 1",
        f"From: <sip:vitals@{own}>;tag={secrets.token_hex(4)}",
        f"To: <sip:{host}:{port}>",
        f"Call-ID: {call}",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()
