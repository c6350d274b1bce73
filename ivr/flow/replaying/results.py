"""What steps come to: the way that was gone, and the results that count for a caller. Pure."""

from __future__ import annotations

from typing import Literal

from ivr.flow.actions import Callback, Enqueue, JsonValue, Record, Transfer
from ivr.flow.inputs import HungUp, Input
from ivr.flow.replaying.digest import ANSWERS, TROUBLES, Digest
from ivr.flow.replaying.model import Entered, Results


class Collector:
    """Give it every step, and who hung up."""

    __slots__ = (
        "answers",
        "callbacks",
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

    def take(self, step: Digest, node: str, number: int = 0, said: str = "") -> None:
        """node: where the dialogue stands, for notes that do not say it. number, said: of the act it came of."""
        for entered in step.nodes:
            self.path.append(Entered(entered, number, said))
        for note in step.notes:
            where = str(note.data.get("node", node))
            if note.kind in TROUBLES:
                self.troubles.append((note.kind, where))
            elif note.kind in ANSWERS and (answer := _answer(note.data.get(ANSWERS[note.kind], note.kind))):
                self.answers.append((where, answer))
        for work in step.works:
            match work:
                case Enqueue():
                    self.queues.append((work.queue, work.language))
                case Transfer():
                    self.transfers.append(f"{work.to} {work.target}")
                case Callback():
                    self.callbacks.append(work.queue)
                case Record():
                    self.messages.append(work.purpose)
                case _:
                    pass
        for notice in step.notices:
            self.notices.append(notice.channel)
        if step.hangs_up:
            self.ended_by = self.ended_by or "system"

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
