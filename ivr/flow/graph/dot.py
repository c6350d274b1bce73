"""A graph as a DOT document with all its words, for whoever draws it with other tools. Pure.

(What `dot` is asked for our own pictures is in layout.py.) The first language of the graph is used.
"""

from __future__ import annotations

from collections.abc import Iterator

from ivr.flow.graph import words
from ivr.flow.graph.model import Card, Graph, Line, Row
from ivr.flow.graph.style import COLOURS, FONT
from ivr.flow.graph.text import wrap

_ROOM = 230.0
_SIZE = 12.0
_RED = "#c0261c"


def quote(text: str) -> str:
    """A label: backslashes would be escapes, `&` the beginning of an entity."""
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\n", "\\n") + '"'
    )


def write(graph: Graph) -> str:
    return "\n".join(_Writer(graph).lines()) + "\n"


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._language = graph.languages[0]
        self._ids = {card.id: f"n{number}" for number, card in enumerate(graph.cards)}
        self._cards = {card.id: card for card in graph.cards}

    def lines(self) -> Iterator[str]:
        graph, language = self._graph, self._language
        font = quote(FONT.replace('"', ""))
        title = f"{graph.name} {graph.title[language]}\n{graph.subtitle[language]}".strip()
        yield f"digraph {quote(graph.name)} {{"
        yield f"  graph [rankdir=LR, labelloc=t, label={quote(title)}, fontname={font}]"
        yield f'  node [shape=box, style="rounded,filled", fontname={font}, fontsize=12]'
        yield f"  edge [fontname={font}, fontsize=11, color={quote('#7b8b92')}]"
        for number, frame in enumerate(graph.frames):
            yield f"  subgraph cluster_{number} {{"
            yield f"    label={quote(f'{frame.flow} {frame.title[language]}'.strip())}"
            for name in frame.cards:
                yield f"    {self._node(self._cards[name])}"
            yield "  }"
        for card in graph.unframed():
            yield f"  {self._node(card)}"
        for line in graph.lines:
            yield f"  {self._line(line)}"
        for card in graph.cards:
            for number, row in enumerate(card.rows):
                if row.stub:
                    yield from self._stub(card, row, number)
        if graph.chips:
            yield f"  scope [shape=note, style=dashed, label={quote(self._scope())}]"
        yield "}"

    def _node(self, card: Card) -> str:
        language = self._language
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
        return f"{self._ids[card.id]} [{', '.join(attributes)}]"

    def _line(self, line: Line) -> str:
        label = line.label[self._language] if line.source_port or line.error else ""
        attributes = [f"label={quote(label)}", f"weight={line.weight}", *_look(line.error, line.hits)]
        return f"{self._ids[line.source]} -> {self._ids[line.target]} [{', '.join(attributes)}]"

    def _stub(self, card: Card, row: Row, number: int) -> Iterator[str]:
        name = f"{self._ids[card.id]}s{number}"
        label = f"{row.sign} {row.stub[self._language]}"
        yield f'  {name} [label={quote(label)}, style="rounded", fontsize=11, height=0.2, color={quote("#7b8b92")}]'
        attributes = [f"label={quote(row.label[self._language])}", *_look(row.error, row.hits)]
        yield f"  {self._ids[card.id]} -> {name} [{', '.join(attributes)}]"

    def _scope(self) -> str:
        language = self._language
        lines = [words.word("everywhere", [language])[language]]
        lines += [
            f"{chip.label[language]} {'→ ' if chip.link else ''}{chip.target[language]}"
            for chip in self._graph.chips
        ]
        return "\n".join(lines)


def _look(error: bool, hits: int | None) -> list[str]:
    return (["style=dashed"] if error else []) + ([f"color={quote(_RED)}"] if hits == 0 else [])
