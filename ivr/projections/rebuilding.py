"""Makes the projections again from the logs, and says what differed: `ivr rebuild`.

    async for difference in rebuild(store, (since, until), write=True, counts=counts):
        ...

Calls and queue entries. A row whose log is not whole any more (archived, erased), whose personal data was erased, or
which is ahead of its log, is left as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

from ivr.projections.calls import call_of
from ivr.projections.entries import entry_of
from storage.erasing import ERASED
from storage.masking import mask
from storage.projected import BEGINNING, Logs, Span
from storage.records import CallRecord, EntryRecord
from storage.store import Store

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


async def rebuild(store: Store, span: Span, *, write: bool, counts: Counts) -> AsyncIterator[Difference]:
    """What began within the span. write: rows become what the logs say. Raises StorageError."""
    async for difference in _calls(store, span, write, counts):
        yield difference
    async for difference in _entries(store, span, write, counts):
        yield difference


async def _calls(store: Store, span: Span, write: bool, counts: Counts) -> AsyncIterator[Difference]:
    place = BEGINNING
    while True:
        async with store.reading() as uow:
            journals, last = await Logs(uow.connection).calls(span, place)
            stored = {row.id: row for row in await uow.calls.some([one[0].call_id for one in journals])}
        if last is None:
            return
        changed: list[CallRecord] = []
        for events in journals:
            counts.calls += 1
            row, folded = stored.get(events[0].call_id), call_of(events)
            if folded is None or (row is not None and ERASED in row.data):
                counts.left += 1
                continue
            made = folded.beside(row)
            # A held code, or a batch that is on its way: the row is ahead.
            if row is not None and row.state == "ended" and made.state == "live":
                counts.left += 1
            elif row != made:
                changed.append(made)
                yield _difference("call", row, made)
        counts.different += len(changed)
        if write and changed:
            async with store.unit_of_work() as uow:
                await uow.calls.upsert(*changed)
        place = last


async def _entries(store: Store, span: Span, write: bool, counts: Counts) -> AsyncIterator[Difference]:
    place = BEGINNING
    while True:
        async with store.reading() as uow:
            logs, last = await Logs(uow.connection).entries(span, place)
            stored = {row.id: row for row in await uow.entries.some([one[0].entry_id for one in logs])}
        if last is None:
            return
        changed: list[EntryRecord] = []
        for changes in logs:
            counts.entries += 1
            row, made = stored.get(changes[0].entry_id), entry_of(changes)
            if made is None or (row is not None and row.revision > made.revision):
                counts.left += 1
            elif row != made:
                changed.append(made)
                yield _difference("entry", row, made)
        counts.different += len(changed)
        if write and changed:
            async with store.unit_of_work() as uow:
                await uow.entries.upsert(*changed)
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
