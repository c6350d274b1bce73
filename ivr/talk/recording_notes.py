"""What is known of one recording of a talk: who was in it when, and where it was silenced. Pure: `now` is passed in.

All of it stands in the recording's row, under `data`, seconds from the beginning of the file:

    {"entry": "...", "queue": "general", "channels": ["citizen", "heard"],
     "agents": [{"agent": "a1001", "from_s": 0.0, "to_s": 81.4}],
     "silences": [{"why": "private", "by": "a1001", "from_s": 20.1, "to_s": 34.9}], "ended_by": "talk"}

`channels`: the left one is what the citizen says, the right one is what the citizen hears.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from storage.promises import RecordingRecord, RecordingState

PURPOSE: Final = "talk"
FORMAT: Final = "wav"

SilenceReason = Literal["private", "apart"]
"""private: somebody paused it. apart: the citizen is not with anybody now: on hold, or with the dialogue."""
EndedBy = Literal["talk", "hangup", "stopped", "failed", "recovered"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """An agent was in the talk. to_s: None while it lasts."""

    agent: str
    from_s: float
    to_s: float | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """The file holds silence there. by: who paused it, "" for `apart`."""

    why: SilenceReason
    by: str
    from_s: float
    to_s: float | None = None


@dataclass(frozen=True, slots=True)
class TalkNotes:
    """One recording as it stands. began_at: of the file's first sample."""

    id: str
    call: str
    began_at: dt.datetime
    language: str = ""
    queue: str = ""
    entry: str = ""
    retention: str = ""
    agents: tuple[Stretch, ...] = ()
    silences: tuple[Silence, ...] = ()
    revision: int = 0

    def _at_s(self, now: dt.datetime) -> float:
        return round(max(0.0, (now - self.began_at).total_seconds()), 2)

    def joined(self, agent: str, now: dt.datetime) -> TalkNotes:
        return replace(self, agents=(*self.agents, Stretch(agent, self._at_s(now))))

    def parted(self, agent: str, now: dt.datetime) -> TalkNotes:
        at_s = self._at_s(now)
        agents = tuple(
            replace(one, to_s=at_s) if one.agent == agent and one.to_s is None else one for one in self.agents
        )
        return replace(self, agents=agents)

    @property
    def silent(self) -> bool:
        return any(one.to_s is None for one in self.silences)

    def silent_for(self, why: SilenceReason) -> bool:
        return any(one.why == why and one.to_s is None for one in self.silences)

    @property
    def silent_at_the_end_from_s(self) -> float | None:
        """Since when the citizen is with nobody, where that lasts: the talk is over since then. Else None."""
        return next((one.from_s for one in self.silences if one.why == "apart" and one.to_s is None), None)

    def silenced(self, why: SilenceReason, now: dt.datetime, by: str = "") -> TalkNotes:
        """Silenced for this already: unchanged."""
        if self.silent_for(why):
            return self
        return replace(self, silences=(*self.silences, Silence(why, by, self._at_s(now))))

    def resumed(self, why: SilenceReason, now: dt.datetime) -> TalkNotes:
        at_s = self._at_s(now)
        silences = tuple(
            replace(one, to_s=at_s) if one.why == why and one.to_s is None else one for one in self.silences
        )
        return replace(self, silences=silences)

    def ended(self, now: dt.datetime) -> TalkNotes:
        """Whatever is open ends with the file."""
        notes = self
        for why in ("private", "apart"):
            notes = notes.resumed(why, now)
        for one in self.agents:
            notes = notes.parted(one.agent, now)
        return notes

    def record(
        self,
        state: RecordingState,
        *,
        seconds: float = 0.0,
        sha256: str = "",
        ended_by: EndedBy | Literal[""] = "",
        written_live: bool = False,
    ) -> RecordingRecord:
        """The row. written_live: what was said is in the transcript already, and is not put into writing again."""
        data: dict[str, Any] = {
            "entry": self.entry,
            "queue": self.queue,
            "channels": ["citizen", "heard"],
            "agents": [asdict(one) for one in self.agents],
            "silences": [asdict(one) for one in self.silences],
            "ended_by": ended_by,
        }
        if written_live:
            data["transcript"] = {"state": "live"}
        return RecordingRecord(
            id=self.id,
            call_id=self.call,
            purpose=PURPOSE,
            path=f"{self.id}.{FORMAT}",
            created_at=self.began_at,
            seconds=seconds,
            language=self.language,
            state=state,
            data=data,
            revision=self.revision,
            retention=self.retention,
            sha256=sha256,
        )


@dataclass(frozen=True, slots=True)
class TalkPolicy:
    """Which talks are recorded, and how long which is kept.

    classes: retention class -> days, 0 = for ever. of_queue: queue -> class; every other talk is `ordinary`.
    """

    talks: bool
    classes: Mapping[str, float]
    of_queue: Mapping[str, str]

    def allows(self, variables: Mapping[str, object]) -> bool:
        """variables: of the dialogue; `recording: refused` says that the citizen wants none."""
        return self.talks and str(variables.get("recording", "")).lower() not in REFUSED

    def retention(self, queue: str, variables: Mapping[str, object]) -> str:
        """`recording_class` of the dialogue comes before the queue's class; one that there is not counts as none."""
        asked = str(variables.get("recording_class", ""))
        if asked in self.classes:
            return asked
        return self.of_queue.get(queue, ORDINARY)


ORDINARY: Final = "ordinary"
REFUSED: Final = frozenset({"refused", "no", "off", "false"})
