"""What was said, stored and corrected: the same on SQLite and Postgres."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from storage import tables
from storage.errors import StorageRefused
from storage.records import TranscriptLine
from storage.store import Store
from storage.transcript_records import Correction, TranscriptAct
from storage.writer import FactWriter
from tests.storage import samples as s


def said(seq: int, text: str, **changes: object) -> TranscriptLine:
    return replace(s.line(seq), text=text, **changes)  # type: ignore[arg-type]


def correction(after: str, revision: int = 1, seq: int = 1, before: str = "路灯坏了") -> Correction:
    return Correction("c-n1-1", "", seq, revision, s.at(100 + revision), "a1", "听错了", before, after)


async def test_every_field_of_a_line_comes_back(store: Store) -> None:
    line = said(
        1,
        "hello",
        speaker="agent",
        party="a1",
        source="conversation",
        began_at=s.at(0.25),
        ended_at=s.at(0.9),
        engine_version="0.3.45/small-cn-0.22",
    )
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(line)
    async with store.reading() as uow:
        assert await uow.transcripts.of("c-n1-1") == [line]
        assert await uow.transcripts.get("c-n1-1", "a1", 1) == line
        assert await uow.transcripts.get("c-n1-1", "", 1) is None


async def test_lines_come_in_the_order_in_which_they_were_spoken(store: Store) -> None:
    """Whoever heard them first, and in whatever order they were written."""
    lines = [
        said(1, "您好", speaker="agent", party="a1", began_at=s.at(1), at=s.at(9)),
        said(2, "我要投诉", began_at=s.at(2), at=s.at(3)),
        said(4, "请讲", speaker="agent", party="a1", began_at=s.at(4), at=s.at(5)),
        said(3, "路灯坏了", began_at=s.at(5), at=s.at(6)),
        said(1, "留言", party="r1", source="voicemail", began_at=s.at(60), at=s.at(7)),
    ]
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(lines[4], lines[2])
        await uow.transcripts.append(lines[3], lines[1], lines[0])
    async with store.reading() as uow:
        assert await uow.transcripts.of("c-n1-1") == lines


async def test_a_line_written_twice_stays_as_it_was_corrected(store: Store) -> None:
    async with FactWriter(store) as writer:
        writer.put(s.line(1))
        await writer.drain()
        async with store.unit_of_work() as uow:
            assert await uow.transcripts.correct(correction("路灯不亮了"))
        writer.put(s.line(1))
        await writer.drain()
    async with store.reading() as uow:
        (line,) = await uow.transcripts.of("c-n1-1")
    assert (line.text, line.corrected, line.shown, line.revision) == (
        "路灯坏了",
        "路灯不亮了",
        "路灯不亮了",
        1,
    )


async def test_a_correction_leaves_what_it_was_and_who_made_it(store: Store) -> None:
    first, second = correction("路灯不亮"), correction("路灯不亮了", 2, before="路灯不亮")
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(s.line(1), s.line(2))
        assert await uow.transcripts.correct(first)
        assert await uow.transcripts.correct(second)
    async with store.reading() as uow:
        assert await uow.transcripts.corrections("c-n1-1") == [first, second]
        one, two = await uow.transcripts.of("c-n1-1")
    assert (one.shown, one.revision, two.shown, two.revision) == ("路灯不亮了", 2, "路灯坏了", 0)


async def test_of_two_corrections_at_once_one_is_taken(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(s.line(1))

    async def one(text: str) -> bool:
        async with store.unit_of_work() as uow:
            return await uow.transcripts.correct(correction(text))

    taken = await asyncio.gather(*(one(f"路灯{number}") for number in range(4)))
    assert sorted(taken) == [False, False, False, True]
    async with store.reading() as uow:
        (made,) = await uow.transcripts.corrections("c-n1-1")
        (line,) = await uow.transcripts.of("c-n1-1")
    assert line.shown == made.after == f"路灯{taken.index(True)}"


async def test_a_correction_of_a_line_that_is_not_there_changes_nothing(store: Store) -> None:
    async with store.unit_of_work() as uow:
        assert not await uow.transcripts.correct(correction("x"))
        assert await uow.transcripts.corrections("c-n1-1") == []


async def test_history_cannot_be_written_over(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(s.line(1))
        await uow.transcripts.correct(correction("一"))
    with pytest.raises(StorageRefused):
        async with store.unit_of_work() as uow:
            table = tables.transcripts
            await uow.connection.execute(table.update().values(revision=0))
            await uow.transcripts.correct(correction("二"))
    async with store.reading() as uow:
        assert [each.after for each in await uow.transcripts.corrections("c-n1-1")] == ["一"]


async def test_erasing_takes_lines_of_one_source_that_are_old_with_their_history(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(s.line(1), s.line(2), said(200, "新"), said(3, "x", source="voicemail"))
        await uow.transcripts.append(replace(s.line(1), call_id="other"))
        await uow.transcripts.correct(correction("一"))
        await uow.transcripts.correct(correction("二", seq=200, before="新"))
    async with store.unit_of_work() as uow:
        assert await uow.transcripts.erase(source="dialogue", before=s.at(100)) == 3
        assert await uow.transcripts.erase(source="dialogue", before=s.at(100)) == 0
        await uow.transcripts.forget_words()
    async with store.reading() as uow:
        assert [(line.seq, line.source) for line in await uow.transcripts.of("c-n1-1")] == [
            (3, "voicemail"),
            (200, "dialogue"),
        ]
        assert [each.after for each in await uow.transcripts.corrections("c-n1-1")] == ["二"]
        assert await uow.transcripts.of("other") == []


async def test_calls_of_a_time_come_page_by_page(store: Store) -> None:
    async with store.unit_of_work() as uow:
        for number in range(5):
            lines = (replace(s.line(1), call_id=f"c{number}", at=s.at(number)), s.line(2, f"c{number}"))
            await uow.transcripts.append(*lines)
    async with store.reading() as uow:
        since, until = s.at(0), s.at(1000)
        assert await uow.transcripts.calls(since, until, limit=3) == ["c0", "c1", "c2"]
        assert await uow.transcripts.calls(since, until, after="c2", limit=3) == ["c3", "c4"]
        assert await uow.transcripts.calls(s.at(3), s.at(4)) == ["c3"]


async def test_who_looked_is_on_record(store: Store) -> None:
    acts = [
        TranscriptAct(s.at(1), "sue", "show", "c-n1-1"),
        TranscriptAct(s.at(2), "sue", "export", data={"calls": 3}),
    ]
    async with store.unit_of_work() as uow:
        for act in acts:
            await uow.transcripts.noted(act)
    async with store.reading() as uow:
        assert await uow.transcripts.acts() == acts[::-1]
        assert await uow.transcripts.acts("c-n1-1") == acts[:1]


async def test_lines_of_an_older_version_are_indexed_later(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(*(said(seq, "路灯") for seq in range(1, 4)))
        await uow.connection.execute(tables.transcripts.update().values(open_words=None))
    async with store.unit_of_work() as uow:
        count, last = await uow.transcripts.index(missing=True)
        assert count == 3
        assert await uow.transcripts.index(last, missing=True) == (0, last)
        assert (await uow.transcripts.index())[0] == 3
        query = select(tables.transcripts.c.open_words)
        assert all((await uow.connection.execute(query)).scalars())


async def test_times_of_speech_without_a_zone_are_refused(store: Store) -> None:
    with pytest.raises(StorageRefused, match="without a zone"):
        async with store.unit_of_work() as uow:
            await uow.transcripts.append(said(1, "x", began_at=dt.datetime(2026, 1, 1)))  # noqa: DTZ001
