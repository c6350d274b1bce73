"""What queue and callback share: which agents are sought for the caller, how urgently, and what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ivr.flow.schema import Name, NodeModel
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

MAX_REASON = 300


class SeekingModel(NodeModel):
    queue: str = Field(
        description="one of `queues.yaml`, or `= expression` that gives such a name", max_length=200
    )
    skills: dict[Name, int] = Field(default_factory=dict, description="name -> least level (1-5)")
    priority: int | str = Field(0, description="higher is served first; `= priority` for an expression")
    reason: str = Field(
        "", max_length=MAX_REASON, description="what the agent is told; `{topic}` for a variable"
    )


class Seeking:
    """Compiled. An expression that does not give a name, or a number, gives "", or 0."""

    __slots__ = ("_priority", "_queue", "_reason", "skills")

    def __init__(self, build: NodeBuilder, model: SeekingModel) -> None:
        self._queue = build.queue_source(model.queue, ("queue",))
        self.skills = dict(model.skills)
        self._priority = build.source(model.priority, ("priority",))
        self._reason = build.text(model.reason, ("reason",))

    def queue(self, turn: Turn) -> str:
        return str(self._queue.value(turn) or "")

    def priority(self, turn: Turn) -> int:
        value = self._priority.value(turn)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    def reason(self, turn: Turn) -> str:
        return self._reason(turn)[:MAX_REASON]
