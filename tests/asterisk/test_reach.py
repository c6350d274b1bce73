"""Who reaches what: citizens the hotline, agents their codes, strangers nothing but the demo's number."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderOptions, render
from ivr.demo.lightphone import LightPhone
from ivr.demo.recordings import load_recording
from ivr.demo.softphone import Softphone
from tests.asterisk.watching import watching
from tests.support.audio import contains
from tests.support.softphone import TRUNK_ADDRESS, sip_server

pytestmark = pytest.mark.real

STRANGER = "127.0.0.1"
NUMBERS_OUTSIDE = ("110", "013800000000", "+8613800000000", "123456", "1234")
NAMES_INSIDE = ("agent2", "*45", "s", "h", "fallback", "trunk")


async def refused_all(
    asterisk: PrivateAsterisk, callers: list[LightPhone], extensions: tuple[str, ...]
) -> None:
    """Each of the callers dials one of the extensions, all at once; fails if one is answered."""

    async def one(caller: LightPhone, extension: str) -> None:
        await caller.dial(uri(asterisk, extension))
        closed = await caller.events.next("closed", "established", timeout=30)
        assert closed.kind == "closed", f"{extension} was answered"

    async with asyncio.TaskGroup() as group:
        for caller, extension in zip(callers, extensions, strict=True):
            group.create_task(one(caller, extension), name=f"dial-{extension}")


def phone(asterisk: PrivateAsterisk, user: str, *, address: str) -> LightPhone:
    return LightPhone(user, sip_server(asterisk.rendered), address=address)


def agent(asterisk: PrivateAsterisk, name: str) -> LightPhone:
    password = asterisk.rendered.account(name).password
    return LightPhone(name, sip_server(asterisk.rendered), password=password)


def uri(asterisk: PrivateAsterisk, extension: str) -> str:
    return f"sip:{extension}@{sip_server(asterisk.rendered)}"


@pytest.mark.parametrize(("address", "endpoint"), [(TRUNK_ADDRESS, "trunk"), (STRANGER, "anonymous")])
async def test_a_citizen_reaches_the_controller(
    asterisk: PrivateAsterisk, address: str, endpoint: str
) -> None:
    async with (
        watching(asterisk.rendered) as controller,
        phone(asterisk, "13800000001", address=address) as citizen,
    ):
        await citizen.dial(asterisk.rendered.hotline_uri)
        start = await controller.next("StasisStart")
        assert start["args"] == ["call", "12345", endpoint]
        assert start["channel"]["caller"]["number"] == "13800000001"
        assert start["channel"]["state"] == "Up"
        await controller.post(f"channels/{start['channel']['id']}/answer")
        await citizen.events.next("established")
        log_before = asterisk.rendered.messages_log.read_text()
        await controller.hangup(start["channel"]["id"])
        await citizen.events.next("closed")
    await asterisk.wait_empty()
    assert asterisk.rendered.messages_log.read_text() == log_before, "the end of a call ran into the dialplan"


@pytest.mark.parametrize(
    ("dialled", "args"),
    [
        ("*45", ["feature", "*45", "agent1"]),
        ("*46", ["feature", "*46", "agent1"]),
        ("*47", ["feature", "*47", "agent1"]),
        ("*48", ["feature", "*48", "agent1"]),
        ("*483", ["feature", "*483", "agent1"]),
        ("12345", ["call", "12345", "agent1"]),
        ("1002", ["colleague", "1002", "agent1"]),
        # What is dialled is no second argument: it would say that another agent did.
        # Nor is it made another number, which the controller would find: it looks for the one that was dialled.
        ("1002,agent2", ["colleague", "1002agent2", "agent1"]),
        ("1002%22%2cagent2%22", ["colleague", "1002agent2", "agent1"]),
        ("*45,agent2", ["feature", "*45agent2", "agent1"]),
    ],
)
async def test_an_agent_reaches_codes_and_the_hotline(
    asterisk: PrivateAsterisk, dialled: str, args: list[str]
) -> None:
    async with watching(asterisk.rendered) as controller, agent(asterisk, "agent1") as caller:
        await caller.register()
        await caller.dial(uri(asterisk, dialled))
        start = await controller.next("StasisStart")
        assert start["args"] == args
        await controller.hangup(start["channel"]["id"])
        await caller.events.next("closed")


@pytest.mark.parametrize("address", [TRUNK_ADDRESS, STRANGER])
async def test_nobody_outside_reaches_anything_else(asterisk: PrivateAsterisk, address: str) -> None:
    extensions = (*NUMBERS_OUTSIDE, *NAMES_INSIDE)
    async with (
        AsyncExitStack() as stack,
        watching(asterisk.rendered) as controller,
        agent(asterisk, "agent2") as victim,
        phone(asterisk, "13800000001", address=address) as caller,
    ):
        await victim.register()
        callers = [
            await stack.enter_async_context(phone(asterisk, f"1380000{number:04}", address=address))
            for number in range(len(extensions))
        ]
        await refused_all(asterisk, callers, extensions)
        # The controller's socket would have had the start of a call before that of this one.
        await caller.dial(asterisk.rendered.hotline_uri)
        start = await controller.next("StasisStart")
        assert controller.seen == ["StasisStart"]
        assert start["args"][1] == "12345"
        await controller.hangup(start["channel"]["id"])
        await caller.events.next("closed")
        assert "incoming" not in {event.kind for event in victim.events.history}


async def test_an_agent_reaches_no_outside_number_and_no_colleague(asterisk: PrivateAsterisk) -> None:
    extensions = (*NUMBERS_OUTSIDE, "agent2")
    async with AsyncExitStack() as stack, agent(asterisk, "agent2") as colleague:
        await colleague.register()
        # Phones that know agent1's password; unregistered, each can have a call of its own.
        password = asterisk.rendered.account("agent1").password
        callers = [
            await stack.enter_async_context(
                LightPhone("agent1", sip_server(asterisk.rendered), password=password)
            )
            for _ in extensions
        ]
        await refused_all(asterisk, callers, extensions)
        assert "incoming" not in {event.kind for event in colleague.events.history}


async def test_an_unknown_number_hears_an_announcement_and_404(asterisk: PrivateAsterisk) -> None:
    announcement = load_recording(asterisk.binary.data / "sounds/en/ss-noservice.wav")
    server = sip_server(asterisk.rendered)
    async with Softphone("13800000001", server, address=TRUNK_ADDRESS) as caller:
        await caller.dial(uri(asterisk, "02012345678"))
        closed = await caller.events.next("closed", timeout=20)
        assert "404" in closed.detail
        assert contains(caller.received_audio(), announcement)
    lines = asterisk.rendered.messages_log.read_text().splitlines()
    (line,) = [line for line in lines if "unknown extension 020... (11 signs) from trunk" in line]
    assert "02012345678" not in line


async def test_a_name_alone_does_not_make_an_agent(asterisk: PrivateAsterisk) -> None:
    """A stranger who says he is agent1 is asked for the password."""
    async with phone(asterisk, "agent1", address=STRANGER) as impostor:
        await impostor.dial(uri(asterisk, "*45"))
        closed = await impostor.events.next("closed", "established")
        assert (closed.kind, closed.detail[:3]) == ("closed", "401")


async def test_without_the_demo_switch_strangers_reach_nothing(
    asterisk_binary: AsteriskBinary, tmp_path: Path
) -> None:
    rendered = render(tmp_path / "closed", asterisk_binary, RenderOptions(agents=("agent1",)))
    async with (
        PrivateAsterisk(asterisk_binary, rendered) as closed_house,
        watching(rendered) as controller,
        phone(closed_house, "13800000001", address=STRANGER) as stranger,
        phone(closed_house, "13800000002", address=TRUNK_ADDRESS) as citizen,
    ):
        await stranger.dial(rendered.hotline_uri)
        refused = await stranger.events.next("closed", "established")
        assert (refused.kind, refused.detail[:3]) == ("closed", "401")
        await citizen.dial(rendered.hotline_uri)
        start = await controller.next("StasisStart")
        assert start["args"] == ["call", "12345", "trunk"]
        await controller.hangup(start["channel"]["id"])
        await citizen.events.next("closed")
