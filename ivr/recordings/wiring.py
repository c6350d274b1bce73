"""Joins the putting into writing of recordings, after the calls, to the hotline."""

from __future__ import annotations

from collections.abc import Callable

from asr.protocol import Ears
from ivr.ari.interface import Ari
from ivr.call.ports import Records
from ivr.clock import Clock
from ivr.config import Settings
from ivr.flow.model import FlowLibrary
from ivr.recordings.stored import StoredRows, Watched
from ivr.recordings.written import WrittenRecordings
from storage.records import Fact
from storage.store import Store


def write_down(
    settings: Settings,
    ari: Ari,
    ears: Ears,
    store: Store,
    put: Callable[[Fact], None],
    watched: Watched,
    records: Records,
    clock: Clock,
    library: Callable[[], FlowLibrary],
) -> WrittenRecordings:
    """Then let `run` run. watched: recordings are seen there."""
    written = WrittenRecordings(
        ari,
        ears,
        StoredRows(store, put, settings.node),
        records,
        clock,
        settings.transcripts.recordings_days,
        hot_words=lambda language: library().names.hot_words(language),
    )
    watched.see = written.see
    return written
