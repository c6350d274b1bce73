"""A call without a telephone: the machine with somebody to talk to and a clock to turn. Pure.

The caller's turns are methods; what comes of them are `Line`s. Time passes only through `wait` and `settle`: prompts
last as long as their text takes to say, timers fire in their order. A queue answers with a place at once; the agent
joins when told.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from ivr.flow import machine
from ivr.flow.actions import (
    Action,
    CancelTimer,
    Enqueue,
    Hangup,
    LeaveQueue,
    Listen,
    Note,
    Play,
    StartTimer,
    StopListen,
    StopPlay,
)
from ivr.flow.inputs import (
    AgentJoined,
    Digit,
    HungUp,
    Input,
    OpId,
    PromptEnded,
    QueueEnded,
    QueueProgress,
    SpeechFailed,
    SpeechHeard,
    SpeechStarted,
    TimerFired,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.prompt_text import parse, render
from ivr.flow.state import CallFacts, FlowState, Step

CHARACTERS_PER_SECOND = {"zh": 4.5, "en": 14.0}
"""How fast prompts are spoken."""
MAX_SETTLING = 1000
"""Events that follow each other without an input of ours before a simulation gives up."""

QueueOutcome = Literal["served", "timeout", "full", "closed", "unstaffed", "failed"]


@dataclass(frozen=True, slots=True)
class Line:
    """kind: heard (a prompt), did (something else that the caller notices), noted (the journal)."""

    kind: Literal["heard", "did", "noted"]
    text: str
    id: str = ""


class Simulation:
    """One call. Read `lines` as they come with `take_lines`; `state` and `inputs` are the machine's own."""

    def __init__(self, library: FlowLibrary, call: CallFacts, now: dt.datetime, entry: str = "") -> None:
        """now: aware."""
        self.library = library
        self.now = now
        self.inputs: list[tuple[dt.datetime, Input]] = []
        self._lines: list[Line] = []
        self._due: list[tuple[dt.datetime, int, Input]] = []
        self._order = itertools.count()
        self._alive: set[OpId] = set()
        self._playing: OpId | None = None
        self._listening: OpId | None = None
        self._queueing: OpId | None = None
        self.state: FlowState
        self._take(machine.start(library, entry, call, now))

    @property
    def over(self) -> bool:
        return self.state.ended

    @property
    def listening(self) -> bool:
        return self._listening is not None

    @property
    def queueing(self) -> bool:
        """Waiting for an agent, or talking with one."""
        return self._queueing is not None

    def take_lines(self) -> list[Line]:
        lines, self._lines = self._lines, []
        return lines

    # The caller's turns

    def press(self, keys: str) -> None:
        for key in keys:
            self._give(Digit(key))

    def say(self, text: str, confidence: float | None = 0.9) -> bool:
        """False: nobody listens."""
        if self._listening is None:
            return False
        self._give(SpeechStarted(self._listening))
        if self._listening is not None:
            self._give(SpeechHeard(self._listening, text, confidence, self.state.language))
        return True

    def fail_recognition(self, cause: Literal["unavailable", "language", "overloaded", "lost"]) -> bool:
        """False: nobody listens."""
        if self._listening is None:
            return False
        self._give(SpeechFailed(self._listening, cause))
        return True

    def hang_up(self) -> None:
        self._give(HungUp("caller"))

    # The queue's and the agent's turns. False: the caller is in no queue.

    def move_up(self, place: int, low_s: float | None = None, high_s: float | None = None) -> bool:
        if self._queueing is None:
            return False
        self._give(QueueProgress(self._queueing, place, max(place, 1), low_s, high_s))
        return True

    def join(self, agent: str) -> bool:
        if self._queueing is None:
            return False
        self._did(f"agent {agent} joined")
        self._give(AgentJoined(self._queueing, agent))
        return True

    def end_queue(self, outcome: QueueOutcome) -> bool:
        if self._queueing is None:
            return False
        op, self._queueing = self._queueing, None
        self._did(f"the queue ended: {outcome}")
        self._give(QueueEnded(op, outcome))
        return True

    # Time

    def settle(self) -> None:
        """Let what plays play to its end, and what follows from that."""
        for _ in range(MAX_SETTLING):
            if self._playing is None or not self._next():
                return

    def silence(self) -> bool:
        """The caller says nothing until something comes of it. False: nothing would."""
        self.settle()
        return self._next()

    def wait(self, seconds: float) -> None:
        """So much time passes."""
        until = self.now + dt.timedelta(seconds=seconds)
        for _ in range(MAX_SETTLING):
            if not self._due or self._due[0][0] > until or not self._next():
                break
        self.now = max(self.now, until)

    def _next(self) -> bool:
        """The next thing that is due. False: nothing is."""
        while self._due:
            at, _, event = heapq.heappop(self._due)
            assert isinstance(event, PromptEnded | TimerFired)
            if event.op in self._alive:
                self.now = max(self.now, at)
                self._give(event)
                return True
        return False

    def _later(self, seconds: float, event: PromptEnded | TimerFired) -> None:
        self._alive.add(event.op)
        at = self.now + dt.timedelta(seconds=seconds)
        heapq.heappush(self._due, (at, next(self._order), event))

    # The machine

    def _give(self, event: Input) -> None:
        self.inputs.append((self.now, event))
        if isinstance(event, PromptEnded | TimerFired):
            self._alive.discard(event.op)
            if event.op == self._playing:
                self._playing = None
        elif isinstance(event, SpeechHeard | SpeechFailed):
            self._listening = None
        self._take(machine.step(self.library, self.state, event, self.now))

    def _take(self, step: Step) -> None:
        self.state = step.state
        for action in step.actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        match action:
            case Play():
                self._playing = action.op
                self._lines += self._heard(action)
                self._later(self._seconds(action), PromptEnded(action.op, "finished"))
            case StopPlay():
                self._alive.discard(action.op)
                self._playing = None
            case Listen():
                self._listening = action.op
            case StopListen():
                self._listening = None
            case StartTimer():
                self._later(action.after_s, TimerFired(action.op))
            case CancelTimer():
                self._alive.discard(action.op)
            case Enqueue():
                self._queueing = action.op
                about = f", {action.reason}" if action.reason.strip(" :") else ""
                self._did(f"queue {action.queue} ({action.language}, priority {action.priority}{about})")
            case LeaveQueue():
                self._queueing = None
                self._did("left the queue")
            case Note():
                self._lines.append(Line("noted", _words(action), action.kind))
            case Hangup():
                self._did(f"hung up ({action.cause})")
            case _:
                assert_never(action)

    def _did(self, text: str) -> None:
        self._lines.append(Line("did", text))

    def _heard(self, play: Play) -> Iterator[Line]:
        for prompt in play.prompts:
            text = self.library.prompts.get(prompt.id, {}).get(play.language, "")
            yield Line("heard", render(parse(text), prompt.values, play.language), prompt.id)

    def _seconds(self, play: Play) -> float:
        pace = CHARACTERS_PER_SECOND.get(play.language, 10.0)
        return max(0.2, sum(len(line.text) for line in self._heard(play)) / pace)


def _words(note: Note) -> str:
    return " ".join([note.kind, *(f"{name}={value}" for name, value in note.data.items())])
