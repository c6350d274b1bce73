"""Finding what was said: the same on SQLite and Postgres."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from storage import tables
from storage.personal.chinese import words
from storage.records import EntryRecord
from storage.search_query import Query, QueryFault, parse
from storage.search_words import places, search_words
from storage.store import Store
from storage.transcript_search import TranscriptSearch
from tests.storage import samples as s
from tests.storage.test_transcripts import correction, said

LINES = [
    said(1, "您好,我家楼道的路灯坏了三天了"),
    said(2, "请问您在哪个小区", speaker="agent", party="a1", source="conversation"),
    said(3, "阳光小区停水了,自来水公司不接电话"),
    said(4, "The street lights on Main Street were broken", language="en", call_id="c-n1-2"),
    said(5, "I am complaining about a LEAKING pipe", language="en", call_id="c-n1-2"),
    said(6, "我叫张伟,电话是13812345678,住在长江路18号3栋501室", call_id="c-n1-3"),
    said(7, "长江路又漏水了,是误报吗", call_id="c-n1-3"),
    said(8, "Ｃ栋的电梯坏了 100% sure_thing", call_id="c-n1-4"),
    said(9, "", call_id="c-n1-4"),
    said(10, "没有任何问题", call_id="c-n1-4", source="voicemail", party="r1"),
]


@pytest.fixture
async def filled(store: Store) -> AsyncIterator[Store]:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(*LINES)
        await uow.entries.upsert(
            replace(EntryRecord.of(s.entry("e1", "c-n1-1")), queue="general", agent="a1"),
            replace(EntryRecord.of(s.entry("e2", "c-n1-2")), queue="english", agent="a2"),
        )
    yield store


async def found(store: Store, typed: str, **conditions: object) -> list[int]:
    async with store.reading() as uow:
        search = TranscriptSearch(parse(typed, words), **conditions)  # type: ignore[arg-type]
        return sorted(each.line.seq for each in await uow.found_transcripts.find(search))


FINDS = {
    "路灯": [1],
    "灯坏": [1],  # across the words of any dictionary
    "坏": [1, 8],
    "楼道路灯": [1],  # cut into words, which may stand apart
    '"楼道路灯"': [],
    '"楼道的路灯"': [1],
    "“路灯坏了”": [1],
    "小区": [2, 3],
    "小区 -停水": [2],
    '小区 －"自来水"': [2],
    "小区的路灯": [],
    "street": [4],
    "light": [4],  # by its stem
    '"main street"': [4],
    '"street main"': [],
    "complain": [5],
    "leaks": [5],
    "LEAKED -main": [5],
    "c栋": [8],
    "电梯 100": [8],
    "sure": [8],
    "长江路": [6, 7],
    "长江路 -误报": [6],
    "不存在": [],
}


async def test_what_is_typed_finds_what_was_said(filled: Store) -> None:
    assert {typed: await found(filled, typed) for typed in FINDS} == FINDS


async def test_what_is_hidden_is_found_only_by_those_who_may_see_it(filled: Store) -> None:
    for secret in ("张伟", "13812345678", "501", "18号", '"叫张"', "3栋"):
        assert await found(filled, secret) == [], secret
        assert await found(filled, secret, clear=True) == [6], secret
        # Not by leaving it out either: that the line comes or not must not tell what is in it.
        assert await found(filled, f"长江路 -{secret}") == [6, 7], secret
        assert await found(filled, f"长江路 -{secret}", clear=True) == [7], secret


async def test_those_who_may_see_all_find_the_open_lines_too(filled: Store) -> None:
    assert await found(filled, "长江路", clear=True) == [6, 7]
    assert await found(filled, "小区 -停水", clear=True) == [2]


CONDITIONS: list[tuple[dict[str, object], list[int]]] = [
    ({"speaker": "agent"}, [2]),
    ({"speaker": "caller"}, [3]),
    ({"language": "en"}, []),
    ({"source": "conversation"}, [2]),
    ({"since": s.at(3)}, [3]),
    ({"until": s.at(3)}, [2]),
    ({"queue": "general"}, [2, 3]),
    ({"queue": "english"}, []),
    ({"agent": "a1"}, [2, 3]),
    ({"agent": "a2"}, []),
    ({"call_id": "c-n1-1"}, [2, 3]),
    ({"call_id": "c-n1-2"}, []),
]


async def test_who_when_and_where(filled: Store) -> None:
    for conditions, seqs in CONDITIONS:
        assert await found(filled, "小区", **conditions) == seqs, conditions


async def test_pages_follow_each_other_and_begin_with_the_newest(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(*(said(seq, "路灯") for seq in range(1, 8)))
    pages, below = [], None
    async with store.reading() as uow:
        for _ in range(4):
            search = TranscriptSearch(parse("路灯", words), below=below, limit=3)
            page = await uow.found_transcripts.find(search)
            pages.append([each.line.seq for each in page])
            below = page[-1].number if page else None
            if not page:
                break
    assert pages == [[7, 6, 5], [4, 3, 2], [1], []]


async def test_a_correction_is_found_and_what_it_replaced_is_not(filled: Store) -> None:
    async with filled.unit_of_work() as uow:
        assert await uow.transcripts.correct(correction("我叫李四光,井盖丢了"))
    assert await found(filled, "井盖") == [1]
    assert await found(filled, "路灯") == []
    assert await found(filled, "李四光") == []
    assert await found(filled, "李四光", clear=True) == [1]


async def test_what_is_erased_is_not_found(filled: Store) -> None:
    async with filled.unit_of_work() as uow:
        assert await uow.transcripts.erase(call_id="c-n1-1") == 3
        await uow.transcripts.forget_words()
    assert await found(filled, "小区") == []
    assert await found(filled, "长江路") == [6, 7]


HOSTILE = [
    "'; DROP TABLE transcripts; --",
    '路灯" OR "小区',
    "路灯 OR NEAR(小区)",
    "open_words:路灯 *",
    "路灯 & | ! <-> :* ( ) \\ %",
    "路灯\x00\n\t'''",
    "{open_words secret_words} : 张伟",
    "^路灯 + 坏",
    "𠮷野家 ㎡ ½ ß İ é",
    "路灯 " + "- " * 50,
]


async def test_what_is_typed_is_never_a_command(filled: Store) -> None:
    for typed in HOSTILE:
        for clear in (False, True):
            assert set(await found(filled, typed, clear=clear)) <= {1, 6}, typed
    assert await found(filled, "路灯") == [1]


async def test_the_databases_find_what_a_plain_look_at_the_words_finds(store: Store) -> None:
    chosen = random.Random(20261126)
    parts = [
        "路灯",
        "坏了",
        "水",
        "停水",
        "main",
        "Streets",
        "，",
        " ",
        "12",
        "a1",
        "。",
        "的",
        "小区",
        "区长",
    ]
    texts = ["".join(chosen.choices(parts, k=chosen.randint(1, 8))) for _ in range(120)]
    async with store.unit_of_work() as uow:
        await uow.transcripts.append(*(said(seq, text) for seq, text in enumerate(texts)))
    for _ in range(60):
        typed = "".join(chosen.choices([*parts, '"', " -"], k=chosen.randint(1, 4)))
        try:
            query = parse(typed, words)
        except QueryFault:
            continue
        expected = [seq for seq, text in enumerate(texts) if plainly(query, text)]
        assert await found(store, typed, clear=True, limit=200) == expected, typed


def plainly(query: Query, text: str) -> bool:
    there = search_words(text)
    return all(any(places(term, there)) for term in query.wanted) and not any(
        any(places(term, there)) for term in query.without
    )


@pytest.mark.parametrize("clear", [False, True])
async def test_the_index_is_used(store: Store, clear: bool) -> None:
    """With many lines, of which few are meant."""
    rows = [
        {
            "call_id": f"c{number}",
            "seq": 1,
            "at": s.at(number),
            "speaker": "caller",
            "source": "dialogue",
            "language": "zh",
            "text": "",
            "engine": "",
            "engine_version": "",
            "words": [],
            "revision": 0,
            "open_words": [f"w{number % 997}", f"v{number % 13}"],
            "secret_words": [f"w{number % 991}", "s"] if number % 50 == 0 else None,
        }
        for number in range(20_000)
    ]
    search = TranscriptSearch(parse("w77 v3", words), clear=clear)
    async with store.unit_of_work() as uow:
        await uow.connection.execute(insert(tables.transcripts), rows)
        if store.dialect == "postgresql":
            await uow.connection.exec_driver_sql("ANALYZE transcripts")
    async with store.reading() as uow:
        statement = uow.found_transcripts.statement(search)
        dialect = postgresql.dialect() if store.dialect == "postgresql" else sqlite.dialect()  # type: ignore[no-untyped-call]
        text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN " if store.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = "\n".join(str(row[-1]) for row in await uow.connection.exec_driver_sql(explain + text))
    if store.dialect == "postgresql":
        assert "ix_transcripts_open_words" in plan
        assert ("ix_transcripts_secret_words" in plan) is clear
        assert "Seq Scan" not in plan
    else:
        assert "SCAN transcripts_words VIRTUAL TABLE INDEX" in plan
        assert "SEARCH transcripts USING INTEGER PRIMARY KEY" in plan
        assert "TEMP B-TREE" not in plan
