"""Recordings of talks: when none begins, and what becomes of one that cannot be silenced."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ivr.ari.parse import Gap
from ivr.ari.results import Gone
from ivr.clock import SystemClock
from ivr.errors import AriUnavailable
from ivr.ids import CallId, ChannelId
from ivr.talk import one_recording
from ivr.talk.conversations import Conversation
from ivr.talk.recording import TalkRecordings
from ivr.talk.recording_notes import TalkPolicy
from routing.ids import AgentId

pytestmark = pytest.mark.asyncio

CALL = CallId("c-n1-1")


class Clock_(SystemClock):
    """The system's, moved on by hand."""

    def __init__(self) -> None:
        self._more = dt.timedelta(0)

    def now(self) -> dt.datetime:
        return super().now() + self._more

    def later(self, seconds: float) -> None:
        self._more += dt.timedelta(seconds=seconds)


class Path_:
    """A recording path whose silence works, or does not."""

    def __init__(self, *, works: bool) -> None:
        self.works = works
        self.heard: set[ChannelId] = set()
        self.silent = False
        self.changed = asyncio.Event()

    async def hear(self, telephones: Collection[ChannelId]) -> None:
        self.heard = set(telephones)

    async def silence(self, silent: bool) -> None:
        if not self.works and silent:
            raise AriUnavailable("no answer")
        if silent != self.silent:
            self.silent = silent
            self.changed.set()


class House:
    def __init__(self, folder: Path | None, least_free_mb: float = 0.0, *, works: bool = True) -> None:
        self.noted: list[Mapping[str, Any]] = []
        self.put: list[Any] = []
        self.began, self.made = asyncio.Event(), asyncio.Event()
        self.variables: dict[str, object] = {}
        self.path = Path_(works=works)
        self.clock = Clock_()
        self.folder = folder
        self.events: asyncio.Queue[object] = asyncio.Queue()
        self.there: dict[str, object] = {}
        """What Asterisk has, by id."""
        bus = SimpleNamespace(mailbox=self._mailbox)
        channels = SimpleNamespace(get=lambda channel_id: self._get(channel_id))
        bridges = SimpleNamespace(get=lambda bridge_id: self._get(bridge_id))
        self.recordings = TalkRecordings(
            SimpleNamespace(bus=bus, channels=channels, bridges=bridges),
            self.clock,
            TalkPolicy(True, {"ordinary": 1}, {}),
            folder,
            self._put,
            lambda call: self.variables,
            least_free_mb=least_free_mb,
            linger_s=0.05,
        )
        self.conversation = Conversation(
            "one",
            CALL,
            "queue",
            AgentId("a1"),
            ChannelId("citizen"),
            ChannelId("phone"),
            "bridge",
            dt.datetime.now(dt.UTC),
            note=lambda kind, data: self.noted.append(data),
        )

    def _put(self, fact: Any) -> None:
        self.put.append(fact)
        state = getattr(fact, "state", "")
        if state:
            (self.began if state == "recording" else self.made).set()

    @asynccontextmanager
    async def _path(self, ari: object, call: object, citizen: object, recording: str) -> AsyncIterator[Path_]:
        assert self.folder is not None
        part = self.folder / f"{recording}.raw"
        await asyncio.to_thread(part.write_bytes, bytes(32000))
        yield self.path

    class _Mailbox:
        def __init__(self, events: asyncio.Queue[object]) -> None:
            self.events = events

        def watch(self, *ids: str) -> None: ...

        def __aiter__(self) -> House._Mailbox:
            return self

        async def __anext__(self) -> object:
            return await self.events.get()

        def __enter__(self) -> House._Mailbox:
            return self

        def __exit__(self, *_: object) -> None: ...

    async def _get(self, id: str) -> object:
        return SimpleNamespace(value=self.there[id]) if id in self.there else Gone("not found", 404)

    def _mailbox(self, owner: str) -> House._Mailbox:
        return self._Mailbox(self.events)

    @asynccontextmanager
    async def running(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TalkRecordings]:
        monkeypatch.setattr(one_recording, "recording_path", self._path)
        task = asyncio.create_task(self.recordings.run())
        await asyncio.sleep(0)
        try:
            yield self.recordings
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def until_made(self) -> None:
        async with asyncio.timeout(5):
            await self.made.wait()

    @property
    def states(self) -> list[str]:
        return [str(data["state"]) for data in self.noted]


async def test_without_room_on_the_disk_the_call_goes_on_unrecorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path, least_free_mb=1e12)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        assert recordings.of_call(CALL) is None
        assert not await recordings.pause(CALL, by="a1")
    assert house.noted == [{"state": "refused", "why": "disk"}]
    assert "a talk is not recorded" in caplog.text


async def test_a_citizen_who_refused_is_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path)
    house.variables["recording"] = "refused"
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        assert recordings.being_made() == frozenset()
    assert house.noted == [{"state": "refused", "why": "the caller"}]


async def test_where_the_files_are_not_seen_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(None)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        assert recordings.being_made() == frozenset()


async def test_a_talk_that_is_over_has_its_file_some_time_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        await house.began.wait()
        house.clock.later(1.0)
        recordings.parted(house.conversation)
        await house.until_made()
    assert house.states == ["began", "kept"]
    kept = house.put[-1]
    assert (kept.state, kept.data["ended_by"], kept.revision) == ("kept", "talk", 1)
    assert (tmp_path / kept.path).exists()


async def test_the_next_agent_of_the_call_goes_on_in_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        recordings.parted(house.conversation)
        recordings.joined(house.conversation)
        (id,) = recordings.being_made()
        assert await recordings.stop(CALL, by="a1", why="asked for")
        await house.until_made()
    assert house.put[-1].id == id
    assert len(house.put[-1].data["agents"]) == 2
    assert [one.act for one in house.put if hasattr(one, "act")] == ["stop"]


async def test_what_is_private_is_so_still_when_the_talk_goes_on_in_another_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        assert await recordings.pause(CALL, by="a1")
        recordings.parted(house.conversation)
        onward = replace(house.conversation, id="two", call=CallId("c-n1-2"))
        recordings.joined(onward)
        async with asyncio.timeout(5):
            await recordings._now[onward.call].apply()
        assert await recordings.resume(onward.call, by="a1")
        recordings.parted(onward)
    kept = [one for one in house.put if one.call_id == onward.call and hasattr(one, "path")][-1]
    assert ("private", "a1") in [(one["why"], one["by"]) for one in kept.data["silences"]]


async def test_whoever_is_with_the_citizen_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house, fire_brigade = House(tmp_path), ChannelId("119")
    second = replace(house.conversation, id="two", telephone=ChannelId("second"))

    async def heard() -> set[ChannelId]:
        for _ in range(5):
            await asyncio.sleep(0)
        return house.path.heard

    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        await house.began.wait()
        recordings.voice(CALL, fire_brigade)
        assert await heard() == {"phone", "119"}
        recordings.joined(second)
        recordings.parted(house.conversation)
        assert await heard() == {"second", "119"}
        recordings.voice_gone(CALL, fire_brigade)
        assert await heard() == {"second"}


async def test_a_recording_that_cannot_be_silenced_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, works=False)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        await recordings.pause(CALL, by="a1", why="card number")
        assert recordings.of_call(CALL) is None
        await house.until_made()
    assert house.put[-1].data["ended_by"] == "failed"


async def test_the_controller_stops_and_what_there_is_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        await recordings.pause(CALL, by="a1")
        assert house.path.silent
        await recordings.resume(CALL, by="a1")
        assert not house.path.silent
    assert (house.put[-1].state, house.put[-1].data["ended_by"]) == ("kept", "stopped")


async def test_after_a_gap_in_the_events_it_is_asked_where_everybody_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    async with house.running(monkeypatch) as recordings:
        recordings.joined(house.conversation)
        await house.began.wait()
        (id,) = recordings.being_made()
        house.there = {id: object(), "bridge": SimpleNamespace(channels=["phone"])}
        house.events.put_nowait(Gap(False, 1.0))
        await house.path.changed.wait()
        assert house.path.silent, "the citizen was taken out of the talk meanwhile"
        house.there = {}
        house.clock.later(1.0)
        house.events.put_nowait(Gap(False, 1.0))
        await house.until_made()
    assert house.put[-1].data["ended_by"] == "hangup"
