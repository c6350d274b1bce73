"""Random calls: whatever callers, queues and machines outside may do, as a session would journal it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    DeskAnswered,
    Input,
    LookupEnded,
    OpId,
    PartyJoined,
    PromptEnded,
    QueueEnded,
    QueueProgress,
    RequestEnded,
    SpeechFailed,
    SpeechPartial,
    TransferEnded,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.model import StoredCall
from ivr.flow.simulate import Simulation
from ivr.flow.state import CallFacts, FlowState
from ivr.flow.world import LookupRule, QueueRule, RequestRule, TransferRule, World
from tests.flow.replay_support import stored

NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)
PLAIN_WORDS = (
    "嗯嗯",
    "人工",
    "救命",
    "不想活",
    "person",
    "yes",
    "不是",
    "对",
    "一二三四五六",
    "重复",
    "go back",
    "",
)


class JournalledCall(Simulation):
    """Remembers the state before each input, which says whether it is masked."""

    def __init__(self, library: FlowLibrary, call: CallFacts, entry: str, world: World) -> None:
        self.states: list[FlowState] = []
        super().__init__(library, call, NOON, entry, world)

    def give(self, event: Input) -> None:
        self.states.append(self.state)
        super().give(event)


@dataclass(frozen=True)
class Move:
    """after_s: so long after what was last; nobody acts in the very moment in which something else happens."""

    after_s: float
    kind: str
    value: Any = None


Answer = Callable[[OpId], Input]
ANSWERS: tuple[tuple[str, Answer], ...] = (
    ("queue", lambda op: QueueProgress(op, 2, 3, 30.0, 90.0)),
    ("queue", lambda op: AgentJoined(op, "a1001")),
    ("queue", lambda op: QueueEnded(op, "served", "a1001", 3.0, 40.0)),
    ("queue", lambda op: QueueEnded(op, "timeout", waited_s=60.0)),
    ("transfer", lambda op: PartyJoined(op)),
    ("transfer", lambda op: TransferEnded(op, "completed", 9.0)),
    ("transfer", lambda op: TransferEnded(op, "busy", cause=17)),
    ("request", lambda op: RequestEnded(op, "ok", 200, {"state": "open"})),
    ("request", lambda op: RequestEnded(op, "status", 404)),
    ("lookup", lambda op: LookupEnded(op, "none")),
    ("callback", lambda op: CallbackPlaced(op, "placed", "k-1", 2)),
    ("desk", lambda op: DeskAnswered(op, "done", {"state": "paused"})),
    ("listen", lambda op: SpeechFailed(op, "lost")),
    ("listen", lambda op: SpeechFailed(op, "unavailable")),
    ("listen", lambda op: SpeechPartial(op, "救")),
    ("play", lambda op: PromptEnded(op, "failed")),
)

_PAUSES = st.floats(0.03, 0.2) | st.floats(0.2, 4.0) | st.floats(4.0, 70.0)


def _moves(words: st.SearchStrategy[str]) -> st.SearchStrategy[Move]:
    keys = st.text("0123456789*#", min_size=1, max_size=1) | st.text("0123456789#", min_size=2, max_size=12)
    spoken = st.tuples(words, st.sampled_from((None, 0.2, 0.4, 0.9)))
    return st.one_of(
        st.builds(Move, _PAUSES, st.just("press"), keys),
        st.builds(Move, _PAUSES, st.just("say"), spoken),
        st.builds(Move, _PAUSES, st.just("settle")),
        st.builds(Move, _PAUSES, st.just("silence")),
        st.builds(Move, _PAUSES, st.just("answer"), st.sampled_from(ANSWERS)),
        st.builds(Move, _PAUSES, st.just("recorded"), st.sampled_from((0.0, 3.0))),
        st.builds(Move, _PAUSES, st.just("nothing")),
    )


def _worlds(library: FlowLibrary) -> st.SearchStrategy[World]:
    queue = st.builds(
        QueueRule,
        st.sampled_from(("served", "timeout", "full", "closed", "unstaffed", "failed")),
        st.floats(0.1, 90.0),
        st.floats(1.0, 60.0),
        places=st.sampled_from(((1,), (3, 2, 1), ())),
    )
    return st.builds(
        World,
        queues=st.dictionaries(st.sampled_from(sorted(library.queues) or ["none"]), queue),
        requests=st.tuples() | st.tuples(st.builds(RequestRule, outcome=st.sampled_from(("ok", "timeout")))),
        lookups=st.dictionaries(
            st.sampled_from(sorted(library.sources) or ["none"]),
            st.builds(LookupRule, st.sampled_from(("found", "none", "timeout")), st.just({"state": "open"})),
        ),
        transfers=st.dictionaries(
            st.just("*"), st.builds(TransferRule, st.sampled_from(("completed", "busy")), st.floats(1, 9))
        ),
        callbacks=st.sampled_from(("placed", "refused", "failed")),
        said_s=st.sampled_from((None, 0.0, 5.5)),
    )


def _words(library: FlowLibrary) -> tuple[str, ...]:
    found = dict.fromkeys(PLAIN_WORDS)
    for node in library.nodes.values():
        options = getattr(node, "options", None)
        for language in library.languages:
            if hasattr(options, "spoken"):
                found |= dict.fromkeys(options.spoken(language).spoken)
    return tuple(found)


@st.composite
def stored_calls(draw: st.DrawFn, library: FlowLibrary, *, whole: bool = True) -> StoredCall:
    """whole: the caller hangs up at the end; else the journal may end anywhere."""
    call = CallFacts(
        draw(st.sampled_from(("c-n1-1", "c-n1-2", "c-n1-3"))),
        caller=draw(st.sampled_from(("13812345678", ""))),
        number="12345",
        language=draw(st.sampled_from(library.languages)),
        speech=draw(st.sampled_from((library.languages, ()))),
    )
    entry = draw(st.sampled_from(["", *library.flows]))
    sim = JournalledCall(library, call, entry, draw(_worlds(library)))
    moves = _moves(st.sampled_from(_words(library)))
    for move in draw(st.lists(moves, max_size=25)):
        sim.wait(move.after_s)
        if sim.over:
            break
        _do(sim, move)
    sim.wait(0.05)
    if whole and not sim.over:
        sim.hang_up()
    return stored(sim, sim.states)


def _do(sim: Simulation, move: Move) -> None:
    match move.kind:
        case "press":
            sim.press(move.value)
        case "say":
            sim.say(*move.value)
        case "settle":
            sim.settle()
        case "silence":
            sim.silence()
        case "recorded":
            sim.end_recording("silence", move.value)
        case "answer":
            purpose, make = move.value
            op = sim.op_of(purpose)
            if op is not None:
                sim.give(make(op))
        case _:
            pass
