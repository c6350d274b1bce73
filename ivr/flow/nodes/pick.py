"""pick: a choice among items that are only known in the call: appointments, tickets, people of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ivr.flow.actions import JsonValue
from ivr.flow.expressions import LIST
from ivr.flow.inputs import SpeechHeard
from ivr.flow.match import NO_PHRASES, Phrases, normalise
from ivr.flow.model import append_run, dug
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import NodeKind
from ivr.flow.schema import InputModel, Key, Name, Prompts, Strict, Target
from ivr.flow.schema import Phrases as PhrasesField
from ivr.flow.state import Run
from ivr.flow.turn import Turn
from ivr.flow.values.said import number_said

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

MOST_KEYS = 9
MOST_ITEMS = 50
_GIVEN = ("item", "number")


class MoreModel(Strict):
    key: Key = Field(description="key for the next ones; after the last come the first again")
    say: PhrasesField = Field(None, description="phrases, by language")
    prompt: Prompts = Field(description="says so, when there are more")


class PickModel(InputModel):
    items: Any = Field(description="`= expression` that gives a list: texts, or rows of a table or an answer")
    item: Prompts = Field(description="said for each: `For {item.name:text}, press {number:number}.`")
    say: str = Field(
        "",
        max_length=60,
        description="what of an item may be said: `name`; of texts, `item` (default: its number)",
    )
    after: Prompts = Field(None, description="said after them")
    most: int = Field(MOST_KEYS, ge=1, le=MOST_KEYS, description="so many at once, by the keys 1 to this")
    more: MoreModel | None = Field(None, description="how the others are reached (default: they are not)")
    label: Prompts = Field(
        None, description="how an item is called when it is asked back: `{item.name:text}`"
    )
    into: Name = Field(description="variable that gets the item")
    next: Target
    none: Target = Field(description="where it leads when there is nothing to choose")


class Pick(AskingNode):
    kind: ClassVar[str] = "pick"

    __slots__ = (
        "after",
        "into",
        "item",
        "items",
        "more_key",
        "more_phrases",
        "more_prompts",
        "most",
        "name",
        "next",
        "none",
        "say",
    )

    def __init__(self, build: NodeBuilder, model: PickModel) -> None:
        super().__init__(build, model)
        self.items = build.source(model.items, ("items",), LIST)
        self.item = build.prompts(model.item, ("item",), _GIVEN)
        self.after = build.prompts(model.after, ("after",))
        self.name = build.prompts(model.label, ("label",), _GIVEN)
        self.say = model.say
        self.most = model.most
        more = model.more
        self.more_key = more.key if more is not None else ""
        if self.more_key and (len(self.more_key) > 1 or self.more_key in map(str, range(1, self.most + 1))):
            build.fault(
                ("more", "key"), "duplicate-option-key", "that key is an item's", f"most: {MOST_KEYS - 1}"
            )
        self.more_prompts = build.prompts(more.prompt if more is not None else None, ("more", "prompt"))
        phrases = build.phrases(more.say if more is not None else None, ("more", "say"))
        self.more_phrases = {language: Phrases({"more": texts}) for language, texts in phrases.items()}
        self.into = build.assigns(model.into, ("into",), None)
        self.next = build.target(model.next, ("next",), "next")
        self.none = build.target(model.none, ("none",), "none")

    # What is there to choose

    def _all(self, turn: Turn) -> list[JsonValue]:
        value = self.items.value(turn)
        return value[:MOST_ITEMS] if isinstance(value, list) else []

    def _offered(self, turn: Turn) -> list[JsonValue]:
        begin = self._page(turn) * self.most
        return self._all(turn)[begin : begin + self.most]

    def _page(self, turn: Turn) -> int:
        page = turn.data.get("page", 0)
        return page if isinstance(page, int) else 0

    def _has_more(self, turn: Turn) -> bool:
        return bool(self.more_key) and len(self._all(turn)) > self.most

    def _spoken(self, turn: Turn) -> Phrases:
        """The texts of what is offered, by number."""
        texts: dict[str, tuple[str, ...]] = {}
        for number, item in enumerate(self._offered(turn), 1):
            said = item if self.say == "item" else dug(item, self.say)
            if self.say and isinstance(said, str) and normalise(said):
                texts[str(number)] = (said,)
        return Phrases(texts)

    # The visit

    def before(self, turn: Turn) -> None:
        if not self._all(turn):
            turn.go(self.none)

    def wording(self, turn: Turn, count: int) -> tuple[Run, ...]:
        runs = list(super().wording(turn, count))
        for number, item in enumerate(self._offered(turn), 1):
            for run in self.item.runs(turn, {"item": item, "number": number}):
                append_run(runs, run)
        for prompts in (self.more_prompts if self._has_more(turn) else None, self.after):
            for run in prompts.runs(turn) if prompts is not None else ():
                append_run(runs, run)
        return tuple(runs)

    def phrases(self, turn: Turn) -> tuple[str, ...] | None:
        if not self.say:
            return self.commands.phrases(turn.language) or None
        more = self.more_phrases.get(turn.language, NO_PHRASES).spoken
        return self._spoken(turn).spoken + more + self.commands.phrases(turn.language)

    def key(self, turn: Turn, digit: str) -> None:
        if digit.isdecimal() and 1 <= int(digit) <= len(self._offered(turn)):
            self._choose(turn, int(digit), "key")
        elif digit == self.more_key and self._has_more(turn):
            self._turn_over(turn)
        elif not self.command_pressed(turn, digit):
            self.no_match(turn)

    def heard(self, turn: Turn, event: SpeechHeard) -> None:
        maybe: list[str] = []
        for reading in event.readings():
            said = normalise(reading.text)
            found = self._meant(turn, said, reading.text)
            if found and self.sure(reading.confidence):
                self.take(turn, found)
                return
            if found and found not in maybe and self.maybe(reading.confidence):
                maybe.append(found)
        if self.sure(event.confidence) and not maybe and self.command_said(turn, event):
            return
        self.unsure(turn, maybe)

    def _meant(self, turn: Turn, said: str, written: str) -> str:
        """The number of an item, "more", or "" for neither."""
        spoken = self._spoken(turn)
        found = spoken.equal(said) or spoken.within(said)
        more = self.more_phrases.get(turn.language, NO_PHRASES)
        if found is None and self._has_more(turn) and (more.equal(said) or more.short(said)):
            return "more"
        number = number_said(written, turn.language) if found is None else None
        if isinstance(number, int) and 1 <= number <= len(self._offered(turn)):
            return str(number)
        return found or ""

    def label(self, turn: Turn, answer: str) -> tuple[Run, ...]:
        if not answer.isdecimal():
            return ()
        number = int(answer)
        return self.name.runs(turn, {"item": self._offered(turn)[number - 1], "number": number})

    def take(self, turn: Turn, answer: str) -> None:
        if answer == "more":
            self._turn_over(turn)
        else:
            self._choose(turn, int(answer), "speech")

    def _choose(self, turn: Turn, number: int, by: str) -> None:
        at = self._page(turn) * self.most + number
        turn.note("picked", {"node": self.id, "number": at, "of": len(self._all(turn)), "by": by})
        turn.assign(self.into, self._offered(turn)[number - 1])
        turn.go(self.next)

    def _turn_over(self, turn: Turn) -> None:
        pages = -(-len(self._all(turn)) // self.most)
        turn.data["page"] = (self._page(turn) + 1) % pages
        self.reprompt(turn)


KIND = NodeKind(
    "pick",
    PickModel,
    Pick,
    "Offers the items of a list that is only known in the call, one key each, by their texts too (`say`), and "
    "keeps the one chosen. An item is a text, or a row whose parts are named `{item.time}`.",
    """\
slot:
  kind: pick
  items: = free_slots
  prompt: booking.which
  item: booking.slot
  say: day
  more: {key: 9, prompt: booking.more}
  most: 4
  into: slot
  next: read_back
  none: nothing_said
""",
)
