"""agent: what the agent does whose telephone this is: log in and out, pause, end a wrap-up, call somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from pydantic import Field

from ivr.flow.actions import DeskAct, DeskDo, JsonValue
from ivr.flow.expressions import INT, TEXT, list_of, map_of
from ivr.flow.inputs import DeskAnswered
from ivr.flow.model import Source
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.outside import OutsideModel, OutsideNode
from ivr.flow.schema import Name, Seconds
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

NOW: Final[Mapping[str, JsonValue]] = {
    "state": "",
    "pause_reason": "",
    "leaving": "",
    "waiting": 0,
    "calls": 0,
    "queues": [],
}
"""How an agent is, in the variable of `into`. waiting: callers in the lines of the agent's queues."""
_TYPE = map_of(state=TEXT, pause_reason=TEXT, leaving=TEXT, waiting=INT, calls=INT, queues=list_of(TEXT))
KEYS_OF: Final[Mapping[str, DeskDo]] = {
    "pin": "log_in",
    "reason": "pause",
    "code": "wrap_up",
    "for_s": "extend",
    "number": "call",
}
"""A key that only one of them has a use for."""


class AgentModel(OutsideModel):
    do: DeskDo = Field(
        description="log_in, log_out, pause, unpause; wrap_up: it is done; extend: it takes longer; look: only see how "
        "things are; call: ring `number` for the agent"
    )
    pin: str = Field("", description="log_in: what the agent typed, or `= expression`", max_length=200)
    reason: str = Field(
        "", description="pause: why, by name or key, or `= expression` (default: a break)", max_length=200
    )
    code: str = Field(
        "", description="wrap_up: what the call came to, by name or key, or `= expression`", max_length=200
    )
    for_s: Seconds | None = Field(None, description="extend: so much longer (default: 60)")
    number: str = Field(
        "",
        description="call: an outside number, or `= expression`; dialled as far as allowed",
        max_length=200,
    )
    ring_s: Seconds = Field(30.0, description="call: how long it rings")
    into: Name = Field(
        "agent", description="variable that gets `{state, pause_reason, leaving, waiting, calls, queues}`"
    )


class AgentNode(OutsideNode):
    kind: ClassVar[str] = "agent"
    purpose: ClassVar[str] = "desk"

    __slots__ = ("code", "do", "for_s", "into", "number", "pin", "reason", "ring_s")

    def __init__(self, build: NodeBuilder, model: AgentModel) -> None:
        self.into = build.assigns(model.into, ("into",), dict(NOW), _TYPE)
        super().__init__(build, model)
        self.do = model.do
        for key, do in KEYS_OF.items():
            if getattr(model, key) and model.do != do:
                build.fault((key,), "wrong-value", f"`{model.do}` has no use for `{key}`", f"do: {do}")
        if model.do == "call" and not model.number:
            build.fault(("do",), "missing-field", "whom to call is not said", "number: = dialled")
        self.pin = build.source(model.pin, ("pin",))
        self.reason = build.source(model.reason, ("reason",))
        self.code = build.source(model.code, ("code",))
        self.number = build.source(model.number, ("number",))
        self.for_s = 60.0 if model.for_s is None else model.for_s
        self.ring_s = model.ring_s
        self.masked = bool(model.pin or model.number)

    def ask(self, turn: Turn) -> None:
        turn.actions.append(
            DeskAct(
                turn.open("desk"),
                self.do,
                turn.language,
                _text(self.reason, turn),
                _text(self.code, turn),
                _text(self.pin, turn),
                self.for_s,
                _text(self.number, turn),
                self.ring_s,
            )
        )

    def digit(self, turn: Turn, digit: str) -> None:
        """In a talk the keys are the parties' own."""
        if self.do != "call":
            super().digit(turn, digit)

    def party_joined(self, turn: Turn) -> None:
        turn.hush()
        turn.cancel_timer("meanwhile")
        turn.note("joined", {"node": self.id, "to": "number"})

    def desk_answered(self, turn: Turn, event: DeskAnswered) -> None:
        turn.note("desk", {"node": self.id, "do": self.do, "outcome": event.outcome})
        turn.assign(self.into, event.value if event.value is not None else dict(NOW))
        self.answered(turn, "" if event.outcome == "done" else f"error.agent.{event.outcome}")


def _text(source: Source, turn: Turn) -> str:
    value = source.value(turn)
    return "" if value is None else str(value)


REFUSALS: Final = (
    *("no_agent", "not_now", "wrong_pin", "unknown_reason", "unknown_code", "code_needed", "not_allowed"),
    *("busy", "no_answer", "refused", "unavailable", "forbidden", "failed"),
)

KIND = NodeKind(
    "agent",
    AgentModel,
    AgentNode,
    "Does something for the agent whose telephone this is: for the dialogues behind the codes that agents dial "
    "(docs/agents/phone.md). On a citizen's call it raises `error.agent.no_agent`. Events: "
    + ", ".join(f"`error.agent.{refusal}`" for refusal in REFUSALS)
    + ".",
    """\
pause:
  kind: agent
  do: pause
  reason: "= last(call.number, size(call.number) - 3)"
  next: goodbye
  on:
    error.agent.unknown_reason: {next: sorry}
""",
    ("error.agent", *(f"error.agent.{refusal}" for refusal in REFUSALS)),
)
