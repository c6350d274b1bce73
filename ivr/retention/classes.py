"""All classes of what is kept: what is in them, for how long, and how they are erased.

This list is the one home: what keeps personal data and is not in it is a fault, which a test looks for (every table).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ivr.config import Settings, TranscriptSettings
from ivr.recordings.service import RecordingService
from ivr.transcripts.service import TranscriptService
from storage.erasing import BATCH, Erasing
from storage.records import SpeechSource
from storage.store import Store

FOR_EVER: Final = 0.0
AUTHOR: Final = "retention"
NOT_BY_AGE: Final[Mapping[str, str]] = {
    "live_calls": "emptied when the call is over, erased minutes later (ivr/adoption/erasing.py)",
    "agents": "the present state of agents: as long as they work here",
    "sip_accounts": "accounts of agents, verifiers only: until somebody removes them",
    "flow_files": "dialogues hold nobody's data",
    "flow_versions": "likewise",
    "flow_releases": "likewise",
}
"""Tables, and why nothing in them goes by its age."""


@dataclass(frozen=True, slots=True)
class KeptClass:
    """days: 0 = for ever. setting: where that is said. tables: what it covers. erase: what is older; how many rows, by
    table, or by class of recordings."""

    name: str
    what: str
    setting: str
    days: Mapping[str, float]
    tables: tuple[str, ...]
    erase: Callable[[dt.datetime], Awaitable[Mapping[str, int]]]


def keep_days(settings: TranscriptSettings) -> Mapping[SpeechSource, float]:
    """Source -> days; 0: for ever. Messages left on the machine are recordings too."""
    return {
        "dialogue": settings.keep_dialogue_days,
        "conversation": settings.keep_conversation_days,
        "voicemail": settings.keep_recording_days,
        "recording": settings.keep_recording_days,
    }


def classes(settings: Settings, store: Store, now: Callable[[], dt.datetime]) -> tuple[KeptClass, ...]:
    """now: of the services that look at ages themselves."""
    wanted = settings.retention
    keep_transcripts = keep_days(settings.transcripts)
    transcripts = TranscriptService(store, now)
    folder = settings.recordings.where(settings.state_dir, settings.asterisk.mode)
    recordings = RecordingService(store, folder, settings.recordings.classes, now)

    async def erase_transcripts(at: dt.datetime) -> Mapping[str, int]:
        return {
            str(source): count for source, count in (await transcripts.erase_old(keep_transcripts)).items()
        }

    async def erase_recordings(at: dt.datetime) -> Mapping[str, int]:
        return {} if folder is None else await recordings.erase_old()

    async def erase_calls(at: dt.datetime) -> Mapping[str, int]:
        return {
            "calls": await _anonymous(store, wanted.calls_days, at),
            # Those of a call go with it: here are the others, that somebody brought back from an archive, say.
            "entry_changes": await _older(store, "entry_changes", wanted.calls_days, at),
            "nuisances": await _off_the_list(store, wanted.calls_days, at),
        }

    def of_tables(name: str, what: str, days: float, *tables: str) -> KeptClass:
        async def erase(at: dt.datetime) -> Mapping[str, int]:
            return {table: await _older(store, table, days, at) for table in tables}

        return KeptClass(name, what, f"retention.{name}_days", {"": days}, tables, erase)

    return (
        of_tables("journal", "what happened in calls, step by step", wanted.journal_days, "journal"),
        KeptClass(
            "calls",
            "numbers and topics in calls' records and queue entries, numbers off the nuisance list; figures stay",
            "retention.calls_days",
            {"": wanted.calls_days},
            ("calls", "queue_entries", "entry_changes", "nuisances"),
            erase_calls,
        ),
        KeptClass(
            "transcripts",
            "what was said, in writing",
            "transcripts.keep_*_days",
            {str(source): days for source, days in keep_transcripts.items()},
            ("transcripts", "transcript_corrections"),
            erase_transcripts,
        ),
        KeptClass(
            "recordings",
            "what was said, as sound",
            "recordings.classes",
            settings.recordings.classes,
            ("recordings",),
            erase_recordings,
        ),
        of_tables("decisions", "why whom was offered which call", wanted.decisions_days, "decisions"),
        of_tables(
            "agents",
            "agents' histories, wrap-ups, wait estimates",
            wanted.agents_days,
            "agent_states",
            "wrap_ups",
            "wait_estimates",
        ),
        of_tables("missed", "missed calls that were made good", wanted.missed_days, "missed_calls"),
        of_tables(
            "messages",
            "messages sent, promises to call back",
            wanted.messages_days,
            "notifications",
            "callbacks",
        ),
        of_tables("acts", "who did what with power", wanted.acts_days, "acts", "transcript_acts"),
    )


async def _older(store: Store, table: str, days: float, at: dt.datetime) -> int:
    if days <= FOR_EVER:
        return 0
    before, erased = at - dt.timedelta(days=days), 0
    while True:
        async with store.unit_of_work() as uow:
            count = await Erasing(uow.connection).old(table, before)
        erased += count
        if count < BATCH:
            return erased


async def _anonymous(store: Store, days: float, at: dt.datetime) -> int:
    if days <= FOR_EVER:
        return 0
    before, erased = at - dt.timedelta(days=days), 0
    after: dt.datetime | None = None
    while True:
        # Looked for beside whoever writes: those that are anonymous already are passed over, and may be many.
        async with store.reading() as uow:
            calls = await Erasing(uow.connection).old_calls(before, BATCH // 4, after)
        if not calls:
            return erased
        async with store.unit_of_work() as uow:
            ids = [id for id, _ in calls]
            erased += await Erasing(uow.connection).make_anonymous(ids, at, f"older than {days:g} days")
        after = calls[-1][1]


async def _off_the_list(store: Store, days: float, at: dt.datetime) -> int:
    if days <= FOR_EVER:
        return 0
    async with store.unit_of_work() as uow:
        return await Erasing(uow.connection).old_nuisances(at - dt.timedelta(days=days), AUTHOR)
