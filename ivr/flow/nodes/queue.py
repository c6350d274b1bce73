"""queue: wait for a person, talk, and come back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from ivr.flow import held
from ivr.flow.actions import Enqueue, JsonValue
from ivr.flow.expressions import DOUBLE, TEXT, map_of
from ivr.flow.inputs import AgentJoined, QueueEnded, QueueProgress, SpeechHeard
from ivr.flow.match import normalise
from ivr.flow.model import Command, Handler
from ivr.flow.nodes.base import Node, NodeKind
from ivr.flow.nodes.choices import Options
from ivr.flow.nodes.hotword import HotwordNode
from ivr.flow.schema import Name, NodeModel, OptionModel, Prompts, Seconds, Strict, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

SOON_S = 60.0
"""A wait that ends within this is told as `soon`, without figures."""
MAX_REASON = 300
RESULT = map_of(outcome=TEXT, waited_s=DOUBLE, talked_s=DOUBLE, agent=TEXT)
BEFORE: Mapping[str, JsonValue] = {"outcome": "", "waited_s": 0.0, "talked_s": 0.0, "agent": ""}
"""The variable of `result` until the node is through."""
ANSWER_S = 30.0
"""So long after an offer began its answer is listened for."""


class PlaceModel(Strict):
    first: Prompts = Field(None, description="said to the first in line")
    place: Prompts = Field(description="said to the others: `{place}`, `{waiting}`")
    wait: Prompts = Field(None, description="added when the wait can be told: `{low}` to `{high}` minutes")
    soon: Prompts = Field(None, description="added when it is under a minute")
    every_s: Seconds = Field(30.0, description="no two places closer together than this")


class ComfortModel(Strict):
    prompts: list[Any] = Field(min_length=1, description="one after the other, the last one again and again")
    every_s: Seconds = Field(45.0, description="seconds between them")


class WaitingOptionModel(OptionModel):
    """A choice that works while waiting."""

    keep_place: bool = Field(
        True,
        description="the place is kept while the dialogue is there; coming back to this node goes on with it",
    )


class OfferModel(Strict):
    prompt: Prompts = Field(description="says what the options are")
    after_s: Seconds = Field(60.0, description="said after so long a wait")
    every_s: Seconds | None = Field(None, description="and again so often (default: once)")


class QueueModel(NodeModel):
    queue: str = Field(
        description="one of `queues.yaml`, or `= expression` that gives such a name", max_length=200
    )
    prompt: Prompts = Field(None, description="heard while the caller already has a place")
    skills: dict[Name, int] = Field(default_factory=dict, description="name -> least level (1-5)")
    priority: int | str = Field(0, description="higher is served first; `= priority` for an expression")
    reason: str = Field(
        "", max_length=MAX_REASON, description="what the agent is told; `{topic}` for a variable"
    )
    timeout_s: Seconds | None = Field(None, description="(default: the queue's own)")
    announce: PlaceModel | None = Field(
        None, description="the place in line; never a worse one than told before"
    )
    comfort: ComfortModel | None = Field(None, description="said while waiting")
    options: dict[Name, WaitingOptionModel] = Field(
        default_factory=dict,
        description="choices that work all the while, by key; by voice when they are offered: to be called back, a "
        "message",
    )
    offer: OfferModel | None = Field(None, description="when the options are said")
    result: Name = Field("queue", description="variable that gets `{outcome, waited_s, talked_s, agent}`")
    next: Target = Field(description="after the talk with the agent")


class Queue(HotwordNode):
    kind: ClassVar[str] = "queue"
    waits: ClassVar[bool] = True

    __slots__ = (
        "comfort",
        "comfort_every_s",
        "first",
        "keeps",
        "next",
        "offer",
        "offer_after_s",
        "offer_every_s",
        "options",
        "place",
        "place_every_s",
        "priority",
        "prompts",
        "queue",
        "reason",
        "result",
        "skills",
        "soon",
        "timeout_s",
        "wait",
    )

    def __init__(self, build: NodeBuilder, model: QueueModel) -> None:
        super().__init__(build, model)
        # A queue that does not serve must not bring its caller back into itself, as the fallback would.
        self.defaults = {"error.queue": (Handler("error.queue", 1, "hangup"),)}
        self.queue = build.queue_source(model.queue, ("queue",))
        self.prompts = build.prompts(model.prompt, ("prompt",))
        self.skills = dict(model.skills)
        self.priority = build.source(model.priority, ("priority",))
        self.reason = build.text(model.reason, ("reason",))
        self.timeout_s = model.timeout_s
        told = ("place", "waiting", "low", "high")
        announce = model.announce
        self.place = build.prompts(announce.place if announce else None, ("announce", "place"), told)
        self.first = build.prompts(announce.first if announce else None, ("announce", "first"), told)
        self.wait = build.prompts(announce.wait if announce else None, ("announce", "wait"), told)
        self.soon = build.prompts(announce.soon if announce else None, ("announce", "soon"), told)
        self.place_every_s = announce.every_s if announce else 0.0
        comfort = model.comfort.prompts if model.comfort else []
        self.comfort = tuple(
            build.prompts(prompt, ("comfort", "prompts", index)) for index, prompt in enumerate(comfort)
        )
        self.comfort_every_s = model.comfort.every_s if model.comfort else 0.0
        self.result = build.assigns(model.result, ("result",), dict(BEFORE), RESULT)
        self.next = build.target(model.next, ("next",), "next")
        self.options = Options(build, model.options, "")
        self.keeps = frozenset(name for name, option in model.options.items() if option.keep_place)
        offer = model.offer
        self.offer = build.prompts(offer.prompt if offer else None, ("offer", "prompt"))
        self.offer_after_s = offer.after_s if offer else 0.0
        self.offer_every_s = offer.every_s if offer else None

    @staticmethod
    def obeys(command: Command) -> bool:
        """The caller is on the way to a person already, and no other command is worth the place; `repeat` tells it."""
        return command.urgent or command.do == "repeat"

    def enter(self, turn: Turn) -> None:
        turn.keys = ""
        if held.belongs_here(turn):
            # Back from an option that kept the place.
            held.take_back(turn)
            turn.speak(())
        else:
            held.give_up(turn)
            self._enqueue(turn)
            turn.speak(self.prompts.runs(turn))
        if "play" in turn.waiting:
            self.listen_for_commands(turn)
        if self.comfort:
            turn.start_timer("comfort", self.comfort_every_s)
        if self.place_every_s and turn.data.get("place") is not None:
            turn.start_timer("place", self.place_every_s)
        if self.offer_after_s and (not turn.data.get("offered") or self.offer_every_s):
            again = self.offer_every_s if turn.data.get("offered") else None
            turn.start_timer("offer", again or self.offer_after_s)

    def _enqueue(self, turn: Turn) -> None:
        priority = self.priority.value(turn)
        name = str(self.queue.value(turn) or "")
        turn.data["queue"] = name
        turn.actions.append(
            Enqueue(
                turn.open("queue"),
                name,
                turn.language,
                self.skills,
                priority if isinstance(priority, int) and not isinstance(priority, bool) else 0,
                self.timeout_s,
                self.reason(turn)[:MAX_REASON],
            )
        )

    def reprompt(self, turn: Turn) -> None:
        """`repeat`, while waiting, is the question for the place."""
        turn.data["told"] = None
        self._announce(turn)

    def resume(self, turn: Turn) -> None:
        if turn.lead:
            turn.speak(())

    def digit(self, turn: Turn, digit: str) -> None:
        if turn.data.get("joined"):
            return
        option, _ = self.options.press(turn, digit)
        if option is not None:
            self._choose(turn, option.name, "key")
        else:
            self.command_pressed(turn, digit)

    def more_phrases(self, turn: Turn) -> tuple[str, ...]:
        return self.options.phrases(turn)

    def heard_more(self, turn: Turn, event: SpeechHeard) -> bool:
        spoken, but = self.options.spoken(turn.language), self.options.withheld(turn)
        for text in map(normalise, event.best()):
            name = (spoken.equal(text, but) or spoken.short(text, but)) if text else None
            if name is not None:
                self._choose(turn, name, "speech")
                return True
        return False

    def listens_on(self, turn: Turn) -> bool:
        return "timer.answer" in turn.waiting

    def _choose(self, turn: Turn, name: str, by: Literal["key", "speech"]) -> None:
        if name in self.keeps:
            turn.data["offered"] = True
            held.keep(turn)
        self.options.choose(turn, self.options.by_name[name], by, "")

    def queue_progress(self, turn: Turn, event: QueueProgress) -> None:
        if turn.data.get("joined"):
            return
        turn.data["place"] = event.place
        turn.data["waiting"] = event.waiting
        turn.data["low_s"] = event.wait_low_s
        turn.data["high_s"] = event.wait_high_s
        if self.place_every_s and "timer.place" not in turn.waiting:
            self._announce(turn)

    def agent_joined(self, turn: Turn, event: AgentJoined) -> None:
        turn.data["joined"] = True
        turn.hush()
        turn.lead.clear()
        for timer in ("place", "comfort", "offer", "answer"):
            turn.cancel_timer(timer)
        turn.close("listen")
        turn.note("joined", {"queue": turn.data.get("queue"), "agent": event.agent})

    def queue_ended(self, turn: Turn, event: QueueEnded) -> None:
        turn.assign(
            self.result,
            {
                "outcome": event.outcome,
                "waited_s": event.waited_s,
                "talked_s": event.talked_s,
                "agent": event.agent,
            },
        )
        turn.note(
            "queue", {"queue": turn.data.get("queue"), "outcome": event.outcome, "waited_s": event.waited_s}
        )
        turn.hush()
        for timer in ("place", "comfort", "offer", "answer"):
            turn.cancel_timer(timer)
        turn.close("listen")
        if event.outcome == "served":
            turn.go(self.next)
        elif event.outcome == "left":
            turn.raise_event("error.queue.failed")
        else:
            turn.raise_event("error.queue." + event.outcome)

    def timer(self, turn: Turn, name: str) -> None:
        if name == "place":
            self._announce(turn)
        elif name == "comfort":
            turn.start_timer("comfort", self.comfort_every_s)
            turn.data["comfort_due"] = True
            self._say_due(turn)
        elif name == "offer":
            turn.data["offer_due"] = True
            self._say_due(turn)
        elif name == "answer":
            turn.close("listen")

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if not turn.play_next():
            if not self.listens_on(turn):
                turn.close("listen")
            self._say_due(turn)

    def _announce(self, turn: Turn) -> None:
        turn.data["place_due"] = True
        self._say_due(turn)

    def _say_due(self, turn: Turn) -> None:
        """What waits to be said, when nothing is being said."""
        if "play" in turn.waiting:
            return
        if turn.data.pop("offer_due", False):
            turn.data["offered"] = True
            if self.offer_every_s is not None:
                turn.start_timer("offer", self.offer_every_s)
            turn.speak(self.offer.runs(turn))
            turn.start_timer("answer", ANSWER_S)
            self.listen_for_commands(turn)
        elif turn.data.pop("place_due", False) and self._say_place(turn):
            turn.data.pop("comfort_due", None)
            turn.start_timer("place", self.place_every_s)
        elif turn.data.pop("comfort_due", False):
            said = turn.data.get("comforted", 0)
            said = said if isinstance(said, int) else 0
            turn.data["comforted"] = said + 1
            turn.speak(self.comfort[min(said, len(self.comfort) - 1)].runs(turn))

    def _say_place(self, turn: Turn) -> bool:
        place, told = turn.data.get("place"), turn.data.get("told")
        if not isinstance(place, int) or not self.place_every_s:
            return False
        if isinstance(told, int) and place >= told:
            return False
        turn.data["told"] = place
        values: dict[str, JsonValue] = {"place": place, "waiting": turn.data.get("waiting")}
        runs = list((self.first if place <= 1 and self.first.items else self.place).runs(turn, values))
        low, high = turn.data.get("low_s"), turn.data.get("high_s")
        if isinstance(low, int | float) and isinstance(high, int | float):
            if high <= SOON_S:
                runs += self.soon.runs(turn, values)
            else:
                values["low"] = max(1, math.floor(low / 60))
                values["high"] = max(cast(int, values["low"]) + 1, math.ceil(high / 60))
                runs += self.wait.runs(turn, values)
        return turn.speak(runs)


def _make(build: NodeBuilder, model: NodeModel) -> Node:
    return Queue(build, cast(QueueModel, model))


KIND = NodeKind(
    "queue",
    QueueModel,
    _make,
    "Gives the caller a place in a queue at once, then says its prompt; tells place and wait as they get better; says "
    "words of comfort; ends all of that when an agent joins. When the agent is done the dialogue goes on at `next`. "
    "Its "
    "`options` work while waiting; the place is kept while the dialogue is with one of them, and an agent who "
    "becomes free "
    "meanwhile ends it. "
    "Events when nobody comes: `error.queue.full`, `.closed`, `.timeout`, `.unstaffed`, `.failed`. The queue is told "
    "the caller's language and knows what skill that asks for.",
    """\
wait:
  kind: queue
  queue: general
  prompt: person.transfer
  reason: "{topic}: {said}"
  announce: {first: queue.next, place: queue.place, wait: queue.wait, soon: queue.wait_soon, every_s: 30}
  comfort: {prompts: [queue.comfort_first, queue.comfort_later], every_s: 45}
  offer: {prompt: queue.offer, after_s: 60}
  options:
    callback: {key: 1, say: {zh: [回拨], en: [call me back]}, next: callback}
  next: survey
  on:
    error.queue.full: {say: queue.full, hangup: true}
""",
    (
        "error.queue",
        "error.queue.full",
        "error.queue.closed",
        "error.queue.timeout",
        "error.queue.unstaffed",
        "error.queue.failed",
    ),
)
