"""A controller that is killed while somebody hears that they are not let in: on record as that, and owed what it is."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.admission.settings import LimitSettings
from ivr.adoption.adopting import Ground, adopt
from ivr.adoption.kept import Kept, kept_of
from ivr.missed.judging import CallsSeen, Missed
from ivr.missed.settings import Policy
from ivr.records import FactRecords
from ivr.status import TodayCount
from storage.records import CallRecord, Fact, JournalEvent
from tests.admission.test_refusing import CALLER, guarded
from tests.call.scenes import play
from tests.support.call_house import House
from tests.support.kept_facts import assert_rows_are_folds
from tests.support.virtual_time import VirtualClock


def left_by(facts: Sequence[Fact]) -> Kept:
    """As the next controller reads it."""
    records = [one for one in facts if isinstance(one, CallRecord) and one.state == "live"]
    journals = {
        record.id: [one for one in facts if isinstance(one, JournalEvent) and one.call_id == record.id]
        for record in records
    }
    seqs = {call: journal[-1].seq for call, journal in journals.items()}
    return kept_of([], records, (), (), seqs, {}, journals)


def outcome(settings: LimitSettings, most_calls: int) -> tuple[str, list[str]]:
    """(reason on record, what is owed) of the caller who was being told."""
    told: list[tuple[str, list[str]]] = []

    async def scene(here: House) -> None:
        guarded(here, settings, most_calls)
        first = here.ari.world.call("call", "12345", "trunk", caller="13900139000")
        await here.until(1)
        begun = len(here.memory.stored)
        refused = here.ari.world.call("call", "12345", "trunk", caller=CALLER)
        await here.until(0.5)
        assert here.heard(refused), "in the middle of the announcement"
        facts = list(here.memory.stored[begun:])
        kept = left_by(facts)
        assert (len(kept.refused), kept.forgotten) == (1, ())
        clock = VirtualClock()
        records = FactRecords(facts.append, "n1", TodayCount(clock))
        await adopt(Ground(here.ari, here.front_door, here.dispatcher, records, clock, facts.append), kept)
        assert_rows_are_folds(facts)
        seen = CallsSeen(Policy())
        owed = [one.reason for fact in facts for one in seen.see(fact) if isinstance(one, Missed)]
        (over,) = (one for one in facts if isinstance(one, CallRecord) and one.state == "ended")
        told.append((str(over.data["refused"]), [str(reason) for reason in owed]))
        for channel in (first, refused):
            here.ari.world.hang_up(channel)

    play(scene)
    return told[0]


def test_for_want_of_room_a_call_is_owed() -> None:
    assert outcome(LimitSettings(), most_calls=1) == ("full", ["not_served"])


def test_to_whom_nobody_wants_to_talk_nothing_is_owed() -> None:
    assert outcome(LimitSettings(nuisance=(CALLER,)), most_calls=9) == ("nuisance", [])
