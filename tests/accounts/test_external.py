"""An Asterisk that is not ours to start, shared with another hotline: the same accounts, by ARI alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from ivr.asterisk.process import PrivateAsterisk
from ivr.demo.lightphone import LightPhone
from ivr.main import hotline
from tests.support import parts_house
from tests.support.softphone import sip_server

pytestmark = pytest.mark.real


async def test_accounts_reach_an_asterisk_of_somebody_elses(
    asterisk: PrivateAsterisk, tmp_path: Path
) -> None:
    rendered = asterisk.rendered
    settings = parts_house.settings(tmp_path, parts_house.copy_flows(tmp_path / "flows"), 9)
    external = settings.asterisk.model_copy(
        update={
            "mode": "external",
            "app": "elsewhere",
            "ari_url": rendered.ari_url,
            "username": rendered.ari_user,
            "password": SecretStr(rendered.ari_password),
        }
    )
    async with hotline(settings.model_copy(update={"asterisk": external})) as running:
        accounts = running.telephony.accounts
        turned = await accounts.rotate("a1001", by="admin")
        assert turned.in_effect
        async with LightPhone("a1001", sip_server(rendered), password=turned.secret) as phone:
            await phone.register()
        other = rendered.account("agent1")
        async with LightPhone("agent1", sip_server(rendered), password=other.password) as phone:
            await phone.register()
        for username in await accounts.all():
            assert (await accounts.revoke(username, by="admin")).in_effect
        endpoints = await asterisk.cli("pjsip show endpoints")
        assert "a1001" not in endpoints and "agent1" in endpoints
