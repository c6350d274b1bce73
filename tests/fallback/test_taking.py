"""What the fallback left on the disk becomes calls, messages and obligations: once, whatever happens meanwhile."""

from __future__ import annotations

import datetime as dt
import errno
import json
import wave
from pathlib import Path

import pytest

from ivr.fallback.notes import FallbackCall, read
from ivr.fallback.taking import FallbackTaking, moved
from ivr.ids import CallId
from ivr.missed.judging import Answered, CallsSeen, Judgement, Missed
from ivr.missed.settings import Policy
from ivr.records import FactRecords
from ivr.status import TodayCount
from storage.promises import RecordingRecord
from storage.records import CallRecord, Fact, JournalEvent
from tests.support.fake_ari import FakeAri
from tests.support.virtual_time import VirtualClock

AT = 1_764_150_000
NAME = "20260101T000000Z-n1-7.1"
ARRIVED = {"event": "arrived", "at": AT, "call": "n1-7.1", "caller": "13800000011", "endpoint": "trunk"}
QUEUE = {"event": "queue", "at": AT + 20, "status": "TIMEOUT"}
MESSAGE = {"event": "voicemail", "at": AT + 40, "file": f"{NAME}.wav"}
ANSWERED = {"event": "answered", "at": AT + 60, "agent": "PJSIP/agent3"}
ENDED = {"event": "ended", "at": AT + 60}


def text(*events: object) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def sound(path: Path, seconds: float, *, finished: bool = True) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\1\0" * int(8000 * seconds))
    if not finished:
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + bytes(4) + whole[44:])


class Disk:
    """The folders, and a database that has what was put once it is told to."""

    def __init__(self, folder: Path, ari: FakeAri) -> None:
        self.notes, self.messages, self.recordings = (folder / name for name in ("notes", "mail", "kept"))
        for path in (self.notes, self.messages, self.recordings):
            path.mkdir()
        self.facts: list[Fact] = []
        self.durable = False
        self.taking = self.controller(ari)

    def controller(self, ari: FakeAri) -> FallbackTaking:
        clock = VirtualClock()
        records = FactRecords(self.facts.append, "n1", TodayCount(clock))
        return FallbackTaking(ari, records, self, self.notes, self.messages, self.recordings, "n1", "zh")

    async def ended(self, call: CallId) -> bool:
        return self.durable and any(
            isinstance(fact, CallRecord) and fact.id == call and fact.state == "ended" for fact in self.facts
        )

    def note(self, *events: object, name: str = NAME) -> Path:
        path = self.notes / f"{name}.jsonl"
        path.write_text(text(*events))
        return path

    def judged(self) -> list[Judgement]:
        seen = CallsSeen(Policy())
        return [judgement for fact in self.facts for judgement in seen.see(fact)]


def test_a_note_is_read() -> None:
    call = read(text(ARRIVED, QUEUE, MESSAGE, ENDED))
    assert call == FallbackCall(
        "n1-7.1",
        "13800000011",
        "trunk",
        dt.datetime.fromtimestamp(AT, dt.UTC),
        dt.datetime.fromtimestamp(AT + 60, dt.UTC),
        queue_status="TIMEOUT",
        message=f"{NAME}.wav",
        over=True,
    )
    assert call.id("n1") == call.id("n1") != call.id("n2")


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "nonsense\n",
        text(QUEUE),
        '{"event":"arrived","at":"soon"}\n',
        '{"event":"arrived","at":1e300}\n',
        "[1]\n",
    ],
)
def test_what_is_no_note_is_none(damaged: str) -> None:
    assert read(damaged) is None


def test_a_line_that_was_cut_short_is_passed_over() -> None:
    call = read(text(ARRIVED) + '{"event":"ended","at":17641')
    assert call is not None
    assert not call.over


async def test_a_message_is_a_recording_and_is_owed_a_call(tmp_path: Path) -> None:
    async with FakeAri() as ari:
        disk = Disk(tmp_path, ari)
        note = disk.note(ARRIVED, QUEUE, MESSAGE, ENDED)
        sound(disk.messages / f"{NAME}.wav", 2.5)
        assert await disk.taking.look() == 1
        assert await disk.taking.look() == 0, "given away already"
        (recording,) = (fact for fact in disk.facts if isinstance(fact, RecordingRecord))
        assert (recording.purpose, recording.state, recording.seconds) == ("voicemail", "kept", 2.5)
        assert [path.name for path in disk.recordings.iterdir()] == [recording.path]
        assert list(disk.messages.iterdir()) == []
        (missed,) = disk.judged()
        assert isinstance(missed, Missed)
        assert (missed.reason, missed.number, missed.call) == ("voicemail", "13800000011", recording.call_id)
        numbers = [fact.seq for fact in disk.facts if isinstance(fact, JournalEvent)]
        assert numbers == list(range(1, len(numbers) + 1))
        disk.durable = True
        assert await disk.taking.look() == 0
        assert not note.exists()


async def test_a_crash_in_between_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The message was moved, the facts never reached the database: the next controller gives the same ones away."""
    async with FakeAri() as ari:
        disk = Disk(tmp_path, ari)
        disk.note(ARRIVED, QUEUE, MESSAGE, ENDED)
        sound(disk.messages / f"{NAME}.wav", 1.0)
        assert await disk.taking.look() == 1
        first, disk.facts[:] = list(disk.facts), []
        assert await disk.controller(ari).look() == 1
        assert disk.facts == first


@pytest.mark.parametrize(
    ("events", "reason"), [((ARRIVED, QUEUE, ENDED), "abandoned"), ((ARRIVED, ENDED), "abandoned")]
)
async def test_who_called_in_vain_is_owed_a_call(
    tmp_path: Path, events: tuple[object, ...], reason: str
) -> None:
    async with FakeAri() as ari:
        disk = Disk(tmp_path, ari)
        disk.note(*events)
        await disk.taking.look()
        (missed,) = disk.judged()
        assert isinstance(missed, Missed)
        assert missed.reason == reason


async def test_whom_an_agent_answered_is_owed_nothing_any_more(tmp_path: Path) -> None:
    async with FakeAri() as ari:
        disk = Disk(tmp_path, ari)
        disk.note(ARRIVED, ANSWERED, ENDED)
        await disk.taking.look()
        (answered,) = disk.judged()
        assert isinstance(answered, Answered)
        assert (answered.number, answered.agent) == ("13800000011", "agent3")


async def test_a_call_that_goes_on_is_left_alone_until_it_has_gone(tmp_path: Path) -> None:
    """Asterisk was killed while somebody spoke: the note never ends, and the file says that it is empty."""
    async with FakeAri() as ari:
        disk = Disk(tmp_path, ari)
        caller = ari.world.call("in")
        disk.note(ARRIVED | {"call": caller}, QUEUE)
        sound(disk.messages / f"{NAME}.wav", 1.5, finished=False)
        assert await disk.taking.look() == 0
        ari.world.hang_up(caller)
        assert await disk.taking.look() == 1
        (recording,) = (fact for fact in disk.facts if isinstance(fact, RecordingRecord))
        assert recording.seconds == 1.5


async def test_what_cannot_be_read_is_set_aside_and_stops_nothing(tmp_path: Path) -> None:
    async with FakeAri() as ari:
        disk = Disk(tmp_path, ari)
        (disk.notes / "0.jsonl").write_text("nonsense\n")
        disk.note(ARRIVED | {"caller": "anonymous"}, {**MESSAGE, "file": "../../secret.wav"}, ENDED)
        assert await disk.taking.look() == 1
        assert [path.name for path in disk.notes.glob("*.unreadable")] == ["0.unreadable"]
        assert not [fact for fact in disk.facts if isinstance(fact, RecordingRecord)]
        (missed,) = disk.judged()
        assert isinstance(missed, Missed)
        assert missed.number == ""


async def test_a_note_that_cannot_be_dealt_with_holds_up_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeAri() as ari:
        disk = Disk(tmp_path, ari)
        (disk.notes / "0.jsonl").mkdir()
        disk.note(ARRIVED, ENDED)
        assert await disk.taking.look() == 1
        assert "0.jsonl is not in the records yet" in caplog.text


def test_a_message_comes_to_the_recordings_from_another_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "mail" / "a.wav", tmp_path / "kept" / "b.wav"
    for path in (source, target):
        path.parent.mkdir()
    source.write_bytes(b"sound")
    rename = Path.replace

    def between_disks(path: Path, to: Path) -> Path:
        if path.parent != to.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, to)

    monkeypatch.setattr(Path, "replace", between_disks)
    moved(source, target)
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"sound", 0o600)
    assert not source.exists()
    assert list(target.parent.iterdir()) == [target]
