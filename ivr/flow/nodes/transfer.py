"""transfer: to a number, an agent or a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ivr.flow import held
from ivr.flow.actions import Enqueue, JsonValue, Transfer
from ivr.flow.expressions import DOUBLE, INT, TEXT, map_of
from ivr.flow.inputs import AgentJoined, QueueEnded, SentToFlow, TransferEnded, WaitsAgain
from ivr.flow.model import Source, prompts_of
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.seeking import MAX_REASON
from ivr.flow.nodes.words_first import WordsFirstNode
from ivr.flow.schema import Key, Name, NodeModel, Prompts, Seconds, Strict, Target
from ivr.flow.turn import Turn
from ivr.flow.yaml_source import Path

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

MAX_TARGETS = 20
"""So many numbers or agents are rung, one after the other or together."""
LONGEST_TALK_S = 86_400.0
KEYS = frozenset("0123456789*#ABCD")
RESULT = map_of(outcome=TEXT, talked_s=DOUBLE, cause=INT)
BEFORE: Mapping[str, JsonValue] = {"outcome": "", "talked_s": 0.0, "cause": 0}
"""The variable of `result` until the node is through."""
_QUEUE_OUTCOMES = {
    "timeout": "no_answer",
    "full": "busy",
    "closed": "unavailable",
    "unstaffed": "unavailable",
}


class ToModel(Strict):
    """Exactly one of them."""

    number: str | list[str] | None = Field(
        None,
        description="the name of one of the hotline's `numbers`, or several; `= expression` that gives a name or a "
        "list of them",
    )
    agent: str | list[str] | None = Field(
        None, description="an agent's id or extension, or several; `= expression`"
    )
    queue: str | None = Field(
        None, description="a queue, or `= expression` that gives the name of one", max_length=200
    )


class TransferModel(NodeModel):
    to: ToModel
    mode: Literal["blind", "announced", "conference"] = Field(
        "blind",
        description="announced: the other party hears `announce` first and may refuse by hanging up; conference: an "
        "agent who is in the call stays",
    )
    ring: Literal["in_turn", "together"] = Field(
        "in_turn",
        description="several: one after the other until one answers; together: numbers all at once, the first to "
        "answer talks",
    )
    prompt: Prompts = Field(None, description="heard before it rings")
    announce: Prompts = Field(None, description="what the other party hears first")
    accept: Key | None = Field(
        None,
        description="announced: the key by which the other party takes the call (no answering machine does)",
    )
    keys: str = Field(
        "",
        max_length=200,
        description="keys pressed for the other side once it answers (an extension behind that number), or "
        "`= expression`",
    )
    leave: Key | None = Field(
        None, description="the key by which the caller ends the talk, and goes on at `next` (default: none)"
    )
    ring_s: Seconds = Field(30.0, description="how long each of them rings")
    longest_s: float | None = Field(
        None, gt=0, le=LONGEST_TALK_S, description="the talk ends after this (default: no limit)"
    )
    reason: str = Field(
        "", max_length=MAX_REASON, description="what an agent is told; `{topic}` for a variable"
    )
    result: Name = Field("transfer", description="variable that gets `{outcome, talked_s, cause}`")
    next: Target = Field(description="after the talk, when the caller is still there")


class TransferNode(WordsFirstNode):
    kind: ClassVar[str] = "transfer"
    keeps_keys: ClassVar[bool] = False
    waits: ClassVar[bool] = True

    __slots__ = (
        "accept",
        "announce",
        "keys",
        "kind_of_target",
        "leave",
        "longest_s",
        "mode",
        "next",
        "reason",
        "result",
        "ring_s",
        "targets",
        "together",
    )

    def __init__(self, build: NodeBuilder, model: TransferModel) -> None:
        super().__init__(build, model)
        given = [name for name in ("number", "agent", "queue") if getattr(model.to, name) is not None]
        self.kind_of_target = given[0] if given else ""
        self.targets: tuple[Source, ...] = ()
        if len(given) != 1:
            build.fault(
                ("to",),
                "two-ways",
                "a transfer has one target",
                "{number: ...}, {agent: ...} or {queue: ...}",
            )
        elif model.to.queue is not None:
            self.targets = (build.queue_source(model.to.queue, ("to", "queue")),)
        else:
            self.targets = self._named(build, getattr(model.to, given[0]), ("to", given[0]))
        self.together = model.ring == "together"
        if self.together and self.kind_of_target != "number":
            build.fault(("ring",), "wrong-value", "only numbers are rung together", "agents: a `queue`")
        self.mode = model.mode
        self.accept = model.accept or ""
        if self.accept and (self.mode != "announced" or len(self.accept) > 1):
            build.fault(("accept",), "wrong-value", "one key, and `mode: announced`", "mode: announced")
        self.prompts = build.prompts(model.prompt, ("prompt",))
        self.announce = build.prompts(model.announce, ("announce",))
        self.keys = build.source(model.keys, ("keys",))
        if self.keys.expression is None and not KEYS.issuperset(model.keys):
            build.fault(("keys",), "wrong-value", f"`{model.keys}` are no keys", "0-9 * #")
        self.leave = model.leave or ""
        if self.leave and (len(self.leave) > 1 or self.kind_of_target == "queue"):
            build.fault(
                ("leave",), "wrong-value", "one key, of a talk with a number or an agent", "leave: '*'"
            )
        self.ring_s = model.ring_s
        self.longest_s = model.longest_s
        self.reason = build.text(model.reason, ("reason",))
        self.result = build.assigns(model.result, ("result",), dict(BEFORE), RESULT)
        self.next = build.target(model.next, ("next",), "next")

    def _named(self, build: NodeBuilder, written: str | list[str], path: Path) -> tuple[Source, ...]:
        """Numbers or agents, as written or by expression."""
        one = isinstance(written, str)
        sources = []
        for index, name in enumerate([written] if isinstance(written, str) else written):
            where = path if one else (*path, index)
            sources.append(build.source(name, where))
            if self.kind_of_target == "number" and sources[-1].expression is None:
                build.number(name, where)
        return tuple(sources)

    def enter(self, turn: Turn) -> None:
        turn.keys = ""
        self.reprompt(turn)

    def act(self, turn: Turn) -> None:
        if "transfer" in turn.waiting or held.QUEUE in turn.waiting:
            return
        targets = self._asked(turn)
        reason = self.reason(turn)[:MAX_REASON]
        if self.kind_of_target == "queue":
            # One caller stands in one place.
            held.give_up(turn)
            queue = targets[0] if targets else ""
            turn.actions.append(Enqueue(turn.open(held.QUEUE), queue, turn.language, reason=reason))
            return
        tried = self._tried(turn)
        ringing = targets if self.together else targets[tried : tried + 1]
        if self.kind_of_target == "number":
            # Only numbers that the hotline names are ever dialled, whatever an expression or a caller says.
            ringing = [number for name in ringing if (number := turn.library.numbers.get(name)) is not None]
            if not ringing:
                self._over(turn, "forbidden", 0.0, 0)
                return
        target = ringing[0] if ringing else ""
        turn.actions.append(
            Transfer(
                turn.open("transfer"),
                "number" if self.kind_of_target == "number" else "agent",
                target,
                turn.language,
                self.mode,
                self.ring_s,
                self.longest_s,
                prompts_of(self.announce.runs(turn)),
                reason,
                tuple(ringing[1:]),
                self.accept,
                "".join(each for each in str(self.keys.value(turn) or "") if each in KEYS),
                self.leave,
            )
        )

    def _asked(self, turn: Turn) -> list[str]:
        """All names, those that an expression gives as a list too."""
        names: list[str] = []
        for source in self.targets:
            value = source.value(turn)
            names += [str(each or "") for each in (value if isinstance(value, list) else [value])]
        return names[:MAX_TARGETS]

    def _tried(self, turn: Turn) -> int:
        """How many were rung in vain, one after the other."""
        tried = turn.data.get("tried", 0)
        return tried if isinstance(tried, int) else 0

    def digit(self, turn: Turn, digit: str) -> None:
        """While it rings the keys of the commands still lead away; in the talk keys are the parties' own."""
        if not turn.data.get("joined"):
            self.command_pressed(turn, digit)

    def party_joined(self, turn: Turn) -> None:
        self._joined(turn, {})

    def agent_joined(self, turn: Turn, event: AgentJoined) -> None:
        self._joined(turn, {"agent": event.agent})

    def _joined(self, turn: Turn, who: dict[str, JsonValue]) -> None:
        turn.data["joined"] = True
        turn.hush()
        if self.mode != "conference" or not held.in_talk(turn):
            held.give_up(turn)
        turn.note("joined", {"node": self.id, "to": self.kind_of_target, **who})

    def waits_again(self, turn: Turn, event: WaitsAgain) -> None:
        turn.data["joined"] = False

    def sent_to_flow(self, turn: Turn, event: SentToFlow) -> None:
        if not held.send(turn, event):
            turn.go(self.next)

    def returned(self, turn: Turn, results: Mapping[str, JsonValue]) -> None:
        if not held.came_back(turn):
            turn.go(self.next)

    def queue_ended(self, turn: Turn, event: QueueEnded) -> None:
        outcome = "completed" if event.outcome == "served" else _QUEUE_OUTCOMES.get(event.outcome, "failed")
        self._over(turn, outcome, event.talked_s, 0)

    def transfer_ended(self, turn: Turn, event: TransferEnded) -> None:
        self._over(turn, event.outcome, event.talked_s, event.cause)

    def _over(self, turn: Turn, outcome: str, talked_s: float, cause: int) -> None:
        turn.hush()
        turn.data["joined"] = False
        turn.assign(self.result, {"outcome": outcome, "talked_s": talked_s, "cause": cause})
        turn.note("transfer", {"node": self.id, "outcome": outcome, "talked_s": talked_s, "cause": cause})
        if outcome == "completed":
            turn.go(self.next)
        elif not self.together and self._tried(turn) + 1 < len(self._asked(turn)):
            turn.data["tried"] = self._tried(turn) + 1
            self.act(turn)
        else:
            turn.data.pop("tried", None)
            turn.raise_event("error.transfer." + outcome, {"cause": cause})


_OUTCOMES = ("busy", "no_answer", "refused", "unavailable", "unknown", "forbidden", "failed")

KIND = NodeKind(
    "transfer",
    TransferModel,
    TransferNode,
    "Brings the caller to somebody else, and goes on at `next` when the other party has left. Only the "
    "hotline's `numbers` are ever dialled, and only as far as the installation allows. Events: "
    + ", ".join(f"`error.transfer.{outcome}`" for outcome in _OUTCOMES)
    + ". A handler of them that leads nowhere tries again. Of several numbers or agents the event is that of the last "
    "one tried.",
    """\
police:
  kind: transfer
  to: {number: police}
  prompt: emergency.connecting
  next: goodbye
  on:
    error.transfer.busy: {next: person}
    error.transfer: {say: emergency.numbers, next: person}
""",
    ("error.transfer", *(f"error.transfer.{outcome}" for outcome in _OUTCOMES)),
)
