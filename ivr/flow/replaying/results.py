"""What actions come to: the way that was gone, and the results that count for a caller. Pure."""

from __future__ import annotations

from typing import Literal

from ivr.flow.actions import Action, Callback, Enqueue, Hangup, JsonValue, Note, Notify, Record, Transfer
from ivr.flow.inputs import HungUp, Input
from ivr.flow.replaying.model import Entered, Results

TROUBLES = frozenset({"rescue", "loop", "machine_error"})
ANSWERS = {"option": "option", "collected": "", "confirmed": "yes", "survey": "rating"}
"""Notes that are answers of the caller -> the field that says which; "" = none does, the digits are personal."""
_KEPT = TROUBLES | ANSWERS.keys()


class Collector:
    """Give it every action; `end` says who hung up."""

    __slots__ = (
        "answers",
        "callbacks",
        "event",
        "ended_by",
        "messages",
        "notices",
        "path",
        "queues",
        "transfers",
        "troubles",
    )

    def __init__(self) -> None:
        self.path: list[Entered] = []
        self.queues: list[tuple[str, str]] = []
        self.transfers: list[str] = []
        self.callbacks: list[str] = []
        self.messages: list[str] = []
        self.notices: list[str] = []
        self.answers: list[tuple[str, str]] = []
        self.troubles: list[tuple[str, str]] = []
        self.ended_by: Literal["caller", "system", ""] = ""
        self.event = ""
        """The last event of the machine (`no_match` ...)."""

    def note(self, action: Note, node: str, number: int, said: str) -> bool:
        """Whether a node was entered. node: where the dialogue stands, for notes that do not say it."""
        kind = action.kind
        if kind == "node":
            self.path.append(Entered(str(action.data["node"]), number, said))
            return True
        if kind == "event":
            self.event = str(action.data.get("event"))
        elif kind in _KEPT:
            where = str(action.data.get("node", node))
            if kind in TROUBLES:
                self.troubles.append((kind, where))
            elif answer := _answer(action.data.get(ANSWERS[kind], kind)):
                self.answers.append((where, answer))
        return False

    def take(self, action: Action) -> None:
        """Any but a note."""
        match action:
            case Enqueue():
                self.queues.append((action.queue, action.language))
            case Transfer():
                self.transfers.append(f"{action.to} {action.target}")
            case Callback():
                self.callbacks.append(action.queue)
            case Record():
                self.messages.append(action.purpose)
            case Notify():
                self.notices.append(action.channel)
            case Hangup():
                self.ended_by = self.ended_by or "system"
            case _:
                pass

    def any(self, action: Action, node: str) -> None:
        if isinstance(action, Note):
            self.note(action, node, 0, "")
        else:
            self.take(action)

    def hung_up(self, event: Input) -> None:
        if isinstance(event, HungUp):
            self.ended_by = self.ended_by or event.by

    def results(self) -> Results:
        return Results(
            tuple(self.queues),
            tuple(self.transfers),
            tuple(self.callbacks),
            tuple(self.messages),
            tuple(self.notices),
            tuple(self.answers),
            tuple(self.troubles),
            self.ended_by,
        )


def _answer(value: JsonValue) -> str:
    return "" if value is None else str(value)
