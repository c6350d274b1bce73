"""The values, their JSON, and the pace of the feed, without any network."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields, replace
from typing import Any

import pytest

from ivr.errors import ConfigError
from tests.support.virtual_time import run_virtual
from tests.web.fakes import BUSY, NUMBER, QUIET, Board, a_call
from web.api.live import Feed
from web.api.status import LiveCall, Revision, Status, Today
from web.api.wire import encode_message, encode_status
from web.settings import PageSettings


def wire(status: Status, *, show_transcripts: bool = False) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode_status(status, show_transcripts=show_transcripts))
    return decoded


def test_the_wire_has_every_field_of_the_values() -> None:
    view = wire(BUSY)
    assert set(view) == {field.name for field in fields(Status)}
    assert set(view["calls"][0]) == {field.name for field in fields(LiveCall)}
    assert set(view["today"]) == {field.name for field in fields(Today)} | {"connection_rate", "rate_15_s"}


def test_times_are_utc_and_rates_follow_their_definitions() -> None:
    view = wire(BUSY)
    assert view["now"] == "2026-11-23T09:00:00Z"
    assert view["today"]["connection_rate"] == 19 / 20
    assert view["today"]["rate_15_s"] == 18 / 20


def test_rates_of_nothing_are_null() -> None:
    assert wire(QUIET)["today"]["connection_rate"] is None


@pytest.mark.parametrize("caller", [NUMBER, "+86" + NUMBER, "01012345678", "12345678", "1001"])
def test_no_whole_number_leaves(caller: str) -> None:
    status = replace(QUIET, agents=(), calls=(a_call(caller=caller),))
    encoded = encode_status(status, show_transcripts=True).decode()
    assert caller not in encoded
    assert "*" in json.loads(encoded)["calls"][0]["caller"]


def test_a_number_masked_by_the_source_stays_as_it_is() -> None:
    once = wire(replace(QUIET, calls=(a_call(),)))["calls"][0]["caller"]
    assert once == "138****5678"
    assert wire(replace(QUIET, calls=(a_call(caller=once),)))["calls"][0]["caller"] == once


@pytest.mark.parametrize("caller", ["", "anonymous", "Anonymous", "Restricted"])
def test_a_withheld_number_is_empty(caller: str) -> None:
    assert wire(replace(QUIET, calls=(a_call(caller=caller),)))["calls"][0]["caller"] == ""


def test_what_was_heard_leaves_only_if_asked_for() -> None:
    status = replace(QUIET, calls=(a_call(last_heard="转人工"),))
    assert wire(status)["calls"][0]["last_heard"] is None
    assert wire(status, show_transcripts=True)["calls"][0]["last_heard"] == "转人工"


@pytest.mark.parametrize(
    "number", [NUMBER, "138 1234 5678", "138-1234-5678", "一三八 幺二三四五六七八", "20231"]
)
def test_numbers_in_what_was_heard_are_masked(number: str) -> None:
    status = replace(QUIET, calls=(a_call(last_heard=f"我的号码是{number}谢谢"),))
    assert wire(status, show_transcripts=True)["calls"][0]["last_heard"] == "我的号码是****谢谢"


def test_a_short_token_is_refused_with_a_way_out() -> None:
    with pytest.raises(ConfigError) as caught:
        PageSettings(token="secret")
    assert "openssl" in caught.value.mend


async def test_revision_wakes_all_who_wait_and_forgets_no_change() -> None:
    revision = Revision()
    waiting = [asyncio.create_task(revision.changed(0), name=f"waiter {n}") for n in range(3)]
    await asyncio.sleep(0)
    revision.bump()
    revision.bump()
    assert await asyncio.gather(*waiting) == [2, 2, 2]
    assert await revision.changed(1) == 2  # came while nobody waited


async def test_a_cancelled_wait_disturbs_no_other() -> None:
    revision = Revision()
    quitter = asyncio.create_task(revision.changed(0), name="quitter")
    stayer = asyncio.create_task(revision.changed(0), name="stayer")
    await asyncio.sleep(0)
    quitter.cancel()
    revision.bump()
    assert await stayer == 1


def test_a_storm_of_changes_is_five_messages_a_second() -> None:
    async def main() -> None:
        board = Board()
        feed = Feed(board, PageSettings())
        times: list[float] = []
        loop = asyncio.get_running_loop()

        async def watch() -> None:
            async for message in feed.messages():
                if json.loads(message)["type"] == "status":
                    times.append(loop.time())

        watcher = asyncio.create_task(watch(), name="watcher")
        for _ in range(2000):  # two seconds
            board.show(BUSY)
            await asyncio.sleep(0.001)
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        assert 10 <= len(times) <= 11
        assert all(later - sooner > 0.1999 for sooner, later in zip(times, times[1:], strict=False))
        assert board.snapshots == len(times)

    run_virtual(main)


def test_the_last_of_a_storm_is_what_is_shown_at_the_end() -> None:
    async def main() -> None:
        board = Board()
        seen: list[float] = []

        async def watch() -> None:
            async for message in Feed(board, PageSettings()).messages():
                if (status := json.loads(message).get("status")) is not None:
                    seen.append(status["uptime_s"])

        watcher = asyncio.create_task(watch(), name="watcher")
        for step in range(55):
            board.show(replace(QUIET, uptime_s=float(step)))
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        assert seen[-1] == 54.0

    run_virtual(main)


def test_a_quiet_feed_sends_only_heartbeats() -> None:
    async def main() -> None:
        board = Board()
        times: list[float] = []
        loop = asyncio.get_running_loop()

        async def watch() -> None:
            async for _ in Feed(board, PageSettings(heartbeat_s=15.0)).messages():
                times.append(loop.time())

        watcher = asyncio.create_task(watch(), name="watcher")
        await asyncio.sleep(60)
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        assert len(times) == 2 + 3  # greeting, first status, then one each 15 s
        assert board.snapshots == 4

    run_virtual(main)


def test_watchers_of_one_change_share_one_snapshot() -> None:
    async def main() -> None:
        board = Board()
        feed = Feed(board, PageSettings())
        received = [0, 0, 0]

        async def watch(index: int) -> None:
            async for _ in feed.messages():
                received[index] += 1

        watchers = [asyncio.create_task(watch(index), name=f"watcher {index}") for index in range(3)]
        for _ in range(4):
            await asyncio.sleep(1)
            board.show(BUSY)
        await asyncio.sleep(1)
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        assert received == [1 + 1 + 4] * 3
        assert board.snapshots == 1 + 4

    run_virtual(main)


def test_a_message_carries_encoded_json_as_it_is() -> None:
    assert json.loads(encode_message("status", status=b'{"node": "n1"}')) == {
        "type": "status",
        "status": {"node": "n1"},
    }
