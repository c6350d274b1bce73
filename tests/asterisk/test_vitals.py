"""Each part of an Asterisk that freezes alone is noticed; what goes on in time, or never answered, is left alone."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

import pytest
import typer
from aiohttp import web

from ivr.asterisk.vitals import (
    ANSWER_S,
    ASK_EVERY_S,
    Ask,
    Sign,
    Vitals,
    http_answers,
    sip_answers,
    until_frozen,
)
from ivr.cli import asterisk_watch
from ivr.config import AsteriskSettings
from tests.support.virtual_time import run_virtual

LIMIT_S = 30.0


class Part:
    """A part of an Asterisk that freezes and perhaps goes on, by the loop's clock."""

    def __init__(self, frozen_from_s: float = 1e9, until_s: float = 1e9) -> None:
        self._from_s, self._until_s = frozen_from_s, until_s

    def answers(self) -> bool:
        return not self._from_s <= asyncio.get_running_loop().time() < self._until_s

    async def ask(self) -> bool:
        answers = self.answers()
        await asyncio.sleep(0.01 if answers else ANSWER_S)
        return answers


def noticed(
    *, http: Part, sip: Part, events: Part, runs: Callable[[], bool] = lambda: True
) -> tuple[str, float]:
    """Why, and when; "" within ten minutes."""

    async def main() -> tuple[str, float]:
        try:
            async with asyncio.timeout(600):
                asks: dict[Sign, Ask] = {"http": http.ask, "sip": sip.ask}
                why = await until_frozen(LIMIT_S, asks, events_come=events.answers, runs=runs)
        except TimeoutError:
            why = ""
        return why, asyncio.get_running_loop().time()

    return run_virtual(main)


@pytest.mark.parametrize(
    ("part", "words"),
    [("http", "ARI over HTTP"), ("sip", "SIP (OPTIONS)"), ("events", "the event websocket")],
)
def test_a_part_that_freezes_alone_is_noticed(part: str, words: str) -> None:
    parts = {name: Part() for name in ("http", "sip", "events")} | {part: Part(100.0)}
    why, at_s = noticed(**parts)
    assert why.endswith(f"s from {words}")
    assert 100 + LIMIT_S - 1 <= at_s <= 100 + LIMIT_S + ASK_EVERY_S + 2


def test_one_that_is_stopped_for_a_while_and_goes_on_is_left_alone() -> None:
    stopped = Part(100.0, 100.0 + LIMIT_S - 3)
    assert noticed(http=stopped, sip=stopped, events=stopped)[0] == ""


def test_a_part_that_has_never_answered_says_nothing() -> None:
    assert noticed(http=Part(), sip=Part(0.0), events=Part())[0] == ""


def test_what_does_not_run_is_not_frozen() -> None:
    """Ended, and started again a minute later: the time in between is nobody's silence."""
    away = Part(100.0, 160.0)
    assert noticed(http=away, sip=away, events=away, runs=away.answers)[0] == ""


@pytest.mark.parametrize("fault", ["no files left", "an error of ours", "kept waiting"])
def test_what_could_not_be_asked_ends_nobody(fault: str) -> None:
    """A controller without files, or far behind, must not have Asterisk ended, and all calls with it."""

    class Asked(Part):
        async def ask(self) -> bool | None:  # type: ignore[override]
            if self.answers():
                return True
            if fault == "no files left":
                return None
            if fault == "an error of ours":
                raise RuntimeError
            await asyncio.sleep(ANSWER_S + 2)
            return False

    assert noticed(http=Asked(100.0), sip=Asked(100.0, 200.0), events=Part())[0] == ""


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EADDRNOTAVAIL])
async def test_who_has_no_files_left_has_not_asked(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*given: object, **more: object) -> None:
        raise OSError(number, "none left")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_datagram_endpoint", refused)
    monkeypatch.setattr(asyncio, "open_connection", refused)
    assert await sip_answers("127.0.0.1", 5060) is None
    assert await asterisk_watch._listens("127.0.0.1", 8088) is None


def test_a_time_in_which_we_stood_still_ourselves_is_not_counted() -> None:
    vitals = Vitals(1.0)
    vitals.tick(0.0)
    vitals.heard("events")
    vitals.tick(100.0)
    assert vitals.frozen(LIMIT_S) == ""
    for now in range(101, 130):
        vitals.tick(float(now))
    assert vitals.frozen(LIMIT_S) == "no answer for 31 s from the event websocket"


async def test_any_answer_of_sip_will_do_and_none_is_none() -> None:
    said: list[bytes] = []

    class Server(asyncio.DatagramProtocol):
        mute = False

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: object) -> None:
            said.append(data)
            if not self.mute:
                call = next(line for line in data.split(b"\r\n") if line.startswith(b"Call-ID"))
                self.transport.sendto(b"SIP/2.0 401 Unauthorized\r\n" + call + b"\r\n\r\n", addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        assert await sip_answers("0.0.0.0", port)
        assert said[0].startswith(b"OPTIONS sip:127.0.0.1:")
        server.mute = True
        said.clear()
        assert not await sip_answers("127.0.0.1", port, within_s=0.4)
        assert len(said) == 2, "a lost packet is no freeze"
    finally:
        transport.close()


async def test_any_answer_of_http_will_do_and_none_is_none() -> None:
    async def failing(request: web.Request) -> web.Response:
        assert request.path == "/ari/applications/ivr"
        assert request.headers["Authorization"].startswith("Basic ")
        return web.Response(status=500)

    app = web.Application()
    app.router.add_get("/{tail:.*}", failing)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    assert await http_answers(f"http://127.0.0.1:{port}/ari", "ivr", "secret", "ivr")
    await runner.cleanup()
    assert not await http_answers(f"http://127.0.0.1:{port}/ari", "ivr", "secret", "ivr")


async def test_what_refuses_connections_is_not_there_and_what_hangs_is() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await asterisk_watch._listens("127.0.0.1", port)
    server.close()
    await server.wait_closed()
    assert not await asterisk_watch._listens("127.0.0.1", port)


def test_the_watch_says_by_its_exit_code_that_asterisk_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[AsteriskSettings] = []

    async def frozen(settings: AsteriskSettings) -> str:
        watched.append(settings)
        return "no answer for 30 s from SIP (OPTIONS)"

    monkeypatch.setattr(asterisk_watch, "watch", frozen)
    monkeypatch.setattr(asterisk_watch.house_log, "setup", lambda *told: None)
    with pytest.raises(typer.Exit) as ended:
        asterisk_watch.asterisk_watch()
    assert ended.value.exit_code == asterisk_watch.FROZEN
    assert watched[0].mode == "external"
