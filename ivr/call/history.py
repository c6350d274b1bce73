"""What is remembered of one call: its numbered journal and the summary that becomes the call record."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final, Literal

import orjson

from asr.protocol import LineQuality
from ivr.call.line import LineWatch
from ivr.call.ports import CallerFacts, CallSummary, Records, Said, Speaker
from ivr.flow import codec
from ivr.flow.actions import JsonValue
from ivr.flow.inputs import Digit, Input, OpId, SpeechHeard, SpeechPartial
from ivr.ids import CallId
from ivr.talk.on_record import on_record


class CallHistory:
    """Sequence numbers start at 1 and have no gap. Writing never waits (`Records`)."""

    def __init__(self, records: Records, call: CallId, facts: CallerFacts, arrived_at: dt.datetime) -> None:
        self._records = records
        self._call = call
        self._facts = facts
        self._arrived_at = arrived_at
        self._seq = 0
        self._said = 0
        self._written: deque[tuple[str, Mapping[str, Any]]] = deque()
        """By an earlier controller, which did not live to keep what came of it."""
        self._repeated: list[tuple[str, Mapping[str, Any]]] = []
        """Of these, what may come to be written again, and is not."""
        self._understood: tuple[OpId, Said | None] = (OpId(""), None)
        self._lines: dict[Speaker, LineWatch] = {}
        self.last_heard = ""
        self._queue = ""
        self._agent = ""
        self._agents: list[str] = []
        self._transfers: list[JsonValue] = []
        self._held_s = 0.0
        self._in_line_again = False
        self._left_queue = ""
        self._waited_s: float | None = None
        self._talked_s: float | None = None
        self._survey: int | None = None
        self._failure = ""
        self._ended_by: Literal["caller", "system"] | None = None
        self._cause = 16
        self._hung_up_at: dt.datetime | None = None
        self._over = False

    def saved(self) -> dict[str, JsonValue]:
        """What whoever goes on with the call needs: `resume`."""
        saved: dict[str, JsonValue] = {
            name: value for name, value in zip(_KEPT, _kept_of(self), strict=True) if value
        }
        if self._agents:
            saved["agents"] = list(self._agents)
        if self._transfers:
            saved["transfers"] = list(self._transfers)
        if self._hung_up_at is not None:
            saved["hung_up_at"] = self._hung_up_at.isoformat()
        if self._lines:
            saved["faults"] = {side: list(watch.faults) for side, watch in self._lines.items()}
        return saved

    def resume(
        self,
        saved: Mapping[str, Any],
        written: Iterable[tuple[str, Mapping[str, Any]]],
        acts: Iterable[tuple[dt.datetime, Mapping[str, Any]]] = (),
    ) -> None:
        """written: kind and data of the lines of the journal that are stored and come after what was saved. Whoever
        does the same again does not write them again; then comes `caught_up`. acts: those of them that are acts in a
        talk."""
        self._seq = saved.get("seq", 0)
        self._said = saved.get("said", 0)
        self.last_heard = saved.get("last_heard", "")
        self._queue = saved.get("queue", "")
        self._agent = saved.get("agent", "")
        self._agents = list(saved.get("agents", ()))
        self._transfers = list(saved.get("transfers", ()))
        self._held_s = saved.get("held_s", 0.0)
        self._in_line_again = saved.get("in_line_again", False)
        self._left_queue = saved.get("left_queue", "")
        self._waited_s = saved.get("waited_s")
        self._talked_s = saved.get("talked_s")
        self._survey = saved.get("survey")
        self._ended_by = saved.get("ended_by")
        self._cause = saved.get("cause", 16)
        hung_up_at = saved.get("hung_up_at")
        self._hung_up_at = None if hung_up_at is None else dt.datetime.fromisoformat(hung_up_at)
        self._lines = {side: LineWatch(_told=set(faults)) for side, faults in saved.get("faults", {}).items()}
        for at, data in acts:
            self.acted(data, at)
        self._written = deque(written)
        while self._written and self._written[0][0] not in ("input", "arrived"):
            # Of what went on beside the dialogue, a talk say: it may come to the same again.
            kind, data = self._written.popleft()
            self._seq += 1
            self._count(kind, data)
            self._repeated.append((kind, data))

    def caught_up(self, said: int) -> None:
        """What comes now is new. said: the number of the last line of the transcript that is stored."""
        for kind, data in self._written:
            self._count(kind, data)
        self._seq += len(self._written)
        self._written.clear()
        self._said = max(said, self._said)

    def _count(self, kind: str, data: Mapping[str, Any]) -> None:
        """What a line of the journal adds to the summary."""
        match kind:
            case "joined" if "waited_s" in data:
                self._queue, self._in_line_again = data["queue"], False
                self._waited_s = data["waited_s"] if self._waited_s is None else self._waited_s
                self.has(data["agent"])
            case "parted":
                self._talked_s = round((self._talked_s or 0.0) + data["talked_s"], 3)
                self._held_s = round(self._held_s + data["held_s"], 3)
            case "survey" if isinstance(data.get("rating"), int):
                self._survey = data["rating"]
            case _:
                pass

    @property
    def agent(self) -> str:
        """Who had the caller last; "" = nobody."""
        return self._agent

    @property
    def over(self) -> bool:
        return self._ended_by is not None

    def arrived(self) -> None:
        self._records.arrived(self._call, self._facts, self._arrived_at)
        self._write(
            "arrived",
            {
                "entry": self._facts.entry_flow,
                "version": self._facts.flow_version,
                "caller": self._facts.caller,
                "called": self._facts.called,
                "language": self._facts.language,
                "endpoint": self._facts.trunk,
                "agent": self._facts.agent,
                **({"handed_from": self._facts.handed_from} if self._facts.handed_from else {}),
            },
            self._arrived_at,
        )

    def input(self, event: Input, at: dt.datetime, *, masked: bool = False) -> None:
        """masked: what is pressed and said here is personal: journalled as `*`, and in no transcript."""
        self._write("input", codec.input_to_json(_masked(event) if masked else event), at)
        if isinstance(event, SpeechHeard) and event.text and not masked:
            self.last_heard = event.text
            op, line = self._understood
            if line is None or op != event.op:
                line = Said("caller", event.text, event.language, event.engine, event.confidence)
            self.said(line, at)

    def understood(self, op: OpId, line: Said) -> None:
        """More of what the dialogue is about to be told by a `SpeechHeard`: when it was said, and its words."""
        self._understood = (op, line)

    def said(self, line: Said, at: dt.datetime) -> None:
        """One utterance into the transcript. at: when it began."""
        self._said += 1
        self._records.transcript(self._call, self._said, line, at)

    def line(self, side: Speaker, quality: LineQuality, at: dt.datetime) -> None:
        """How a telephone line sounds. What is bad about it is noted once, and stands in the call's summary."""
        watch = self._lines.setdefault(side, LineWatch())
        for fault in watch.heard(quality):
            self._write(
                "line",
                {
                    "speaker": side,
                    "fault": fault,
                    "noise_dbfs": quality.noise_dbfs,
                    "speech_dbfs": quality.speech_dbfs,
                    "clipped_share": quality.clipped_share,
                    "lost_share": quality.lost_share,
                },
                at,
            )

    @property
    def line_faults(self) -> tuple[str, ...]:
        """What is bad about the caller's line, as far as is known: `noisy`, `clipped`, `lossy`, `silent`."""
        watch = self._lines.get("caller")
        return () if watch is None else watch.faults

    def note(self, kind: str, data: Mapping[str, JsonValue], at: dt.datetime) -> bool:
        """False: it stands there already, from before a restart; or the call is over, and no recording is told of."""
        if self._over and not kind.startswith("recording"):
            return False
        rating = data.get("rating")
        if kind == "survey" and isinstance(rating, int):
            self._survey = rating
        return self._write(kind, data, at)

    def acted(self, data: Mapping[str, JsonValue], at: dt.datetime) -> None:
        """What an act in a talk, as its note says it, is for the call's record."""
        if owner := data.get("owner"):
            self.has(str(owner))
        if answered := data.get("by"):
            self.took_part(str(answered))
        if on_record(data):
            self.transferred(dict(data), at)

    def queued(self, queue: str) -> None:
        self._queue, self._left_queue = queue, ""

    def left_queue(self, outcome: str) -> None:
        """The wait is over and the caller is still there: who hangs up from now on abandons no queue."""
        self._left_queue = outcome

    def joined(self, queue: str, agent: str, waited_s: float, at: dt.datetime, told_s: float = 0.0) -> None:
        """waited_s: since the caller entered the queue; after a transfer the first wait stays that of the call. told_s:
        the part of it after the agent's answer: the agent heard who it is, whoever was rung before was let go."""
        self._queue, self._in_line_again = queue, False
        if self._waited_s is None:
            self._waited_s = round(waited_s, 3)
        self.has(agent)
        told: dict[str, JsonValue] = {"told_s": round(told_s, 3)} if told_s else {}
        self._write("joined", {"queue": queue, "agent": agent, "waited_s": round(waited_s, 3), **told}, at)

    def has(self, agent: str) -> None:
        """That agent has the caller from now on."""
        self._agent = agent
        self.took_part(agent)

    def took_part(self, agent: str) -> None:
        """That agent answered for this call, perhaps only to be asked."""
        if agent not in self._agents:
            self._agents.append(agent)

    def transferred(self, what: Mapping[str, JsonValue], at: dt.datetime) -> None:
        """An act that brought somebody into the talk or out of it, for the call's record."""
        self._transfers.append({**what, "at": at.isoformat()})

    def in_line_again(self) -> None:
        """The caller waits once more after a talk."""
        self._in_line_again = True

    def parted(self, talked_s: float, held_s: float, at: dt.datetime) -> None:
        """held_s: the part of the call in which the caller waited for somebody in the talk; not in talked_s."""
        talked_s, held_s = round(talked_s, 3), round(held_s, 3)
        self._write("parted", {"talked_s": talked_s, "held_s": held_s}, at)
        self._talked_s = round((self._talked_s or 0.0) + talked_s, 3)
        self._held_s = round(self._held_s + held_s, 3)

    def failed(self, why: str) -> None:
        self._failure = why

    def hung_up(self, by: Literal["caller", "system"], cause: int, at: dt.datetime) -> bool:
        """True the first time: a channel says in several events that it is going."""
        if self._ended_by is not None:
            return False
        self._ended_by, self._cause, self._hung_up_at = by, cause, at
        return True

    def ended(self, language: str, at: dt.datetime, topic: str = "") -> None:
        """Nothing more happens. The call itself ended with the hang-up, whatever was still done after it.

        topic: what it was about, for the caller's next call.
        """
        outcome: Literal["completed", "abandoned", "failed"] = "completed"
        if self._failure:
            outcome = "failed"
            self._write("failed", {"why": self._failure}, at)
        elif self._queue and not self._agent and not self._left_queue and self._ended_by == "caller":
            outcome = "abandoned"
        summary = CallSummary(
            facts=self._facts,
            arrived_at=self._arrived_at,
            language=language,
            outcome=outcome,
            ended_by=self._ended_by or "system",
            cause=self._cause,
            queue=self._queue,
            agent=self._agent,
            waited_s=self._waited_s,
            talked_s=self._talked_s,
            survey=self._survey,
            notes=self._notes(topic),
        )
        hung_up_at = self._hung_up_at or at
        # With what the events before it do not say: the record can be made again from the journal alone.
        self._write(
            "ended",
            {
                "outcome": outcome,
                "by": summary.ended_by,
                "cause": self._cause,
                "hung_up_at": hung_up_at.isoformat(),
                "language": language,
                "topic": topic,
                "queue": self._queue,
                "agent": self._agent,
                "agents": list(self._agents),
                "again": self._in_line_again,
            },
            at,
        )
        self._over = True
        self._records.ended(self._call, summary, hung_up_at)

    def _notes(self, topic: str) -> dict[str, JsonValue]:
        notes: dict[str, JsonValue] = {"topic": topic} if topic else {}
        if self._agents:
            notes["agents"] = list(self._agents)
        if self._transfers:
            notes["transfers"] = list(self._transfers)
        if self._held_s:
            notes["held_s"] = self._held_s
        if self._in_line_again and self._ended_by == "caller":
            notes["hung_up_in_line_again"] = True
        return notes | {"line": list(self.line_faults)} if self.line_faults else notes

    def _was_written(self, kind: str, data: Mapping[str, JsonValue]) -> bool:
        line = (kind, orjson.loads(orjson.dumps(data)))
        if line in self._repeated:
            self._repeated.remove(line)
            return True
        if self._written and self._written[0] == line:
            self._written.popleft()
            self._seq += 1
            return True
        self.caught_up(0)
        return False

    def _write(self, kind: str, data: Mapping[str, JsonValue], at: dt.datetime) -> bool:
        if (self._written or self._repeated) and self._was_written(kind, data):
            return False
        self._seq += 1
        self._records.journal(self._call, self._seq, kind, data, at)
        return True


_KEPT: Final = (
    "seq",
    "said",
    "last_heard",
    "queue",
    "agent",
    "held_s",
    "in_line_again",
    "left_queue",
    "waited_s",
    "talked_s",
    "survey",
    "ended_by",
    "cause",
)
"""What is kept as it is, where it says anything."""
_kept_of: Final[Callable[[CallHistory], tuple[Any, ...]]] = attrgetter(
    *(name if name == "last_heard" else f"_{name}" for name in _KEPT)
)


def _masked(event: Input) -> Input:
    """Without what the caller pressed or said; that something was, stays."""
    if isinstance(event, Digit):
        return Digit("*")
    if isinstance(event, SpeechPartial):
        return replace(event, text="*")
    if isinstance(event, SpeechHeard):
        return replace(event, text="*" if event.text else "", phrase="", alternatives=())
    return event
