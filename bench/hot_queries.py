"""The queries that a hotline asks while it works, as its own code asks them, and how Postgres answers: `explained`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import event

from bench.big_database import BIG
from storage.call_journal import EndedCalls
from storage.erasing import Erasing
from storage.projected import Logs, Waited
from storage.store import Store, UnitOfWork

BEGIN: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
Query = Callable[[UnitOfWork, int], Awaitable[Any]]
"""The unit of work, and how many calls there are."""


def _at(calls: int, share: float) -> dt.datetime:
    return BEGIN + dt.timedelta(seconds=90.0 * calls * share)


def _ids(calls: int, count: int) -> list[str]:
    return [f"c-n1-{number}" for number in range(calls // 2, calls // 2 + count)]


QUERIES: Final[Mapping[str, Query]] = {
    "a call arrives: the caller's history": lambda uow, n: uow.callers.history(
        "13800000005", _at(n, 1.0), 90
    ),
    "a call arrives: the agent of the last call": lambda uow, n: uow.waits.last_agents(
        ("key5", "key6"), _at(n, 0.9)
    ),
    "calls end: is something owed": lambda uow, n: uow.missed.owed({f"key{n}", "key5"}),
    "a call ends in vain: is something owed": lambda uow, n: uow.missed.open_of(f"key{n}"),
    "a start: live calls": lambda uow, n: uow.calls.live(),
    "a start: entries in line": lambda uow, n: uow.entries.live(),
    "a start: lost places": lambda uow, n: uow.waits.lost_places(_at(n, 0.999)),
    "a start: talks to learn from": lambda uow, n: uow.waits.talks(_at(n, 0.99), 2000),
    "a start: promises": lambda uow, n: uow.callbacks.waiting(),
    "a start: last numbers of journals": lambda uow, n: uow.live_calls.last_lines(
        _ids(n, min(300, n // 200))
    ),
    "each second: messages that are due": lambda uow, n: uow.notifications.due(_at(n, 1.0)),
    "each second: when the next is due": lambda uow, n: uow.notifications.next_at(),
    "the desk: recent calls": lambda uow, n: uow.calls.recent(50),
    "the desk: missed calls": lambda uow, n: uow.missed.listed(),
    "the desk: missed calls counted": lambda uow, n: uow.missed.counts(
        _at(n, 0.99), _at(n, 1.0), _at(n, 1.0)
    ),
    "a call: journal": lambda uow, n: uow.journal.of("c-n1-77"),
    "a call: last number of the journal": lambda uow, n: uow.journal.last_seq("c-n1-77"),
    "a call: entries": lambda uow, n: uow.entries.of_call("c-n1-77"),
    "a call: decisions": lambda uow, n: uow.decisions.of_call("c-n1-77"),
    "a call: what became of its entries at the agents": lambda uow, n: uow.agent_states.of_entries(["e-77"]),
    "a call: transcript": lambda uow, n: uow.transcripts.of("c-n1-77"),
    "a call: recordings": lambda uow, n: uow.recordings.of_call("c-n1-77"),
    "a call: acts": lambda uow, n: uow.acts.of_call("c-n1-77"),
    "an agent's history": lambda uow, n: uow.agent_states.of("a7", 100),
    "versions in use": lambda uow, n: uow.calls.live_by_version(),
    "a replay: a page of calls": lambda uow, n: EndedCalls(uow.connection).page(since=_at(n, 0.5)),
    "a replay: their journals": lambda uow, n: uow.journal.of_kinds(_ids(n, 200), {"input", "arrived"}),
    "figures of a day: entries": lambda uow, n: Waited(uow.connection).between(_at(n, 0.99), _at(n, 0.995)),
    "figures of a day: first joins": lambda uow, n: Waited(uow.connection).first_joins(_at(n, 0.999)),
    "figures of a day: agents before": lambda uow, n: uow.agent_states.as_of(_at(n, 0.5)),
    "figures of a day: agents": lambda uow, n: uow.agent_states.between(_at(n, 0.99), _at(n, 0.995)),
    "a rebuild: a page of calls": lambda uow, n: Logs(uow.connection).calls((_at(n, 0.9), _at(n, 0.95))),
    "a rebuild: a page of entries": lambda uow, n: Logs(uow.connection).entries((_at(n, 0.9), _at(n, 0.91))),
    "by age: journal": lambda uow, n: Erasing(uow.connection).old("journal", _at(n, 0.001), 100),
    "by age: decisions": lambda uow, n: Erasing(uow.connection).old("decisions", _at(n, 0.001), 100),
    "by age: changes of entries": lambda uow, n: Erasing(uow.connection).old(
        "entry_changes", _at(n, 0.001), 100
    ),
    "by age: agents": lambda uow, n: Erasing(uow.connection).old("agent_states", _at(n, 0.001), 100),
    "by age: wrap-ups": lambda uow, n: Erasing(uow.connection).old("wrap_ups", _at(n, 0.001), 100),
    "by age: estimates of waits": lambda uow, n: Erasing(uow.connection).old(
        "wait_estimates", _at(n, 0.001), 100
    ),
    "by age: missed calls": lambda uow, n: Erasing(uow.connection).old("missed_calls", _at(n, 0.001), 100),
    "by age: messages": lambda uow, n: Erasing(uow.connection).old("notifications", _at(n, 0.001), 100),
    "by age: promises": lambda uow, n: Erasing(uow.connection).old("callbacks", _at(n, 0.001), 100),
    "by age: acts": lambda uow, n: Erasing(uow.connection).old("acts", _at(n, 0.001), 100),
    "by age: transcripts": lambda uow, n: uow.transcripts.erase(source="dialogue", before=_at(n, 0.001)),
    "by age: numbers": lambda uow, n: Erasing(uow.connection).old_calls(_at(n, 0.001), 100),
    "a person: calls": lambda uow, n: Erasing(uow.connection).calls_of(["13800000005"], "key5"),
    "a person: what is kept of a call": lambda uow, n: Erasing(uow.connection).of_calls(["c-n1-78"]),
    "recordings of a day": lambda uow, n: uow.recordings.listed(
        since=_at(n, 0.99), until=_at(n, 0.995), purpose="talk", states=("kept",), after=None
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement's. scans: big tables that it reads from one end to the other. text: of Postgres, indented."""

    statement: str
    scans: frozenset[str]
    text: str
    took_ms: float


async def explained(store: Store, query: Query, calls: int, *, run: bool = False) -> list[Plan]:
    """The plans of all statements of a query. run: with the times that they take. Nothing is changed."""
    asked: list[tuple[str, Any]] = []
    plans: list[Plan] = []
    try:
        async with store.unit_of_work() as uow:
            with _heard(store, asked):
                await query(uow, calls)
            how = "ANALYZE, FORMAT JSON" if run else "FORMAT JSON"
            for statement, values in list(asked):
                if not statement.lstrip().startswith(("SELECT", "DELETE", "UPDATE", "WITH")):
                    continue
                rows = await uow.connection.exec_driver_sql(f"EXPLAIN ({how}) {statement}", values)
                told = rows.scalar_one()
                (top,) = json.loads(told) if isinstance(told, str) else told
                nodes = list(_nodes(top["Plan"]))
                scans = frozenset(
                    node["Relation Name"]
                    for node, _ in nodes
                    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG
                )
                lines = [f"{'  ' * depth}{_line(node)}" for node, depth in nodes]
                plans.append(Plan(statement, scans, "\n".join(lines), top.get("Execution Time", 0.0)))
            raise _Undone
    except _Undone:
        return plans


class _Undone(Exception):
    pass


@contextmanager
def _heard(store: Store, asked: list[tuple[str, Any]]) -> Iterator[None]:
    engine = store._engine.sync_engine

    def hear(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        if not many:
            asked.append((statement, values))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def _nodes(node: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[Mapping[str, Any], int]]:
    yield node, depth
    for below in node.get("Plans", ()):
        yield from _nodes(below, depth + 1)


def _line(node: Mapping[str, Any]) -> str:
    parts = [node["Node Type"], node.get("Index Name", ""), node.get("Relation Name", "")]
    return " ".join(part for part in parts if part)
