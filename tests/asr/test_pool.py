"""The worker process and its owner, with engines that need no model: real process, websocket, RTP and endpointing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import psutil
import pytest
from yarl import URL

from asr.no_ears import NoEars
from asr.pool import WorkerPool
from asr.protocol import (
    AsrUnavailable,
    Ears,
    Failed,
    Final,
    Heard,
    Hearing,
    LineQuality,
    ListenRequest,
    Partial,
    SpeechBegan,
    SpeechEnded,
)
from asr.service import PATH, Worker, serving
from asr.settings import EngineSpec, PoolSettings, WorkerSettings
from tests.support.speech import noise, send, silence, synthesised

pytestmark = pytest.mark.real

PATIENCE_S = 30.0


def spec(name: str) -> EngineSpec:
    return EngineSpec(f"tests.support.fake_engine:{name}", name, "", ("zh", "en"))


def settings(*engines: str, max_streams: int = 16) -> PoolSettings:
    worker = WorkerSettings(tuple(spec(name) for name in engines), max_streams=max_streams)
    return PoolSettings(worker, restart_first_s=0.05)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return synthesised("I want to file a complaint", tmp_path_factory.mktemp("said"))


@pytest.fixture
async def ears() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(settings("whole")) as pool:
        yield pool


async def collect(hearing: Hearing) -> list[Heard]:
    async with asyncio.timeout(PATIENCE_S):
        return [heard async for heard in hearing]


async def say(hearing: Hearing, pcm: bytes, *, speed: float = 8.0) -> list[Heard]:
    sending = asyncio.create_task(send(pcm, hearing.media_host, hearing.media_port, speed=speed))
    try:
        return await collect(hearing)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await hearing.aclose()


async def test_a_pool_that_is_not_waited_for_is_there_later() -> None:
    async with WorkerPool(settings("whole"), waits=False) as pool:
        assert not any(worker.ready for worker in pool.state())
        assert pool.understood == frozenset()
        assert await pool.wait_ready(PATIENCE_S)
        assert pool.languages() == pool.understood == {"zh", "en"}


async def test_from_packets_to_text(ears: WorkerPool, speech: bytes) -> None:
    hearing = await ears.open(ListenRequest("zh"))
    heard = await say(hearing, silence(1.0) + speech + silence(3.0))
    began, quality, ended, final = (one for one in heard if not isinstance(one, Partial))
    assert isinstance(began, SpeechBegan) and 0.9 < began.at_s < 1.3
    assert isinstance(quality, LineQuality) and quality.speech_dbfs is not None
    assert isinstance(ended, SpeechEnded) and ended.cause == "silence"
    assert isinstance(final, Final)
    # The engine hears the speech with a little before and after, not the silence around it.
    seconds = len(speech) / 32_000
    assert seconds - 0.5 < float(final.text) < seconds + 1.0
    assert await collect(hearing) == []


async def test_an_engine_that_streams_gives_partials(speech: bytes) -> None:
    async with WorkerPool(settings("streaming")) as pool:
        heard = await say(await pool.open(ListenRequest("zh")), speech + silence(3.0), speed=2.0)
    assert isinstance(heard[0], SpeechBegan) and isinstance(heard[-1], Final)
    partials = [int(one.text) for one in heard if isinstance(one, Partial)]
    assert len(partials) > 3 and partials == sorted(partials)


async def test_noise_is_no_barge_in(ears: WorkerPool, speech: bytes) -> None:
    hearing = await ears.open(ListenRequest("en"))
    heard = await say(hearing, noise(2.0) + silence(1.0) + speech + silence(3.0))
    began = heard[0]
    assert isinstance(began, SpeechBegan) and began.at_s > 2.8


async def test_a_phone_that_sends_nothing_in_silence_is_answered_all_the_same(
    ears: WorkerPool, speech: bytes
) -> None:
    heard = await say(await ears.open(ListenRequest("en")), speech, speed=1.0)
    kinds = [type(one) for one in heard if not isinstance(one, Partial)]
    assert kinds == [SpeechBegan, LineQuality, SpeechEnded, Final]


async def test_two_callers_are_kept_apart(ears: WorkerPool, speech: bytes) -> None:
    short = speech[: 32_000 + 16_000]
    first = await ears.open(ListenRequest("en"))
    second = await ears.open(ListenRequest("zh"))
    assert first.media_port != second.media_port
    one, two = await asyncio.gather(say(first, speech + silence(3.0)), say(second, short + silence(3.0)))
    final_one, final_two = one[-1], two[-1]
    assert isinstance(final_one, Final) and isinstance(final_two, Final)
    assert (final_one.language, final_two.language) == ("en", "zh")
    assert float(final_one.text) > float(final_two.text) + 0.3


async def test_a_worker_that_dies_in_an_utterance_costs_that_one_only(
    ears: WorkerPool, speech: bytes
) -> None:
    doomed = await ears.open(ListenRequest("zh", ("die",)))
    beside = await ears.open(ListenRequest("zh"))
    heard = await say(doomed, speech + silence(3.0))
    assert isinstance(heard[-1], Failed) and heard[-1].cause == "lost"
    lost = await collect(beside)
    assert [type(one) for one in lost] == [Failed]
    await beside.aclose()
    assert await ears.wait_ready(PATIENCE_S)
    again = await say(await ears.open(ListenRequest("zh")), speech + silence(3.0))
    assert isinstance(again[-1], Final)
    assert ears.state()[0].restarts == 1


async def test_a_killed_worker_is_started_again(ears: WorkerPool) -> None:
    hearing = await ears.open(ListenRequest("zh"))
    pid = ears.state()[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    (failed,) = await collect(hearing)
    assert isinstance(failed, Failed) and failed.cause == "lost"
    assert await ears.wait_ready(PATIENCE_S)
    assert ears.state()[0].pid != pid
    await hearing.aclose()


async def test_an_engine_that_fails_hands_the_utterance_on(speech: bytes) -> None:
    async with WorkerPool(settings("whole", "second")) as pool:
        heard = await say(await pool.open(ListenRequest("en", ("fail",))), speech + silence(3.0))
    assert isinstance(heard[-1], Final) and heard[-1].engine == "second"


async def test_an_engine_that_fails_alone_is_a_failed_hearing_and_no_dead_worker(
    ears: WorkerPool, speech: bytes
) -> None:
    heard = await say(await ears.open(ListenRequest("en", ("fail",))), speech + silence(3.0))
    assert isinstance(heard[-1], Failed) and heard[-1].cause == "lost"
    heard = await say(await ears.open(ListenRequest("en")), speech + silence(3.0))
    assert isinstance(heard[-1], Final)


async def test_one_caller_too_many_is_told_at_once_and_a_free_place_is_used(speech: bytes) -> None:
    async with WorkerPool(settings("whole", max_streams=1)) as pool:
        first = await pool.open(ListenRequest("zh"))
        with pytest.raises(AsrUnavailable) as refused:
            await pool.open(ListenRequest("zh"))
        assert refused.value.cause == "overloaded"
        await first.aclose()
        second = await pool.open(ListenRequest("zh"))
        await second.aclose()
        await second.aclose()


async def test_a_language_nobody_knows_is_refused(ears: WorkerPool) -> None:
    assert ears.languages() == {"zh", "en"}
    with pytest.raises(AsrUnavailable) as refused:
        await ears.open(ListenRequest("fr"))
    assert refused.value.cause == "language"


async def test_a_worker_that_cannot_load_its_model_says_why() -> None:
    async with WorkerPool(settings("broken")) as pool:
        assert pool.languages() == frozenset()
        with pytest.raises(AsrUnavailable, match="this model is damaged") as refused:
            await pool.open(ListenRequest("zh"))
    assert refused.value.cause == "unavailable"


async def test_nothing_is_left_when_the_pool_closes_with_callers_and_a_hanging_engine(speech: bytes) -> None:
    async with WorkerPool(settings("whole")) as pool:
        hanging = await pool.open(ListenRequest("zh", ("hang",)))
        sending = asyncio.create_task(
            send(speech + silence(1.5), hanging.media_host, hanging.media_port, speed=8.0)
        )
        began = await anext(aiter(hanging))
        assert isinstance(began, SpeechBegan)
        await sending
        pid = pool.state()[0].pid
        assert pid is not None and psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
    *_, failed = await collect(hanging)
    assert isinstance(failed, Failed)


async def test_whoever_iterates_a_hearing_that_is_closed_comes_to_an_end(ears: WorkerPool) -> None:
    hearing = await ears.open(ListenRequest("zh"))
    waiting = asyncio.create_task(collect(hearing))
    await asyncio.sleep(0)
    await hearing.aclose()
    assert await waiting == []


async def test_a_caller_who_gives_up_opening_leaves_no_place_taken() -> None:
    async with WorkerPool(settings("whole", max_streams=1)) as pool:
        opening = asyncio.create_task(pool.open(ListenRequest("zh")))
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        hearing = await pool.open(ListenRequest("zh"))
        await hearing.aclose()


@contextlib.asynccontextmanager
async def worker_here() -> AsyncIterator[str]:
    """A worker in this process: its websocket's address."""
    worker = await asyncio.to_thread(Worker, WorkerSettings((spec("whole"),), token="right"))
    async with serving(worker) as port:
        yield f"http://127.0.0.1:{port}{PATH}"


async def an_answer(connection: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """The next message that answers something."""
    async with asyncio.timeout(PATIENCE_S):
        while (message := await connection.receive_json())["on"] in ("hello", "state"):
            pass
    return dict(message)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
async def test_without_the_token_nobody_is_heard(headers: dict[str, str]) -> None:
    async with worker_here() as address, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(address, headers=headers)
        assert refused.value.status == 401


async def test_a_token_that_is_no_text_is_a_wrong_one_and_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with worker_here() as address:
        where = URL(address)
        reader, writer = await asyncio.open_connection(where.host, where.port)
        head = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ".encode()
        writer.write(head + b"\xff\xed\xa0\x80\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.readline()).startswith(b"HTTP/1.1 401")
        writer.close()
    assert not any(record.exc_info for record in caplog.records)


async def test_garbage_on_the_websocket_harms_nobody() -> None:
    headers = {"Authorization": "Bearer right"}
    async with (
        worker_here() as address,
        aiohttp.ClientSession() as session,
        session.ws_connect(address, headers=headers) as connection,
    ):
        assert (await connection.receive_json())["on"] == "hello"
        for garbage in ("", "[]", '{"do":"open"}', '{"do":"shout","id":"1"}'):
            await connection.send_str(garbage)
        request = {"language": "zh"}
        for wrong in ({}, {"request": request, "media_from": ["asterisk"]}, {"request": {"phrases": 7}}):
            await connection.send_json({"do": "open", "id": "1", **wrong})
            answer = await an_answer(connection)
            assert (answer["on"], answer["id"], answer["cause"]) == ("refused", "1", "unavailable")
        await connection.send_json({"do": "open", "id": "2", "request": request})
        answer = await an_answer(connection)
        assert answer["on"] == "opened" and answer["id"] == "2"


async def test_the_hearings_of_an_owner_end_with_its_websocket() -> None:
    worker = await asyncio.to_thread(Worker, WorkerSettings((spec("whole"),), token="right"))
    headers = {"Authorization": "Bearer right"}
    async with serving(worker) as port, aiohttp.ClientSession() as session:
        connection = await session.ws_connect(f"http://127.0.0.1:{port}{PATH}", headers=headers)
        await connection.send_json({"do": "open", "id": "1", "request": {"language": "zh"}})
        assert (await an_answer(connection))["on"] == "opened"
        assert worker.open_count == 1
        await connection.close()
    assert worker.open_count == 0


def test_a_worker_ends_when_its_owner_is_gone() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "asr.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(WorkerSettings((spec("whole"),), token="t").to_json() + "\n")
        process.stdin.flush()
        assert '"ready":true' in process.stdout.readline()
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


def free_range(count: int) -> int:
    """The first of `count` UDP ports in a row that are free now."""
    for first in range(42_000, 60_000, count):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    taken = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports on this machine")


async def test_media_ports_come_from_the_range_and_are_given_back() -> None:
    first = free_range(4)
    worker = WorkerSettings((spec("whole"),), media_ports=(first, first + 3))
    async with WorkerPool(PoolSettings(worker)) as pool:
        taken = [await pool.open(ListenRequest("zh")) for _ in range(4)]
        assert {hearing.media_port for hearing in taken} <= set(range(first, first + 4))
        with pytest.raises(AsrUnavailable) as refused:
            await pool.open(ListenRequest("zh"))
        assert refused.value.cause == "overloaded"
        await taken[1].aclose()
        again = await pool.open(ListenRequest("zh"))
        assert again.media_port == taken[1].media_port
        for hearing in (*taken, again):
            await hearing.aclose()


async def test_a_machine_without_models_says_so() -> None:
    ears: Ears = NoEars()
    assert ears.languages() == frozenset()
    with pytest.raises(AsrUnavailable, match="ivr models fetch"):
        await ears.open(ListenRequest("zh"))
