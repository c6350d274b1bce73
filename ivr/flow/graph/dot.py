"""A graph as a DOT document with all its words, for whoever draws it with other tools. Pure.

(What `dot` is asked for our own pictures is in layout.py.)
"""

from __future__ import annotations

from collections.abc import Iterator

from ivr.flow.graph.model import Card, Graph, Line, Row
from ivr.flow.graph.style import COLOURS, FONT
from ivr.flow.graph.text import wrap
from ivr.flow.graph.writer import Writer

_ROOM = 230.0
_SIZE = 12.0
_RED = "#c0261c"


def quote(text: str) -> str:
    """A label: backslashes would be escapes, `&` the beginning of an entity."""
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\n", "\\n") + '"'
    )


def write(graph: Graph) -> str:
    return _Dot(graph).text()


class _Dot(Writer):
    frame_end = "}"

    def head(self) -> Iterator[str]:
        graph, language = self.graph, self.language
        font = quote(FONT.replace('"', ""))
        title = f"{graph.name} {graph.title[language]}\n{graph.subtitle[language]}".strip()
        yield f"digraph {quote(graph.name)} {{"
        yield f"  graph [rankdir=LR, labelloc=t, label={quote(title)}, fontname={font}]"
        yield f'  node [shape=box, style="rounded,filled", fontname={font}, fontsize=12]'
        yield f"  edge [fontname={font}, fontsize=11, color={quote('#7b8b92')}]"

    def frame(self, number: int, title: str) -> Iterator[str]:
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={quote(title)}"

    def card(self, card: Card) -> str:
        language = self.language
        lines = [f"{'▶ ' if card.start else ''}{card.name} · {card.title[language]}"]
        lines += wrap(card.said[language], _ROOM, _SIZE, 2)
        lines += [line for line in (card.detail, card.note[language]) if line]
        strong, soft = COLOURS[card.family]
        attributes = [f"label={quote(chr(10).join(lines))}"]
        if card.hits == 0:
            attributes += [f"color={quote(_RED)}", f"fillcolor={quote('#fdeceb')}", "penwidth=2"]
        else:
            attributes += [f"color={quote(strong[0])}", f"fillcolor={quote(soft[0])}"]
        if card.double:
            attributes.append("peripheries=2")
        return f"{self.ids[card.id]} [{', '.join(attributes)}]"

    def line(self, line: Line) -> str:
        label = line.label[self.language] if line.source_port or line.error else ""
        attributes = [f"label={quote(label)}", f"weight={line.weight}", *_look(line.error, line.hits)]
        return f"{self.ids[line.source]} -> {self.ids[line.target]} [{', '.join(attributes)}]"

    def stub(self, card: Card, row: Row, number: int) -> Iterator[str]:
        name = f"{self.ids[card.id]}s{number}"
        label = f"{row.sign} {row.stub[self.language]}"
        yield f'  {name} [label={quote(label)}, style="rounded", fontsize=11, height=0.2, color={quote("#7b8b92")}]'
        attributes = [f"label={quote(row.label[self.language])}", *_look(row.error, row.hits)]
        yield f"  {self.ids[card.id]} -> {name} [{', '.join(attributes)}]"

    def scope(self, lines: list[str]) -> str:
        return f"scope [shape=note, style=dashed, label={quote(chr(10).join(lines))}]"

    def tail(self) -> Iterator[str]:
        yield "}"


def _look(error: bool, hits: int | None) -> list[str]:
    return (["style=dashed"] if error else []) + ([f"color={quote(_RED)}"] if hits == 0 else [])
