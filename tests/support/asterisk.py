"""A real Asterisk for tests: one for the whole session, started on first use.

    @pytest.mark.real
    async def test_x(asterisk: PrivateAsterisk) -> None: ...

`asterisk` is the session's (six agents, the demo's anonymous callers, loopback, free ports). When the test ends,
the fixture fails it if a channel or a bridge is left, says which, and ends them so that the next test starts clean.
`asterisk_session` is the same without that check. `asterisk_binary` is the program found on this machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.asterisk.locate import AsteriskBinary, locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import Fallback, RenderOptions, render

AGENTS = tuple(f"agent{number}" for number in range(1, 7))
HOTLINE = "12345"
TRUNK_ADDRESS = "127.0.0.2"
"""A SIP client that binds this loopback address is the trunk; at 127.0.0.1 it is an agent or a stranger."""

TEST_OPTIONS = RenderOptions(
    agents=AGENTS,
    hotline_number=HOTLINE,
    demo_anonymous=True,
    trunk_hosts=(TRUNK_ADDRESS,),
    fallback=Fallback(ring_s=5, wait_s=8, silence_s=2, longest_s=5),
)


@pytest.fixture(scope="session")
def asterisk_binary() -> Iterator[AsteriskBinary]:
    """`make setup` puts it there; AsteriskError says so when it did not."""
    yield locate()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asterisk_session(
    asterisk_binary: AsteriskBinary, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PrivateAsterisk]:
    folder: Path = tmp_path_factory.mktemp("asterisk")
    async with PrivateAsterisk(asterisk_binary, render(folder, asterisk_binary, TEST_OPTIONS)) as running:
        yield running


@pytest.fixture
async def asterisk(asterisk_session: PrivateAsterisk) -> AsyncIterator[PrivateAsterisk]:
    """The session's Asterisk; the test fails if it leaves a channel or a bridge there."""
    yield asterisk_session
    await assert_nothing_left(asterisk_session)


async def assert_nothing_left(asterisk: PrivateAsterisk, timeout_s: float = 5.0) -> None:
    """Fails when channels or bridges are still there after `timeout_s`; ends them first."""
    left = await asterisk.wait_empty(timeout_s)
    if left.is_empty:
        return
    await asterisk.clear()
    pytest.fail(f"left behind in Asterisk: channels {left.channels}, bridges {left.bridges}")
