"""callback: the promise to call back, at the caller's place in the line."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ivr.flow import held
from ivr.flow.actions import Callback, JsonValue
from ivr.flow.expressions import INT, TEXT, map_of
from ivr.flow.inputs import CallbackPlaced
from ivr.flow.model import NO_PROMPTS, PromptList, prompts_of
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.seeking import Seeking, SeekingModel
from ivr.flow.nodes.words_first import WordsFirstNode
from ivr.flow.schema import Key, Name, Prompts, Strict, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

RESULT = map_of(id=TEXT, place=INT, number=TEXT)


Pause = Annotated[float, Field(gt=0, le=30 * 86_400)]
"""Seconds between calls: longer than any within one."""


class AnsweredModel(Strict):
    """The keys work while the prompt is said, twice, and a little longer. Who presses none was not reached."""

    prompt: Prompts = Field(description="says who calls, and what the keys do")
    accept: Key = Field("1", description="key: connect me")
    later: Key | None = Field(None, description="key: call me later")
    later_s: Pause = Field(1800.0, description="so much later")
    later_say: Prompts = Field(None, description="said after that key")
    cancel: Key | None = Field(None, description="key: do not call any more")
    cancel_say: Prompts = Field(None, description="said after that key")


class CallbackModel(SeekingModel):
    number: str = Field("= call.caller", description="digits, or `= expression`")
    not_before: str = Field("", description="ISO time, or `= expression`: not to be called before")
    order: Literal["agent_first", "citizen_first"] | None = Field(
        None, description="who is rung first (default: as the settings say)"
    )
    answered: AnsweredModel | None = Field(
        None,
        description="what the citizen is asked when called (default: nothing, the agent is joined at once)",
    )
    hold: Prompts = Field(
        None, description="citizen first: heard while the next agent is waited for, before the music"
    )
    attempts: int | None = Field(
        None, ge=1, le=20, description="calls to a citizen who is not reached (default: the settings')"
    )
    again_s: list[Pause] = Field(
        default_factory=list,
        description="after the first and the next attempts in vain (default: the settings')",
    )
    expires_s: Pause | None = Field(
        None, description="given up after so long, or so long after `not_before` (default: the settings')"
    )
    hours: Name | None = Field(
        None, description="one of the hotline's `calendars`: called only while it is open"
    )
    into: Name = Field("callback", description="variable that gets `{id, place, number}`")
    next: Target = Field(description="once it is promised")


class CallbackNode(WordsFirstNode):
    kind: ClassVar[str] = "callback"
    waits: ClassVar[bool] = True
    silent: ClassVar[bool] = True

    __slots__ = ("answered", "hold", "into", "next", "not_before", "number", "plan", "seeking")

    def __init__(self, build: NodeBuilder, model: CallbackModel) -> None:
        super().__init__(build, model)
        self.prompts = NO_PROMPTS
        self.seeking = Seeking(build, model)
        self.number = build.source(model.number, ("number",))
        self.not_before = build.source(model.not_before, ("not_before",))
        self.into = build.assigns(model.into, ("into",), None, RESULT)
        self.next = build.target(model.next, ("next",), "next")
        self.hold = build.prompts(model.hold, ("hold",))
        self.answered = _Answered(build, model.answered) if model.answered is not None else None
        if model.hours is not None:
            build.calendar(model.hours, ("hours",))
        written: dict[str, JsonValue] = {
            "order": model.order,
            "attempts": model.attempts,
            "again_s": [*model.again_s],
            "expires_s": model.expires_s,
            "hours": model.hours,
        }
        self.plan = {name: value for name, value in written.items() if value}

    def _plan(self, turn: Turn) -> dict[str, JsonValue]:
        plan: dict[str, JsonValue] = dict(self.plan)
        if self.answered is not None:
            plan["question"] = self.answered.written(turn)
        if self.hold.items:
            plan["hold"] = _written(self.hold, turn)
        return plan

    def act(self, turn: Turn) -> None:
        written = unicodedata.normalize("NFKC", str(self.number.value(turn) or ""))
        number = "".join(one for one in written if one in "+0123456789")
        if not number:
            # A withheld number and none asked for: the flow has to ask.
            turn.raise_event("error.callback.number")
            return
        turn.data["number"] = number
        turn.actions.append(
            Callback(
                turn.open("callback"),
                self.seeking.queue(turn),
                number,
                turn.language,
                turn.held,
                self.seeking.skills,
                self.seeking.priority(turn),
                self.seeking.reason(turn),
                str(self.not_before.value(turn) or ""),
                self._plan(turn),
            )
        )

    def callback_placed(self, turn: Turn, event: CallbackPlaced) -> None:
        turn.note("callback", {"node": self.id, "outcome": event.outcome, "id": event.callback})
        if event.outcome != "placed":
            turn.raise_event("error.callback." + event.outcome)
            return
        # The place that was kept is the promise's now.
        held.forget(turn)
        turn.assign(
            self.into, {"id": event.callback, "place": event.place, "number": turn.data.get("number")}
        )
        turn.go(self.next)


class _Answered:
    """Compiled: what the citizen is asked when called."""

    __slots__ = ("_cancelled", "_keys", "_later", "_prompt")

    def __init__(self, build: NodeBuilder, model: AnsweredModel) -> None:
        def say(field: str) -> PromptList:
            return build.prompts(getattr(model, field), ("answered", field))

        self._prompt, self._later, self._cancelled = map(say, ("prompt", "later_say", "cancel_say"))
        self._keys: dict[str, JsonValue] = {"accept": model.accept}
        if model.later is not None:
            self._keys |= {"later": model.later, "later_s": model.later_s}
        if model.cancel is not None:
            self._keys["cancel"] = model.cancel
        used = [key for key in (model.accept, model.later, model.cancel) if key is not None]
        if any(len(key) != 1 for key in used):
            build.fault(("answered",), "wrong-value", "each of these is one key", 'accept: "1"')
        elif len(set(used)) < len(used):
            build.fault(("answered",), "wrong-value", "one key cannot mean two things", 'later: "2"')

    def written(self, turn: Turn) -> dict[str, JsonValue]:
        said: dict[str, JsonValue] = {"prompts": _written(self._prompt, turn)}
        if self._later.items:
            said["later_said"] = _written(self._later, turn)
        if self._cancelled.items:
            said["cancelled_said"] = _written(self._cancelled, turn)
        return self._keys | said


def _written(prompts: PromptList, turn: Turn) -> list[JsonValue]:
    """As JSON: they are said when the promise is kept, maybe days later."""
    return [
        {"id": one.id, "values": dict(one.values)} if one.values else {"id": one.id}
        for one in prompts_of(prompts.runs(turn))
    ]


KIND = NodeKind(
    "callback",
    CallbackModel,
    CallbackNode,
    "Promises to call back, and goes on when the promise is written down. A place in a queue that was kept "
    "(an option of `queue`) becomes the promise's place; else it stands at the end of the line. When its turn comes "
    "the citizen can be asked first: connect me, later, not any more (`answered`); an answering machine presses no "
    "key and was not reached. Events: "
    "`error.callback.number` (there is none), `error.callback.refused`, `error.callback.failed`.",
    """\
promise:
  kind: callback
  queue: general
  number: = callback_number
  reason: "{topic}: {said}"
  order: citizen_first
  hours: desk
  expires_s: 86400
  answered: {prompt: callback.here, accept: 1, later: 2, later_say: callback.later, cancel: 3}
  hold: callback.hold
  next: promised
  on:
    error.callback: {say: callback.failed, next: wait}
""",
    ("error.callback", "error.callback.number", "error.callback.refused", "error.callback.failed"),
)
