"""queue: wait for a person, talk, and come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ivr.flow import held
from ivr.flow.actions import Enqueue, JsonValue
from ivr.flow.commands import Command
from ivr.flow.expressions import DOUBLE, TEXT, map_of
from ivr.flow.inputs import AgentJoined, QueueEnded, QueueProgress, SentToFlow, SpeechHeard, WaitsAgain
from ivr.flow.match import normalise
from ivr.flow.model import Handler, prompts_of
from ivr.flow.nodes.base import NodeKind
from ivr.flow.nodes.choices import Options
from ivr.flow.nodes.hotword import HotwordNode
from ivr.flow.nodes.seeking import Seeking, SeekingModel
from ivr.flow.nodes.waiting import Announcement, AnnounceModel, Comfort, ComfortModel, Offer, OfferModel
from ivr.flow.schema import Name, OptionModel, Prompts, Seconds, Target
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

RESULT = map_of(outcome=TEXT, waited_s=DOUBLE, talked_s=DOUBLE, agent=TEXT)
BEFORE: Mapping[str, JsonValue] = {"outcome": "", "waited_s": 0.0, "talked_s": 0.0, "agent": ""}
"""The variable of `result` until the node is through."""
ANSWER_S = 30.0
"""So long after an offer began its answer is listened for."""
_TIMERS = ("place", "comfort", "offer", "answer")


class WaitingOptionModel(OptionModel):
    """A choice that works while waiting."""

    keep_place: bool = Field(
        True,
        description="the place is kept while the dialogue is there; coming back to this node goes on with it",
    )


class QueueModel(SeekingModel):
    prompt: Prompts = Field(None, description="heard while the caller already has a place")
    timeout_s: Seconds | None = Field(None, description="(default: the queue's own)")
    announce: AnnounceModel | None = Field(
        None, description="the place in line; never a worse one than told before"
    )
    comfort: ComfortModel | None = Field(None, description="said while waiting")
    music: Name | None = Field(
        None,
        description="which of the installation's music is heard while nothing is said (default: the usual)",
    )
    whisper: Prompts = Field(None, description="what the agent hears before the caller is there")
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
    keeps_keys: ClassVar[bool] = False
    waits: ClassVar[bool] = True

    __slots__ = (
        "announcement",
        "comfort",
        "keeps",
        "music",
        "next",
        "offer",
        "options",
        "prompts",
        "result",
        "seeking",
        "timeout_s",
        "whisper",
    )

    def __init__(self, build: NodeBuilder, model: QueueModel) -> None:
        super().__init__(build, model)
        # A queue that does not serve must not bring its caller back into itself, as the fallback would.
        self.defaults = {"error.queue": (Handler("error.queue", 1, "hangup"),)}
        self.seeking = Seeking(build, model)
        self.prompts = build.prompts(model.prompt, ("prompt",))
        self.timeout_s = model.timeout_s
        self.music = model.music or ""
        self.whisper = build.prompts(model.whisper, ("whisper",))
        self.announcement = Announcement(build, model.announce)
        self.comfort = Comfort(build, model.comfort)
        self.offer = Offer(build, model.offer)
        self.result = build.assigns(model.result, ("result",), dict(BEFORE), RESULT)
        self.next = build.target(model.next, ("next",), "next")
        self.options = Options(build, model.options, "")
        self.keeps = frozenset(name for name, option in model.options.items() if option.keep_place)
        for name, option in model.options.items():
            if option.pattern is not None or len(option.key or "") > 1:
                build.fault(("options", name), "wrong-value", "an option of a queue has one key", "key: 1")

    @staticmethod
    def obeys(command: Command) -> bool:
        """The caller is on the way to a person already, and no other command is worth the place; `repeat` tells it."""
        return command.urgent or command.do in ("repeat", "language")

    # The visit

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
        if self.comfort.every_s:
            turn.start_timer("comfort", self.comfort.every_s)
        if self.announcement.every_s and turn.data.get("place") is not None:
            turn.start_timer("place", self.announcement.every_s)
        offered = turn.data.get("offered")
        if self.offer.after_s and (not offered or self.offer.again_s):
            turn.start_timer("offer", (self.offer.again_s if offered else None) or self.offer.after_s)

    def _enqueue(self, turn: Turn) -> None:
        queue = self.seeking.queue(turn)
        turn.data = {"queue": queue}
        turn.actions.append(
            Enqueue(
                turn.open(held.QUEUE),
                queue,
                turn.language,
                self.seeking.skills,
                self.seeking.priority(turn),
                self.timeout_s,
                self.seeking.reason(turn),
                self.music,
                prompts_of(self.whisper.runs(turn)),
            )
        )

    def reprompt(self, turn: Turn) -> None:
        """`repeat`, while waiting, is the question for the place. After an error it is another try."""
        if held.QUEUE in turn.waiting:
            turn.data["told"] = None
            self._announce(turn)
        else:
            self.enter(turn)

    def resume(self, turn: Turn) -> None:
        """After an error that its handler only says something about: another try, when that is said."""
        if not (turn.lead and turn.speak(())) and held.QUEUE not in turn.waiting:
            self.enter(turn)

    # The caller's part

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

    # The queue's part

    def queue_progress(self, turn: Turn, event: QueueProgress) -> None:
        if turn.data.get("joined"):
            return
        turn.data.update(held.progress(event))
        if self.announcement.every_s and "timer.place" not in turn.waiting:
            self._announce(turn)

    def agent_joined(self, turn: Turn, event: AgentJoined) -> None:
        turn.data["joined"] = True
        turn.lead.clear()
        self._fall_silent(turn)
        turn.note("joined", {"queue": turn.data.get("queue"), "agent": event.agent})

    def waits_again(self, turn: Turn, event: WaitsAgain) -> None:
        """The place is told anew, for it is another queue's, perhaps."""
        turn.data = {"queue": event.queue}
        turn.note("waits_again", {"queue": event.queue})
        if self.comfort.every_s:
            turn.start_timer("comfort", self.comfort.every_s)
        if self.offer.after_s:
            turn.start_timer("offer", self.offer.after_s)

    def sent_to_flow(self, turn: Turn, event: SentToFlow) -> None:
        if not event.come_back:
            turn.assign(
                self.result,
                {
                    "outcome": "served",
                    "waited_s": event.waited_s,
                    "talked_s": event.talked_s,
                    "agent": event.agent,
                },
            )
        if not held.send(turn, event):
            turn.go(self.next)

    def returned(self, turn: Turn, results: Mapping[str, JsonValue]) -> None:
        if not held.came_back(turn):
            turn.go(self.next)

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
            "queue",
            {"queue": turn.data.get("queue"), "outcome": event.outcome, "waited_s": event.waited_s},
        )
        self._fall_silent(turn)
        if event.outcome == "served":
            turn.go(self.next)
        elif event.outcome == "left":
            turn.raise_event("error.queue.failed")
        else:
            turn.raise_event("error.queue." + event.outcome)

    def _fall_silent(self, turn: Turn) -> None:
        turn.hush()
        for timer in _TIMERS:
            turn.cancel_timer(timer)
        turn.close("listen")

    # What is said while waiting

    def timer(self, turn: Turn, name: str) -> None:
        if name == "place":
            self._announce(turn)
        elif name == "comfort":
            turn.start_timer("comfort", self.comfort.every_s)
            turn.data["comfort_due"] = True
            self._say_due(turn)
        elif name == "offer":
            turn.data["offer_due"] = True
            self._say_due(turn)
        elif name == "answer":
            turn.close("listen")

    def prompt_ended(self, turn: Turn, *, failed: bool) -> None:
        if turn.play_next():
            return
        if held.QUEUE not in turn.waiting:
            self.enter(turn)
            return
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
            if self.offer.again_s is not None:
                turn.start_timer("offer", self.offer.again_s)
            turn.speak(self.offer.prompts.runs(turn))
            turn.start_timer("answer", ANSWER_S)
            self.listen_for_commands(turn)
        elif turn.data.pop("place_due", False) and self._say_place(turn):
            turn.data.pop("comfort_due", None)
            turn.start_timer("place", self.announcement.every_s)
        elif turn.data.pop("comfort_due", False):
            said = turn.data.get("comforted", 0)
            said = said if isinstance(said, int) else 0
            turn.data["comforted"] = said + 1
            turn.speak(self.comfort.runs(turn, said))

    def _say_place(self, turn: Turn) -> bool:
        place, told = turn.data.get("place"), turn.data.get("told")
        if not isinstance(place, int) or not self.announcement.every_s:
            return False
        if isinstance(told, int) and place >= told:
            return False
        turn.data["told"] = place
        if not turn.speak(self.announcement.runs(turn, place, turn.data)):
            return False
        low_s, high_s = self.announcement.wait(turn.data)
        turn.note(held.PLACE_TOLD, {"place": place, "low_s": low_s, "high_s": high_s})
        return True


KIND = NodeKind(
    "queue",
    QueueModel,
    Queue,
    "Gives the caller a place in a queue at once, then says its prompt; tells place and wait as they get "
    "better; says words of comfort; ends all of that when an agent joins. When the agent is done the "
    "dialogue goes on at `next`. Its `options` work while waiting; the place is kept while the dialogue is "
    "with one of them, and an agent who becomes free meanwhile ends it. Events when nobody comes: "
    "`error.queue.full`, `.closed`, `.timeout`, `.unstaffed`, `.failed`. A handler of them that leads "
    "nowhere queues anew. The queue is told the caller's language and knows what skill that asks for.",
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
