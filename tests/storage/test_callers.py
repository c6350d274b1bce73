"""A caller's earlier calls, as a dialogue is told of them, the same on SQLite and Postgres."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.dialects import postgresql, sqlite

from ivr.flow.state import HISTORY
from storage.callers import CallerHistory, counts, newest
from storage.records import CallRecord
from storage.store import Store
from tests.storage import samples as s

DAY = 86_400
NUMBER = "13812345678"


def ended(id: str, days_ago: float, **changes: object) -> CallRecord:
    data = {"outcome": "completed", "topic": f"topic of {id}", "agent": f"agent of {id}", "waited_s": 3.0}
    values = {"started_at": s.at(-days_ago * DAY), "state": "ended", "data": data, "language": "zh"}
    return s.call(id, **(values | changes))


async def test_history_says_how_often_and_what_last(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(
            ended("too-old", 91),
            ended("old", 40),
            ended("last", 2, language="en"),
            ended("stranger", 1, caller="13900000000"),
            s.call("still-live", started_at=s.at(-5)),
            s.call("this-one", started_at=s.T0),
        )
    async with store.reading() as uow:
        found = await uow.callers.history(NUMBER, s.T0, 90)
    assert found == CallerHistory(
        known=True,
        calls=3,
        calls_7d=2,
        last_at=s.at(-2 * DAY).astimezone(dt.UTC).isoformat(),
        last_topic="topic of last",
        last_outcome="completed",
        last_agent="agent of last",
        language="en",
    )


async def test_nobody_is_known_without_calls_or_without_a_number(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(ended("withheld", 1, caller=""), s.call("this-one"))
        assert await uow.callers.history("", s.T0) is None
        assert await uow.callers.history(NUMBER, s.T0) is None
        assert await uow.callers.history("no-one", s.T0) is None


async def test_a_caller_whose_only_call_is_still_live_is_known(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(s.call("still-live", started_at=s.at(-5)))
        found = await uow.callers.history(NUMBER, s.T0)
    assert found == CallerHistory(True, 1, 1, "", "", "", "", "")


def test_the_fields_are_those_that_dialogues_read() -> None:
    assert set(CallerHistory.__dataclass_fields__) == set(HISTORY)


async def test_it_is_found_by_index_however_many_calls_there_are(store: Store) -> None:
    postgres = store.dialect == "postgresql"
    async with store.unit_of_work() as uow:
        many = (ended(f"c{n}", n / 50, caller=f"138{n % 1000:08}") for n in range(3000))
        await uow.calls.upsert(*many)
        if postgres:
            await uow.connection.exec_driver_sql("ANALYZE calls")
        for query in (counts(NUMBER, s.T0, 90), newest(NUMBER, s.T0, 90)):
            dialect = postgresql.dialect() if postgres else sqlite.dialect()
            text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
            explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
            rows = (await uow.connection.exec_driver_sql(explain + text)).all()
            plan = "\n".join(str(column) for row in rows for column in row)
            assert "ix_calls_caller_started_at" in plan
            assert "Seq Scan" not in plan and "SCAN calls" not in plan
