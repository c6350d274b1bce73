"""A graph as Mermaid's flowchart, for documentation that renders it itself. Pure.

What is emitted is a small part of Mermaid's grammar: one statement a line, ids of our own, every label in double quotes
with all but letters, digits and harmless signs as `#code;`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count

from ivr.flow.graph.model import Card, Family, Graph, Line, Row
from ivr.flow.graph.style import COLOURS
from ivr.flow.graph.text import shorten
from ivr.flow.graph.writer import Writer

_HARMLESS = frozenset(" ,()/._?!")
_LIST = re.compile(r"\d+[.)]")
"""What Markdown takes for the beginning of a list."""
_LONGEST = 260.0
_SIZE = 12.0

_SHAPES: Mapping[Family, tuple[str, str]] = {
    "says": ("(", ")"),
    "asks": ("{{", "}}"),
    "decides": ("[/", "\\]"),
    "keeps": ("[", "]"),
    "people": ("[/", "/]"),
    "outside": ("[(", ")]"),
    "ends": ("([", "])"),
    "flow": ("[", "]"),
}
_DOUBLE = ("[[", "]]")


def escape(text: str) -> str:
    """Mermaid's own entities; what it or Markdown could read as more than text never reaches it."""
    listed = _LIST.match(text)
    marker = listed.end() - 1 if listed else -1
    return "".join(
        character if _harmless(character) and index != marker else f"#{ord(character)};"
        for index, character in enumerate(text)
    )


def _harmless(character: str) -> bool:
    return character.isalnum() or character in _HARMLESS or not character.isascii()


def write(graph: Graph) -> str:
    return _Mermaid(graph).text()


class _Mermaid(Writer):
    frame_end = "end"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._stubs = count()
        self._edges = count()
        self._not_taken: list[int] = []

    def head(self) -> Iterator[str]:
        title = f"{self.graph.name} {self.graph.title[self.language]}".strip()
        yield "---"
        yield f"title: {json.dumps(title, ensure_ascii=False)}"
        yield "---"
        yield "flowchart LR"

    def frame(self, number: int, title: str) -> Iterator[str]:
        yield f'  subgraph g{number}["{escape(title)}"]'

    def card(self, card: Card) -> str:
        language = self.language
        lines = [f"{'▶ ' if card.start else ''}{card.name} · {card.title[language]}", card.said[language]]
        lines += [card.detail, card.note[language]]
        label = "<br/>".join(escape(shorten(line, _LONGEST, _SIZE)) for line in lines if line)
        opening, closing = _DOUBLE if card.double else _SHAPES[card.family]
        state = card.family if card.hits != 0 else "uncovered"
        return f'{self.ids[card.id]}{opening}"{label}"{closing}:::{state}'

    def line(self, line: Line) -> str:
        arrow = "-.->" if line.error else "==>" if line.calls else "-->"
        named = line.source_port or line.target_port or line.error
        label = f'|"{escape(shorten(line.label[self.language], _LONGEST, _SIZE))}"|' if named else ""
        self._count(line.hits)
        return f"{self.ids[line.source]} {arrow}{label} {self.ids[line.target]}"

    def stub(self, card: Card, row: Row, number: int) -> Iterator[str]:
        arrow = "-.->" if row.error else "-->"
        label = escape(shorten(row.label[self.language], _LONGEST, _SIZE))
        name = escape(f"{row.sign} {row.stub[self.language]}")
        self._count(row.hits)
        yield f'  {self.ids[card.id]} {arrow}|"{label}"| s{next(self._stubs)}(["{name}"]):::stub'

    def _count(self, hits: int | None) -> None:
        number = next(self._edges)
        if hits == 0:
            self._not_taken.append(number)

    def scope(self, lines: list[str]) -> str:
        return f'scope["{"<br/>".join(escape(shorten(line, _LONGEST, _SIZE)) for line in lines)}"]:::scope'

    def tail(self) -> Iterator[str]:
        for family, (strong, soft) in COLOURS.items():
            yield f"  classDef {family} fill:{soft[0]},stroke:{strong[0]},color:#17242a"
        yield "  classDef stub fill:#ffffff,stroke:#7b8b92,color:#56666d"
        yield "  classDef scope fill:#f6f8f9,stroke:#7b8b92,color:#17242a,stroke-dasharray:2 4"
        yield "  classDef uncovered fill:#fdeceb,stroke:#c0261c,color:#17242a,stroke-width:3px,stroke-dasharray:6 3"
        for number in range(len(self.graph.frames)):
            yield f"  style g{number} fill:none,stroke:#7b8b92,stroke-dasharray:2 4"
        if self._not_taken:
            yield f"  linkStyle {','.join(map(str, self._not_taken))} stroke:#c0261c"
