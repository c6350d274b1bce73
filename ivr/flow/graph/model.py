"""What is drawn of a flow, whatever it is drawn as: cards, the lines between them, and what holds at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Text = Mapping[str, str]
"""Language -> words, for every language that is drawn."""

Family = Literal["says", "asks", "decides", "keeps", "people", "outside", "ends", "flow"]
"""What a caller would notice of a node. flow: the box of another flow."""

FAMILIES: Mapping[str, Family] = {
    "say": "says",
    "wait": "says",
    "menu": "asks",
    "pick": "asks",
    "ask": "asks",
    "collect": "asks",
    "confirm": "asks",
    "survey": "asks",
    "record": "asks",
    "branch": "decides",
    "split": "decides",
    "hours": "decides",
    "goto": "decides",
    "raise": "decides",
    "set": "keeps",
    "language": "keeps",
    "queue": "people",
    "callback": "people",
    "transfer": "people",
    "request": "outside",
    "lookup": "outside",
    "notify": "outside",
    "call": "flow",
    "return": "ends",
    "hangup": "ends",
}
"""Kind -> family; a kind that is not here is drawn by what it says of itself (`ends`, `asks`, `waits`)."""


@dataclass(frozen=True, slots=True)
class Row:
    """An exit of a card, or (entry) a place where a flow's box is entered.

    tip: the whole way, in full. stub: the target's name, written on the card instead of a line to it; {} with a line.
    link: the node that the stub means; "" for the end of the call. back: the target lies before this card.
    hits: how often it was taken; None when that is not asked or not known.
    """

    port: str
    label: Text
    tip: str = ""
    stub: Text = field(default_factory=dict)
    link: str = ""
    error: bool = False
    back: bool = False
    entry: bool = False
    hits: int | None = None

    @property
    def sign(self) -> str:
        """Before the stub's name: the call ends, back, or on."""
        return "■" if not self.link else "←" if self.back else "→"


@dataclass(frozen=True, slots=True)
class Card:
    """A node, or the box of another flow.

    said: what its prompt says. detail: what else its author wrote, in short. note: commands that do not work here.
    entered: the other flows that lead here. link: the flow that a box stands for. hits: None = not asked.
    double: called, and comes back.
    """

    id: str
    flow: str
    name: str
    kind: str
    family: Family
    title: Text
    said: Text
    detail: str
    note: Text
    rows: tuple[Row, ...] = ()
    entered: tuple[str, ...] = ()
    link: str = ""
    start: bool = False
    double: bool = False
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """From a row of a card ("" = the card itself) to a card, or to a row of it.

    weight: how straight and short it should be, 1 at least.
    """

    source: str
    source_port: str
    target: str
    target_port: str
    label: Text
    tip: str
    error: bool = False
    weight: int = 1
    calls: bool = False
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """What holds at every step of a flow: a command, a handler of the flow or the hotline, the fallback."""

    label: Text
    target: Text
    link: str
    error: bool
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Cards of one flow, framed where several flows are drawn together."""

    flow: str
    title: Text
    cards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """name: the flow's; "" for the map of all flows. measured: whether hits are shown."""

    name: str
    title: Text
    subtitle: Text
    languages: tuple[str, ...]
    cards: tuple[Card, ...]
    lines: tuple[Line, ...]
    chips: tuple[Chip, ...] = ()
    frames: tuple[Frame, ...] = ()
    measured: bool = False

    def unframed(self) -> tuple[Card, ...]:
        framed = {card for frame in self.frames for card in frame.cards}
        return tuple(card for card in self.cards if card.id not in framed)
