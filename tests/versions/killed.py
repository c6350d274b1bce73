"""Publishes and kills itself on the way, as a program of its own: `python -m tests.versions.killed URL AFTER`.

AFTER: files, version, release (all before the commit) or commit.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from ivr.versions.service import Versions
from storage import flows
from storage.store import Store
from tests.versions.drafts import LOUDER


def deadly(method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def killing(*arguments: object) -> None:
        await method(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    return killing


async def main(url: str, after: str) -> None:
    match after:
        case "files":
            flows.FlowFiles.put = deadly(flows.FlowFiles.put)  # type: ignore[method-assign]
        case "version":
            flows.FlowVersions.put = deadly(flows.FlowVersions.put)  # type: ignore[method-assign]
        case "release":
            flows.FlowReleases.add = deadly(flows.FlowReleases.add)  # type: ignore[method-assign]
    async with await Store.open(url) as store:
        await Versions(store, "demo").publish(LOUDER, author="li", message="louder")
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
