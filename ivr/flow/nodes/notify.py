"""notify: tell somebody, without waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow.actions import Notify
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.schema import Name, NodeModel, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

MAX_TEXT = 1000


class NotifyModel(NodeModel):
    channel: Name = Field(description="sms, email, webhook, supervisor, or another of the installation")
    to: str = Field(
        "", description="a number, an address, a name, or `= expression`; empty: the channel's own"
    )
    text: str | dict[str, str] = Field(
        description="`{variables}` in it; one text, or by language `{zh: ..., en: ...}`"
    )
    data: dict[str, Any] = Field(default_factory=dict, description="for machines: name -> value")
    next: Target


class NotifyNode(Node):
    kind: ClassVar[str] = "notify"
    silent: ClassVar[bool] = True

    __slots__ = ("channel", "data", "next", "texts", "to")

    def __init__(self, build: NodeBuilder, model: NotifyModel) -> None:
        super().__init__(build, model)
        self.channel = model.channel
        self.to = build.source(model.to, ("to",))
        if isinstance(model.text, str):
            self.texts = {"": build.text(model.text, ("text",))}
        else:
            self.texts = {
                language: build.text(text, ("text", language)) for language, text in model.text.items()
            }
            for language in model.text:
                build.language(language, ("text", language))
            if not model.text:
                build.fault(("text",), "wrong-value", "there is no text", "{zh: ..., en: ...}")
        self.data = build.sources(model.data, ("data",))
        self.next = build.target(model.next, ("next",), "next")

    def enter(self, turn: Turn) -> None:
        text = self.texts.get(turn.language) or next(iter(self.texts.values()))
        turn.actions.append(
            Notify(
                self.channel,
                str(self.to.value(turn) or ""),
                text(turn)[:MAX_TEXT],
                turn.language,
                {name: source.value(turn) for name, source in self.data.items()},
            )
        )
        turn.go(self.next)


KIND = NodeKind(
    "notify",
    NotifyModel,
    NotifyNode,
    "Tells somebody: a text message to the caller, a mail to a department, a word to the supervisor. It is "
    "kept and sent when it can be; the dialogue does not wait.",
    """\
tell_supervisor:
  kind: notify
  channel: supervisor
  text: "rated {rating}: {why}"
  next: thanks
""",
)
