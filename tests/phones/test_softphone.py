"""baresip as a process: it ends with its phone, and says so when it ends by itself."""

from __future__ import annotations

import os

import pytest

from ivr.asterisk.process import PrivateAsterisk
from ivr.demo.phone import PhoneError, PhoneTimeout
from ivr.demo.softphone import Softphone
from tests.support.softphone import sip_server

pytestmark = pytest.mark.real


async def test_leaving_mid_call_hangs_up_and_ends_the_process(plain: PrivateAsterisk) -> None:
    async with Softphone("13800000001", sip_server(plain.rendered), address="127.0.0.2") as citizen:
        await citizen.dial(f"sip:600@{sip_server(plain.rendered)}")
        await citizen.events.next("established")
        pid = citizen.pid
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)  # not even a zombie


async def test_a_phone_that_dies_says_so_at_once(plain: PrivateAsterisk) -> None:
    async with Softphone("13800000001", sip_server(plain.rendered), address="127.0.0.2") as citizen:
        os.kill(citizen.pid, 9)
        with pytest.raises(PhoneError, match="exited"):
            await citizen.events.next("established", timeout=30)


async def test_no_event_names_what_came_instead(plain: PrivateAsterisk) -> None:
    async with Softphone("13800000001", sip_server(plain.rendered), address="127.0.0.2") as citizen:
        citizen.events.add("ringing")
        with pytest.raises(PhoneTimeout, match="seen.*ringing"):
            await citizen.events.next("established", timeout=0.05)
