"""What may be done with transcripts, and what is on record of it. The databases' own part is in tests/storage."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.config import TranscriptSettings
from ivr.errors import CorrectionConflict, TranscriptError, TranscriptMissing
from ivr.retention.classes import keep_days
from ivr.transcripts.excerpt import Piece
from ivr.transcripts.finding import Wanted
from ivr.transcripts.service import TranscriptService
from storage.store import Store
from tests.storage import samples as s
from tests.storage.test_transcripts import said

SECRET = "我叫张伟，电话13800138000，长江路漏水了"


@pytest.fixture
async def store(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Store]:
    path = tmp_path / "store.db"
    shutil.copy(migrated_file, path)
    async with await Store.open(f"sqlite+aiosqlite:///{path}") as opened:
        async with opened.unit_of_work() as uow:
            await uow.calls.upsert(s.call())
            await uow.transcripts.append(
                said(1, SECRET, began_at=s.at(1), ended_at=s.at(4)),
                said(2, "好的", speaker="agent", party="a1", source="conversation", began_at=s.at(5)),
            )
        yield opened


@pytest.fixture
def service(store: Store) -> TranscriptService:
    return TranscriptService(store, lambda: s.at(1000))


async def test_what_is_personal_is_hidden_unless_asked_for_and_that_is_on_record(
    service: TranscriptService,
) -> None:
    shown = await service.show("c-n1-1")
    assert [line.text for line in shown.lines] == ["我叫【姓名】，电话【电话】，长江路漏水了", "好的"]
    assert (shown.began_at, shown.lines[0].begins_s, shown.lines[1].id) == (s.T0, 1.0, "a1:2")
    assert await service.acts() == ()
    clear = await service.show("c-n1-1", hide=frozenset({"phone"}), by="sue")
    assert clear.lines[0].text == "我叫张伟，电话【电话】，长江路漏水了"
    (act,) = await service.acts("c-n1-1")
    assert (act.author, act.act, act.at) == ("sue", "show", s.at(1000))
    assert "name" in act.data["seen"] and "phone" not in act.data["seen"]


async def test_nobody_looks_at_what_is_hidden_without_a_name(service: TranscriptService) -> None:
    for look in (service.show("c-n1-1", hide=()), service.search(Wanted("张伟"), hide=())):
        with pytest.raises(TranscriptError, match="on record"):
            await look
    with pytest.raises(TranscriptError, match="on record"):
        await anext(service.export(s.at(0), s.at(10), by=""))


async def test_a_look_at_a_call_that_is_not_there_is_on_record_too(service: TranscriptService) -> None:
    with pytest.raises(TranscriptMissing):
        await service.show("nobody", hide=(), by="sue")
    assert [act.call_id for act in await service.acts()] == ["nobody"]


async def test_a_search_shows_where_in_the_line(service: TranscriptService) -> None:
    page = await service.search(Wanted("漏水 电话"))
    (hit,) = page.hits
    # Of the two 电话 one stands for what is hidden.
    assert hit.excerpt == (
        Piece("我叫【姓名】，", False),
        Piece("电话", True),
        Piece("【电话】，长江路", False),
        Piece("漏水", True),
        Piece("了", False),
    )
    assert (hit.call_id, hit.at, hit.line.begins_s, page.more) == ("c-n1-1", s.at(1), 1.0, None)


async def test_a_search_finds_what_is_hidden_only_for_who_sees_everything(service: TranscriptService) -> None:
    assert (await service.search(Wanted("张伟"))).hits == ()
    assert (await service.search(Wanted("张伟"), hide=frozenset({"phone"}), by="sue")).hits == ()
    (hit,) = (await service.search(Wanted("张伟"), hide=(), by="sue")).hits
    assert "".join(piece.text for piece in hit.excerpt if piece.hit) == "张伟"


async def test_pages_go_on_where_the_last_one_ended(service: TranscriptService, store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(*(said(seq, f"路灯 {seq}") for seq in range(10, 15)))
    first = await service.search(Wanted("路灯", limit=3))
    second = await service.search(Wanted("路灯", limit=3, after=first.more))
    assert [hit.line.id for hit in (*first.hits, *second.hits)] == ["14", "13", "12", "11", "10"]
    assert second.more is None


@pytest.mark.parametrize("wanted", [Wanted(""), Wanted("-x"), Wanted("x", limit=0), Wanted("x", limit=1000)])
async def test_what_cannot_be_searched_is_said(service: TranscriptService, wanted: Wanted) -> None:
    with pytest.raises(TranscriptError):
        await service.search(wanted)


async def test_a_correction_puts_back_what_was_hidden(service: TranscriptService) -> None:
    shown = await service.correct(
        "c-n1-1", "1", "我叫【姓名】，电话【电话】，长江路 漏水 三天了", by="a1", why="misheard"
    )
    assert (shown.text, shown.revision) == ("我叫【姓名】，电话【电话】，长江路 漏水 三天了", 1)
    clear = await service.show("c-n1-1", hide=(), by="sue")
    assert clear.lines[0].text == "我叫张伟，电话13800138000，长江路 漏水 三天了"
    (made,) = await service.history("c-n1-1", hide=(), by="sue")
    assert (made.before, made.author, made.reason) == (SECRET, "a1", "misheard")
    (masked,) = await service.history("c-n1-1")
    assert masked.before == "我叫【姓名】，电话【电话】，长江路漏水了"
    assert (await service.search(Wanted("三天"))).hits


async def test_a_correction_may_leave_out_what_was_hidden_but_not_make_it_up(
    service: TranscriptService,
) -> None:
    with pytest.raises(TranscriptError, match="2 times"):
        await service.correct("c-n1-1", "1", "【电话】，【电话】", by="a1", why="x")
    shown = await service.correct("c-n1-1", "1", "长江路漏水了", by="a1", why="x")
    assert shown.text == "长江路漏水了"
    assert (
        await service.correct("c-n1-1", "1", "我叫李四光", by="a1", why="x", clear=True)
    ).text == "我叫李四光"


async def test_who_comes_second_is_told(service: TranscriptService) -> None:
    seen = (await service.show("c-n1-1")).lines[1]
    results = await asyncio.gather(
        *(
            service.correct("c-n1-1", seen.id, text, by=text, why="x", revision=seen.revision)
            for text in ("好", "行", "是")
        ),
        return_exceptions=True,
    )
    conflicts = [each for each in results if isinstance(each, CorrectionConflict)]
    assert len(conflicts) == 2
    assert "look at it again" in conflicts[0].mend
    assert len(await service.history("c-n1-1")) == 1


@pytest.mark.parametrize(
    ("line", "text", "by", "why", "error"),
    [
        ("9", "x", "a1", "x", TranscriptMissing),
        ("nine", "x", "a1", "x", TranscriptMissing),
        ("a1:2", "好的", "a1", "x", TranscriptError),
        ("a1:2", "x", "", "x", TranscriptError),
        ("a1:2", "x", "a1", "", TranscriptError),
        ("a1:2", "x" * 6000, "a1", "x", TranscriptError),
    ],
)
async def test_what_is_no_correction_is_said(
    service: TranscriptService, line: str, text: str, by: str, why: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await service.correct("c-n1-1", line, text, by=by, why=why)
    assert await service.history("c-n1-1") == ()


async def test_what_was_no_speech_at_all_can_be_emptied(service: TranscriptService) -> None:
    assert (await service.correct("c-n1-1", "a1:2", " ", by="a1", why="noise")).text == ""
    assert (await service.search(Wanted("好的"))).hits == ()


async def test_an_export_gives_whole_calls_and_is_on_record(service: TranscriptService, store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(*(s.line(1, f"d{number}") for number in range(3)))
    given = [each async for each in service.export(s.at(2), s.at(3), by="sue")]
    assert [(each.call_id, len(each.lines)) for each in given] == [("c-n1-1", 2)]
    given = [each async for each in service.export(s.at(0), s.at(3), by="sue")]
    assert [each.call_id for each in given] == ["c-n1-1", "d0", "d1", "d2"]
    assert [act.act for act in await service.acts()] == ["export", "export"]


async def test_erasing_a_call_leaves_only_that_it_was_done(service: TranscriptService) -> None:
    assert await service.erase("c-n1-1", by="sue", why="asked for by the caller") == 2
    with pytest.raises(TranscriptMissing):
        await service.show("c-n1-1")
    with pytest.raises(TranscriptMissing):
        await service.erase("c-n1-1", by="sue", why="again")
    (act,) = await service.acts("c-n1-1")
    assert (act.act, act.data) == ("erase", {"lines": 2, "why": "asked for by the caller"})


async def test_what_is_old_goes_by_its_source(store: Store) -> None:
    later = TranscriptService(store, lambda: s.at(0) + dt.timedelta(days=100))
    keep = keep_days(TranscriptSettings(keep_dialogue_days=30, keep_conversation_days=0))
    assert await later.erase_old(keep) == {"dialogue": 1}
    assert [line.id for line in (await later.show("c-n1-1")).lines] == ["a1:2"]
    (act,) = await later.acts()
    assert (act.author, act.data) == ("retention", {"lines": {"dialogue": 1}})
    assert await later.erase_old(keep) == {}
    assert len(await later.acts()) == 1


async def test_lines_of_an_older_version_become_searchable(service: TranscriptService, store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.connection.exec_driver_sql("UPDATE transcripts SET open_words = NULL, secret_words = NULL")
    assert (await service.search(Wanted("漏水"))).hits == ()
    assert await service.index() == 2
    assert await service.index() == 0
    assert len((await service.search(Wanted("漏水"))).hits) == 1
