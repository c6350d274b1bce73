"""Recordings put into writing after the call: none forgotten, none twice, callers first, failures tried again."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from asr.protocol import AsrUnavailable, Ears, Final, Heard, ListenRequest
from ivr.recordings.sound import RATE, NoSound, pieces
from ivr.recordings.waiting import PAUSES_S, REFUSED_S
from ivr.recordings.written import WrittenRecordings
from storage.errors import StorageAway
from storage.promises import RecordingRecord
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.in_memory import Memory
from tests.support.scripted_ears import ScriptedEars
from tests.support.virtual_time import VirtualClock, run_virtual

CALL = "c-n1-1-a"


def recording(number: int, at: dt.datetime, **more: object) -> RecordingRecord:
    name = f"{CALL}.rec-{number}"
    record = RecordingRecord(
        name, CALL, "message", f"{name}.wav", at, 2.0, "zh", "kept", {"ended_by": "key"}, 3
    )
    return replace(record, **more)  # type: ignore[arg-type]


def wav(seconds: float, rate: int = 8000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        tone = np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate) * 8000
        out.writeframes(np.repeat(tone.astype("<i2"), channels).tobytes())
    return file.getvalue()


@dataclass(slots=True)
class Rows:
    earlier: list[RecordingRecord] = field(default_factory=list)
    written: list[RecordingRecord] = field(default_factory=list)
    away: int = 0

    async def kept_since(self, oldest: dt.datetime) -> AsyncIterator[RecordingRecord]:
        if self.away:
            self.away -= 1
            raise StorageAway("the database is away")
        for one in self.earlier:
            yield one

    def put(self, recording: RecordingRecord) -> None:
        self.written.append(recording)

    def states(self) -> list[tuple[str, str]]:
        return [(one.id[-1], one.data["transcript"]["state"]) for one in self.written]


@dataclass(slots=True)
class Reader:
    """As a recogniser that hears one sentence in each, or fails as it is told."""

    failures: list[AsrUnavailable] = field(default_factory=list)
    read: list[ListenRequest] = field(default_factory=list)
    seconds: float = 0.0

    async def __call__(
        self, ears: Ears, request: ListenRequest, pieces: Iterator[bytes], tell: Callable[[Heard], None]
    ) -> None:
        self.read.append(request)
        self.seconds += sum(len(piece) for piece in pieces) / 2 / RATE
        tell(Final("喂", "zh", "script", 0.8, began_s=0.5, ended_s=1.0, version="1"))
        if self.failures:
            raise self.failures.pop(0)
        tell(Final("", "zh", "script", 0.1, began_s=1.2, ended_s=1.4))
        tell(Final("路灯坏了", "zh", "script", 0.9, began_s=1.5, ended_s=2.0, version="1"))


@dataclass(slots=True)
class House:
    clock: VirtualClock
    ari: FakeAri
    rows: Rows
    reader: Reader
    memory: Memory
    written: WrittenRecordings


@asynccontextmanager
async def house(rows: Rows, reader: Reader, files: tuple[int, ...] = (1, 2)) -> AsyncIterator[House]:
    clock, memory = VirtualClock(), Memory()
    async with FakeAri(FakeAsterisk()) as ari:
        for number in files:
            ari.world.stored[f"{CALL}.rec-{number}"] = wav(2.0)
        written = WrittenRecordings(
            ari,
            ScriptedEars(),
            rows,
            memory,
            clock,
            7.0,
            reader,
            lambda language: {"zh": ("人民路",)}[language],
        )
        task = asyncio.create_task(written.run(), name="recordings in writing")
        try:
            yield House(clock, ari, rows, reader, memory, written)
        finally:
            assert not task.done(), "it ended"
            task.cancel()
            await asyncio.wait({task})


def test_what_a_call_keeps_is_read_and_linked_to_the_recording() -> None:
    async def main() -> None:
        async with house(Rows(), Reader()) as here:
            began_at = here.clock.now()
            here.written.see(recording(1, began_at, state="recording", revision=0))
            await asyncio.sleep(5)
            assert here.reader.read == []
            here.written.see(recording(1, began_at))
            await asyncio.sleep(1)
            (request,) = here.reader.read
            assert (request.priority, request.continuous, request.language) == ("background", True, "zh")
            assert request.hot_words == ("人民路",)
            assert here.reader.seconds == pytest.approx(2.0, abs=0.01)
            assert [(line.text, line.party, line.source) for line in here.memory.said] == [
                ("喂", f"{CALL}.rec-1", "recording"),
                ("路灯坏了", f"{CALL}.rec-1", "recording"),
            ]
            assert here.memory.said[1].began_at == began_at + dt.timedelta(seconds=1.5)
            (row,) = here.rows.written
            assert (row.revision, row.state) == (4, "kept")
            assert row.data == {"ended_by": "key", "transcript": {"state": "done", "attempts": 1, "lines": 2}}

    run_virtual(main)


def test_a_restart_takes_up_what_is_not_done_and_nothing_else() -> None:
    async def main() -> None:
        clock = VirtualClock()
        now = clock.now()
        old = recording(3, now - dt.timedelta(days=8))
        done = recording(4, now, data={"transcript": {"state": "done", "attempts": 1, "lines": 2}})
        failed = recording(5, now, data={"transcript": {"state": "failed", "attempts": 5, "error": "x"}})
        due = (now + dt.timedelta(seconds=30)).isoformat()
        waiting = recording(2, now, data={"transcript": {"state": "waiting", "attempts": 1, "next_at": due}})
        new = recording(1, now - dt.timedelta(days=1))
        rows = Rows([old, new, waiting, done, failed], away=1)
        async with house(rows, Reader(), files=(1, 2, 3, 4, 5)) as here:
            await asyncio.sleep(65)
            assert here.rows.states() == [("1", "done"), ("2", "done")]

    run_virtual(main)


def test_a_failure_is_tried_again_with_growing_pauses_and_then_given_up() -> None:
    async def main() -> None:
        lost = [AsrUnavailable("the worker died", "lost") for _ in range(9)]
        async with house(Rows(), Reader(lost)) as here:
            here.written.see(recording(1, here.clock.now()))
            await asyncio.sleep(sum(PAUSES_S) + 60)
            assert [state for _, state in here.rows.states()] == ["waiting"] * len(PAUSES_S) + ["failed"]
            assert len(here.reader.read) == len(PAUSES_S) + 1
            assert here.memory.said == [], "an attempt that broke off leaves nothing"
            assert here.rows.written[-1].data["transcript"]["error"] == "the worker died"
            here.ari.world.stored[f"{CALL}.rec-2"] = wav(1.0)
            here.reader.failures.clear()
            here.written.see(recording(2, here.clock.now()))
            await asyncio.sleep(1)
            assert here.rows.states()[-1] == ("2", "done")

    run_virtual(main)


def test_callers_go_first_and_that_is_no_failed_attempt() -> None:
    async def main() -> None:
        busy = [AsrUnavailable("16 callers", "overloaded") for _ in range(20)]
        async with house(Rows(), Reader(busy)) as here:
            here.written.see(recording(1, here.clock.now()))
            await asyncio.sleep(20 * REFUSED_S + 1)
            assert here.rows.written[-1].data["transcript"] == {"state": "done", "attempts": 1, "lines": 2}

    run_virtual(main)


@pytest.mark.parametrize(
    ("file", "error"),
    [(None, "no such recording"), (b"RIFF nothing", ""), (wav(1.0)[:20], "")],
)
def test_what_cannot_be_read_is_given_up_at_once(file: bytes | None, error: str) -> None:
    async def main() -> None:
        async with house(Rows(), Reader(), files=(2,)) as here:
            if file is not None:
                here.ari.world.stored[f"{CALL}.rec-1"] = file
            here.written.see(recording(1, here.clock.now()))
            here.written.see(recording(2, here.clock.now()))
            await asyncio.sleep(1)
            assert sorted(here.rows.states()) == [("1", "failed"), ("2", "done")]
            assert error in here.rows.written[0].data["transcript"]["error"]

    run_virtual(main)


def test_a_language_nobody_knows_is_given_up_at_once() -> None:
    async def main() -> None:
        async with house(Rows(), Reader([AsrUnavailable("no model for 'bo'", "language")])) as here:
            here.written.see(recording(1, here.clock.now()))
            await asyncio.sleep(1)
            assert here.rows.states() == [("1", "failed")]

    run_virtual(main)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (48000, 2)])
def test_sound_comes_at_16_khz_in_pieces(rate: int, channels: int) -> None:
    found = list(pieces(wav(7.3, rate, channels)))
    assert sum(map(len, found)) / 2 / RATE == pytest.approx(7.3, abs=0.01)
    assert max(map(len, found)) <= 3 * RATE * 2
    samples = np.frombuffer(b"".join(found), dtype="<i2").astype(float)
    strongest = np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples)
    assert strongest == pytest.approx(440, abs=1)


def test_what_is_no_sound_says_so() -> None:
    with pytest.raises(NoSound):
        list(pieces(b"nothing of the kind"))
