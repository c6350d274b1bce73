"""What is personal at a node stays out of journal and transcript, pressed or said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ivr.call.history import CallHistory
from ivr.call.ports import CallerFacts, Said
from ivr.flow.inputs import Alternative, Digit, Input, OpId, SpeechHeard, SpeechPartial
from ivr.ids import CallId

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


class Kept:
    """Records that only remember."""

    def __init__(self) -> None:
        self.journal_rows: list[Mapping[str, Any]] = []
        self.said: list[Said] = []

    def arrived(self, *_: object) -> None: ...
    def ended(self, *_: object) -> None: ...

    def journal(self, call: CallId, seq: int, kind: str, data: Mapping[str, Any], at: dt.datetime) -> None:
        self.journal_rows.append(data)

    def transcript(self, call: CallId, seq: int, line: Said, at: dt.datetime) -> None:
        self.said.append(line)


INPUTS: tuple[Input, ...] = (
    Digit("7"),
    SpeechPartial(OpId("3"), "一一零一"),
    SpeechHeard(OpId("3"), "一一零一零五", 0.9, phrase="一一零", alternatives=(Alternative("一一零一零六"),)),
)


def kept(*, masked: bool) -> Kept:
    records = Kept()
    history = CallHistory(records, CallId("c-1"), CallerFacts("", "12345", "main", "v", "zh"), NOW)
    for event in INPUTS:
        history.input(event, NOW, masked=masked)
    return records


def test_a_masked_node_leaves_no_trace_of_what_was_given() -> None:
    records = kept(masked=True)
    assert "7" not in str(records.journal_rows)
    assert "一" not in str(records.journal_rows)
    assert [row["type"] for row in records.journal_rows] == ["digit", "speech_partial", "speech_heard"]
    assert not records.said


def test_any_other_node_keeps_it() -> None:
    records = kept(masked=False)
    assert "一一零一零六" in str(records.journal_rows)
    assert [line.text for line in records.said] == ["一一零一零五"]
