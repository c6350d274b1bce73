"""Erases all that is kept of one person, or of one call, because somebody has the right to ask for it.

    found = await look(store, recordings, keys, number="138...")     # nothing is changed
    done = await erase(store, recordings, keys, found, by="zhang", why="request 17")

The number itself is put on record nowhere: the act names the caller's key (docs/decisions/0139), or the call.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ivr.callers_known import CallerKeys
from ivr.errors import ErasureError, StorageError, TranscriptMissing
from ivr.recordings.service import RecordingService
from ivr.recordings.settings import LEGAL_HOLD
from ivr.transcripts.service import TranscriptService
from storage.act_records import ActRecord
from storage.erasing import Erasing
from storage.store import Store

log = logging.getLogger(__name__)

KIND: Final = "person"
MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
PART: Final = 100
"""Calls a transaction."""


@dataclass(frozen=True, slots=True)
class Found:
    """calls: ids under which something is kept, those of talks that a promise came to as well. promises: to call back.
    numbers: as they may be stored. open: what is not over, and has to be first. held: recordings under legal hold,
    which stay. counts: rows by table, `recordings` those with a file."""

    calls: tuple[str, ...]
    key: str
    numbers: tuple[str, ...] = field(repr=False)
    open: tuple[str, ...]
    held: tuple[str, ...]
    counts: dict[str, int]
    promises: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.calls) or any(self.counts.values())


async def look(
    store: Store, recordings: RecordingService, keys: CallerKeys, *, number: str = "", call: str = ""
) -> Found:
    """What there is. Raises ErasureError: no such call, no number."""
    numbers = forms(number)
    if number and not numbers:
        raise ErasureError("this is no telephone number", mend="name it as it calls, e.g. 13812345678")
    key = keys.of(number) if number else ""
    async with store.reading() as uow:
        erasing = Erasing(uow.connection)
        if call:
            if await uow.calls.get(call) is None:
                raise ErasureError(f"there is no call {call}", mend="see whether the call's id is right")
            calls = [call]
        else:
            calls = await erasing.calls_of(numbers, key)
        promises = await erasing.promises_of(calls, numbers, key)
        # Among them may be a call of its own that a promise went on in, which lives when the promise is done.
        calls += [one for one in await erasing.attempts_of(promises) if one not in calls]
        still = await erasing.open_of(calls, numbers)
        records = len(await uow.calls.some(calls))
    counts = await _would_go(store, calls, numbers, key)
    counts["calls"] = records
    held: list[str] = []
    for id in calls:
        async for row in recordings.listed(call=id, states=("kept", "recording", "failed")):
            if row.retention == LEGAL_HOLD:
                held.append(row.id)
            else:
                counts["recordings"] += 1
    return Found(
        tuple(calls),
        key,
        numbers,
        tuple(still),
        tuple(held),
        {name: count for name, count in counts.items() if count},
        tuple(promises),
    )


class _Undone(Exception):
    pass


async def _would_go(store: Store, calls: Sequence[str], numbers: Sequence[str], key: str) -> Counter[str]:
    """Rows by table: it is done, counted and undone, so that what is told is what would be done."""
    counts: Counter[str] = Counter()
    with contextlib.suppress(_Undone):
        async with store.unit_of_work() as uow:
            for id in calls:
                counts["transcripts"] += len(await uow.transcripts.of(id))
            for part in _parts(calls):
                counts.update(await Erasing(uow.connection).of_calls(part))
            if numbers:
                counts.update(await Erasing(uow.connection).of_person(numbers, key))
            raise _Undone
    return counts


async def erase(
    store: Store,
    recordings: RecordingService,
    found: Found,
    *,
    by: str,
    why: str,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> dict[str, int]:
    """What was found, for good: rows by table. On record before anything is erased, and again with the counts.

    Raises ErasureError while something of it is still open, or without a name and a reason.
    """
    if not by or not why:
        raise ErasureError("this is put on record", mend="say who (--by) and why (--why)")
    if found.open:
        raise ErasureError(
            f"not all of it is over yet: {', '.join(found.open[:5])}",
            mend="wait for the call's end; cancel the callback; then erase",
        )
    subject = f"caller {found.key}" if found.numbers else found.calls[0]
    await _noted(
        store, now(), by, "erase", subject, why, {"found": dict(found.counts), "held": list(found.held)}
    )
    erased: Counter[str] = Counter()
    transcripts = TranscriptService(store, now)
    for id in found.calls:
        async for row in recordings.listed(call=id, states=("kept", "failed")):
            if row.retention != LEGAL_HOLD:
                await recordings.erase(row.id, by=by, why=why)
                erased["recordings"] += 1
        with contextlib.suppress(TranscriptMissing):
            erased["transcripts"] += await transcripts.erase(id, by=by, why=why)
    for part in _parts(found.calls):
        async with store.unit_of_work() as uow:
            erasing = Erasing(uow.connection)
            erased.update(await erasing.of_calls(part))
            erased["calls"] += await erasing.make_anonymous(part, now(), "a person's wish")
    if found.numbers:
        async with store.unit_of_work() as uow:
            erased.update(await Erasing(uow.connection).of_person(found.numbers, found.key))
    counts = {table: count for table, count in erased.items() if count}
    await _noted(store, now(), by, "erased", subject, why, {"erased": counts, "held": list(found.held)})
    await _forgotten(store)
    return counts


def forms(number: str) -> tuple[str, ...]:
    """The ways in which a network may have given this number. The 0 before an area's code is dialled within the country
    only: 010 8888 7777 is +86 10 8888 7777."""
    typed = re.sub(r"[^0-9]", "", re.sub(r"^\s*(?:\+|00)86", "", number))
    if not typed.strip("0"):
        return ()
    abroad = typed.removeprefix("0")
    within = [typed, abroad] if MOBILE.fullmatch(abroad) else [typed, abroad, f"0{abroad}"]
    written = [form for plain in (*within, abroad) for form in (plain, f"+86{plain}", f"0086{plain}")]
    return tuple(dict.fromkeys((*written, number.strip())))


async def _forgotten(store: Store) -> None:
    """The erasure is done and on record by now: what its traces on the disk do is told, and changes nothing of that."""
    try:
        why = "" if await store.forget_erased() else "somebody reads it all the time"
    except StorageError as error:
        why = str(error)
    if why:
        log.warning(
            "what was erased may stand in the log of the SQLite file yet, which could not be cut (%s): end what reads "
            "the database for long (a backup, a shell) or start the hotline anew; what ends last cuts it",
            why,
        )


def _parts(calls: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(calls), PART):
        yield calls[start : start + PART]


async def _noted(
    store: Store, at: dt.datetime, by: str, act: str, subject: str, why: str, data: dict[str, object]
) -> None:
    async with store.unit_of_work() as uow:
        await uow.acts.append(
            ActRecord(
                id=f"act-{secrets.token_hex(8)}",
                at=at,
                author=by,
                kind=KIND,
                act=act,
                subject=subject,
                why=why,
                data=data,
            )
        )
