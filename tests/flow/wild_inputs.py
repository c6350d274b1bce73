"""Whatever may come in, likely and unlikely, for the tests of properties."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any, Literal

from hypothesis import strategies as st

from ivr.flow.actions import JsonValue
from ivr.flow.inputs import (
    AgentJoined,
    Alternative,
    CallbackPlaced,
    DeskAnswered,
    Digit,
    HungUp,
    Input,
    LanguageGuess,
    LookupEnded,
    OpId,
    PartyJoined,
    PromptEnded,
    QueueEnded,
    QueueProgress,
    RecordingEnded,
    RequestEnded,
    SentToFlow,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TimerFired,
    TransferEnded,
    WaitsAgain,
)
from ivr.flow.state import CallFacts, FlowState

WORDS = (
    *("人工", "我要投诉", "不想活了", "着火了", "普通话", "english please", "person", "返回", "再说一遍"),
    *(
        "",
        "  ",
        "。",
        "路灯坏了",
        "是的",
        "不对",
        "yes",
        "no",
        "一",
        "第一个",
        "试试",
        "其他",
        "回拨",
        "备注",
        "满意",
    ),
    *(
        "一三八一二三四五六七八",
        "13812345678",
        "十一月二十八号",
        "110105194912310021",
        "城北",
        "取消",
        "算了",
    ),
)
QUEUE_OUTCOMES = ("served", "timeout", "full", "closed", "unstaffed", "left", "failed")
TRANSFER_OUTCOMES = (
    "completed",
    "busy",
    "no_answer",
    "refused",
    "unavailable",
    "unknown",
    "forbidden",
    "failed",
)
REQUEST_OUTCOMES = ("ok", "status", "timeout", "forbidden", "too_large", "invalid", "down", "failed")
ASR_FAULTS = ("unavailable", "language", "overloaded", "lost")
PURPOSES: dict[type, str] = {
    PromptEnded: "play",
    SpeechStarted: "listen",
    SpeechPartial: "listen",
    SpeechHeard: "listen",
    SpeechFailed: "listen",
    QueueProgress: "queue",
    AgentJoined: "queue",
    WaitsAgain: "queue",
    SentToFlow: "queue",
    QueueEnded: "queue",
    CallbackPlaced: "callback",
    RecordingEnded: "record",
    PartyJoined: "transfer",
    TransferEnded: "transfer",
    RequestEnded: "request",
    LookupEnded: "lookup",
    DeskAnswered: "desk",
}
"""What an input answers; timers have many purposes."""

DESK_OUTCOMES = (
    "done",
    "done",
    "not_now",
    "busy",
    "forbidden",
    "no_agent",
    "wrong_pin",
    "code_needed",
    "unknown_code",
)

# For Hypothesis

said = st.one_of(st.sampled_from(WORDS), st.text(max_size=30))
seconds = st.one_of(st.none(), st.floats(-10, 1e12), st.just(float("inf")), st.integers(0, 600).map(float))
confidence = st.one_of(st.none(), st.floats(-1, 2))
times = st.floats(0, 1e9)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["state", "topic", "items", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)
ops = st.one_of(
    st.integers(0, 90).map(lambda number: OpId(str(number))), st.sampled_from([OpId(""), OpId("x")])
)


def inputs_for(op: st.SearchStrategy[OpId]) -> st.SearchStrategy[Input]:
    outcomes = st.sampled_from
    return st.one_of(
        st.builds(Digit, st.one_of(st.sampled_from("0123456789*#ABCD"), st.text(max_size=2))),
        st.builds(Digit, st.sampled_from("0123456789*#")),
        st.builds(PromptEnded, op, outcomes(["finished", "finished", "stopped", "failed"])),
        st.builds(SpeechStarted, op),
        st.builds(SpeechPartial, op, said),
        st.builds(
            SpeechHeard,
            op,
            said,
            confidence,
            st.sampled_from(["", "zh"]),
            st.just("engine"),
            st.one_of(st.just(""), said),
            st.lists(st.builds(Alternative, said, confidence), max_size=2).map(tuple),
            st.lists(
                st.builds(LanguageGuess, st.sampled_from(["zh", "en", "xx", ""]), st.floats(0, 1)), max_size=3
            ).map(tuple),
        ),
        st.builds(SpeechFailed, op, outcomes(ASR_FAULTS)),
        st.builds(TimerFired, op),
        st.builds(QueueProgress, op, st.integers(-1, 10**12), st.integers(-1, 50), seconds, seconds),
        st.builds(AgentJoined, op, st.sampled_from(["a1001", ""])),
        st.builds(WaitsAgain, op, st.sampled_from(["general", ""])),
        st.builds(SentToFlow, op, st.sampled_from(["survey", "main", "nowhere"]), st.booleans()),
        st.builds(QueueEnded, op, outcomes(QUEUE_OUTCOMES), st.just("a1001"), times, times),
        st.builds(
            CallbackPlaced,
            op,
            outcomes(["placed", "refused", "failed"]),
            st.text(max_size=5),
            st.integers(-1, 99),
        ),
        st.builds(
            RecordingEnded,
            op,
            outcomes(["recorded", "empty", "failed"]),
            st.sampled_from(["", "r-1"]),
            times,
            outcomes(["silence", "key", "limit", "hangup", "stopped", ""]),
        ),
        st.builds(PartyJoined, op),
        st.builds(TransferEnded, op, outcomes(TRANSFER_OUTCOMES), times, st.integers(-1, 200)),
        st.builds(
            RequestEnded, op, outcomes(REQUEST_OUTCOMES), st.integers(-1, 999), json_values, times, said
        ),
        st.builds(LookupEnded, op, outcomes(["found", "none", "timeout", "failed"]), json_values, said),
        st.builds(DeskAnswered, op, outcomes(["done", "not_now", "busy", "?"]), json_values),
        st.builds(HungUp, st.sampled_from(["caller", "system"]), st.sampled_from([16, 17, 0])),
    )


calls = st.builds(
    CallFacts,
    st.just("c-1"),
    st.sampled_from(["", "13812345678"]),
    st.sampled_from(["12345", "*45", "*472", "*483", "*49110"]),
    st.sampled_from(["zh", "en", "xx"]),
    st.sampled_from([(), ("zh",), ("zh", "en")]),
    st.sampled_from([{}, {"day_desk": False}, {"desk": False}]),
    st.just({}),
    st.dictionaries(st.sampled_from(["age", "incident", "desk"]), json_values, max_size=2),
)
turns = st.lists(st.tuples(st.integers(0, 9), inputs_for(ops)), max_size=30)
"""Inputs, each with a number that says how well it is aimed (`aimed`)."""


def aimed(state: FlowState, number: int, event: Input) -> Input:
    """Up to 6: an answer to what is open, as real ones are. 7, 8: to something else that is open. 9: its own op."""
    if isinstance(event, Digit | HungUp) or number > 8:
        return event
    open_ops = list(state.waiting.items())
    if number <= 6:
        purpose = PURPOSES.get(type(event), "timer.")
        fitting = [op for name, op in open_ops if name.startswith(purpose)]
        if purpose == "queue" and state.held:
            fitting.append(state.held)
    else:
        fitting = [op for _, op in open_ops] + ([state.held] if state.held else [])
    return dataclasses.replace(event, op=OpId(fitting[number % len(fitting)])) if fitting else event


# By chance: cheaper, and so more of them


def by_chance(chance: random.Random, state: FlowState) -> Input:
    """Mostly an answer to what is open."""
    if chance.random() < 0.35:
        return Digit(chance.choice("0123456789*#"))
    purposes = [*state.waiting, *(["held"] if state.held else [])]
    if not purposes or chance.random() < 0.05:
        return chance.choice(_makers(chance, OpId(str(chance.randrange(200)))))()
    purpose = chance.choice(purposes)
    op = OpId(state.held if purpose == "held" else state.waiting[purpose])
    kind = "queue" if purpose == "held" else purpose
    makers = [make for make in _makers(chance, op) if _answers(make, kind)] or [lambda: TimerFired(op)]
    return chance.choice(makers)()


def _answers(make: Callable[[], Input], purpose: str) -> bool:
    return getattr(make, "purpose", "") == purpose


class _Maker:
    def __init__(self, kind: type[Any], make: Callable[[], Input]) -> None:
        self.purpose = PURPOSES.get(kind, "")
        self._make = make

    def __call__(self) -> Input:
        return self._make()


def _makers(chance: random.Random, op: OpId) -> list[Callable[[], Input]]:
    text = chance.choice(WORDS)
    pick = chance.choice
    value: JsonValue = pick((None, 5, "x", [1], {"state": "open", "topic": "t", "items": [{"x": 1}]}))
    endings: tuple[Literal["silence", "key", "hangup"], ...] = ("silence", "key", "hangup")
    made: list[tuple[type[Any], Callable[[], Input]]] = [
        (
            PromptEnded,
            lambda: PromptEnded(op, pick(("finished", "finished", "finished", "stopped", "failed"))),
        ),
        (SpeechStarted, lambda: SpeechStarted(op)),
        (SpeechPartial, lambda: SpeechPartial(op, text)),
        (
            SpeechHeard,
            lambda: SpeechHeard(
                op, text, pick((None, 0.2, 0.45, 0.9)), languages=pick(((), (LanguageGuess("en", 0.9),)))
            ),
        ),
        (SpeechFailed, lambda: SpeechFailed(op, pick(("overloaded", "lost", "unavailable")))),
        (TimerFired, lambda: TimerFired(op)),
        (QueueProgress, lambda: QueueProgress(op, chance.randrange(-1, 5), 5, pick((None, 30.0)), 90.0)),
        (AgentJoined, lambda: AgentJoined(op, "a1")),
        (WaitsAgain, lambda: WaitsAgain(op, "general")),
        (SentToFlow, lambda: SentToFlow(op, pick(("survey", "main", "nowhere")), pick((True, False)))),
        (QueueEnded, lambda: QueueEnded(op, pick(QUEUE_OUTCOMES))),  # type: ignore[arg-type]
        (CallbackPlaced, lambda: CallbackPlaced(op, pick(("placed", "refused", "failed")), "k1", 1)),
        (
            RecordingEnded,
            lambda: RecordingEnded(op, pick(("recorded", "empty", "failed")), "r1", 3.0, pick(endings)),
        ),
        (PartyJoined, lambda: PartyJoined(op)),
        (TransferEnded, lambda: TransferEnded(op, pick(TRANSFER_OUTCOMES))),  # type: ignore[arg-type]
        (RequestEnded, lambda: RequestEnded(op, pick(REQUEST_OUTCOMES), 404, value)),  # type: ignore[arg-type]
        (LookupEnded, lambda: LookupEnded(op, pick(("found", "none", "timeout", "failed")), value)),
        (DeskAnswered, lambda: DeskAnswered(op, pick(DESK_OUTCOMES), value)),
    ]
    return [_Maker(kind, make) for kind, make in made]
