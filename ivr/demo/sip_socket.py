"""A SIP socket: requests are repeated until answered, challenges are met, refusals of INVITE acknowledged.

What others ask of us is handed on as it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Final

from ivr.demo import sip
from ivr.demo.phone import PhoneError
from ivr.demo.sip import SipError, SipMessage

T1_S: Final = 0.5
"""First wait before a request is repeated; doubled each time."""
REQUEST_TIMEOUT_S: Final = 8.0
UNHEARD_TIMEOUT_S: Final = 32.0
"""RFC 3261, timer B: an INVITE to which nothing at all is said. A server that stood still may take it later."""
INVITE_TIMEOUT_S: Final = 90.0
"""How long a phone may ring."""


class SipSocket(asyncio.DatagramProtocol):
    """One UDP socket towards one server.

    on_request: called with each request of the other side. on_stray: with each response nobody waits for.
    port: the one to listen on, 0 = any.
    """

    def __init__(
        self,
        user: str,
        password: str | None,
        server: str,
        address: str,
        *,
        on_request: Callable[[SipMessage], None],
        on_stray: Callable[[SipMessage], None],
        port: int = 0,
    ) -> None:
        server_host, _, server_port = server.rpartition(":")
        self.server = (server_host, int(server_port))
        self.address = address
        self.port = port
        self._user = user
        self._password = password
        self._on_request = on_request
        self._on_stray = on_stray
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, str], asyncio.Queue[SipMessage]] = {}

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, self.port))
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    @property
    def host(self) -> str:
        """The server, as it is written in addresses."""
        return f"{self.server[0]}:{self.server[1]}"

    @property
    def contact(self) -> str:
        return f"sip:{self._user}@{self.address}:{self.port}"

    def make(self, start: str, headers: list[tuple[str, str]], body: str = "") -> SipMessage:
        """A request of ours, with a new branch."""
        via = ("Via", f"SIP/2.0/UDP {self.address}:{self.port};branch={sip.new_branch()};rport")
        return SipMessage(start, (via, ("Max-Forwards", "70"), *headers), body)

    def send(self, message: SipMessage) -> None:
        if self._transport is not None:
            self._transport.sendto(message.render(), self.server)

    def respond(self, request: SipMessage, status: str, *, to_tag: str = "", body: str = "") -> None:
        tag = to_tag or secrets.token_hex(4)
        self.send(sip.response_to(request, status, to_tag=tag, contact=self.contact, body=body))

    async def request(
        self,
        request: SipMessage,
        *,
        on_provisional: Callable[[SipMessage], None] | None = None,
        on_challenge: Callable[[SipMessage], None] | None = None,
    ) -> SipMessage:
        """Send until a final response; a challenge is answered once with the password.

        on_challenge: told of the request that is sent anew. Raises PhoneError when no answer comes.
        """
        response = await self._transaction(request, on_provisional)
        if response.status not in (401, 407) or self._password is None:
            return response
        uri = request.start.split(" ")[1]
        try:
            answer = sip.authorization(
                response, method=request.method, uri=uri, user=self._user, password=self._password
            )
        except SipError as error:
            raise PhoneError(f"{self._user}: {error}") from error
        number = f"{request.number + 1} {request.method}"
        kept = [
            (name, number if name == "CSeq" else value)
            for name, value in request.headers
            if name not in ("Via", "Max-Forwards")
        ]
        again = self.make(request.start, [*kept, answer], request.body)
        if on_challenge is not None:
            on_challenge(again)
        return await self._transaction(again, on_provisional)

    async def _transaction(
        self, request: SipMessage, on_provisional: Callable[[SipMessage], None] | None
    ) -> SipMessage:
        key = (request.branch, request.method)
        responses = self._waiting[key] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        invite = request.method == "INVITE"
        deadline_s = loop.time() + (UNHEARD_TIMEOUT_S if invite else REQUEST_TIMEOUT_S)
        wait_s, repeat = T1_S, True
        try:
            self.send(request)
            while True:
                until_s = min(deadline_s, loop.time() + wait_s) if repeat else deadline_s
                try:
                    async with asyncio.timeout_at(until_s):
                        response = await responses.get()
                except TimeoutError:
                    if loop.time() >= deadline_s:
                        raise PhoneError(f"{self._user}: no answer to {request.method}") from None
                    self.send(request)
                    wait_s *= 2
                    continue
                if response.status >= 200:
                    if invite and response.status >= 300:
                        self._acknowledge_refusal(request, response)
                    return response
                if invite:  # it arrived: what follows may take as long as people take
                    deadline_s, repeat = loop.time() + INVITE_TIMEOUT_S, False
                    if on_provisional is not None:
                        on_provisional(response)
        finally:
            del self._waiting[key]

    def _acknowledge_refusal(self, invite: SipMessage, response: SipMessage) -> None:
        kept = [(name, value) for name, value in invite.headers if name in ("Via", "From", "Call-ID")]
        headers = (
            *kept,
            ("To", response.get("to")),
            ("CSeq", f"{invite.number} ACK"),
            ("Max-Forwards", "70"),
        )
        self.send(SipMessage(f"ACK {invite.start.split(' ')[1]} SIP/2.0", headers))

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        if not data.strip():
            return  # a keep-alive
        with contextlib.suppress(SipError):
            message = sip.parse(data)
            if message.is_request:
                self._on_request(message)
            elif waiting := self._waiting.get((message.branch, message.method)):
                waiting.put_nowait(message)
            else:
                self._on_stray(message)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at the server's port: the request's own timeout tells."""
