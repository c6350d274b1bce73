"""A real hotline for the tests of this folder: our controller, a private Asterisk, the recogniser, real phones.

Everything runs on the session's event loop; a test marks itself with `asyncio(loop_scope="session")`. After each test
no channel, bridge, session, listening or place in a queue may be left, in Asterisk's eyes and in ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from ivr.ari.results import Gone
from ivr.asterisk.process import START_TIMEOUT_S, PrivateAsterisk
from ivr.config import load_settings
from ivr.desk.people import Author
from ivr.errors import AriError, AsteriskError
from ivr.main import Hotline, RunningHotline
from tests.support import parts_house
from tests.support.citizens import Scene
from tests.support.parts_house import Trunk

ROOT = Path(__file__).parents[2]
SETTLE_S = 8.0
LOOK_EVERY_S = 0.2

# The shipped dialogue with a test's patience: shorter rings, wrap-ups and silences, the same nodes and prompts.
FASTER = {
    "queues.yaml": {
        "ring_s: 20": "ring_s: 10",
        "wrap_up_s: 10": "wrap_up_s: 1",
        "no_answer_pause_after: 3": "no_answer_pause_after: 9",
    },
    "hotline.yaml": {"first_input_s: 8": "first_input_s: 2"},
    "greeting.yaml": {"first_input_s: 5": "first_input_s: 2"},
    "complaint.yaml": {"first_input_s: 6": "first_input_s: 2"},
}


@pytest.fixture(scope="session")
def fast_flows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder: Path = tmp_path_factory.mktemp("flows") / "flows"
    shutil.copytree(ROOT / "flows", folder, symlinks=True, ignore=shutil.ignore_patterns("audio"))
    (folder / "audio").symlink_to(ROOT / "flows" / "audio")
    for name, changes in FASTER.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, f"{name} has no {old!r} any more"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    yield folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hotline(tmp_path_factory: pytest.TempPathFactory, fast_flows: Path) -> AsyncIterator[Hotline]:
    settings = load_settings(
        state_dir=tmp_path_factory.mktemp("hotline"),
        flows_dir=fast_flows,
        web={"port": 0},
        asterisk={"allow_anonymous": True},
        prompts={"render": False},
    )
    running = RunningHotline(settings)
    yield await running.start()
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def scene(hotline: Hotline) -> AsyncIterator[Scene]:
    """A stage for one test. Agents are logged out afterwards."""
    async with staged(hotline) as stage:
        yield stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def parts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Hotline, Trunk]]:
    """A hotline with the dialogue of tests/calls/flows, and its trunk to the outside."""
    port = parts_house.free_port()
    flows = parts_house.copy_flows(tmp_path_factory.mktemp("parts") / "flows")
    running = RunningHotline(parts_house.settings(tmp_path_factory.mktemp("parts-state"), flows, port))
    hotline = await running.start()
    assert hotline.rendered is not None
    yield hotline, parts_house.trunk_of(hotline.rendered, port)
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(parts: tuple[Hotline, Trunk]) -> AsyncIterator[Scene]:
    async with staged(parts[0]) as stage:
        yield stage


@pytest.fixture
def trunk(parts: tuple[Hotline, Trunk]) -> Trunk:
    return parts[1]


@asynccontextmanager
async def staged(hotline: Hotline) -> AsyncIterator[Scene]:
    before = asyncio.all_tasks()
    async with Scene(hotline) as stage:
        yield stage
    left = await _settled(hotline)
    for agent in hotline.dispatcher.board.agents:
        hotline.desk.log_out(Author.of_agent(agent))
    if left:
        assert hotline.asterisk is not None
        await hotline.asterisk.clear()
        pytest.fail(f"left behind: {left}")
    names = [
        t.get_name()
        for t in asyncio.all_tasks() - before
        if t is not asyncio.current_task() and t.get_name().startswith("c-")
    ]
    assert names == [], "tasks of a call that is over"


async def _settled(hotline: Hotline) -> str:
    """ "" when nothing is left anywhere, else what."""
    assert hotline.asterisk is not None
    try:
        inventory = await hotline.asterisk.wait_empty(SETTLE_S)
    except (AsteriskError, aiohttp.ClientError, TimeoutError) as error:
        await _started_anew(hotline, hotline.asterisk)
        return f"Asterisk did not answer ({error!r}), and was started anew"
    # Ours end a moment after Asterisk's.
    seen = -1
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            while len(hotline.front_door.registry) or hotline.dispatcher.board.entries():
                seen = await hotline.status.changed(seen)
    found: list[str] = []
    if not inventory.is_empty:
        found.append(f"channels {inventory.channels}, bridges {inventory.bridges}")
    if len(hotline.front_door.registry):
        found.append(f"calls {[session.call for session in hotline.front_door.registry]}")
    if hotline.dispatcher.board.entries():
        found.append(f"entries {hotline.dispatcher.board.entries()}")
    if hotline.front_door.repairs:
        found.append(f"the reconciler had to repair: {hotline.front_door.repairs}")
        hotline.front_door.repairs.clear()
    return "; ".join(found)


async def _started_anew(hotline: Hotline, asterisk: PrivateAsterisk) -> None:
    """One that is frozen costs one test, not all that follow: the keeper starts another."""
    with contextlib.suppress(AsteriskError):
        await asterisk.kill()
    async with asyncio.timeout(START_TIMEOUT_S):
        await hotline.ari.lost()
        seen = -1
        while not asterisk.is_running or hotline.status.snapshot().asterisk.trouble:
            seen = await hotline.status.changed(seen)
        await hotline.ari.ready()
        # Telephones can register when it has been told of them.
        assert hotline.rendered is not None
        wanted = {account.name for account in hotline.rendered.accounts}
        for _ in range(round(START_TIMEOUT_S / LOOK_EVERY_S)):
            if wanted <= await _endpoints(hotline):
                return
            await asyncio.sleep(LOOK_EVERY_S)


async def _endpoints(hotline: Hotline) -> set[str]:
    try:
        listed = await hotline.ari.endpoints.list()
    except AriError:
        return set()
    return set() if isinstance(listed, Gone) else {endpoint.resource for endpoint in listed.value}
