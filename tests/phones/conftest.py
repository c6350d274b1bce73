"""An Asterisk of this folder's own, with a plain dialplan that answers, plays tones, reads keys and dials agents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderOptions, render
from tests.support.asterisk import assert_nothing_left
from tests.support.audio import save_ulaw, tone

DIALPLAN = """\
[from-trunk](+)
; echo
exten => 600,1,Answer()
 same => n,Echo()
; 440 Hz until a key; then 880 Hz after 1, 1200 Hz after anything else
exten => 602,1,Answer()
 same => n,Read(KEY,{sounds}/440,1,,,5)
 same => n,GotoIf($["${{KEY}}" = "1"]?one)
 same => n,Playback({sounds}/1200)
 same => n,Hangup()
 same => n(one),Playback({sounds}/880)
 same => n,Hangup()
; reads up to eight keys and writes them to a file
exten => 603,1,Answer()
 same => n,Read(KEYS,{sounds}/440,8,,1,3)
 same => n,Set(FILE({sounds}/keys.txt)=${{KEYS}})
 same => n,Hangup()
; the hotline: a tone and a pause, twice, then the agents' phones, one after the other
exten => 12345,1,Answer()
 same => n,Playback({sounds}/440)
 same => n,Wait(2)
 same => n,Playback({sounds}/440)
 same => n,Dial(PJSIP/agent1,8)
 same => n,Dial(PJSIP/agent2,8)
 same => n,Hangup()
; agents
exten => 701,1,Dial(PJSIP/agent1,20)
 same => n,Hangup()
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phones_asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateAsterisk]:
    binary = locate()
    folder: Path = tmp_path_factory.mktemp("phones-asterisk")
    options = RenderOptions(
        agents=("agent1", "agent2"),
        demo_anonymous=True,
        rtp_count=400,
        extra_modules=("app_echo.so", "app_read.so"),
    )
    rendered = render(folder, binary, options)
    for hz in (440, 880, 1200):
        save_ulaw(folder / f"{hz}.ulaw", tone(hz, 1.0))
    # Direct extensions of a context win over those it includes, here over the hotline's and the feature codes' own.
    (rendered.etc / "extensions.d" / "phones.conf").write_text(DIALPLAN.format(sounds=folder))
    async with PrivateAsterisk(binary, rendered) as running:
        yield running


@pytest.fixture
async def plain(phones_asterisk: PrivateAsterisk) -> AsyncIterator[PrivateAsterisk]:
    """The session's plain Asterisk; fails the test that leaves a channel or bridge there."""
    yield phones_asterisk
    await assert_nothing_left(phones_asterisk)
