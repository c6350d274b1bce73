"""A call without a telephone: the machine with somebody to talk to and a clock to turn. Pure.

The caller's turns are methods; what comes of them are `Line`s. Time passes only through `wait` and `settle`: prompts
last as long as their text takes to say, timers fire in their order. What others do - queues, web services, other
parties - comes from the `World`; what it has no rule for waits until a method here says what comes of it.
"""

from __future__ import annotations

import copy
import datetime as dt
import heapq
from collections.abc import Mapping, Sequence
from typing import Literal, Self

from ivr.flow.actions import (
    Action,
    Callback,
    DeskAct,
    Enqueue,
    JsonValue,
    Lookup,
    Play,
    Record,
    Request,
    StartTimer,
    Transfer,
)
from ivr.flow.followed import FollowedCall
from ivr.flow.followed import Line as Line
from ivr.flow.inputs import (
    AgentJoined,
    Alternative,
    CallbackPlaced,
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
    SpeechFailed,
    SpeechHeard,
    SpeechStarted,
    TimerFired,
    TransferEnded,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.pace import seconds_of
from ivr.flow.state import CallFacts
from ivr.flow.world import (
    CallbackOutcome,
    LookupOutcome,
    QueueOutcome,
    RequestOutcome,
    Script,
    TransferOutcome,
    World,
    answered,
)

MAX_SETTLING = 1000
"""Events that follow each other without an input of ours before a simulation gives up."""


class Simulation(FollowedCall):
    """One call. Read `lines` as they come with `take_lines`; `state` and `inputs` are the machine's own."""

    def __init__(
        self,
        library: FlowLibrary,
        call: CallFacts,
        now: dt.datetime,
        entry: str = "",
        world: World | None = None,
    ) -> None:
        """now: aware."""
        self.world = world if world is not None else World()
        self._due: list[tuple[dt.datetime, int, Input]] = []
        self._put_off = 0
        self._quick: set[OpId] = set()
        self._rules_used: dict[int, int] = {}
        self._recording_since = now
        super().__init__(library, call, now, entry)

    def fork(self) -> Self:
        """The same call, to go on from here another way; this one stays as it is."""
        other = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list | dict | set):
                setattr(other, name, value.copy())
        return other

    # The caller's turns

    def press(self, keys: str) -> None:
        for key in keys:
            recording = self.work_of("record")
            if isinstance(recording, Record) and key in recording.finish_keys:
                self.end_recording("key")
                continue
            self.give(Digit(key))
            talk = self.work_of("transfer")
            if isinstance(talk, Transfer) and talk.op in self._joined and key == talk.leave:
                self.end_transfer("completed")

    def say(
        self,
        text: str,
        confidence: float | None = 0.9,
        alternatives: Sequence[Alternative] = (),
        languages: Mapping[str, float] | None = None,
    ) -> bool:
        """languages: those it was likely said in -> share. False: nobody listens."""
        op = self.op_of("listen")
        if op is None:
            return False
        self.give(SpeechStarted(op))
        op = self.op_of("listen")
        if op is not None:
            language = self.state.language
            guesses = sorted((languages or {}).items(), key=lambda guess: -guess[1])
            self.give(
                SpeechHeard(
                    op,
                    text,
                    confidence,
                    language,
                    alternatives=tuple(alternatives),
                    languages=tuple(LanguageGuess(name, share) for name, share in guesses),
                )
            )
        return True

    def hang_up(self) -> None:
        self.give(HungUp("caller"))
        self.end_recording("hangup")

    # What the machine does for the caller. False: it does nothing of the kind now.

    def end_recording(
        self, ended_by: Literal["silence", "key", "limit", "hangup"], seconds: float | None = None
    ) -> bool:
        """seconds: of speech; None = since the tone."""
        op = self.op_of("record")
        if op is None:
            return False
        if seconds is None:
            seconds = max(1.0, (self.now - self._recording_since).total_seconds())
        if seconds > 0:
            self.give(RecordingEnded(op, "recorded", "r-1", round(seconds, 1), ended_by))
        else:
            self.give(RecordingEnded(op, "empty", ended_by=ended_by))
        return True

    def fail_recording(self) -> bool:
        op = self.op_of("record")
        if op is not None:
            self.give(RecordingEnded(op, "failed"))
        return op is not None

    def fail_recognition(self, cause: Literal["unavailable", "language", "overloaded", "lost"]) -> bool:
        op = self.op_of("listen")
        if op is not None:
            self.give(SpeechFailed(op, cause))
        return op is not None

    # The queue's and the agent's turns. False: the caller is in no queue.

    def move_up(self, place: int, low_s: float | None = None, high_s: float | None = None) -> bool:
        op = self.op_of("queue")
        if op is None or op in self._joined:
            return False
        self.give(QueueProgress(op, place, max(place, 1), low_s, high_s))
        return True

    def join(self, agent: str) -> bool:
        """False also when one has joined already."""
        op = self.op_of("queue")
        if op is None or op in self._joined:
            return False
        self.give(AgentJoined(op, agent))
        return True

    def end_queue(self, outcome: QueueOutcome) -> bool:
        op = self.op_of("queue")
        if op is not None:
            self.give(QueueEnded(op, outcome))
        return op is not None

    # Other parties, web services, tables, promises. False: nothing of the kind is waited for.

    def answer_transfer(self) -> bool:
        op = self.op_of("transfer")
        if op is None or op in self._joined:
            return False
        self.give(PartyJoined(op))
        return True

    def end_transfer(self, outcome: TransferOutcome) -> bool:
        op = self.op_of("transfer")
        if op is not None:
            self.give(TransferEnded(op, outcome))
        return op is not None

    def answer_request(
        self, outcome: RequestOutcome = "ok", status: int = 200, body: JsonValue = None
    ) -> bool:
        """A status that was not expected makes an "ok" a "status", as it does in a real call."""
        work = self.work_of("request")
        if not isinstance(work, Request):
            return False
        self.give(answered(work, outcome, status, body))
        return True

    def answer_lookup(self, outcome: LookupOutcome, value: JsonValue = None) -> bool:
        op = self.op_of("lookup")
        if op is not None:
            self.give(LookupEnded(op, outcome, value if outcome == "found" else None))
        return op is not None

    def answer_callback(self, outcome: CallbackOutcome) -> bool:
        op = self.op_of("callback")
        if op is None:
            return False
        self.give(
            CallbackPlaced(op, "placed", "k-1", 1) if outcome == "placed" else CallbackPlaced(op, outcome)
        )
        return True

    # Time

    def settle(self) -> None:
        """Let what plays play to its end, web services and tables answer, what is due now happen, and what follows from
        that."""
        for _ in range(MAX_SETTLING):
            at = self._next_at()
            quick = self.playing or any(map(self._is_open, self._quick))
            if at is None or not (quick or at <= self.now):
                return
            self.step_on()

    def step_on(self) -> bool:
        """The next thing that is due, whatever it is. False: nothing more will happen by itself."""
        if self._next_at() is None:
            return False
        at, _, event = heapq.heappop(self._due)
        self.now = max(self.now, at)
        self.give(event)
        return True

    def _next_at(self) -> dt.datetime | None:
        """When the next thing is due; what nobody waits for any more is forgotten."""
        while self._due and not self._is_open(_op(self._due[0][2])):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def turn_clock(self, now: dt.datetime) -> None:
        """It is another time now; what was due in so many seconds still is."""
        by = now - self.now
        self._due = [(at + by, order, event) for at, order, event in self._due]
        self._recording_since += by
        self.now = now

    def silence(self) -> bool:
        """The caller says nothing until something comes of it. False: nothing would."""
        self.settle()
        return self.step_on()

    def wait(self, seconds: float) -> None:
        """So much time passes."""
        until = self.now + dt.timedelta(seconds=seconds)
        for _ in range(MAX_SETTLING):
            at = self._next_at()
            if at is None or at > until:
                break
            self.step_on()
        self.now = max(self.now, until)

    def comes_by_itself(self, op: OpId) -> bool:
        """Whether the world has a rule for it, so that nobody has to say what comes of it."""
        return any(_op(event) == op for _, _, event in self._due)

    def _is_open(self, op: OpId) -> bool:
        return op in self.state.waiting.values() or (op == self.state.held != "")

    def _later(self, seconds: float, event: Input) -> None:
        self._put_off += 1
        heapq.heappush(self._due, (self.now + dt.timedelta(seconds=seconds), self._put_off, event))

    def _play_script(self, script: Script | None, *, quick: bool = False) -> None:
        """quick: nobody has to wait for it, it comes as surely as the end of a prompt."""
        for seconds, event in script or ():
            self._later(seconds, event)
            if quick:
                self._quick.add(_op(event))

    def _follow(self, action: Action) -> None:
        super()._follow(action)
        match action:
            case Play():
                spoken = sum(seconds_of(line.text, action.language) for line in self.lines_of(action))
                self._later(max(0.2, spoken), PromptEnded(action.op, "finished"))
            case StartTimer():
                self._later(action.after_s, TimerFired(action.op))
            case Enqueue():
                self._play_script(self.world.enqueued(action))
            case Callback():
                self._play_script(self.world.promised(action), quick=True)
            case Record():
                self._recording_since = self.now
                self._play_script(self.world.recorded(action), quick=True)
            case Transfer():
                self._play_script(self.world.transferred(action, self.library.numbers))
            case Request():
                found = self.world.requested(action, self.state.node, self._rules_used)
                if found is not None:
                    self._rules_used[found[0]] = self._rules_used.get(found[0], 0) + 1
                    self._play_script(found[1], quick=True)
            case Lookup():
                source = self.library.sources.get(action.source)
                self._play_script(self.world.looked_up(action, source), quick=True)
            case DeskAct():
                self._play_script(self.world.done_at_desk(action), quick=action.do != "call")
            case _:
                pass


def _op(event: Input) -> OpId:
    """ "" for what the caller does."""
    return OpId(getattr(event, "op", ""))
