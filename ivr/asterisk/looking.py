"""What a private Asterisk says of itself over ARI: whether it answers, which channels and bridges it has."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from ivr.asterisk.render import RenderedAsterisk
from ivr.errors import AsteriskError

REQUEST_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Inventory:
    """What Asterisk itself says exists right now: ids of channels and bridges, each with a few words."""

    channels: dict[str, str]
    bridges: dict[str, str]

    @property
    def is_empty(self) -> bool:
        return not self.channels and not self.bridges


class Looking:
    """Asks the Asterisk of this configuration, whoever started it."""

    def __init__(self, rendered: RenderedAsterisk) -> None:
        self.rendered = rendered

    async def inventory(self) -> Inventory:
        """The channels and bridges there are, asked over ARI."""
        async with self.session() as session:
            return await self._listed(session)

    async def wait_empty(self, timeout_s: float = 10.0) -> Inventory:
        """Waits until no channel and no bridge is left; what is still there after `timeout_s`, else empty.

        Listens to Asterisk's own events before it looks, so nothing is polled.
        """
        async with self.session() as session:
            application = f"watch-{os.getpid()}-{id(session):x}"
            events = {"app": application, "subscribeAll": "true"}
            async with session.ws_connect(f"{self.rendered.ari_url}/events", params=events) as socket:
                found = await self._listed(session)
                try:
                    async with asyncio.timeout(timeout_s):
                        while not found.is_empty:
                            await socket.receive()
                            found = await self._listed(session)
                except TimeoutError:
                    return await self._listed(session)
                return found

    async def clear(self) -> None:
        """Hangs up every channel and destroys every bridge: for a test or a bench that starts from nothing.

        Raises AsteriskError when some are still there after a while.
        """
        async with self.session() as session:
            found = await self._listed(session)
            for kind, ids in (("channels", found.channels), ("bridges", found.bridges)):
                for one in ids:
                    async with session.delete(f"{self.rendered.ari_url}/{kind}/{quote(one, safe='')}"):
                        pass  # 404: it ended by itself meanwhile
        # Asterisk has taken the orders; they are carried out a little later.
        left = await self.wait_empty()
        if not left.is_empty:
            raise AsteriskError(f"cannot be cleared: {left}", mend="restart Asterisk")

    async def answers(self, session: aiohttp.ClientSession) -> bool:
        """Whether all its modules have started. Raises AsteriskError: it is not the one that it should be."""
        try:
            async with session.get(f"{self.rendered.ari_url}/asterisk/ping") as response:
                if response.status == 401:
                    raise AsteriskError(
                        f"another program answers at {self.rendered.http_url}",
                        mend="an Asterisk of before still runs there: end it",
                    )
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _listed(self, session: aiohttp.ClientSession) -> Inventory:
        channels = await self._get(session, "channels")
        bridges = await self._get(session, "bridges")
        return Inventory(
            channels={item["id"]: f"{item['name']} {item['state']}" for item in channels},
            bridges={item["id"]: f"{item['bridge_type']} with {len(item['channels'])}" for item in bridges},
        )

    async def _get(self, session: aiohttp.ClientSession, what: str) -> list[dict[str, Any]]:
        try:
            async with session.get(f"{self.rendered.ari_url}/{what}") as response:
                response.raise_for_status()
                answer: list[dict[str, Any]] = await response.json()
                return answer
        except aiohttp.ClientError as error:
            raise AsteriskError(
                f"no answer about {what}: {error}", mend=f"look at {self.rendered.log}"
            ) from error

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        login = aiohttp.encode_basic_auth(self.rendered.ari_user, self.rendered.ari_password)
        async with aiohttp.ClientSession(
            headers={"Authorization": login},
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
        ) as session:
            yield session
