"""A real Asterisk of this folder's own, with a plain dialplan: callers and phones made of Local channels."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.ari.client import AriSettings
from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderOptions, render
from tests.support.asterisk import assert_nothing_left

APP = "ari-tests"
DIALPLAN = f"""\
[ari-tests]
exten => in,1,Answer()
 same => n,Stasis({APP},in)
 same => n,Hangup()
exten => unanswered,1,Stasis({APP},unanswered)
 same => n,Hangup()
exten => quiet,1,Answer()
 same => n,Wait(60)
exten => keys,1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(1#)
 same => n,Wait(60)
exten => busy,1,Hangup(17)
exten => rings,1,Ringing()
 same => n,Wait(0.3)
 same => n,Answer()
 same => n,Wait(0.7)
 same => n,Hangup()
exten => never,1,Ringing()
 same => n,Wait(60)
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ari_asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateAsterisk]:
    binary = locate()
    rendered = render(tmp_path_factory.mktemp("ari-asterisk"), binary, RenderOptions())
    (rendered.config_file.parent / "extensions.d" / "ari-tests.conf").write_text(DIALPLAN, "utf-8")
    async with PrivateAsterisk(binary, rendered) as running:
        yield running


@pytest.fixture
async def asterisk(ari_asterisk: PrivateAsterisk) -> AsyncIterator[PrivateAsterisk]:
    """The test fails if it leaves a channel or a bridge in Asterisk."""
    yield ari_asterisk
    await assert_nothing_left(ari_asterisk)


@pytest.fixture
def settings(asterisk: PrivateAsterisk) -> AriSettings:
    rendered = asterisk.rendered
    return AriSettings(rendered.ari_url, rendered.ari_user, rendered.ari_password, app=APP)
