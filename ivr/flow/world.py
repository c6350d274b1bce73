"""What everybody but the caller does in a call without a telephone: queues, web services, other parties. Pure, data
only.

For each kind of work that a dialogue gives away there is a rule, or none: then it waits until somebody says what comes
of it (`Simulation.answer_...`). A rule gives a script: what happens, and after how many seconds each.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ivr.flow.actions import Callback, DeskAct, Enqueue, JsonValue, Lookup, Record, Request, Transfer
from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    DeskAnswered,
    Input,
    LookupEnded,
    PartyJoined,
    QueueEnded,
    QueueProgress,
    RecordingEnded,
    RequestEnded,
    TransferEnded,
)
from ivr.flow.lookups import from_table
from ivr.flow.nodes.agent import NOW
from ivr.flow.sources import LookupSource

Script = Sequence[tuple[float, Input]]
"""Seconds from now, in their order."""

QueueOutcome = Literal["served", "timeout", "full", "closed", "unstaffed", "failed"]
RequestOutcome = Literal["ok", "status", "timeout", "forbidden", "too_large", "invalid", "down", "failed"]
LookupOutcome = Literal["found", "none", "timeout", "failed"]
TransferOutcome = Literal[
    "completed", "busy", "no_answer", "refused", "unavailable", "unknown", "forbidden", "failed"
]
CallbackOutcome = Literal["placed", "refused", "failed"]

ANSWER_S = 0.2
"""How long a web service takes."""


@dataclass(frozen=True, slots=True)
class QueueRule:
    """outcome "served": an agent joins after `after_s` and talks for `talks_s`. places: told while waiting."""

    outcome: QueueOutcome = "served"
    after_s: float = 5.0
    talks_s: float = 60.0
    agent: str = "a1001"
    places: tuple[int, ...] = (1,)
    low_s: float | None = None
    high_s: float | None = None


@dataclass(frozen=True, slots=True)
class RequestRule:
    """For the requests whose address fits `url` (`*` stands for anything), from whatever node or from `node`."""

    url: str = "*"
    node: str = ""
    outcome: RequestOutcome = "ok"
    status: int = 200
    body: JsonValue = None
    after_s: float = ANSWER_S
    times: int = 0
    """So often, then the next rule that fits counts; 0 = always."""


@dataclass(frozen=True, slots=True)
class LookupRule:
    outcome: LookupOutcome = "found"
    value: JsonValue = None
    after_s: float = ANSWER_S


@dataclass(frozen=True, slots=True)
class TransferRule:
    outcome: TransferOutcome = "completed"
    after_s: float = 5.0
    talks_s: float = 60.0
    cause: int = 16


@dataclass(frozen=True, slots=True)
class DeskRule:
    """outcome: as of `DeskAnswered`. value: how the agent is then. talks_s: of an own call that is answered."""

    outcome: str = "done"
    value: Mapping[str, JsonValue] = field(default_factory=dict)
    talks_s: float = 60.0


@dataclass(frozen=True, slots=True)
class World:
    """queues: by queue. lookups: by source; tables answer for themselves. transfers: by number's name or number, or
    agent. callbacks: what becomes of a promise. desk: by what an agent does. said_s: how long a recorded message is.
    None = until somebody says."""

    queues: Mapping[str, QueueRule] = field(default_factory=dict)
    requests: tuple[RequestRule, ...] = ()
    lookups: Mapping[str, LookupRule] = field(default_factory=dict)
    transfers: Mapping[str, TransferRule] = field(default_factory=dict)
    callbacks: CallbackOutcome | None = "placed"
    desk: Mapping[str, DeskRule] = field(default_factory=dict)
    said_s: float | None = None

    def enqueued(self, wanted: Enqueue) -> Script | None:
        rule = self.queues.get(wanted.queue)
        if rule is None:
            return None
        script: list[tuple[float, Input]] = []
        steps = max(1, len(rule.places))
        for index, place in enumerate(rule.places):
            progress = QueueProgress(wanted.op, place, max(place, 1), rule.low_s, rule.high_s)
            script.append((rule.after_s * index / steps, progress))
        if rule.outcome == "served":
            script.append((rule.after_s, AgentJoined(wanted.op, rule.agent)))
            ended = QueueEnded(wanted.op, "served", rule.agent, rule.after_s, rule.talks_s)
            script.append((rule.after_s + rule.talks_s, ended))
        else:
            script.append((rule.after_s, QueueEnded(wanted.op, rule.outcome, waited_s=rule.after_s)))
        return script

    def requested(self, wanted: Request, node: str, before: Mapping[int, int]) -> tuple[int, Script] | None:
        """before: how often each rule was used. Gives the rule's number too."""
        for index, rule in enumerate(self.requests):
            fits = fnmatch.fnmatchcase(wanted.url, rule.url) and rule.node in (
                "",
                node,
                node.partition(".")[2],
            )
            if fits and not 0 < rule.times <= before.get(index, 0):
                ended = answered(wanted, rule.outcome, rule.status, rule.body, rule.after_s)
                return index, [(rule.after_s, ended)]
        return None

    def looked_up(self, wanted: Lookup, source: LookupSource | None) -> Script | None:
        rule = self.lookups.get(wanted.source)
        if rule is not None:
            value = rule.value if rule.outcome == "found" else None
            return [(rule.after_s, LookupEnded(wanted.op, rule.outcome, value))]
        if source is not None and source.table is not None:
            return [(0.0, from_table(source, wanted))]
        return None

    def transferred(self, wanted: Transfer, numbers: Mapping[str, str]) -> Script | None:
        rules = [self._rule_of(target, numbers) for target in (wanted.target, *wanted.others)]
        answers = [rule for rule in rules if rule is not None and rule.outcome == "completed"]
        rule = min(answers, key=lambda each: each.after_s) if answers else rules[-1]
        if rule is None or not (answers or None not in rules):
            return None
        if rule.outcome == "completed":
            ended = TransferEnded(wanted.op, "completed", rule.talks_s)
            return [(rule.after_s, PartyJoined(wanted.op)), (rule.after_s + rule.talks_s, ended)]
        return [(rule.after_s, TransferEnded(wanted.op, rule.outcome, cause=rule.cause))]

    def _rule_of(self, target: str, numbers: Mapping[str, str]) -> TransferRule | None:
        """By the name of a number, the number itself, or for all."""
        names = [name for name, number in numbers.items() if number == target]
        return next((self.transfers[name] for name in (*names, target, "*") if name in self.transfers), None)

    def done_at_desk(self, wanted: DeskAct) -> Script:
        rule = self.desk.get(wanted.do, DeskRule())
        answered = DeskAnswered(wanted.op, rule.outcome, {**NOW, "state": "available", **rule.value})
        if wanted.do == "call" and rule.outcome == "done":
            return [(ANSWER_S, PartyJoined(wanted.op)), (ANSWER_S + rule.talks_s, answered)]
        return [(0.0, answered)]

    def promised(self, wanted: Callback) -> Script | None:
        if self.callbacks is None:
            return None
        placed = self.callbacks == "placed"
        return [
            (ANSWER_S, CallbackPlaced(wanted.op, self.callbacks, "k-1" if placed else "", 1 if placed else 0))
        ]

    def recorded(self, wanted: Record) -> Script | None:
        if self.said_s is None:
            return None
        seconds = min(self.said_s, wanted.longest_s)
        if seconds <= 0:
            return [(wanted.silence_s, RecordingEnded(wanted.op, "empty", ended_by="silence"))]
        ended_by: Literal["limit", "silence"] = "limit" if seconds >= wanted.longest_s else "silence"
        return [(seconds, RecordingEnded(wanted.op, "recorded", "r-1", seconds, ended_by))]


def answered(
    wanted: Request, outcome: RequestOutcome, status: int, body: JsonValue, took_s: float = 0.0
) -> RequestEnded:
    """How a request ends. An "ok" with a status that was not expected is a "status"; others have none."""
    expected = status in wanted.expect if wanted.expect else 200 <= status < 300
    if outcome == "ok" and not expected:
        outcome = "status"
    return RequestEnded(wanted.op, outcome, status if outcome in ("ok", "status") else 0, body, took_s)
