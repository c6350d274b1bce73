"""A tape taken apart: what was done at each visit of a node and what came of each work, with its moments. Pure.

A caller acts in a situation: in the middle of words, so long after them, so long after the key before; while waiting in
a queue, so long after the place was taken. That is what a draft can be given again. Ends of prompts and timers are no
acts: the draft has its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ivr.flow.actions import Action, JsonValue, Note, Play
from ivr.flow.inputs import (
    Digit,
    HungUp,
    Input,
    PromptEnded,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TimerFired,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.digest import Work as ToDo
from ivr.flow.replaying.digest import digest
from ivr.flow.replaying.lengths import Key, Lengths, names_of
from ivr.flow.replaying.model import (
    Act,
    ActKind,
    Happening,
    Moment,
    Purpose,
    Recording,
    TapedStep,
    Visit,
    Work,
)
from ivr.flow.replaying.pairs import EVENTS
from ivr.flow.replaying.tape import Taken, Tape, said_of
from ivr.flow.replaying.works import described, happened
from ivr.flow.state import FlowState

FIRST_INPUT: Final = "timer.first_input"
_SITUATIONS: Final[tuple[Purpose, ...]] = ("queue", "transfer", "record")
"""Work that the caller is in the middle of: what is done meanwhile belongs to it."""
_EARLIER_S: Final = 2e-4
"""A timer that was due and fired a little late must not come before what came before it."""
LATER_S: Final = 5e-5
"""What came in the same moment as a timer, and after it, must not come before it for the way that times are summed."""
_TURNS: Final = frozenset({"key", "heard", "silence", "hangup"})
_KINDS: Final[dict[type[Input], ActKind]] = {
    Digit: "key",
    SpeechStarted: "began",
    SpeechPartial: "partial",
    SpeechHeard: "heard",
    SpeechFailed: "deaf",
    HungUp: "hangup",
}


def read(library: FlowLibrary, tape: Tape, lengths: Lengths) -> Recording:
    """library: the version of the call."""
    reader = _Reader(library, tape, lengths)
    reader.actions(tape.first.actions, tape.first.state, tape.first.state, 0.0)
    for taken in tape.taken:
        reader.take(taken)
    return reader.finish()


@dataclass(slots=True)
class _Visit:
    node: str
    asks: bool
    entered_s: float
    acts: list[Act] = field(default_factory=list)
    keys: str = ""


@dataclass(slots=True)
class _Work:
    purpose: Purpose
    name: str
    detail: JsonValue
    timeout_s: float | None
    node: str
    given_s: float
    happenings: list[Happening] = field(default_factory=list)


@dataclass(slots=True)
class _Play:
    """number: the how-manieth of the words said in one go."""

    key: Key
    model_s: float
    began_s: float
    number: int


class _Reader:
    def __init__(self, library: FlowLibrary, tape: Tape, lengths: Lengths) -> None:
        self.library = library
        self.tape = tape
        self.lengths = lengths
        self.visits: list[_Visit] = []
        self.works: dict[str, _Work] = {}
        self.order: list[_Work] = []
        self.timers: dict[str, float] = {}
        self.lasted: dict[object, tuple[float, float]] = {}
        self.play: _Play | None = None
        self.continues = False
        self.promptings = 0
        self.number_in_words = 0
        self.number = 0
        self.anchor_s = 0.0
        self.act_s: float | None = None
        """When the last act of this visit came, while nothing was said or fired since."""
        self.stirs = 0
        self.in_words: list[tuple[_Visit, int, Key]] = []
        """The acts that came in the middle of words, to be told how long these lasted."""
        self.menu_s: float | None = None
        self.nodes: list[str] = []
        self.steps: list[TapedStep] = []

    def take(self, taken: Taken) -> None:
        real_s = (taken.at - self.tape.call.began_at).total_seconds()
        event, before = taken.event, taken.before
        self.continues = False
        at_s = real_s
        if type(event) is TimerFired:
            self.timers.pop(event.op, None)
        elif self.timers:
            at_s = min(at_s, min(self.timers.values()) - _EARLIER_S)
        if type(event) is PromptEnded:
            self._prompt_ended(event, before, at_s, real_s)
        elif type(event) is TimerFired:
            if before.waiting.get(FIRST_INPUT) == event.op:
                self._act("silence", taken, at_s, real_s, "(silence)")
            self._anchored(at_s)
        elif (kind := _KINDS.get(type(event))) is not None:
            self._acted(kind, taken, at_s, real_s)
        else:
            work = self.works.get(getattr(event, "op", ""))
            if work is not None:
                work.happenings.append(
                    Happening(
                        max(0.0, at_s - work.given_s) + LATER_S, real_s, event, happened(event), self.number
                    )
                )
            self._anchored(at_s)
        self.actions(taken.step.actions, before, taken.step.state, at_s)

    def _anchored(self, at_s: float) -> None:
        self.anchor_s, self.act_s = at_s, None
        self.stirs += 1

    def _prompt_ended(self, event: PromptEnded, before: FlowState, at_s: float, real_s: float) -> None:
        play, self.play = self.play, None
        self.continues = bool(before.unplayed)
        if play is not None and event.outcome == "failed":
            moment = self._moment(at_s, play)
            act = Act("unplayed", event, real_s, moment, self.number, "(a prompt is not played)", of=play.key)
            self._add(act, play)
        elif play is not None and event.outcome == "finished":
            self.lasted[play.key] = (max(0.0, at_s - play.began_s), play.model_s)
        self._anchored(at_s)

    def _acted(self, kind: ActKind, taken: Taken, at_s: float, real_s: float) -> None:
        said = self._said(kind, taken)
        for purpose in _SITUATIONS:
            op = taken.before.waiting.get(purpose)
            work = self.works.get(op) if op is not None else None
            if work is not None:
                self._counted(kind)
                act = self._made(kind, taken, real_s, Moment("entry", 0.0, 0.0), said)
                after_s = max(0.0, at_s - work.given_s) + LATER_S
                work.happenings.append(Happening(after_s, real_s, taken.event, said, self.number, act))
                return
        self._act(kind, taken, at_s, real_s, said)

    def _act(self, kind: ActKind, taken: Taken, at_s: float, real_s: float, said: str) -> None:
        self._counted(kind)
        play = self.play
        if play is not None and kind != "silence" and at_s - play.began_s > play.model_s:
            # Longer than the prompt's length says: it must not end before the act that came in the middle of it.
            known_s, _ = self.lasted.get(play.key, (0.0, 0.0))
            self.lasted[play.key] = (max(known_s, at_s - play.began_s), play.model_s)
        self._add(self._made(kind, taken, real_s, self._moment(at_s, play), said), play)
        self.act_s = at_s
        self.stirs = 0

    def _add(self, act: Act, play: _Play | None) -> None:
        visit = self.visits[-1]
        if play is not None and act.moment.anchor == "prompt":
            self.in_words.append((visit, len(visit.acts), play.key))
        visit.acts.append(act)

    def _made(self, kind: ActKind, taken: Taken, real_s: float, moment: Moment, said: str) -> Act:
        kept = kind == "key" and not self.visits[-1].asks and not _commanded(taken.step.actions)
        return Act(kind, taken.event, real_s, moment, self.number, said, kept, taken.withheld)

    def _counted(self, kind: ActKind) -> None:
        if kind in _TURNS:
            self.number += 1

    def _moment(self, at_s: float, play: _Play | None) -> Moment:
        visit = self.visits[-1]
        entered_s = max(0.0, at_s - visit.entered_s)
        if play is not None and (visit.asks or self.promptings == 1):
            since_s = max(0.0, at_s - play.began_s)
            return Moment("prompt", since_s, entered_s, play.number, play.model_s, self.stirs)
        if not visit.asks:
            return Moment("entry", entered_s, entered_s)
        if self.act_s is not None:
            return Moment("act", max(0.0, at_s - self.act_s), entered_s)
        return Moment("quiet", max(0.0, at_s - self.anchor_s), entered_s, stirs=self.stirs)

    def _said(self, kind: ActKind, taken: Taken) -> str:
        visit = self.visits[-1]
        event = taken.event
        if kind == "key":
            visit.keys += said_of(taken)
            return visit.keys
        visit.keys = ""
        if isinstance(event, SpeechHeard):
            return "*" if taken.withheld else event.text or "(a sound)"
        if isinstance(event, SpeechFailed):
            return f"(recogniser {event.cause})"
        return {"began": "(speaks)", "partial": "(speaks)", "hangup": "(hangs up)"}.get(kind, "")

    # What the machine did

    def actions(self, actions: tuple[Action, ...], before: FlowState, state: FlowState, at_s: float) -> None:
        step = digest(actions)
        for timer in step.timers:
            self.timers[timer.op] = at_s + timer.after_s
        for op in step.cancelled:
            self.timers.pop(op, None)
        if step.events and self.visits:
            self.visits[-1].keys = ""
        touched = [before.node, *step.nodes]
        for play in step.plays:
            touched += self._play(play, at_s)
        for work in step.works:
            self._work(work, state, at_s)
        if before.stack or state.unplayed or before.held:
            self._touch(touched, before, state)
        if step.events or state.hung_up:
            touched.append(EVENTS)
        self.nodes += step.nodes
        self.steps.append(TapedStep(step, touched))
        if "play" not in state.waiting:
            self.play = None
        if state.ended or step.hangs_up:
            self._menu_over(at_s)
        if step.nodes and not state.ended:
            node = self.library.nodes.get(state.node)
            self.visits.append(_Visit(state.node, node is not None and node.asks, at_s))
            self.promptings = 1 if self.play is not None else 0
            self._anchored(at_s)
            self.stirs = 0

    def _touch(self, touched: list[str], before: FlowState, state: FlowState) -> None:
        """What else the step had to do with: the flows below, words for later, the queue whose place is kept."""
        for frame in before.stack:
            touched.append(str(frame.get("node")))
        for run in state.unplayed:
            touched += names_of(run.prompts)
        if before.held:
            touched.append(str(before.holding.get("node")))

    def _play(self, action: Play, at_s: float) -> tuple[str, ...]:
        """The names of its prompts."""
        said = self.lengths.of(action)
        if self.continues:
            self.number_in_words += 1
            self.continues = False
        else:
            self.number_in_words = 0
            self.promptings += 1
        self.play = _Play(said.key, said.seconds, at_s, self.number_in_words)
        self.stirs += 1
        return said.names

    def _work(self, action: ToDo, state: FlowState, at_s: float) -> None:
        purpose, name, detail, timeout_s = described(action)
        if purpose in ("queue", "transfer"):
            self._menu_over(at_s)
        work = _Work(purpose, name, detail, timeout_s, state.node, at_s)
        self.works[action.op] = work
        self.order.append(work)

    def _menu_over(self, at_s: float) -> None:
        if self.menu_s is None:
            self.menu_s = at_s

    def finish(self) -> Recording:
        for visit, index, key in self.in_words:
            if key in self.lasted:
                act = visit.acts[index]
                visit.acts[index] = act._replace(moment=act.moment._replace(lasting=self.lasted[key][0]))
        visits = tuple(Visit(visit.node, visit.asks, tuple(visit.acts)) for visit in self.visits)
        works = tuple(
            Work(one.purpose, one.name, one.detail, one.node, tuple(one.happenings), one.timeout_s)
            for one in self.order
        )
        last_s = (
            (self.tape.taken[-1].at - self.tape.call.began_at).total_seconds() if self.tape.taken else 0.0
        )
        menu_s = last_s if self.menu_s is None else self.menu_s
        return Recording(self.tape.call, visits, works, self.lasted, menu_s, self.nodes, self.steps)


def _commanded(actions: tuple[Action, ...]) -> bool:
    return any(type(action) is Note and action.kind == "command" for action in actions)
