"""The web services of live scenarios: a server on this machine that answers as a scenario says, address by address."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from ivr.flow.actions import Request
from ivr.flow.inputs import OpId
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.beginning import world_of
from ivr.flow.scenarios.model import Given, LookupAnswer, RequestAnswer
from ivr.flow.sources import LookupSource

LONGEST_S: Final = 60.0
"""A request that nobody answers is given up."""
TOO_LARGE: Final = 5_000_000


@dataclass(slots=True)
class _Asked:
    """A request that waits for a turn of the scenario."""

    source: LookupSource | None
    answer: asyncio.Future[RequestAnswer]


@dataclass(slots=True)
class Services:
    """`begin` for each call, then `answer` what waits. One call at a time."""

    address: str
    """`http://127.0.0.1:8`."""
    library: FlowLibrary
    _given: Given = field(default_factory=lambda: Given.model_validate({}))
    _node: Callable[[], str] = lambda: ""
    _used: dict[int, int] = field(default_factory=dict)
    _waiting: list[_Asked] = field(default_factory=list)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def host(self) -> str:
        return self.address.removeprefix("http://")

    @property
    def waits(self) -> bool:
        """Whether something is asked that a turn of the scenario has to answer."""
        return bool(self._waiting)

    def begin(self, given: Given, node: Callable[[], str]) -> None:
        """node: where the dialogue stands."""
        self._given, self._node = given, node
        self._used = {}
        for asked in self._waiting:
            asked.answer.cancel()
        self._waiting = []

    async def answer(self, answer: RequestAnswer | LookupAnswer, within_s: float) -> bool:
        """What a turn says, as soon as something is asked. False: nothing is."""
        lookup = isinstance(answer, LookupAnswer)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._asked.clear()
                    for asked in self._waiting:
                        if (asked.source is not None) == lookup:
                            self._waiting.remove(asked)
                            asked.answer.set_result(_found(answer, asked.source))
                            return True
                    await self._asked.wait()
        except TimeoutError:
            return False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        scheme, host, path = (
            request.match_info["scheme"],
            request.match_info["host"],
            request.match_info["path"],
        )
        query = f"?{request.query_string}" if request.query_string else ""
        url = f"{scheme}://{host}/{path}{query}"
        source = next((each for each in self.library.sources.values() if _asks(each, url)), None)
        if source is not None and source.name in self._given.lookups:
            rule = self._given.lookups[source.name]
            await asyncio.sleep(rule.after_s)
            return await _respond(request, _found(rule, source))
        found = None if source is not None else self._by_rule(request.method, url)
        if found is not None:
            after_s, answer = found
            await asyncio.sleep(after_s)
            return await _respond(request, answer)
        asked = _Asked(source, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._asked.set()
        try:
            async with asyncio.timeout(LONGEST_S):
                return await _respond(request, await asked.answer)
        finally:
            if asked in self._waiting:
                self._waiting.remove(asked)

    def _by_rule(self, method: str, url: str) -> tuple[float, RequestAnswer] | None:
        world = world_of(self._given)
        wanted = Request(OpId(""), "GET" if method == "GET" else "POST", url)
        found = world.requested(wanted, self._node(), self._used)
        if found is None:
            return None
        index = found[0]
        self._used[index] = self._used.get(index, 0) + 1
        rule = world.requests[index]
        return rule.after_s, RequestAnswer(outcome=rule.outcome, status=rule.status, body=rule.body)


def _asks(source: LookupSource, url: str) -> bool:
    """Whether the address is one of this source's."""
    if source.kind != "http":
        return False
    parts = re.split(r"\{[^{}]*\}", source.url.partition("#")[0])
    return re.match("[^/?#]+".join(re.escape(part) for part in parts), url) is not None


def _found(answer: RequestAnswer | LookupAnswer, source: LookupSource | None) -> RequestAnswer:
    """What a web service says so that the source finds just that."""
    if isinstance(answer, RequestAnswer):
        return answer
    match answer.effective:
        case "found":
            body: Any = answer.found
            for name in reversed(source.pick.split(".") if source is not None and source.pick else []):
                body = [*[None] * int(name), body] if name.isdecimal() else {name: body}
            return RequestAnswer(body=body)
        case "none":
            return RequestAnswer(status=404)
        case "timeout":
            return RequestAnswer(outcome="timeout")
        case _:
            return RequestAnswer(status=500)


async def _respond(request: web.Request, answer: RequestAnswer) -> web.StreamResponse:
    match answer.outcome:
        case "timeout":
            await asyncio.sleep(LONGEST_S)
            return web.Response(status=504)
        case "failed":
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        case "invalid":
            return web.Response(text="{no JSON", content_type="application/json")
        case "too_large":
            return web.Response(text="x" * TOO_LARGE)
        case _:
            if isinstance(answer.body, str):
                return web.Response(status=answer.status, text=answer.body)
            text = "" if answer.body is None else json.dumps(answer.body, ensure_ascii=False)
            return web.Response(status=answer.status, text=text, content_type="application/json")


@asynccontextmanager
async def serve(library: FlowLibrary) -> AsyncIterator[Services]:
    """A server on a free port. library: as its authors wrote it."""
    services = Services("", library)
    app = web.Application(client_max_size=TOO_LARGE)
    app.router.add_route("*", "/{scheme:https?}/{host}/{path:.*}", services.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        services.address = f"http://127.0.0.1:{port}"
        yield services
    finally:
        await runner.cleanup()
