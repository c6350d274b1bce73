"""What a light phone's line does by itself: it registers, calls, rings, and answers what the other side asks."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from typing import Final

from ivr.demo import sip
from ivr.demo.light_call import Call, CallState
from ivr.demo.phone import EventLog, PhoneError, Samples
from ivr.demo.rtp import RtpSession
from ivr.demo.sip import SipError, SipMessage
from ivr.demo.sip_socket import REQUEST_TIMEOUT_S, T1_S, SipSocket

REGISTRATION_S: Final = 600


class Line:
    """The parameters are `LightPhone`'s."""

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
        refuses: str = "",
    ) -> None:
        self.user = user
        self.server = server
        self.events = EventLog()
        self.auto_answer_after_s = auto_answer_after_s
        self.refuses = refuses
        self.call: Call | None = None
        self._registers = password is not None and registers
        self._address = address
        self._sip = SipSocket(
            user, password, server, address, on_request=self._requested, on_stray=self._strayed, port=port
        )
        self._gone = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._to_say: Samples | None = None

    # --- what we ask

    async def _stay_registered(self) -> None:
        """A registration that is not renewed in time ends, and the telephone is not rung any more."""
        while True:
            await self._register(REGISTRATION_S)
            await asyncio.sleep(REGISTRATION_S / 2)

    async def _register(self, expires_s: int) -> None:
        host = self._sip.host
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
        self._sip.send(call.request(self._sip, "ACK", cseq=response.number))
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
            await self._sip.request(call.request(self._sip, "BYE"))

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

    async def _answer_after(self, call: Call, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.call is call and call.state == "ringing":
            await self.answer()

    # --- what the other side asks

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
            case "INVITE" if self.refuses:
                self.events.add("refused", detail=self.refuses)
                self._respond(request, self.refuses, None)
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
            self._sip.send(self.call.request(self._sip, "ACK", cseq=response.number))

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

    # --- helpers

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
