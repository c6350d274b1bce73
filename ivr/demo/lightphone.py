"""A SIP user agent of our own: one UDP socket, one call at a time, G.711. Cheap enough for a crowd of callers.

It keeps to RFC 3261 as far as a phone behind one server on a quiet network needs: requests are repeated until
answered, a 200 to INVITE until acknowledged, digests are answered, CANCEL and re-INVITE are understood. What it
has over a real client: exact times of what happened, and pauses kept in what was heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from pathlib import Path
from typing import Final

from ivr.demo import sip
from ivr.demo.light_call import Call
from ivr.demo.light_line import REGISTRATION_S, Line
from ivr.demo.phone import PHONE_RATE, PhoneError, Samples
from ivr.demo.recordings import load_recording

GOODBYE_TIMEOUT_S: Final = 2.0
ALLOWED: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"


class LightPhone(Line):
    """A phone like `Softphone`, in this process. Use as an asynchronous context manager.

    user: the SIP user or caller number; server: `host:port`. With a password it registers on entering, unless
    `registers` is False (the second line of a telephone that is registered).
    address: the loopback address it uses; port: where it listens, 0 = any. auto_answer_after_s: as of `Softphone`.
    refuses: do-not-disturb is on: the line with which a call is refused before it rings, `486 Busy Here`.
    """

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

    # --- commands

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
        request = call.request(self._sip, "INVITE", cseq=call.cseq, body=offer)
        response = await self._sip.request(request)
        self._sip.send(call.request(self._sip, "ACK", cseq=response.number))
        call.cseq = max(call.cseq, response.number)
        if response.status != 200:
            raise PhoneError(f"{self.user}: hold refused: {response.reason}")

    async def refer(self, target: str, *, replaces: Call | None = None) -> None:
        """The transfer key: to that user of the server. replaces: an attended one, to the other side of that call.

        What comes of it is told by `refer` events, whose detail is the status of SIP's fragment (`200 OK`).
        """
        call = self._current("up")
        host = self._sip.host
        uri = f"sip:{target}@{host}"
        if replaces is not None:
            tags = sip.parameter(replaces.remote, "tag"), sip.parameter(replaces.local, "tag")
            uri += f"?Replaces={replaces.call_id}%3Bto-tag%3D{tags[0]}%3Bfrom-tag%3D{tags[1]}"
        request = call.request(self._sip, "REFER", more=(("Refer-To", f"<{uri}>"),))
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
        host = self._sip.host
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
