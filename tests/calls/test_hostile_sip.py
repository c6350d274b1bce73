"""Strangers at the SIP port while a real call goes on: torture, scanners, and those who would call on our bill."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from tests.security.test_guards_outside import found
from tests.support import torture
from tests.support.citizens import Scene
from tests.support.softphone import citizen_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

FORBIDDEN = ("agent1", "a1001", "*45", "*490013800000077", "0013800000077", "+4414830000", "110", "s", "h")
"""What a stranger may not reach: agents, their codes, numbers abroad, the police, the dialplan's own extensions."""


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """An address that is neither the trunk's nor an agent's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        yield opened


async def answered(scene: Scene, name: str, start: str, **changed: str) -> int:
    """The final status that a stranger's INVITE comes to."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        own.setblocking(False)
        host, port = own.getsockname()
        via = f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{name};rport"
        asked = torture.message(
            name, start, body=torture.SDP, Via=via, Contact=f"<sip:x@{host}:{port}>", **changed
        )
        own.sendto(asked.raw, (scene.rendered.sip_host, scene.rendered.ports.sip))
        status = 0
        async with asyncio.timeout(30):
            while status < 200:
                status = int((await loop.sock_recv(own, 65_536))[8:11])
        return status


async def test_all_of_the_rfcs_messages_are_there() -> None:
    names = [one.name for one in torture.ALL]
    assert len(set(names)) == len(names) == 49


async def test_torture_and_scanners_while_a_call_goes_on(scene: Scene, stranger: socket.socket) -> None:
    citizen = await scene.citizen()
    call = scene.live_call()
    server = (scene.rendered.sip_host, scene.rendered.ports.sip)
    host, port = stranger.getsockname()
    for raw in (*(one.raw for one in torture.ALL), *torture.GARBAGE):
        stranger.sendto(raw, server)
    for raw in torture.scanners(host, port, rounds=60):
        stranger.sendto(raw, server)
    # Whoever is behind it waits for nothing: the port answers a stranger, and the call goes on where it was.
    assert (await answered_last(stranger, scene))[-1] == 200
    await citizen.send_digits("1")
    await scene.hears(citizen, "greeting.recording")
    assert scene.hotline.asterisk is not None
    assert scene.hotline.asterisk.is_running
    assert [session.call for session in scene.hotline.front_door.registry] == [call]
    log = (scene.rendered.log / "security.log").read_text(encoding="utf-8", errors="replace")
    assert {found("hotline-scanners", line) for line in log.splitlines()} == {None, "127.0.0.1"}


async def answered_last(stranger: socket.socket, scene: Scene) -> list[int]:
    """An OPTIONS of our own behind all that was sent; what came for the rest is thrown away."""
    loop = asyncio.get_running_loop()
    host, port = stranger.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind((host, 0))
        own.setblocking(False)
        via = f"SIP/2.0/UDP {host}:{own.getsockname()[1]};branch=z9hG4bKlast;rport"
        start = f"OPTIONS sip:{scene.rendered.hotline_number}@{host} SIP/2.0"
        raw = torture.message("last", start, Via=via).raw
        for _ in range(40):  # sent again as SIP does: a flood fills the socket's buffer
            own.sendto(raw, (host, scene.rendered.ports.sip))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    return [int((await loop.sock_recv(own, 65_536))[8:11])]
    raise AssertionError("the port does not answer any more")


async def test_a_stranger_reaches_the_hotline_only(scene: Scene) -> None:
    """Agents, codes, numbers abroad: no such number, and the controller hears of none of them."""
    asked = [
        answered(scene, f"toll{number}", f"INVITE sip:{user}@127.0.0.1 SIP/2.0")
        for number, user in enumerate(FORBIDDEN)
    ]
    # `h` is where a call goes that is over: nothing is done there, and the call is declined.
    assert await asyncio.gather(*asked) == [603 if user == "h" else 404 for user in FORBIDDEN]
    # As an agent: challenged, whoever it says it is; no secret, no call.
    forged = {"From": "<sip:a1001@127.0.0.1>;tag=f"}
    assert await answered(scene, "forged", "INVITE sip:*45@127.0.0.1 SIP/2.0", **forged) == 401
    assert scene.stages() == []
    assert set(scene.states().values()) == {"offline"}


async def test_a_citizens_keys_and_transfer_dial_nothing(scene: Scene) -> None:
    """An agent's code by keys answers the menu; a transfer by the telephone is refused, and the call goes on."""
    citizen = await scene.citizen()
    await citizen.send_digits("*45")
    await citizen.send_digits("*490013800000077#")
    assert isinstance(citizen, LightPhone)
    with pytest.raises(PhoneError, match="transfer refused"):
        await citizen.refer("0013800000077")
    assert len(scene.stages()) == 1
    assert set(scene.states().values()) == {"offline"}
    assert scene.hotline.asterisk is not None
    channels = (await scene.hotline.asterisk.inventory()).channels.values()
    assert len([channel for channel in channels if channel.startswith("PJSIP/")]) == 1, channels


async def test_a_callers_number_is_only_ever_a_text(scene: Scene) -> None:
    """A caller whose number has a line break, quotes and a header in it is rung through to the agent as any other."""
    agent = await scene.agent("a1003")
    evil = "138%0d%0aX-Evil:%201%22%3b%40"
    citizen = await scene.enter(citizen_phone(scene.rendered, evil, kind=LightPhone))
    await citizen.dial(scene.rendered.hotline_uri)
    await citizen.events.next("established", timeout=20)
    await scene.until(lambda: len(scene.stages()) == 1, "the call")
    (session,) = scene.hotline.front_door.registry
    await citizen.send_digits("1")
    await scene.until(lambda: session.node == "main.question", "the question")
    await citizen.send_digits("0")
    await scene.until(lambda: scene.states()["a1003"] == "talking", "the agent has the call")
    assert isinstance(agent, LightPhone)
    assert agent.call is not None and agent.call.invite is not None
    names = [name.lower() for name, _ in agent.call.invite.headers]
    assert "x-evil" not in names
    assert session.facts.caller.isprintable()
    assert session.facts.caller.startswith("138")
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")
