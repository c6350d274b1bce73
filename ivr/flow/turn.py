"""One turn of a dialogue: the working copy of a state between an input and its actions.

Nodes read and change it and never see the frozen state. What a node opens (a Play, a Listen, timers, a place in a
queue) is noted under its purpose in `waiting`; leaving the node closes whatever is still open, so that no node has
to clean up after itself and no late completion finds anyone waiting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ivr.flow.actions import (
    Action,
    CancelTimer,
    JsonValue,
    LeaveQueue,
    Listen,
    Note,
    Play,
    StartTimer,
    StopListen,
    StopPlay,
)
from ivr.flow.events import select
from ivr.flow.expressions import Expression, ExpressionFailed
from ivr.flow.inputs import OpId
from ivr.flow.model import FAREWELL, HANGUP, Command, FlowLibrary, Handler, append_run
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
_CLOSERS: Mapping[str, type[StopPlay | StopListen | LeaveQueue]] = {
    "play": StopPlay,
    "listen": StopListen,
    "queue": LeaveQueue,
}
"""Purpose -> the action that ends it. Timers are cancelled."""


class Turn:
    __slots__ = (
        "actions",
        "call",
        "counts",
        "data",
        "ended",
        "event",
        "flow_counts",
        "history",
        "hops",
        "keys",
        "language",
        "lead",
        "library",
        "next_op",
        "node",
        "now",
        "pending",
        "rescues",
        "speech_off",
        "stack",
        "unplayed",
        "variables",
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
        self.actions: list[Action] = []
        self.lead: list[Run] = []
        self.pending: str | None = None
        self.hops = 0
        self.event = ""

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
        closer = _CLOSERS.get(purpose)
        self.actions.append(CancelTimer(OpId(op)) if closer is None else closer(OpId(op)))

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

    # Sound

    def add_lead(self, runs: Iterable[Run]) -> None:
        """Words that are heard before whatever is played next."""
        for run in runs:
            append_run(self.lead, run)

    def speak(self, runs: Sequence[Run]) -> bool:
        """Play these, the lead first, instead of what plays. False: there was nothing to say."""
        self.hush()
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

    def listen(self, phrases: tuple[str, ...], end_silence_s: float, longest_s: float) -> None:
        self.close("listen")
        self.actions.append(Listen(self.open("listen"), self.language, phrases, end_silence_s, longest_s))

    # Values

    def variable(self, name: str) -> JsonValue:
        """A variable, or what is known anyway (`call.caller`); null when there is none."""
        if name in self.variables:
            return self.variables[name]
        value: object = self.scope((name.split(".", 1)[0],)).get(name.split(".", 1)[0])
        for part in name.split(".")[1:]:
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, dt.datetime):
            return value.isoformat()
        return value  # type: ignore[return-value]  # the scope holds JSON values and `now` only

    def assign(self, name: str, value: JsonValue) -> None:
        self.variables = {**self.variables, name: value}

    def scope(self, names: Iterable[str]) -> dict[str, object]:
        """What an expression sees under these names."""
        seen: dict[str, object] = {}
        for name in names:
            if name in self.variables:
                seen[name] = self.variables[name]
            elif name == "language":
                seen[name] = self.language
            elif name == "now":
                seen[name] = self.now.astimezone(self.library.timezone)
            elif name == "event":
                seen[name] = {"name": self.event, "count": self.counts.get(self.event, 0)}
            elif name == "call":
                call = self.call
                seen[name] = {
                    "id": call.call_id,
                    "caller": call.caller,
                    "number": call.number,
                    "language": call.language,
                    "speech": list(call.speech),
                    "facts": dict(call.facts),
                }
        return seen

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
        self.note("command", {"command": command.name, "by": by, "reason": command.reason})
        self.keys = ""
        if command.do == "go":
            self.go(command.target)
        elif command.do == "back" and self._back() is not None:
            self.go(self.history[-1])
        else:
            # Also a "back" at the first step: hearing the question again is better than hearing nothing.
            self.here.reprompt(self)

    def _back(self) -> str | None:
        """Takes the present step off the history; the one before, if there is one."""
        earlier = self.history
        if earlier and earlier[-1] == self.node:
            earlier = earlier[:-1]
        if not earlier:
            return None
        self.history = earlier
        return earlier[-1]

    # Events

    def raise_event(self, name: str) -> None:
        """Count it, find its handler (events.py) and do what that says."""
        self.counts, self.flow_counts = dict(self.counts), dict(self.flow_counts)
        part = name
        while True:
            self.counts[part] = self.counts.get(part, 0) + 1
            self.flow_counts[part] = self.flow_counts.get(part, 0) + 1
            if "." not in part:
                break
            part = part.rsplit(".", 1)[0]
        self.event = name
        self.note("event", {"event": name, "count": self.counts[name], "node": self.node})
        node = self.here
        flow = self.library.flows.get(node.flow)
        scopes = [node.handlers, node.defaults]
        if flow is not None:
            scopes.append(flow.handlers)
        scopes.append(self.library.handlers)
        handler = select(scopes, name, self.counts, self.flow_counts, self.evaluate)
        self._do(handler, node)

    def _do(self, handler: Handler, node: Node) -> None:
        self.add_lead(handler.say.runs(self))
        if handler.then == "go":
            self.go(handler.target)
        elif handler.then == "reprompt":
            node.reprompt(self)
        elif handler.then == "wait":
            node.resume(self)
        elif handler.then == "hangup":
            self.go(HANGUP)
        else:
            self.rescue()

    def rescue(self) -> None:
        """Something went wrong: to a person; where that did not help, the last words."""
        self.rescues += 1
        fallback = self.library.fallback
        self.note("rescue", {"node": self.node, "event": self.event, "times": self.rescues})
        self.go(fallback if fallback and self.rescues <= MAX_RESCUES else FAREWELL)
