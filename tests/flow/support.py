"""Small hotlines for the tests of the dialogue language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from ivr.flow import machine
from ivr.flow.actions import Action, JsonValue, Note, Play
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.inputs import (
    AgentJoined,
    Alternative,
    Digit,
    HungUp,
    Input,
    LanguageGuess,
    OpId,
    PromptEnded,
    QueueEnded,
    QueueProgress,
    SpeechHeard,
    TimerFired,
)
from ivr.flow.load import load_sources
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts, FlowState, Step
from ivr.flow.world import QueueOutcome

ROOT = Path(__file__).parents[2]
FLOWS = ROOT / "flows"
NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)
"""A Monday, 12:00 in Shanghai."""

ActionType = TypeVar("ActionType", bound=Action)

PROMPTS = {
    "zh": "ask: 请选择\nagain: 再选一次\nbye: 再见\nsorry: 抱歉\nplace: 第{place:number}位\nname: 您好{who}\n"
    "did_you: 您是说\nyes_no: 是请按1\nvalue: '{value:digits}'\n",
    "en": "ask: Choose\nagain: Again\nbye: Goodbye\nsorry: Sorry\nplace: Number {place:number}\nname: Hi {who}\n"
    "did_you: Did you say\nyes_no: For yes press 1\nvalue: '{value:digits}'\n",
}
CONFIRM = "confirm: {before: did_you, value: value, after: yes_no}\n"
"""What a hotline needs to ask back."""
PERSON = """
always:
  person: {key: 0, say: {zh: [人工], en: [person]}, next: main.person}
  repeat: {key: "#", say: {zh: [再说一遍]}, do: repeat}
"""
"""Commands of a hotline whose flow has a node `person`."""


def sources(flow: str, hotline: str = "", more: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """The files of a hotline of one flow, with the prompts above. flow: its `nodes`, or the whole file."""
    text = flow if flow.startswith("flow:") else "flow: main\nnodes:\n" + flow
    files = {"main.yaml": text, **{f"prompts/{language}.yaml": text for language, text in PROMPTS.items()}}
    files["hotline.yaml"] = "hotline: test\nlanguages: [zh, en]\n" + hotline
    files.update(more or {})
    return {name: text.encode() for name, text in files.items()}


def library(flow: str, hotline: str = "", more: Mapping[str, str] | None = None) -> FlowLibrary:
    return load_sources(sources(flow, hotline, more))


def faults(flow: str, hotline: str = "", more: Mapping[str, str] | None = None) -> list[Finding]:
    """All findings, whether it loads or not."""
    try:
        return list(library(flow, hotline, more).findings)
    except FlowLoadError as error:
        return list(error.findings)


class Dialogue:
    """Drives the machine directly: exact ops, exact actions. facts: fields of `CallFacts`."""

    def __init__(
        self,
        flows: FlowLibrary,
        *,
        speech: tuple[str, ...] = ("zh", "en"),
        language: str = "zh",
        entry: str = "",
        now: dt.datetime = NOON,
        **facts: Any,
    ) -> None:
        self.library = flows
        self.now = now
        self.actions: tuple[Action, ...] = ()
        known: dict[str, Any] = {"caller": "13812345678", "number": "12345", **facts}
        call = CallFacts("c-test", speech=speech, language=language, **known)
        self._take(machine.start(flows, entry, call, now))

    def _take(self, step: Step) -> None:
        self.state: FlowState = step.state
        self.actions = step.actions

    def give(self, event: Input) -> tuple[Action, ...]:
        self._take(machine.step(self.library, self.state, event, self.now))
        return self.actions

    def op(self, purpose: str) -> OpId:
        """Of what is under way; "held": of the place that is kept."""
        return OpId(self.state.held if purpose == "held" else self.state.waiting[purpose])

    # What the caller does

    def press(self, keys: str) -> tuple[Action, ...]:
        """The actions of all keys."""
        actions: list[Action] = []
        for key in keys:
            actions += self.give(Digit(key))
        self.actions = tuple(actions)
        return self.actions

    def hear(
        self,
        text: str,
        confidence: float | None = 0.9,
        phrase: str = "",
        others: Mapping[str, float] | None = None,
        languages: Mapping[str, float] | None = None,
    ) -> tuple[Action, ...]:
        """others: further readings -> confidence. languages: those it was likely said in -> share."""
        alternatives = tuple(Alternative(*other) for other in (others or {}).items())
        guesses = tuple(LanguageGuess(*guess) for guess in (languages or {}).items())
        return self.give(
            SpeechHeard(
                self.op("listen"),
                text,
                confidence,
                phrase=phrase,
                alternatives=alternatives,
                languages=guesses,
            )
        )

    def hang_up(self, by: Literal["caller", "system"] = "caller") -> tuple[Action, ...]:
        return self.give(HungUp(by))

    # What comes of actions

    def played(self) -> tuple[Action, ...]:
        """The prompt that plays ends."""
        return self.give(PromptEnded(self.op("play"), "finished"))

    def not_played(self) -> tuple[Action, ...]:
        """The prompt cannot be played."""
        return self.give(PromptEnded(self.op("play"), "failed"))

    def fire(self, timer: str) -> tuple[Action, ...]:
        return self.give(TimerFired(self.op("timer." + timer)))

    def place(
        self, place: int, low_s: float | None = None, high_s: float | None = None
    ) -> tuple[Action, ...]:
        return self.give(QueueProgress(self._queue(), place, 9, low_s, high_s))

    def joined(self, agent: str = "a1") -> tuple[Action, ...]:
        return self.give(AgentJoined(self._queue(), agent))

    def queue_ended(self, outcome: QueueOutcome = "served") -> tuple[Action, ...]:
        talked_s = 60.0 if outcome == "served" else 0.0
        return self.give(QueueEnded(self._queue(), outcome, "a1" if talked_s else "", 12.0, talked_s))

    def _queue(self) -> OpId:
        return self.op("held" if self.state.held else "queue")

    # What was seen

    def of(self, kind: type[ActionType]) -> list[ActionType]:
        """The last actions of that kind."""
        return [action for action in self.actions if isinstance(action, kind)]

    def heard(self) -> list[str]:
        """The ids of the prompts that the last step began to play."""
        return [prompt.id for play in self.of(Play) for prompt in play.prompts]

    def notes(self, kind: str) -> list[dict[str, JsonValue]]:
        """The data of the last notes of that kind."""
        return [dict(note.data) for note in self.of(Note) if note.kind == kind]

    def passed(self) -> list[str]:
        """The nodes that the last step entered."""
        return [str(data["node"]) for data in self.notes("node")]

    @property
    def at(self) -> str:
        return self.state.node

    def value(self, name: str) -> JsonValue:
        return self.state.variables[name]
