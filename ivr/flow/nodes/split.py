"""split: a share of the calls goes each way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ivr.flow.expressions import TEXT, Expression
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel, Strict, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


class WayModel(Strict):
    share: float = Field(
        1.0, gt=0, le=1e6, description="its weight beside the others': 30 and 70, or 1 and 1"
    )
    condition: str | None = Field(
        None, alias="if", description="only while this expression is true; the others share the calls then"
    )
    next: Target


class SplitModel(NodeModel):
    ways: dict[Name, WayModel] = Field(
        min_length=1, max_length=50, description="name -> its share of the calls, where it leads"
    )
    into: Name | None = Field(None, description="variable that gets the name of the way")
    otherwise: Target | None = Field(None, alias="else", description="where no way's `if` is true")


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    share: float
    target: str
    condition: Expression | None


class Split(Node):
    kind: ClassVar[str] = "split"
    silent: ClassVar[bool] = True

    __slots__ = ("into", "otherwise", "ways")

    def __init__(self, build: NodeBuilder, model: SplitModel) -> None:
        super().__init__(build, model)
        self.into = build.assigns(model.into, ("into",), "", TEXT)
        self.ways = tuple(
            Way(
                name,
                way.share,
                build.target(way.next, ("ways", name, "next"), f"way:{name}"),
                None if way.condition is None else build.expression(way.condition, ("ways", name, "if")),
            )
            for name, way in model.ways.items()
        )
        self.otherwise = ""
        if model.otherwise is not None:
            self.otherwise = build.target(model.otherwise, ("else",), "else")
        elif all(way.condition is not None for way in model.ways.values()):
            build.fault((), "missing-field", "every way has an `if`, and there is no `else`", "else: ...")

    def enter(self, turn: Turn) -> None:
        ways = [way for way in self.ways if way.condition is None or turn.evaluate(way.condition) is True]
        chosen = self._asked_for(turn, ways) or self._drawn(turn, ways)
        name = chosen.name if chosen is not None else ""
        label = f"way:{name}" if chosen is not None else "else"
        turn.note("case", {"node": self.id, "label": label})
        if self.into:
            turn.assign(self.into, name)
        turn.go(chosen.target if chosen is not None else self.otherwise)

    def _asked_for(self, turn: Turn, ways: list[Way]) -> Way | None:
        """The way that a test asks for."""
        name = turn.call.drawn.get(self.id) or turn.call.drawn.get(self.id.partition(".")[2])
        return next((way for way in ways if way.name == name), None)

    def _drawn(self, turn: Turn, ways: list[Way]) -> Way | None:
        """Drawn by the call's id, so that the same call is replayed the same way; anew at each visit."""
        if not ways:
            return None
        drawn = f"{turn.call.call_id} {self.id} {turn.visits.get(self.id, 0)}"
        number = int.from_bytes(hashlib.sha256(drawn.encode()).digest()[:7], "big") / 2**56
        left = number * sum(way.share for way in ways)
        for way in ways:
            left -= way.share
            if left < 0:
                return way
        return ways[-1]


KIND = NodeKind(
    "split",
    SplitModel,
    Split,
    "Sends a share of the calls each way: a trial of two greetings, a survey for one caller in three, calls "
    "spread over two places. Each call is drawn for itself; a way whose `if` is false takes no part. In a scenario "
    "`given: {split: {sample: asked}}` says which way a call goes.",
    """\
sample:
  kind: split
  ways:
    asked: {share: 30, next: survey}
    spared: {share: 70, next: goodbye}
""",
)
