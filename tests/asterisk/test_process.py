"""The private Asterisk itself: starts clean, refuses strangers, ends."""

from __future__ import annotations

import aiohttp
import pytest

from ivr.asterisk.process import PrivateAsterisk

pytestmark = pytest.mark.real


async def test_the_log_of_the_start_has_nothing_to_complain_about(asterisk: PrivateAsterisk) -> None:
    log = asterisk.rendered.messages_log.read_text()
    assert "modules will be loaded" in log
    assert not [line for line in log.splitlines() if "ERROR" in line or "WARNING" in line]


async def test_a_wrong_password_is_refused(asterisk: PrivateAsterisk) -> None:
    rendered = asterisk.rendered
    for login in (None, aiohttp.encode_basic_auth("ivr", "wrong"), aiohttp.encode_basic_auth("ivr", "")):
        headers = {"Authorization": login} if login else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{rendered.ari_url}/channels") as response,
        ):
            assert response.status == 401
