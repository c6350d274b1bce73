"""Makes the projections again from the logs, and says what differed: `ivr rebuild`.

    async for difference in rebuild(store, (since, until), write=True, counts=counts):
        ...

Calls and queue entries. A row whose log is not whole any more (archived, erased), whose personal data was erased, or
which is ahead of its log, is left as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from ivr.projections.calls import call_of
from ivr.projections.entries import entry_of
from storage.entry_changes import EntryChange
from storage.erasing import ERASED
from storage.masking import mask
from storage.projected import BEGINNING, Logs, Place, Span
from storage.records import CallRecord, EntryRecord, JournalEvent
from storage.store import Store, UnitOfWork

Line = TypeVar("Line", JournalEvent, EntryChange)
Row = TypeVar("Row", CallRecord, EntryRecord)

_PERSONAL: Final = frozenset({"caller", "caller_key", "reason", "topic"})
_NOT_COMPARED: Final = frozenset({"revision"})


@dataclass(frozen=True, slots=True)
class Difference:
    """fields: name -> (as stored, as the log says); personal values are masked. missing: there was no row."""

    kind: Literal["call", "entry"]
    id: str
    missing: bool
    fields: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.missing:
            return f"{self.kind} {self.id}: there was no row"
        told = ", ".join(f"{name} {old!r} -> {new!r}" for name, (old, new) in self.fields.items())
        return f"{self.kind} {self.id}: {told}"


@dataclass(slots=True)
class Counts:
    """left: rows of which the log cannot say everything."""

    calls: int = 0
    entries: int = 0
    different: int = 0
    left: int = 0

    def seen(self, kind: Literal["call", "entry"]) -> None:
        if kind == "call":
            self.calls += 1
        else:
            self.entries += 1


class _Rows(Protocol[Row]):
    async def some(self, ids: Collection[str], /) -> list[Row]: ...
    async def upsert(self, *rows: Row) -> None: ...


@dataclass(frozen=True, slots=True)
class _Projection(Generic[Line, Row]):
    """pages: logs, each of one row, with the place of the last. made: the row that a log says, beside the stored one;
    None: the log cannot say everything, or the row is ahead of it."""

    kind: Literal["call", "entry"]
    pages: Callable[[Logs, Span, Place], Awaitable[tuple[list[list[Line]], Place | None]]]
    id_of: Callable[[Line], str]
    rows: Callable[[UnitOfWork], _Rows[Row]]
    made: Callable[[Sequence[Line], Row | None], Row | None]


def _call(events: Sequence[JournalEvent], row: CallRecord | None) -> CallRecord | None:
    folded = call_of(events)
    if folded is None:
        return None
    made = folded.beside(row)
    # A held code, or a batch that is on its way: the row is ahead.
    return None if row is not None and row.state == "ended" and made.state == "live" else made


def _entry(changes: Sequence[EntryChange], row: EntryRecord | None) -> EntryRecord | None:
    made = entry_of(changes)
    return None if made is None or (row is not None and row.revision > made.revision) else made


_CALLS: Final[_Projection[JournalEvent, CallRecord]] = _Projection(
    "call", Logs.calls, lambda event: event.call_id, lambda uow: uow.calls, _call
)
_ENTRIES: Final[_Projection[EntryChange, EntryRecord]] = _Projection(
    "entry", Logs.entries, lambda change: change.entry_id, lambda uow: uow.entries, _entry
)


async def rebuild(store: Store, span: Span, *, write: bool, counts: Counts) -> AsyncIterator[Difference]:
    """What began within the span. write: rows become what the logs say. Raises StorageError."""
    async for difference in _rebuilt(_CALLS, store, span, write, counts):
        yield difference
    async for difference in _rebuilt(_ENTRIES, store, span, write, counts):
        yield difference


async def _rebuilt(
    of: _Projection[Line, Row], store: Store, span: Span, write: bool, counts: Counts
) -> AsyncIterator[Difference]:
    place = BEGINNING
    while True:
        async with store.reading() as uow:
            logs, last = await of.pages(Logs(uow.connection), span, place)
            stored = {row.id: row for row in await of.rows(uow).some([of.id_of(log[0]) for log in logs])}
            calls = await uow.calls.some({log[0].call_id for log in logs})
            erased = {call.id for call in calls if ERASED in call.data}
        if last is None:
            return
        changed: list[Row] = []
        for log in logs:
            counts.seen(of.kind)
            row = stored.get(of.id_of(log[0]))
            made = None if log[0].call_id in erased else of.made(log, row)
            if made is None:
                counts.left += 1
            elif row != made:
                changed.append(made)
                yield _difference(of.kind, row, made)
        counts.different += len(changed)
        if write and changed:
            async with store.unit_of_work() as uow:
                await of.rows(uow).upsert(*changed)
        place = last


def _difference(
    kind: Literal["call", "entry"], row: CallRecord | EntryRecord | None, made: CallRecord | EntryRecord
) -> Difference:
    if row is None:
        return Difference(kind, made.id, True)
    old, new = _flat(row), _flat(made)
    differing: Sequence[str] = [name for name in new | old if old.get(name) != new.get(name)]
    return Difference(
        kind,
        made.id,
        False,
        {name: (_shown(name, old.get(name)), _shown(name, new.get(name))) for name in differing},
    )


def _flat(row: CallRecord | EntryRecord) -> dict[str, Any]:
    values = {each.name: getattr(row, each.name) for each in fields(row) if each.name not in _NOT_COMPARED}
    return values | {f"data.{name}": value for name, value in values.pop("data", {}).items()}


def _shown(name: str, value: Any) -> object:
    return mask(str(value)) if name.removeprefix("data.") in _PERSONAL and value else value
