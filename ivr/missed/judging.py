"""Which calls were missed: looks at a call's facts as they are written and judges when it is over. Pure, in memory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from ivr.admission.rules import FOR_WANT_OF_ROOM
from ivr.missed.settings import Policy
from storage.missed_records import MissedReason
from storage.promises import RecordingRecord
from storage.records import CallRecord, EntryRecord, Fact, JournalEvent

JUDGED_BY: Final = frozenset({CallRecord, EntryRecord, JournalEvent, RecordingRecord})
_ANSWERS: Final = frozenset({"digit", "speech_heard"})
_ENDED_BY_RULES: Final = frozenset({"timeout", "full", "closed", "unstaffed", "failed"})
_TALKED_WITH: Final = "party_joined"
_OWN_TALK_OVER: Final = "desk_answered"
_CODE: Final = 3
"""Characters before the number in what an agent dials to call a citizen: `*` and two digits."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A call in vain. number: "" when withheld. at: when it ended."""

    call: str
    number: str
    reason: MissedReason
    at: dt.datetime
    queue: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """An agent has this caller: whatever was owed is made good."""

    call: str
    number: str
    agent: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Promised:
    """The caller is to be called back."""

    call: str
    number: str
    callback: str


Judgement = Missed | Answered | Promised


@dataclass(slots=True)
class _Seen:
    number: str
    began_at: dt.datetime
    spoke: bool = False
    answered: bool = False
    talked: bool = False
    """The agent who answered was there."""
    callback: str = ""
    voicemail: bool = False
    queue: str = ""
    outcome: str = ""
    """Of the last wait."""
    waited_s: float = 0.0
    by_agent: bool = False
    """An agent made the call: `number` is the citizen's all the same."""
    handed_on: bool = False
    """The citizen has a call of their own since."""


class CallsSeen:
    """Holds something of every live call, nothing of those that are over."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._calls: dict[str, _Seen] = {}

    def see(self, fact: Fact) -> list[Judgement]:
        match fact:
            case JournalEvent():
                if fact.kind == "input":
                    self._input(fact)
                elif fact.kind == "talk" and fact.data.get("act") == "handed_on":
                    self._handed_on(fact)
            case CallRecord(state="live"):
                self._calls[fact.id] = _seen(fact)
            case CallRecord():
                seen = self._calls.pop(fact.id, None)
                if seen is None:
                    return []
                answered, missed = self._by_record(seen, fact), self._judge(seen, fact)
                return answered + ([] if missed is None else [missed])
            case EntryRecord():
                return self._entry(fact)
            case RecordingRecord(state="kept") if fact.purpose in self._policy.voicemail_purposes:
                seen = self._calls.get(fact.call_id)
                if seen is not None:
                    seen.voicemail = True
            case _:
                pass
        return []

    def _input(self, event: JournalEvent) -> None:
        kind, seen = event.data.get("type"), self._calls.get(event.call_id)
        if seen is None:
            return
        if kind == _TALKED_WITH:
            seen.answered = seen.talked = True
        elif kind == _OWN_TALK_OVER:
            seen.talked = False
        elif kind in _ANSWERS and (kind == "digit" or event.data.get("text")):
            seen.spoke = True

    def _handed_on(self, event: JournalEvent) -> None:
        seen = self._calls.get(event.call_id)
        if seen is not None:
            seen.handed_on = True

    def _entry(self, entry: EntryRecord) -> list[Judgement]:
        seen = self._calls.get(entry.call_id)
        if seen is None:
            return []
        seen.queue = entry.queue or seen.queue
        if entry.callback and entry.callback != seen.callback:
            seen.callback = entry.callback
            return [Promised(entry.call_id, seen.number, entry.callback)]
        if entry.callback:
            return []
        if entry.state == "joined" and not seen.answered:
            seen.answered = True
            return [Answered(entry.call_id, seen.number, entry.agent or "", entry.since)]
        if entry.state == "ended" and entry.ended_at is not None and entry.only is None:
            seen.outcome = entry.outcome or ""
            if entry.outcome == "abandoned":
                # Who hung up before the agent who answered was there had nobody.
                seen.answered = seen.talked
            seen.waited_s = (entry.ended_at - entry.limit_from).total_seconds()
        return []

    def _by_record(self, seen: _Seen, ended: CallRecord) -> list[Judgement]:
        """A call that the dialplan's fallback took had no entry: its record alone says what became of it."""
        if seen.answered or seen.outcome or seen.callback:
            return []
        agent, outcome = str(ended.data.get("agent") or ""), ended.data.get("outcome")
        if outcome == "abandoned":
            seen.outcome, seen.queue = "abandoned", str(ended.data.get("queue") or "")
            seen.waited_s = ((ended.ended_at or seen.began_at) - seen.began_at).total_seconds()
        if outcome != "completed" or not agent or ended.data.get("kind") == "outbound":
            return []
        seen.answered = True
        return [Answered(ended.id, seen.number, agent, ended.ended_at or seen.began_at)]

    def _judge(self, seen: _Seen, ended: CallRecord) -> Missed | None:
        at = ended.ended_at or seen.began_at
        reason = self._reason(seen, ended, (at - seen.began_at).total_seconds())
        if reason is None:
            return None
        return Missed(ended.id, seen.number, reason, at, seen.queue, ended.language)

    def _reason(self, seen: _Seen, ended: CallRecord, lasted_s: float) -> MissedReason | None:
        if seen.by_agent:
            # Whom an agent could not reach has missed nothing; who was cut off in the middle of a talk has.
            cut_off = ended.data.get("outcome") == "failed" and seen.talked and not seen.handed_on
            return "lost" if cut_off else None
        if ended.data.get("outcome") == "failed":
            return "lost"
        if ended.data.get("outcome") == "refused":
            return "not_served" if ended.data.get("refused") in FOR_WANT_OF_ROOM else None
        if seen.answered:
            return None
        if seen.voicemail:
            return "voicemail"
        if seen.callback:
            return None
        if seen.outcome == "abandoned":
            return "abandoned" if seen.waited_s >= self._policy.shortest_s else None
        if seen.outcome in _ENDED_BY_RULES:
            return "not_served"
        if not seen.spoke and lasted_s >= self._policy.shortest_s:
            return "dead_air"
        return None


def _seen(live: CallRecord) -> _Seen:
    """A call that has just begun."""
    # Who was handed on has been with an agent from the beginning.
    handed_on = bool(live.data.get("handed_from"))
    if live.data.get("kind") == "outbound" and not handed_on:
        return _Seen(live.dialled[_CODE:], live.started_at, by_agent=True)
    return _Seen(live.caller, live.started_at, answered=handed_on)
