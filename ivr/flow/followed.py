"""A call as people follow it: its inputs and actions, where it stands, and what happened in words. Pure.

Whoever has the inputs (a simulation makes them, a real call journalled them) gives them one by one; the machine says
what comes of each, as it did in the call itself.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ivr.flow import machine
from ivr.flow.actions import (
    PAUSE_PROMPT,
    RECORDING_PROMPT,
    Action,
    Callback,
    CancelTransfer,
    DeskAct,
    Enqueue,
    Hangup,
    LeaveQueue,
    Lookup,
    Note,
    Notify,
    Play,
    Prompt,
    Record,
    Request,
    StopRecord,
    Transfer,
)
from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    DeskAnswered,
    HungUp,
    Input,
    LookupEnded,
    OpId,
    PartyJoined,
    QueueEnded,
    RecordingEnded,
    RequestEnded,
    SentToFlow,
    TransferEnded,
    WaitsAgain,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.prompt_text import Part, names, parse, render
from ivr.flow.state import CallFacts, FlowState, Step

Work = Enqueue | Callback | Record | Transfer | Request | Lookup | DeskAct
"""What a dialogue gives others to do, and waits for."""


@dataclass(frozen=True, slots=True)
class Line:
    """kind: heard (a prompt, `id` is its), did (something else that the caller notices), noted (the journal)."""

    kind: Literal["heard", "did", "noted"]
    text: str
    id: str = ""


class Moment(NamedTuple):
    """So many actions, inputs and things done there were."""

    actions: int
    inputs: int
    done: int


class FollowedCall:
    """`state`, `inputs` and `actions` are the machine's own; `steps` are the actions that came of each input, those of
    the start first. Read lines as they come with `take_lines`."""

    state: FlowState

    def __init__(self, library: FlowLibrary, call: CallFacts, now: dt.datetime, entry: str = "") -> None:
        """now: aware."""
        self.library = library
        self.now = now
        self.inputs: list[tuple[dt.datetime, Input]] = []
        self.actions: list[tuple[dt.datetime, Action]] = []
        self.steps: list[tuple[Action, ...]] = []
        self.ended_by = ""
        self._lines: list[Line] = []
        self._done: list[str] = []
        self._work: dict[OpId, Work] = {}
        self._joined: set[OpId] = set()
        self._take(machine.start(library, entry, call, now))

    # Where it stands

    @property
    def over(self) -> bool:
        return self.state.ended

    @property
    def playing(self) -> bool:
        return "play" in self.state.waiting

    @property
    def listening(self) -> bool:
        return "listen" in self.state.waiting

    @property
    def queueing(self) -> bool:
        """Waiting for an agent, or talking with one; also while the place is kept and the dialogue elsewhere."""
        return self.op_of("queue") is not None

    @property
    def talking(self) -> bool:
        """With an agent, or with another party."""
        return any(self.op_of(purpose) in self._joined for purpose in ("queue", "transfer"))

    def op_of(self, purpose: str) -> OpId | None:
        """What is under way for a purpose: "play", "queue", "request", "lookup", "transfer", "callback", "record"."""
        op = self.state.waiting.get(purpose) or (self.state.held if purpose == "queue" else "")
        return OpId(op) if op else None

    def work_of(self, purpose: str) -> Work | None:
        op = self.op_of(purpose)
        return self._work.get(op) if op is not None else None

    def awaited(self) -> list[Work]:
        """What others have been asked for and have not done yet, in the order it was asked."""
        open_ops = {*self.state.waiting.values(), self.state.held}
        return [work for op, work in self._work.items() if op in open_ops]

    # What happened

    def take_lines(self) -> list[Line]:
        """Those that came since the last time."""
        lines, self._lines = self._lines, []
        return lines

    def moment(self) -> Moment:
        return Moment(len(self.actions), len(self.inputs), len(self._done))

    def actions_since(self, moment: Moment) -> list[Action]:
        return [action for _, action in self.actions[moment.actions :]]

    def inputs_since(self, moment: Moment) -> list[Input]:
        return [event for _, event in self.inputs[moment.inputs :]]

    def done_since(self, moment: Moment) -> list[str]:
        """Words of what was done, besides prompts."""
        return self._done[moment.done :]

    def text_of(self, prompt: Prompt, language: str) -> str:
        """What a prompt says, values filled in."""
        if prompt.id == RECORDING_PROMPT:
            return f"(the recording {prompt.values.get('id', '')})"
        if prompt.id == PAUSE_PROMPT:
            return f"(a pause of {prompt.values.get('seconds', 0)} s)"
        text = self.library.prompts.get(prompt.id, {}).get(language, "")
        unknown = [name for name, value in prompt.values.items() if value is None]
        if unknown and names(_parts(text)).intersection(unknown):
            # As in a call: a sentence with a hole in it is not said at all.
            return f"(not said, for there is no {' and no '.join(unknown)})"
        return render(_parts(text), prompt.values, language, self.now.astimezone(self.library.timezone))

    # The machine

    def give(self, event: Input) -> None:
        """It happens now."""
        self.inputs.append((self.now, event))
        words = happened(event)
        if words:
            self._tell(words)
        if isinstance(event, AgentJoined | PartyJoined):
            self._joined.add(event.op)
        elif isinstance(event, HungUp):
            self.ended_by = self.ended_by or event.by
        self._take(machine.step(self.library, self.state, event, self.now))

    def _take(self, step: Step) -> None:
        self.state = step.state
        self.steps.append(step.actions)
        for action in step.actions:
            self.actions.append((self.now, action))
            self._follow(action)

    def _follow(self, action: Action) -> None:
        """What comes of an action; subclasses do more."""
        match action:
            case Play():
                self._lines += self.lines_of(action)
            case Note():
                self._lines.append(Line("noted", _noted(action), action.kind))
            case Enqueue() | Callback() | Record() | Transfer() | Request() | Lookup() | DeskAct():
                self._work[action.op] = action
            case Hangup():
                self.ended_by = self.ended_by or "system"
            case _:
                pass
        words = self.words(action)
        if words:
            self._tell(words)

    def words(self, action: Action) -> str:
        """What it does, "" where the caller notices nothing."""
        return done(action)

    def lines_of(self, play: Play) -> Iterator[Line]:
        for prompt in play.prompts:
            yield Line("heard", self.text_of(prompt, play.language), prompt.id)

    def _tell(self, words: str) -> None:
        self._lines.append(Line("did", words))
        self._done.append(words)


def happened(event: Input) -> str:
    """What others did, in words; "" for what the caller did and for what needs none."""
    match event:
        case AgentJoined():
            return f"agent {event.agent} joined"
        case WaitsAgain():
            return f"the caller waits again, in {event.queue}"
        case SentToFlow():
            return f"agent {event.agent} sent the caller to the flow {event.flow}"
        case QueueEnded():
            return f"the queue ended: {event.outcome}"
        case PartyJoined():
            return "the other party answered"
        case TransferEnded():
            return f"the transfer ended: {event.outcome}"
        case RecordingEnded():
            return f"recording: {event.outcome}, {event.seconds:g} s"
        case RequestEnded():
            return f"the request ended: {event.outcome}{f' {event.status}' if event.status else ''}"
        case LookupEnded():
            return f"the lookup ended: {event.outcome}"
        case CallbackPlaced():
            return f"the callback is {event.outcome}"
        case DeskAnswered():
            return f"the desk: {event.outcome}"
        case _:
            return ""


def done(action: Action) -> str:
    """What the dialogue has done, in words; "" for prompts, notes and what nobody notices."""
    match action:
        case Enqueue():
            about = f", {action.reason}" if action.reason.strip(" :") else ""
            return f"queue {action.queue} ({action.language}, priority {action.priority}{about})"
        case LeaveQueue():
            return "left the queue"
        case Callback():
            kept = ", at the same place" if action.held else ""
            return f"callback to {action.number} from {action.queue}{kept}"
        case Record():
            return f"recording {action.purpose}"
        case StopRecord():
            return "recording stopped"
        case Transfer():
            return f"transfer to {action.to} {', '.join((action.target, *action.others))} ({action.mode})"
        case CancelTransfer():
            return "transfer given up"
        case Request():
            return f"request {action.method} {action.url}"
        case Lookup():
            by = ", ".join(f"{name}={value}" for name, value in action.by.items())
            return f"lookup {action.source} ({by})"
        case DeskAct():
            about = " ".join(word for word in (action.reason, action.code) if word)
            return f"desk: {action.do} {about}".rstrip()
        case Notify():
            to = f" to {action.to}" if action.to else ""
            return f"notify {action.channel}{to}: {action.text}"
        case Hangup():
            return f"hung up ({action.cause})"
        case _:
            return ""


@functools.lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[Part, ...]:
    return parse(text)


def _noted(note: Note) -> str:
    return " ".join([note.kind, *(f"{name}={value}" for name, value in note.data.items())])
