"""A SIP user agent of our own: one UDP socket, one call at a time, G.711. Cheap enough for a crowd of callers.

It keeps to RFC 3261 as far as a phone behind one server on a quiet network needs: requests are repeated until
answered, a 200 to INVITE until acknowledged, digests are answered, CANCEL and re-INVITE are understood. What it
has over a real client: exact times of what happened, and pauses kept in what was heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from ivr.demo import sip
from ivr.demo.phone import PHONE_RATE, EventLog, PhoneError, Samples
from ivr.demo.recordings import load_recording
from ivr.demo.rtp import RtpSession
from ivr.demo.sip import SipError, SipMessage
from ivr.demo.sip_socket import REQUEST_TIMEOUT_S, T1_S, SipSocket

REGISTRATION_S: Final = 600
GOODBYE_TIMEOUT_S: Final = 2.0
ALLOWED: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"

CallState = Literal["calling", "ringing", "cancelling", "up", "over"]


@dataclass(slots=True)
class Call:
    """One call: its dialogue, its audio, and when what happened (the event loop's clock, s)."""

    call_id: str
    local: str
    remote: str
    remote_target: str
    media: RtpSession
    state: CallState
    invite: SipMessage | None = None
    cseq: int = 1
    offers: int = 0
    invited_s: float = 0.0
    answered_s: float | None = None
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)


class LightPhone:
    """A phone like `Softphone`, in this process. Use as an asynchronous context manager.

    user: the SIP user or caller number; server: `host:port`. With a password it registers on entering, unless
    `registers` is False (the second line of a telephone that is registered).
    address: the loopback address it uses; port: where it listens, 0 = any. auto_answer_after_s: as of `Softphone`.
    """

    def __init__(
        self,
        user: str,
        server: str,
        *,
        password: str | None = None,
        auto_answer_after_s: float | None = None,
        address: str = "127.0.0.1",
        port: int = 0,
        registers: bool = True,
    ) -> None:
        self.user = user
        self.server = server
        self.events = EventLog()
        self.auto_answer_after_s = auto_answer_after_s
        self.call: Call | None = None
        self._registers = password is not None and registers
        self._address = address
        self._sip = SipSocket(
            user, password, server, address, on_request=self._requested, on_stray=self._strayed, port=port
        )
        self._gone = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._to_say: Samples | None = None

    async def __aenter__(self) -> LightPhone:
        await self._sip.open()
        if self._registers:
            self._beside(self._stay_registered(), "register")
        return self

    def vanish(self) -> None:
        """As when its cable is pulled: nothing is sent or heard any more, and nobody is told."""
        self._gone = True
        self._sip.close()
        if self.call is not None:
            self.call.media.close()
            if self.call.state != "over":
                self._end(self.call, "vanished")

    async def __aexit__(self, *exc: object) -> None:
        try:
            if self._gone:
                return
            with contextlib.suppress(PhoneError):
                await self.hangup()
                await self.events.next("closed", timeout=GOODBYE_TIMEOUT_S)
            if any(event.kind == "registered" for event in self.events.history):
                await self._register(0)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self.call is not None:
                self.call.media.close()
            self._sip.close()

    # Commands

    async def register(self, *, timeout: float = 5.0) -> None:
        """Wait until the registration begun on entering is done. Raises PhoneError when it is refused."""
        event = await self.events.next("registered", "register_failed", timeout=timeout)
        if event.kind == "register_failed":
            raise PhoneError(f"{self.user}: registration refused: {event.detail}")

    async def dial(self, uri: str) -> None:
        if self.call is not None and self.call.state != "over":
            raise PhoneError(f"{self.user} is on a call")
        local = f"<sip:{self.user}@{self._address}>;tag={secrets.token_hex(4)}"
        call = await self._new_call(secrets.token_hex(8), local, f"<{uri}>", uri, "calling")
        headers = [
            ("From", call.local),
            ("To", call.remote),
            ("Call-ID", call.call_id),
            ("CSeq", f"{call.cseq} INVITE"),
            ("Contact", f"<{self._sip.contact}>"),
            ("Allow", ALLOWED),
            ("Content-Type", "application/sdp"),
        ]
        offer = sip.describe(self._address, call.media.port)
        call.invite = self._sip.make(f"INVITE {uri} SIP/2.0", headers, offer)
        self._beside(self._invite(call, call.invite), "invite")

    async def answer(self) -> None:
        call = self._current("ringing")
        assert call.invite is not None
        try:
            media = sip.media_of(call.invite.body)
        except SipError as error:
            self._respond(call.invite, "488 Not Acceptable Here", call)
            self._end(call, str(error))
            return
        call.state = "up"
        call.answered_s = asyncio.get_running_loop().time()
        call.media.start(media.host, media.port, media.key_payload)
        self._beside(self._accept(call, call.invite), "accept")
        self.events.add("established", peer=sip.address_of(call.remote))

    async def reject(self, status: str = "486 Busy Here") -> None:
        """status: the line of SIP's answer: `603 Decline`, `480 Temporarily Unavailable`."""
        call = self._current("ringing")
        assert call.invite is not None
        self._respond(call.invite, status, call)
        self._end(call, "rejected by user")

    async def hangup(self) -> None:
        """End the call in whatever state it is. Raises PhoneError when there is none."""
        call = self._current("calling", "ringing", "up")
        if call.state == "ringing":
            await self.reject()
        elif call.state == "calling":
            call.state = "cancelling"
            assert call.invite is not None
            self._beside(self._cancel(call.invite), "cancel")
        else:
            await self._goodbye(call, "hung up by user")

    async def send_digits(self, digits: str) -> None:
        self._current("up").media.press(digits)

    async def hold(self, *, on: bool) -> None:
        """The hold key: a re-INVITE that says that we send music (or nothing) and take nothing, or both again."""
        call = self._current("up")
        call.offers += 1
        call.cseq += 1
        offer = sip.describe(
            self._address,
            call.media.port,
            version=1 + call.offers,
            direction="sendonly" if on else "sendrecv",
        )
        request = self._in_dialog(call, "INVITE", cseq=call.cseq, body=offer)
        response = await self._sip.request(request)
        self._sip.send(self._in_dialog(call, "ACK", cseq=response.number))
        call.cseq = max(call.cseq, response.number)
        if response.status != 200:
            raise PhoneError(f"{self.user}: hold refused: {response.reason}")

    async def refer(self, target: str, *, replaces: Call | None = None) -> None:
        """The transfer key: to that user of the server. replaces: an attended one, to the other side of that call.

        What comes of it is told by `refer` events, whose detail is the status of SIP's fragment (`200 OK`).
        """
        call = self._current("up")
        host = f"{self._sip.server[0]}:{self._sip.server[1]}"
        uri = f"sip:{target}@{host}"
        if replaces is not None:
            tags = sip.parameter(replaces.remote, "tag"), sip.parameter(replaces.local, "tag")
            uri += f"?Replaces={replaces.call_id}%3Bto-tag%3D{tags[0]}%3Bfrom-tag%3D{tags[1]}"
        request = self._in_dialog(call, "REFER", more=(("Refer-To", f"<{uri}>"),))
        response = await self._sip.request(request)
        call.cseq = max(call.cseq, response.number)
        if response.status != 202:
            raise PhoneError(f"{self.user}: transfer refused: {response.reason}")

    async def play(self, audio: Path | Samples) -> float:
        samples = await asyncio.to_thread(load_recording, audio) if isinstance(audio, Path) else audio
        if self.call is not None and self.call.state in ("calling", "up"):
            self.call.media.say(samples)
        else:
            self._to_say = samples
        return len(samples) / PHONE_RATE

    def received_audio(self) -> Samples:
        """What was heard in the latest call, from the first packet on, pauses kept."""
        if self.call is None:
            raise PhoneError(f"{self.user} had no call")
        return self.call.media.heard_audio()

    async def until_quiet(self, quiet_s: float, *, longest_s: float) -> bool:
        """Wait until something was heard and then nothing for `quiet_s`. False: not within `longest_s`."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        media = self._current("up").media
        while (now_s := loop.time()) < began_s + longest_s:
            heard_s = media.last_loud_s
            if heard_s is not None and heard_s > began_s and now_s - heard_s >= quiet_s:
                return True
            # The earliest moment at which it can be true.
            await asyncio.sleep(quiet_s if heard_s is None else max(heard_s + quiet_s - now_s, quiet_s / 4))
        return False

    async def watch(self, name: str) -> None:
        """A lamp for this colleague: `lamp` events tell each state of theirs. Raises PhoneError when it is refused."""
        host = f"{self._sip.server[0]}:{self._sip.server[1]}"
        headers = [
            ("From", f"<sip:{self.user}@{host}>;tag={secrets.token_hex(4)}"),
            ("To", f"<sip:{name}@{host}>"),
            ("Call-ID", secrets.token_hex(8)),
            ("CSeq", "1 SUBSCRIBE"),
            ("Contact", f"<{self._sip.contact}>"),
            ("Event", "dialog"),
            ("Accept", "application/dialog-info+xml"),
            ("Expires", str(REGISTRATION_S)),
        ]
        answer = await self._sip.request(self._sip.make(f"SUBSCRIBE sip:{name}@{host} SIP/2.0", headers))
        if answer.status not in (200, 202):
            raise PhoneError(f"{self.user}: no lamp for {name}: {answer.reason}")

    # Requests of ours

    async def _stay_registered(self) -> None:
        """A registration that is not renewed in time ends, and the telephone is not rung any more."""
        while True:
            await self._register(REGISTRATION_S)
            await asyncio.sleep(REGISTRATION_S / 2)

    async def _register(self, expires_s: int) -> None:
        host = f"{self._sip.server[0]}:{self._sip.server[1]}"
        own = f"<sip:{self.user}@{host}>"
        headers = [
            ("From", f"{own};tag={secrets.token_hex(4)}"),
            ("To", own),
            ("Call-ID", secrets.token_hex(8)),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<{self._sip.contact}>;expires={expires_s}"),
            ("Expires", str(expires_s)),
        ]
        try:
            response = await self._sip.request(self._sip.make(f"REGISTER sip:{host} SIP/2.0", headers))
        except PhoneError as error:
            self.events.add("register_failed", detail=str(error))
            return
        if response.status != 200:
            self.events.add("register_failed", detail=response.reason)
        else:
            self.events.add("registered" if expires_s else "unregistered")

    async def _invite(self, call: Call, request: SipMessage) -> None:
        uri = sip.address_of(call.remote)

        def rings(response: SipMessage) -> None:
            if response.status in (180, 183):
                self.events.add("ringing", peer=uri)

        def challenged(again: SipMessage) -> None:
            call.invite, call.cseq = again, again.number

        call.invited_s = asyncio.get_running_loop().time()
        try:
            response = await self._sip.request(request, on_provisional=rings, on_challenge=challenged)
        except PhoneError as error:
            self._end(call, str(error))
            return
        call.remote = response.get("to")
        if contact := response.get("contact"):
            call.remote_target = sip.address_of(contact)
        if response.status >= 300:
            self._end(call, response.reason)
            return
        answered_s = asyncio.get_running_loop().time()
        self._sip.send(self._in_dialog(call, "ACK", cseq=response.number))
        if call.state == "cancelling":  # answered in the moment we gave up
            await self._goodbye(call, "hung up by user")
            return
        call.state = "up"
        call.answered_s = answered_s
        try:
            media = sip.media_of(response.body)
        except SipError as error:
            await self._goodbye(call, str(error))
            return
        call.media.start(media.host, media.port, media.key_payload)
        self.events.add("established", peer=uri)

    async def _goodbye(self, call: Call, reason: str) -> None:
        self._end(call, reason)
        with contextlib.suppress(PhoneError):  # the other side may have gone at the same moment
            await self._sip.request(self._in_dialog(call, "BYE"))

    async def _cancel(self, invite: SipMessage) -> None:
        kept = [(name, value) for name, value in invite.headers if name in ("Via", "From", "To", "Call-ID")]
        headers = (*kept, ("CSeq", f"{invite.number} CANCEL"), ("Max-Forwards", "70"))
        await self._sip.request(SipMessage(f"CANCEL {invite.start.split(' ')[1]} SIP/2.0", headers))

    async def _accept(self, call: Call, invite: SipMessage) -> None:
        """The 200 is repeated until its ACK comes."""
        wait_s = T1_S
        while not call.acknowledged.is_set() and wait_s < REQUEST_TIMEOUT_S and call.state == "up":
            self._respond(invite, "200 OK", call, sip.describe(self._address, call.media.port))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await call.acknowledged.wait()
            wait_s *= 2

    async def _answer_after(self, call: Call, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.call is call and call.state == "ringing":
            await self.answer()

    def _in_dialog(
        self,
        call: Call,
        method: str,
        *,
        cseq: int | None = None,
        body: str = "",
        more: tuple[tuple[str, str], ...] = (),
    ) -> SipMessage:
        if cseq is None:
            call.cseq = cseq = call.cseq + 1
        headers = [
            ("From", call.local),
            ("To", call.remote),
            ("Call-ID", call.call_id),
            ("CSeq", f"{cseq} {method}"),
            *more,
        ]
        if method != "ACK":
            headers.append(("Contact", f"<{self._sip.contact}>"))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return self._sip.make(f"{method} {call.remote_target} SIP/2.0", headers, body)

    # What the other side asks

    def _requested(self, request: SipMessage) -> None:
        call = self.call if self.call and self.call.call_id == request.get("call-id") else None
        match request.method:
            case "ACK":
                if call is not None:
                    call.acknowledged.set()
            case "INVITE" if call is not None:
                self._invited_again(call, request)
            case "INVITE" if self.call is not None and self.call.state != "over":
                self._respond(request, "486 Busy Here", None)
            case "INVITE":
                self._beside(self._ring(request), "ring")
            case "BYE" if call is not None:
                self._respond(request, "200 OK", call)
                self._end(call, "hung up by the other side")
            case "CANCEL" if call is not None and call.invite is not None:
                self._respond(request, "200 OK", call)
                if call.state == "ringing":
                    self._respond(call.invite, "487 Request Terminated", call)
                    self._end(call, "cancelled by the other side")
            case "NOTIFY":
                self._respond(request, "200 OK", None)
                if request.get("event").startswith("refer"):
                    self.events.add("refer", detail=request.body.strip().removeprefix("SIP/2.0 "))
                if request.get("event").startswith("dialog"):
                    self.events.add("lamp", detail=sip.dialog_state(request.body))
            case "OPTIONS":
                self._respond(request, "200 OK", None)
            case "UPDATE" if call is not None:
                self._respond(request, "200 OK", call)
            case _:
                self._respond(request, "481 Call/Transaction Does Not Exist", None)

    def _strayed(self, response: SipMessage) -> None:
        if response.method == "INVITE" and response.status == 200 and self.call is not None:
            # Our ACK was lost: the other side repeats its 200.
            self._sip.send(self._in_dialog(self.call, "ACK", cseq=response.number))

    def _invited_again(self, call: Call, request: SipMessage) -> None:
        if call.invite is None or request.branch == call.invite.branch:
            if call.state == "ringing":
                self._respond(request, "180 Ringing", call)
            return  # repeated: our answer is on its way
        call.offers += 1
        if request.body:
            with contextlib.suppress(SipError):
                media = sip.media_of(request.body)
                call.media.start(media.host, media.port, media.key_payload)
        answer = sip.describe(self._address, call.media.port, version=1 + call.offers)
        self._respond(request, "200 OK", call, answer)

    async def _ring(self, invite: SipMessage) -> None:
        local = f"{invite.get('to')};tag={secrets.token_hex(4)}"
        target = sip.address_of(invite.get("contact"))
        call = await self._new_call(invite.get("call-id"), local, invite.get("from"), target, "ringing")
        call.invite = invite
        call.invited_s = asyncio.get_running_loop().time()
        self._respond(invite, "180 Ringing", call)
        self.events.add("incoming", peer=sip.address_of(call.remote))
        if self.auto_answer_after_s is not None:
            self._beside(self._answer_after(call, self.auto_answer_after_s), "answer")

    async def _new_call(
        self, call_id: str, local: str, remote: str, remote_target: str, state: CallState
    ) -> Call:
        media = RtpSession()
        self.call = call = Call(call_id, local, remote, remote_target, media, state)
        await media.open(self._address)
        if self._to_say is not None:
            media.say(self._to_say)
            self._to_say = None
        return call

    def _end(self, call: Call, reason: str) -> None:
        if call.state == "over":
            return
        call.state = "over"
        call.media.close()
        self.events.add("closed", peer=sip.address_of(call.remote), detail=reason)

    # Helpers

    def _current(self, *states: CallState) -> Call:
        if self.call is None or self.call.state not in states:
            raise PhoneError(f"{self.user}: no call that is {' or '.join(states)}")
        return self.call

    def _respond(self, request: SipMessage, status: str, call: Call | None, body: str = "") -> None:
        tag = sip.parameter(call.local, "tag") if call is not None else ""
        self._sip.respond(request, status, to_tag=tag, body=body)

    def _beside(self, work: Coroutine[None, None, None], what: str) -> None:
        async def guarded() -> None:
            with contextlib.suppress(PhoneError):  # what it means for the call is told by its events
                await work

        task = asyncio.get_running_loop().create_task(guarded(), name=f"phone-{self.user}-{what}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
