"""Small hotlines for the tests of the dialogue language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from ivr.flow import machine
from ivr.flow.actions import Action, Play
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.inputs import Input, OpId, PromptEnded, SpeechHeard, TimerFired
from ivr.flow.load import load_sources
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts, FlowState, Step

ROOT = Path(__file__).parents[2]
FLOWS = ROOT / "flows"
NOON = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)
"""A Monday, 12:00 in Shanghai."""

ActionType = TypeVar("ActionType", bound=Action)

PROMPTS = {
    "zh": "ask: 请选择\nagain: 再选一次\nbye: 再见\nsorry: 抱歉\nplace: 第{place:number}位\nname: 您好{who}\n",
    "en": "ask: Choose\nagain: Again\nbye: Goodbye\nsorry: Sorry\nplace: Number {place:number}\nname: Hi {who}\n",
}


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
    """Drives the machine directly: exact ops, exact actions."""

    def __init__(
        self, flows: FlowLibrary, *, speech: tuple[str, ...] = ("zh", "en"), language: str = "zh"
    ) -> None:
        self.library = flows
        self.actions: tuple[Action, ...] = ()
        call = CallFacts("c-test", caller="13812345678", number="12345", speech=speech, language=language)
        self._take(machine.start(flows, "", call, NOON))

    def _take(self, step: Step) -> None:
        self.state: FlowState = step.state
        self.actions = step.actions

    def give(self, event: Input) -> tuple[Action, ...]:
        self._take(machine.step(self.library, self.state, event, NOON))
        return self.actions

    def op(self, purpose: str) -> OpId:
        return OpId(self.state.waiting[purpose])

    def played(self) -> tuple[Action, ...]:
        """The prompt that plays ends."""
        return self.give(PromptEnded(self.op("play"), "finished"))

    def fire(self, timer: str) -> tuple[Action, ...]:
        return self.give(TimerFired(self.op("timer." + timer)))

    def hear(self, text: str, confidence: float | None = 0.9, phrase: str = "") -> tuple[Action, ...]:
        return self.give(SpeechHeard(self.op("listen"), text, confidence, phrase=phrase))

    def of(self, kind: type[ActionType]) -> list[ActionType]:
        """The last actions of that kind."""
        return [action for action in self.actions if isinstance(action, kind)]

    def heard(self) -> list[str]:
        """The ids of the prompts that the last step began to play."""
        return [prompt.id for play in self.of(Play) for prompt in play.prompts]
