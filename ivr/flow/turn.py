"""One turn of a dialogue: the working copy of a state between an input and its actions.

Nodes read and change it and never see the frozen state. What a node opens (a Play, a Listen, timers, a place in a
queue) is noted under its purpose in `waiting`; leaving the node closes whatever is still open, so that no node has
to clean up after itself and no late completion finds anyone waiting.

After the caller has hung up (`hung_up`) there is nobody to speak to or listen to: `speak` and `listen` do nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ivr.flow import held, raising
from ivr.flow.actions import (
    Action,
    CancelDeskAct,
    CancelLookup,
    CancelRequest,
    CancelTimer,
    CancelTransfer,
    JsonValue,
    LeaveQueue,
    Listen,
    Note,
    Play,
    StartTimer,
    StopListen,
    StopPlay,
    StopRecord,
)
from ivr.flow.commands import Command
from ivr.flow.expressions import Expression, ExpressionFailed
from ivr.flow.inputs import OpId
from ivr.flow.languages import Answer, Meant
from ivr.flow.model import FAREWELL, FlowLibrary, append_run
from ivr.flow.names import known_value
from ivr.flow.state import FlowState, Run

if TYPE_CHECKING:
    from ivr.flow.nodes.base import Node

MAX_KEYS_AHEAD = 32
MAX_HISTORY = 20
MAX_RESCUES = 2
"""So often a dialogue that went wrong is brought to the fallback; then it ends."""
MAX_VARIABLE_TEXT = 4000
"""Characters of what was said that a variable keeps."""

TIMER = "timer."
_Closer = type[
    StopPlay
    | StopListen
    | LeaveQueue
    | StopRecord
    | CancelTransfer
    | CancelRequest
    | CancelLookup
    | CancelDeskAct
]
_CLOSERS: Mapping[str, _Closer | None] = {
    "play": StopPlay,
    "listen": StopListen,
    held.QUEUE: LeaveQueue,
    "record": StopRecord,
    "transfer": CancelTransfer,
    "request": CancelRequest,
    "lookup": CancelLookup,
    "desk": CancelDeskAct,
    "callback": None,
}
"""Purpose -> the action that ends it; None: it is not ended, its answer is only not waited for. Timers are
cancelled."""


class Turn:
    __slots__ = (
        "actions",
        "answer",
        "call",
        "calling",
        "counts",
        "data",
        "detail",
        "ended",
        "event",
        "flow_counts",
        "held",
        "history",
        "holding",
        "hops",
        "hung_up",
        "keys",
        "language",
        "languages",
        "lead",
        "library",
        "next_op",
        "node",
        "now",
        "pending",
        "raised",
        "rescues",
        "said",
        "slow",
        "speech_off",
        "stack",
        "struggles",
        "trying",
        "unplayed",
        "variables",
        "visits",
        "waiting",
    )

    def __init__(self, library: FlowLibrary, state: FlowState, now: dt.datetime) -> None:
        self.library = library
        self.now = now
        self.call = state.call
        self.node = state.node
        self.language = state.language
        self.ended = state.ended
        self.variables = state.variables
        self.waiting = dict(state.waiting)
        self.unplayed = state.unplayed
        self.counts = state.counts
        self.flow_counts = state.flow_counts
        self.data: dict[str, JsonValue] = dict(state.data)
        self.history = state.history
        self.keys = state.keys
        self.speech_off = state.speech_off
        self.next_op = state.next_op
        self.rescues = state.rescues
        self.stack = state.stack
        self.visits = state.visits
        self.hung_up = state.hung_up
        self.held = state.held
        self.holding = state.holding
        self.struggles = state.struggles
        self.slow = state.slow
        self.languages = state.languages
        self.actions: list[Action] = []
        self.lead: list[Run] = []
        self.pending: str | None = None
        self.calling = False
        """Whether the way on leads into a flow that is called."""
        self.hops = 0
        self.answer: Answer | None = None
        """What was heard in this turn and is being looked at (nodes/other_language.py)."""
        self.trying = False
        """Whether that is only tried in another language than the one spoken."""
        self.raised = 0
        self.said = ""
        """What was heard in this turn, as it was written down."""
        self.event = ""
        self.detail: JsonValue = None

    def freeze(self) -> FlowState:
        return FlowState(
            self.library.version,
            self.call,
            self.node,
            self.language,
            self.ended,
            self.variables,
            self.waiting,
            self.unplayed,
            self.counts,
            self.flow_counts,
            self.data,
            self.history,
            self.keys,
            self.speech_off,
            self.next_op,
            self.rescues,
            self.stack,
            self.visits,
            self.hung_up,
            self.held,
            self.holding,
            self.struggles,
            self.slow,
            self.languages,
        )

    # Operations

    def open(self, purpose: str) -> OpId:
        """A new op, waited for under this purpose."""
        op = str(self.next_op)
        self.next_op += 1
        self.waiting[purpose] = op
        return OpId(op)

    def close(self, purpose: str) -> None:
        """End what is open for this purpose, if anything."""
        op = self.waiting.pop(purpose, None)
        if op is None:
            return
        if purpose.startswith(TIMER):
            self.actions.append(CancelTimer(OpId(op)))
        elif (closer := _CLOSERS.get(purpose)) is not None:
            self.actions.append(closer(OpId(op)))

    def leave(self) -> None:
        """End all that the node has open."""
        self.unplayed = ()
        for purpose in tuple(self.waiting):
            self.close(purpose)

    def start_timer(self, name: str, after_s: float) -> None:
        """Start it anew."""
        purpose = TIMER + name
        self.close(purpose)
        self.actions.append(StartTimer(self.open(purpose), after_s))

    def cancel_timer(self, name: str) -> None:
        if self.waiting:
            self.close(TIMER + name)

    def note(self, kind: str, data: Mapping[str, JsonValue]) -> None:
        self.actions.append(Note(kind, data))

    def end(self) -> None:
        """The dialogue is over: nothing stays open."""
        self.leave()
        held.give_up(self)
        self.pending = None
        self.ended = True

    # Sound

    def add_lead(self, runs: Iterable[Run]) -> None:
        """Words that are heard before whatever is played next."""
        for run in runs:
            append_run(self.lead, run)

    def speak(self, runs: Sequence[Run]) -> bool:
        """Play these, the lead first, instead of what plays. False: there was nothing to say, or nobody to say it
        to."""
        self.hush()
        if self.hung_up:
            self.lead = []
            return False
        if self.lead or len(runs) > 1:
            queue, self.lead = self.lead, []
            for run in runs:
                append_run(queue, run)
            self.unplayed = tuple(queue)
        else:
            self.unplayed = tuple(runs)
        return self.play_next()

    def play_next(self) -> bool:
        """Play the next run of those not played yet. False: none is left."""
        if not self.unplayed:
            return False
        run, self.unplayed = self.unplayed[0], self.unplayed[1:]
        self.actions.append(Play(self.open("play"), run.prompts, run.language))
        return True

    def hush(self) -> None:
        self.unplayed = ()
        if "play" in self.waiting:
            self.close("play")

    @property
    def can_listen(self) -> bool:
        """Whether speech can be recognised now, in the language spoken."""
        return self.hears(self.language)

    def hears(self, language: str) -> bool:
        return not (self.speech_off or self.hung_up) and language in self.call.speech

    def listen(
        self,
        phrases: tuple[str, ...],
        end_silence_s: float,
        longest_s: float,
        expects: str = "",
        *,
        identify: tuple[str, ...] = (),
        language: str = "",
        beside: tuple[str, ...] = (),
    ) -> None:
        """identify: the languages to tell apart. language: in which it is heard, "" = the one spoken now. beside:
        phrases that may be said instead of what `expects` names."""
        self.close("listen")
        if not self.hung_up:
            if phrases:
                hot_words: tuple[str, ...] = ()
            elif expects:
                hot_words = beside
            else:
                hot_words = self.library.names.hot_words(language or self.language)
            self.actions.append(
                Listen(
                    self.open("listen"),
                    language or self.language,
                    phrases,
                    end_silence_s,
                    longest_s,
                    expects,
                    hot_words=hot_words,
                    identify=identify,
                    prompt_plays="play" in self.waiting,
                )
            )

    # Values

    @property
    def local_now(self) -> dt.datetime:
        """Now, in the hotline's time zone."""
        return self.now.astimezone(self.library.timezone)

    def variable(self, name: str) -> JsonValue:
        """A variable, or what is known anyway (`call.caller`); null when there is none. Dots lead into maps."""
        if name in self.variables:
            return self.variables[name]
        first, _, rest = name.partition(".")
        value: object = self.variables[first] if first in self.variables else known_value(self, first)
        for part in rest.split(".") if rest else ():
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, dt.datetime):
            return value.isoformat()
        return value  # type: ignore[return-value]  # variables hold JSON values, and so does what is known

    def assign(self, name: str, value: JsonValue) -> None:
        self.variables = {**self.variables, name: value}

    def scope(self, names: Iterable[str]) -> dict[str, object]:
        """What an expression sees under these names."""
        return {
            name: self.variables[name] if name in self.variables else known_value(self, name)
            for name in names
        }

    def evaluate(self, expression: Expression) -> JsonValue:
        """The value; null, and a note, when the expression fails."""
        try:
            return expression.evaluate(self.scope(expression.names))
        except ExpressionFailed as error:
            self.note("expression_failed", {"node": self.node, "cause": str(error)})
            return None

    # The way on

    def go(self, target: str) -> None:
        """Go to that node when the present one has returned. The last word counts."""
        self.pending = target

    @property
    def here(self) -> Node:
        return self.library.nodes[self.node]

    def remember(self, node_id: str) -> None:
        """A step that `back` can come back to."""
        if not self.history or self.history[-1] != node_id:
            self.history = (*self.history[-MAX_HISTORY + 1 :], node_id)

    def command(self, command: Command, by: str) -> None:
        """Do one of the `always` commands. by: "key" or "speech"."""
        if self.trying:
            raise Meant(command)
        raising.command(self, command, by)

    def raise_event(self, name: str, detail: JsonValue = None) -> None:
        """Count it, find its handler (events.py) and do what that says. detail: what expressions see as
        `event.detail`."""
        raising.raise_event(self, name, detail)

    def rescue(self) -> None:
        """Something went wrong: to a person; where that did not help, the last words."""
        self.rescues += 1
        fallback = self.library.fallback
        self.note("rescue", {"node": self.node, "event": self.event, "times": self.rescues})
        self.go(fallback if fallback and self.rescues <= MAX_RESCUES else FAREWELL)
