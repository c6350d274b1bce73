"""What a command to Asterisk and the events after it cost this process: our client against a bare one on aiohttp.

    .venv/bin/python -m bench.commands [--quick]

A process of its own answers every command at once, over the event websocket and over HTTP, and does nothing else. Two
askers take turns, each on uvloop in this process, sixteen commands at a time, as a busy hotline sends them:

- baseline: `json.dumps`, `send_str`, a future by the request's number, `json.loads`; over HTTP a session's request.
- ours: `AriClient` with all that the running hotline has around a command: time limit, patience, metrics.

Told is the processor time of a command in microseconds (median of the rounds), by what carries it: `socket`, `http`.
`ratio`: ours to the baseline's, of a call's usual mix (thirteen over the websocket, four over HTTP).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry

from ivr.ari.client import AriClient, AriSettings
from ivr.watching.meters import Meters

AT_ONCE: Final = 16
MIX: Final = {"socket": 13, "http": 4}
"""Of the commands of a whole call (`bench.load`)."""
GOAL_RATIO: Final = 2.5
"""What typed answers, limits, retries and metrics may cost."""

WAYS: Final = ("socket", "http")
Ask = Callable[[int], Awaitable[object]]


async def serve() -> None:
    """Answers everything with 204; prints its port and runs until killed."""

    async def websocket(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                asked = json.loads(message.data)
                answer = {
                    "type": "RESTResponse",
                    "transaction_id": "",
                    "request_id": asked["request_id"],
                    "status_code": 204,
                    "reason_phrase": "No Content",
                    "uri": asked["uri"],
                }
                await socket.send_str(json.dumps(answer))
        return socket

    async def http(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({})  # of `/asterisk/info`, once
        return web.Response(status=204)

    application = web.Application()
    application.router.add_get("/ari/events", websocket)
    application.router.add_route("*", "/ari/{rest:.*}", http)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def processor_us(ask: Ask, commands: int) -> float:
    """Of one command, when `AT_ONCE` at a time are on their way."""
    numbers = iter(range(commands))

    async def worker() -> None:
        for number in numbers:
            await ask(number)

    began = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
    return (time.process_time() - began) / commands * 1e6


async def ours(port: int, way: str, commands: int) -> float:
    settings = AriSettings(
        f"http://127.0.0.1:{port}/ari", "ivr", "secret", rest="websocket", patience_s=20.0, heartbeat_s=60.0
    )
    async with AriClient(settings) as ari:
        ari.observed.watchers.append(Meters(CollectorRegistry()).see_command)
        await ari.ready()

        async def play(number: int) -> None:
            await ari.channels.stop_moh(channel_id=f"n1-1795726410.{number}")

        async def join(number: int) -> None:
            await ari.bridges.add_channel(
                bridge_id=f"c-n1-6b089c4a-{number:08x}.talk", channel=[f"n1-1795726410.{number}"]
            )

        ask = play if way == "socket" else join
        await processor_us(ask, commands // 10)
        return await processor_us(ask, commands)


async def plain(port: int, way: str, commands: int) -> float:
    base = f"http://127.0.0.1:{port}/ari"
    numbers = itertools.count()
    open_requests: dict[str, asyncio.Future[dict[str, Any]]] = {}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=40)) as session,
        session.ws_connect(f"{base}/events?app=ivr") as socket,
    ):

        async def read() -> None:
            async for message in socket:
                answer = json.loads(message.data)
                open_requests.pop(answer["request_id"]).set_result(answer)

        async def play(number: int) -> None:
            request_id = str(next(numbers))
            future = open_requests[request_id] = asyncio.get_running_loop().create_future()
            uri = f"channels/n1-1795726410.{number}/moh"
            request = {"type": "RESTRequest", "request_id": request_id, "method": "DELETE", "uri": uri}
            await socket.send_str(json.dumps(request))
            await future

        async def join(number: int) -> None:
            url = f"{base}/bridges/c-n1-6b089c4a-{number:08x}.talk/addChannel?channel=n1-1795726410.{number}"
            async with session.post(url) as response:
                await response.read()

        reader = asyncio.create_task(read())
        ask = play if way == "socket" else join
        await processor_us(ask, commands // 10)
        taken = await processor_us(ask, commands)
        reader.cancel()
        await asyncio.wait([reader])
        return taken


def run(commands: int, rounds: int) -> dict[str, Any]:
    """The bench's result. commands: of each asker, each way, in each round."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.commands", "--serve"], stdout=subprocess.PIPE, text=True
    )
    askers = {"ours": ours, "baseline": plain}
    taken: dict[tuple[str, str], list[float]] = {(asker, way): [] for asker in askers for way in WAYS}
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        for number in range(rounds):
            for (asker, way), found in taken.items():
                found.append(uvloop.run(askers[asker](port, way, commands)))
                print(f"round {number + 1}, {asker}, {way}: {found[-1]:.1f} us of processor time a command")
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()
    figures = {
        asker: {way: round(statistics.median(taken[asker, way]), 1) for way in WAYS} for asker in askers
    }
    for figure in figures.values():
        figure["call"] = round(sum(count * figure[way] for way, count in MIX.items()), 1)
    ratio = round(figures["ours"]["call"] / figures["baseline"]["call"], 3)
    return {"name": "commands", **figures, "ratio": ratio, "goals": {"ratio": ratio <= GOAL_RATIO}}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer commands and rounds: under 30 s")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve())
    else:
        print(json.dumps(run(*((2_000, 3) if options.quick else (10_000, 5)))))


if __name__ == "__main__":
    main()
