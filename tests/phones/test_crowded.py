"""Twenty-five callers at once on two cores: real clients and light ones, each hears its own echo."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivr.asterisk.process import PrivateAsterisk
from tests.support.audio import contains, speech
from tests.support.softphone import LightPhone, Softphone, citizen_phone, sip_server

pytestmark = pytest.mark.real


async def test_twenty_five_callers_are_all_heard(plain: PrivateAsterisk, tmp_path: Path) -> None:
    clip = speech("Twenty five callers are talking at the same time.", tmp_path)
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(
                citizen_phone(
                    plain.rendered, f"13800000{number:03}", kind=Softphone if number % 5 == 0 else LightPhone
                )
            )
            for number in range(25)
        ]
        await asyncio.gather(*(phone.dial(f"sip:600@{sip_server(plain.rendered)}") for phone in phones))
        await asyncio.gather(*(phone.events.next("established") for phone in phones))
        [seconds, *_] = await asyncio.gather(*(phone.play(clip) for phone in phones))
        await asyncio.sleep(seconds + 1.0)
        await asyncio.gather(*(phone.hangup() for phone in phones))
        await asyncio.gather(*(phone.events.next("closed") for phone in phones))
        heard = [bool(contains(phone.received_audio(), clip)) for phone in phones]
    assert all(heard), heard
