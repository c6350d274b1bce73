"""One call of a light phone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from ivr.demo.rtp import RtpSession
from ivr.demo.sip import SipMessage
from ivr.demo.sip_socket import SipSocket

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

    def request(
        self,
        socket: SipSocket,
        method: str,
        *,
        cseq: int | None = None,
        body: str = "",
        more: tuple[tuple[str, str], ...] = (),
    ) -> SipMessage:
        """Of ours, within the call. cseq: None = the next one."""
        if cseq is None:
            self.cseq = cseq = self.cseq + 1
        headers = [
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            *more,
        ]
        if method != "ACK":
            headers.append(("Contact", f"<{socket.contact}>"))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return socket.make(f"{method} {self.remote_target} SIP/2.0", headers, body)
