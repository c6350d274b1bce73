"""A call without a telephone: the machine with somebody to talk to and a clock to turn. Pure.

The caller's turns are methods; what comes of them are `Line`s. Time passes only through `wait` and `settle`: prompts
last as long as their text takes to say, timers fire in their order. What others do - queues, web services, other
parties - comes from the `World`; what it has no rule for waits until a method here says what comes of it.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from ivr.flow import machine
from ivr.flow.actions import (
    Action,
    Callback,
    CancelLookup,
    CancelRequest,
    CancelTimer,
    CancelTransfer,
    Enqueue,
    Hangup,
    LeaveQueue,
    Listen,
    Lookup,
    Note,
    Notify,
    Play,
    Prompt,
    Record,
    Request,
    StartTimer,
    StopListen,
    StopPlay,
    StopRecord,
    Transfer,
)
from ivr.flow.inputs import (
    AgentJoined,
    Alternative,
    Digit,
    HungUp,
    Input,
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
from ivr.flow.prompt_text import parse, render
from ivr.flow.state import CallFacts, Step
from ivr.flow.world import QueueOutcome, Script, TransferOutcome, World

MAX_SETTLING = 1000
"""Events that follow each other without an input of ours before a simulation gives up."""


@dataclass(frozen=True, slots=True)
class Line:
    """kind: heard (a prompt), did (something else that the caller notices), noted (the journal)."""

    kind: Literal["heard", "did", "noted"]
    text: str
    id: str = ""


class Simulation:
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
        self.library = library
        self.now = now
        self.world = world if world is not None else World()
        self.inputs: list[tuple[dt.datetime, Input]] = []
        self.actions: list[tuple[dt.datetime, Action]] = []
        self._lines: list[Line] = []
        self._done: list[tuple[int, str]] = []
        self._due: list[tuple[dt.datetime, int, Input]] = []
        self._order = itertools.count()
        self._alive: set[OpId] = set()
        self._quick: set[OpId] = set()
        self._rules_used: dict[int, int] = {}
        self._playing: OpId | None = None
        self._listening: OpId | None = None
        self._queueing: OpId | None = None
        self._recording: Record | None = None
        self._recording_since = now
        self._transferring: OpId | None = None
        self.ended_by = ""
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
            recording = self._recording
            if recording is not None and key in recording.finish_keys:
                self.end_recording("key")
            else:
                self._give(Digit(key))

    def say(
        self, text: str, confidence: float | None = 0.9, alternatives: Sequence[Alternative] = ()
    ) -> bool:
        """False: nobody listens."""
        if self._listening is None:
            return False
        self._give(SpeechStarted(self._listening))
        if self._listening is not None:
            heard = SpeechHeard(
                self._listening, text, confidence, self.state.language, alternatives=tuple(alternatives)
            )
            self._give(heard)
        return True

    def fail_recording(self) -> bool:
        """False: nothing is recorded."""
        recording, self._recording = self._recording, None
        if recording is None:
            return False
        self._alive.discard(recording.op)
        self._give(RecordingEnded(recording.op, "failed"))
        return True

    def end_recording(
        self, ended_by: Literal["silence", "key", "limit", "hangup"], seconds: float | None = None
    ) -> bool:
        """seconds: of speech; None = since the tone. False: nothing is recorded."""
        recording, self._recording = self._recording, None
        if recording is None:
            return False
        self._alive.discard(recording.op)
        if seconds is None:
            seconds = max(1.0, (self.now - self._recording_since).total_seconds())
        said = seconds > 0
        self._give(
            RecordingEnded(
                recording.op,
                "recorded" if said else "empty",
                "r-1" if said else "",
                round(seconds, 1),
                ended_by,
            )
        )
        return True

    def fail_recognition(self, cause: Literal["unavailable", "language", "overloaded", "lost"]) -> bool:
        """False: nobody listens."""
        if self._listening is None:
            return False
        self._give(SpeechFailed(self._listening, cause))
        return True

    def hang_up(self) -> None:
        self.ended_by = "caller"
        self._give(HungUp("caller"))
        self.end_recording("hangup")

    # The queue's and the agent's turns. False: the caller is in no queue.

    def move_up(self, place: int, low_s: float | None = None, high_s: float | None = None) -> bool:
        if self._queueing is None:
            return False
        self._give(QueueProgress(self._queueing, place, max(place, 1), low_s, high_s))
        return True

    def join(self, agent: str) -> bool:
        if self._queueing is None:
            return False
        self._give(AgentJoined(self._queueing, agent))
        return True

    def end_queue(self, outcome: QueueOutcome) -> bool:
        if self._queueing is None:
            return False
        op, self._queueing = self._queueing, None
        self._alive.discard(op)
        self._give(QueueEnded(op, outcome))
        return True

    # Other parties. False: there is none now.

    def answer_transfer(self) -> bool:
        if self._transferring is None:
            return False
        self._give(PartyJoined(self._transferring))
        return True

    def end_transfer(self, outcome: TransferOutcome) -> bool:
        op, self._transferring = self._transferring, None
        if op is None:
            return False
        self._give(TransferEnded(op, outcome))
        return True

    def answer(self, event: Input) -> bool:
        """What comes of a request, a lookup, a promise. False: the dialogue does not wait for it."""
        op = getattr(event, "op", "")
        if op not in self.state.waiting.values():
            return False
        self._alive.discard(op)
        self._give(event)
        return True

    def waiting_for(self, purpose: str) -> OpId | None:
        """The op under way for a purpose: "request", "lookup", "transfer", "callback" ..."""
        op = self.state.waiting.get(purpose)
        return OpId(op) if op is not None else None

    # Time

    def settle(self) -> None:
        """Let what plays play to its end, web services and tables answer, and what follows from that."""
        for _ in range(MAX_SETTLING):
            quick = self._playing is not None or bool(self._quick & self._alive)
            if not quick or not self._next():
                return

    def step_on(self) -> bool:
        """The next thing that is due, whatever it is. False: nothing more will happen by itself."""
        return self._next()

    def turn_clock(self, now: dt.datetime) -> None:
        """It is another time now; what was due in so many seconds still is."""
        by = now - self.now
        self._due = [(at + by, order, event) for at, order, event in self._due]
        self.now = now

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
            op = OpId(getattr(event, "op", ""))
            self._quick.discard(op)
            if op in self._alive:
                self.now = max(self.now, at)
                self._give(event)
                return True
        return False

    def _later(self, seconds: float, event: Input) -> None:
        self._alive.add(OpId(getattr(event, "op", "")))
        at = self.now + dt.timedelta(seconds=seconds)
        heapq.heappush(self._due, (at, next(self._order), event))

    def _play_script(self, script: Script | None, *, quick: bool = False) -> None:
        """quick: nobody has to wait for it, it comes as surely as the end of a prompt."""
        for seconds, event in script or ():
            self._later(seconds, event)
            if quick:
                self._quick.add(OpId(getattr(event, "op", "")))

    # The machine

    def _give(self, event: Input) -> None:
        self.inputs.append((self.now, event))
        if isinstance(event, PromptEnded | TimerFired):
            self._alive.discard(event.op)
            if event.op == self._playing:
                self._playing = None
        elif isinstance(event, SpeechHeard | SpeechFailed):
            self._listening = None
        elif isinstance(event, AgentJoined):
            self._did(f"agent {event.agent} joined")
        elif isinstance(event, QueueEnded):
            self._queueing = None
            self._did(f"the queue ended: {event.outcome}")
        elif isinstance(event, PartyJoined):
            self._did("the other party answered")
        elif isinstance(event, TransferEnded):
            self._transferring = None
            self._did(f"the transfer ended: {event.outcome}")
        elif isinstance(event, RecordingEnded):
            self._recording = None
            self._did(f"recording: {event.outcome}, {event.seconds:g} s")
        self._take(machine.step(self.library, self.state, event, self.now))

    def _take(self, step: Step) -> None:
        self.state = step.state
        for action in step.actions:
            self.actions.append((self.now, action))
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
                self._play_script(self.world.enqueued(action))
            case LeaveQueue():
                self._alive.discard(action.op)
                self._queueing = None
                self._did("left the queue")
            case Callback():
                kept = ", at the same place" if action.held else ""
                self._did(f"callback to {action.number} from {action.queue}{kept}")
                if action.held:
                    self._alive.discard(OpId(action.held))
                    self._queueing = None
                self._play_script(self.world.promised(action), quick=True)
            case Record():
                self._recording, self._recording_since = action, self.now
                self._did(f"recording {action.purpose}")
                self._play_script(self.world.recorded(action), quick=True)
            case StopRecord():
                self._alive.discard(action.op)
                self._recording = None
                self._did("recording stopped")
            case Transfer():
                self._transferring = action.op
                self._did(f"transfer to {action.to} {action.target} ({action.mode})")
                self._play_script(self.world.transferred(action, self.library.numbers))
            case CancelTransfer():
                self._alive.discard(action.op)
                self._transferring = None
                self._did("transfer given up")
            case Request():
                self._did(f"request {action.method} {action.url}")
                found = self.world.requested(action, self.state.node, self._rules_used)
                if found is not None:
                    self._rules_used[found[0]] = self._rules_used.get(found[0], 0) + 1
                    self._play_script(found[1], quick=True)
            case Lookup():
                by = ", ".join(f"{name}={value}" for name, value in action.by.items())
                self._did(f"lookup {action.source} ({by})")
                source = self.library.sources.get(action.source)
                self._play_script(self.world.looked_up(action, source), quick=True)
            case CancelRequest() | CancelLookup():
                self._alive.discard(action.op)
            case Notify():
                to = f" to {action.to}" if action.to else ""
                self._did(f"notify {action.channel}{to}: {action.text}")
            case Note():
                self._lines.append(Line("noted", _words(action), action.kind))
            case Hangup():
                self.ended_by = self.ended_by or "system"
                self._did(f"hung up ({action.cause})")
            case _:
                assert_never(action)

    def _did(self, text: str) -> None:
        self._lines.append(Line("did", text))
        self._done.append((len(self.actions), text))

    def done_since(self, actions: int) -> list[tuple[int, str]]:
        """What was done, besides prompts, since there were so many `actions`: (their number then, words)."""
        return [(at, text) for at, text in self._done if at > actions]

    def text_of(self, prompt: Prompt, language: str) -> str:
        """What a prompt says, values filled in."""
        text = self.library.prompts.get(prompt.id, {}).get(language, "")
        return render(parse(text), prompt.values, language)

    def _heard(self, play: Play) -> Iterator[Line]:
        for prompt in play.prompts:
            yield Line("heard", self.text_of(prompt, play.language), prompt.id)

    def _seconds(self, play: Play) -> float:
        return max(0.2, sum(seconds_of(line.text, play.language) for line in self._heard(play)))


def _words(note: Note) -> str:
    return " ".join([note.kind, *(f"{name}={value}" for name, value in note.data.items())])
