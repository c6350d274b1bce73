"""A place for a worker stays filled: frozen ones are found, those that grow are replaced, those that die come back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest

from asr.pool import WorkerPool
from asr.protocol import AsrUnavailable, Failed, Final, ListenRequest
from asr.settings import PoolSettings
from tests.asr.test_pool import PATIENCE_S, collect, say, settings
from tests.support.speech import silence, synthesised

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return synthesised("I want to file a complaint", tmp_path_factory.mktemp("said"))


async def eventually(holds: Callable[[], bool]) -> None:
    """What the worker tells of itself every twentieth of a second; fails after half a minute."""
    for _ in range(1500):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to hold")


def quick(*engines: str) -> PoolSettings:
    made = settings(*engines)
    return replace(
        made,
        worker=replace(made.worker, tell_s=0.05),
        heartbeat_s=1.0,
        replace_after_s=0.1,
        growth_mb=30.0,
        restart_wait_s=PATIENCE_S,
    )


async def test_a_frozen_worker_is_found_and_replaced(speech: bytes) -> None:
    async with WorkerPool(quick("whole")) as pool:
        hearing = await pool.open(ListenRequest("zh"))
        pid = pool.state()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        (failed,) = await collect(hearing)
        assert isinstance(failed, Failed) and failed.cause == "lost"
        assert await pool.wait_ready(PATIENCE_S)
        assert not psutil.pid_exists(pid)
        heard = await say(await pool.open(ListenRequest("zh")), speech + silence(3.0))
        assert isinstance(heard[-1], Final)
        await hearing.aclose()


async def test_an_engine_that_hangs_is_found_and_its_worker_replaced(speech: bytes) -> None:
    async with WorkerPool(replace(quick("whole"), hung_s=0.5)) as pool:
        pid = pool.state()[0].pid
        heard = await say(await pool.open(ListenRequest("zh", ("hang",))), speech + silence(3.0))
        assert isinstance(heard[-1], Failed) and "hangs" in heard[-1].message
        assert await pool.wait_ready(PATIENCE_S)
        assert pool.state()[0].pid != pid


async def test_a_worker_that_grows_is_replaced_without_a_gap(speech: bytes) -> None:
    async with WorkerPool(quick("whole")) as pool:
        old = pool.state()[0].pid
        assert old is not None
        kept = await pool.open(ListenRequest("zh"))
        leaking = await say(await pool.open(ListenRequest("zh", ("leak",))), speech + silence(3.0))
        assert isinstance(leaking[-1], Final)
        while pool.state()[0].pid == old:
            # Whoever comes meanwhile is served: never a moment without a worker.
            await (await pool.open(ListenRequest("zh"))).aclose()
        assert (pool.state()[0].replaced, pool.state()[0].restarts) == (1, 0)
        assert psutil.pid_exists(old)
        # Who was listened to by the old one is heard out.
        heard = await say(kept, speech + silence(3.0))
        assert isinstance(heard[-1], Final)
        await eventually(lambda: not psutil.pid_exists(old))
        assert pool.state()[0].grown_mb < 30.0


async def test_hearings_that_never_end_do_not_keep_a_worker_that_has_grown(speech: bytes) -> None:
    async with WorkerPool(replace(quick("whole"), drain_s=0.2)) as pool:
        kept = await pool.open(ListenRequest("zh"))
        await say(await pool.open(ListenRequest("zh", ("leak",))), speech + silence(3.0))
        (failed,) = await collect(kept)
        assert isinstance(failed, Failed) and failed.cause == "lost"
        assert pool.state()[0].ready and pool.state()[0].replaced == 1
        await kept.aclose()


async def test_whoever_asks_while_a_worker_starts_again_is_served_by_the_new_one(speech: bytes) -> None:
    async with WorkerPool(quick("whole")) as pool:
        hearing = await pool.open(ListenRequest("zh"))
        pid = pool.state()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert isinstance((await collect(hearing))[-1], Failed)
        await hearing.aclose()
        assert pool.languages() == {"zh", "en"}
        again = await say(await pool.open(ListenRequest("zh")), speech + silence(3.0))
        assert isinstance(again[-1], Final)


async def test_the_wait_for_a_worker_has_an_end_and_leaves_the_next_question_its_chance() -> None:
    async with WorkerPool(replace(quick("whole"), restart_wait_s=0.05)) as pool:
        hearing = await pool.open(ListenRequest("zh"))
        pid = pool.state()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await collect(hearing)
        assert (pool.languages(), pool.understood) == ({"zh", "en"}, frozenset())
        with pytest.raises(AsrUnavailable) as refused:
            await pool.open(ListenRequest("zh"))
        assert refused.value.cause == "lost"
        await hearing.aclose()


async def test_twenty_callers_at_once_are_heard_in_time_or_refused_at_once(speech: bytes) -> None:
    """Each utterance costs 0.2 s, and nobody may wait longer than three: so not all of the twenty can be heard."""
    made = quick("whole")
    async with WorkerPool(replace(made, worker=replace(made.worker, max_streams=100))) as pool:
        opened = await asyncio.gather(
            *(pool.open(ListenRequest("zh", ("slow",))) for _ in range(20)), return_exceptions=True
        )
        refused = [one for one in opened if isinstance(one, BaseException)]
        served = [one for one in opened if not isinstance(one, BaseException)]
        assert all(isinstance(one, AsrUnavailable) and one.cause == "overloaded" for one in refused)
        assert len(served) >= 2 and len(refused) >= 5
        heard = await asyncio.gather(*(say(hearing, speech + silence(3.0)) for hearing in served))
        finals = [one[-1] for one in heard]
        assert all(isinstance(final, Final) for final in finals)
        # Room again, and all of it to be seen.
        await say(await pool.open(ListenRequest("zh", ("slow",))), speech + silence(3.0))
        await eventually(lambda: pool.state()[0].load["live"] == 0)
        load = pool.state()[0].load
        assert load["refused"] == len(refused)
        assert 0.15 < load["costs"]["first grammar"] < 0.7, "a clock of whole milliseconds, read once a turn"
