"""A graph as a text for other tools: what is written of it in which order. How, each format says. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from ivr.flow.graph import words
from ivr.flow.graph.model import Card, Graph, Line, Row


class Writer(ABC):
    """All its words are in the first language of the graph. ids: of the cards, in the text."""

    frame_end: str

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.language = graph.languages[0]
        self.ids = {card.id: f"n{number}" for number, card in enumerate(graph.cards)}

    def text(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        graph = self.graph
        yield from self.head()
        cards = {card.id: card for card in graph.cards}
        for number, frame in enumerate(graph.frames):
            yield from self.frame(number, f"{frame.flow} {frame.title[self.language]}".strip())
            for name in frame.cards:
                yield f"    {self.card(cards[name])}"
            yield f"  {self.frame_end}"
        for card in graph.unframed():
            yield f"  {self.card(card)}"
        for line in graph.lines:
            yield f"  {self.line(line)}"
        for card in graph.cards:
            for number, row in enumerate(card.rows):
                if row.stub:
                    yield from self.stub(card, row, number)
        if graph.chips:
            yield f"  {self.scope(self._everywhere())}"
        yield from self.tail()

    def _everywhere(self) -> list[str]:
        """What holds at every step, a heading first."""
        language = self.language
        heading = words.word("everywhere", [language])[language]
        chips = (
            f"{chip.label[language]} {'→ ' if chip.link else ''}{chip.target[language]}"
            for chip in self.graph.chips
        )
        return [heading, *chips]

    @abstractmethod
    def head(self) -> Iterator[str]: ...

    @abstractmethod
    def frame(self, number: int, title: str) -> Iterator[str]:
        """What comes before the frame's cards; `frame_end` comes after them."""

    @abstractmethod
    def card(self, card: Card) -> str: ...

    @abstractmethod
    def line(self, line: Line) -> str: ...

    @abstractmethod
    def stub(self, card: Card, row: Row, number: int) -> Iterator[str]:
        """An exit that leads out of the picture: the card's that many-th row."""

    @abstractmethod
    def scope(self, lines: list[str]) -> str: ...

    @abstractmethod
    def tail(self) -> Iterator[str]: ...
