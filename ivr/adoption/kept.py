"""What is known of an earlier controller's calls, out of the database."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ivr.admission.refusal import was_refused
from ivr.call.saved import SavedCall, from_json
from ivr.errors import StorageError
from ivr.flow.codec import CodecError
from ivr.projections.calls import call_of
from storage.live_records import LiveCallRecord
from storage.records import CallRecord, JournalEvent
from storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """saved: calls to go on with. unreadable: calls of which that cannot be. promised: entries that are promises to
    call back.

    finished: the records, as they ought to be, of calls that were over before their records said so. forgotten: records
    of calls that are live, as far as they say, and of which nothing was kept. seqs: call -> number of the last line of
    its journal. refused: journals of callers who were not let in, and whose end nobody wrote down.
    """

    saved: tuple[SavedCall, ...] = ()
    unreadable: tuple[LiveCallRecord, ...] = ()
    over: frozenset[str] = frozenset()
    promised: frozenset[str] = frozenset()
    finished: tuple[CallRecord, ...] = ()
    forgotten: tuple[CallRecord, ...] = ()
    seqs: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[Sequence[JournalEvent], ...] = ()


async def any_kept(store: Store, node: str) -> bool:
    """Whether callers may be waiting for us to go on. False where the database does not tell."""
    try:
        async with store.reading(last_known=True) as uow:
            return bool(await uow.live_calls.all_live(node))
    except StorageError:
        return False


async def read(store: Store, node: str) -> Kept:
    """This node's. Raises StorageError."""
    async with store.reading(last_known=True) as uow:
        live = await uow.live_calls.all_live(node)
        records = [one for one in await uow.calls.live() if one.node == node]
        known = {record.id for record in records}
        ended = {one.id for one in await uow.calls.some([one.id for one in live if one.id not in known])}
        promised = {one.entry_id for one in await uow.callbacks.waiting()} if live else set()
        seqs, said = await uow.live_calls.last_lines({one.id for one in live} | known)
        behind = [one.id for one in live if seqs.get(one.id, 0) > _seq(one)]
        behind += sorted(known - {one.id for one in live})
        journals = {call: await uow.journal.of(call) for call in behind}
    return kept_of(live, records, ended, promised, seqs, said, journals)


def kept_of(
    live: Iterable[LiveCallRecord],
    records: Iterable[CallRecord],
    ended: Collection[str],
    promised: Collection[str],
    seqs: Mapping[str, int],
    said: Mapping[str, int],
    journals: Mapping[str, Sequence[JournalEvent]],
) -> Kept:
    """records: of calls that are live, as they say. ended: of calls whose records say that they are over. journals: of
    the calls where more was written down than was kept, or nothing was."""
    over = set(ended)
    saved: list[SavedCall] = []
    unreadable: list[LiveCallRecord] = []
    finished: list[CallRecord] = []
    for one in live:
        journal = journals.get(one.id, ())
        if any(_is_the_end(event) for event in journal):
            over.add(one.id)
            folded = call_of(journal)
            if folded is not None:
                finished.append(folded.record)
        try:
            call = from_json(one.id, one.channel, one.at, one.version, one.revision, one.data)
        except CodecError as error:
            log.error("call %s cannot be gone on with: %s", one.id, error)
            unreadable.append(one)
            continue
        later = [event for event in journal if event.seq > call.seq]
        written = tuple((event.kind, event.data) for event in later)
        acts = tuple((event.at, event.data) for event in later if event.kind == "talk")
        saved.append(replace(call, written=written, acts=acts, said=said.get(one.id, 0)))
    left_at = max((one.at for one in saved), default=None)
    saved = [replace(one, left_at=left_at) for one in saved]
    going_on = {one.call for one in saved}
    forgotten = [record for record in records if record.id not in going_on]
    refused = [journals[one.id] for one in forgotten if was_refused(journals.get(one.id, ()))]
    forgotten = [one for one in forgotten if not was_refused(journals.get(one.id, ()))]
    return Kept(
        tuple(saved),
        tuple(unreadable),
        frozenset(over),
        frozenset(promised),
        tuple(finished),
        tuple(forgotten),
        dict(seqs),
        tuple(refused),
    )


def _is_the_end(event: JournalEvent) -> bool:
    """Of the call; a dialogue notes its own end too."""
    return event.kind == "ended" and "outcome" in event.data


def _seq(record: LiveCallRecord) -> int:
    """Of the last line of the journal that was kept; 0 where that cannot be read."""
    history = record.data.get("history")
    found = history.get("seq", 0) if isinstance(history, Mapping) else 0
    return found if isinstance(found, int) else 0
