"""Joins the putting into writing of recordings, after the calls, to the hotline."""

from __future__ import annotations

from collections.abc import Callable

from asr.protocol import Ears
from ivr.ari.interface import Ari
from ivr.call.ports import Records
from ivr.clock import Clock
from ivr.config import Settings
from ivr.flow.model import FlowLibrary
from ivr.gate import Gate
from ivr.recordings.stored import StoredRows
from ivr.recordings.written import WrittenRecordings
from storage.promises import RecordingRecord
from storage.store import Store


def write_down(
    settings: Settings,
    ari: Ari,
    ears: Ears,
    store: Store,
    gate: Gate,
    records: Records,
    clock: Clock,
    library: Callable[[], FlowLibrary],
) -> WrittenRecordings:
    """Then let `run` run. gate: recordings are seen there."""
    written = WrittenRecordings(
        ari,
        ears,
        StoredRows(store, gate.unseen, settings.node),
        records,
        clock,
        settings.transcripts.recordings_days,
        hot_words=lambda language: library().names.hot_words(language),
    )
    gate.watch(written.see, (RecordingRecord,))
    return written
