"""Killed in the middle of a publish: either the old or the new version is live, wholly."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from ivr.versions.content import covered
from ivr.versions.service import Versions
from storage.store import Store
from tests.versions.drafts import BASE, LOUDER

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("after", ["files", "version", "release", "commit"])
async def test_either_the_old_or_the_new_version_is_live(store: Store, after: str) -> None:
    versions = Versions(store, "demo")
    old = (await versions.publish(BASE, author="li", message="first")).release
    url = store.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.versions.killed", url, after]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    assert await process.wait() == -signal.SIGKILL
    live = await versions.live()
    assert live is not None
    async with store.reading() as uow:
        stored = {version.hash for version in await uow.flow_versions.history("demo")}
    if after == "commit":
        assert (live.seq, await versions.sources(live.version)) == (2, covered(LOUDER))
        assert stored == {old.version, live.version}
    else:
        assert live == old
        assert stored == {old.version}
    again = await versions.publish(LOUDER, author="li", message="again")
    assert again.released is (after != "commit")
    assert await versions.sources(again.release.version) == covered(LOUDER)
