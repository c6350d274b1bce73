"""Where everything goes: the sizes of cards, what `dot` is asked, and what it answered. Pure.

`dot` is given boxes of fixed sizes without words, so that a picture is the same whatever fonts a machine has.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ivr.flow.graph.model import Card, Graph
from ivr.flow.graph.text import shorten, wrap

WIDTH = 240
PADDING = 11
ABOVE = 18
HEAD = 30
SAID = 16
SMALL = 15
ROW = 23
SAID_SIZE = 12.0
SMALL_SIZE = 11.0
SAID_LINES = 2

POINTS = 72
"""To the inch, in which `dot` is told gaps. A point is a px here."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A card's size, and its words cut to it. body: the height between the head and the rows."""

    card: Card
    above: int
    body: int
    said: Mapping[str, Sequence[str]]
    detail: str
    note: Mapping[str, str]

    @property
    def height(self) -> int:
        return self.above + HEAD + self.body + ROW * len(self.card.rows)

    def row_top(self, index: int) -> int:
        return self.above + HEAD + self.body + ROW * index


def shape(card: Card, languages: Sequence[str]) -> Shape:
    room = WIDTH - 2 * PADDING
    said = {language: wrap(card.said[language], room, SAID_SIZE, SAID_LINES) for language in languages}
    detail = shorten(card.detail, room, SMALL_SIZE)
    note = {language: shorten(card.note[language], room, SMALL_SIZE) for language in languages}
    lines = max(len(each) for each in said.values())
    small = bool(detail) + any(note.values())
    body = lines * SAID + small * SMALL
    return Shape(
        card,
        ABOVE if card.start or card.entered else 0,
        body + 10 if body else 0,
        said,
        detail,
        note,
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """In px, y downwards. cards: top left corners. lines: of each of the graph's the 1 + 3n points of its Bezier curve.
    frames: flow -> left, top, right, bottom.
    """

    width: float
    height: float
    cards: Mapping[str, Point]
    lines: Sequence[Sequence[Point]]
    frames: Mapping[str, tuple[float, float, float, float]]


def request(graph: Graph, shapes: Mapping[str, Shape]) -> str:
    """A DOT document for `dot -Tjson0`, 1 point for 1 px."""
    ids = _ids(graph)
    out = [
        "digraph {",
        f"graph [rankdir=LR, nodesep=0.26, ranksep={_gap(graph)}, splines=true]",
        "node [shape=plain]",
        "edge [arrowhead=none]",
    ]
    # `dot` puts the first of two unconnected clusters at the bottom.
    for number, frame in reversed([*enumerate(graph.frames)]):
        out.append(f"subgraph cluster_{number} {{ graph [margin=18, label={_spacer(WIDTH, 18)}]")
        out += [_node(ids[card], shapes[card]) for card in frame.cards]
        out += [_column(frame.cards, graph, ids), "}"]
    free = [card.id for card in graph.unframed()]
    out += [_node(ids[card], shapes[card]) for card in free]
    out.append(_column(free, graph, ids))
    for number, line in enumerate(graph.lines):
        tail = f"{ids[line.source]}:{line.source_port or 'in'}:e"
        head = f"{ids[line.target]}:{line.target_port or 'in'}:w"
        out.append(f'{tail} -> {head} [id="e{number}", weight={line.weight}]')
    out.append("}")
    return "\n".join(out) + "\n"


def _gap(graph: Graph) -> float:
    """Between columns, in inches: wide enough for the lines of the card that has most."""
    most = max(Counter(line.source for line in graph.lines).values(), default=0)
    return min(1.3, 0.5 + 0.1 * most)


def _column(cards: Sequence[str], graph: Graph, ids: Mapping[str, str]) -> str:
    """Cards that no line leads to stand below each other at the left, in the order written."""
    reached = {line.target for line in graph.lines}
    first = [ids[card] for card in cards if card not in reached]
    return f"{{ rank=same; edge [style=invis]; {' -> '.join(first)} }}" if len(first) > 1 else ""


def _ids(graph: Graph) -> dict[str, str]:
    return {card.id: f"n{number}" for number, card in enumerate(graph.cards)}


def _spacer(width: int, height: int) -> str:
    return f"<<TABLE{_BARE}><TR>{_cell('', width, height)}</TR></TABLE>>"


_BARE = ' BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'


def _cell(port: str, width: int, height: int) -> str:
    named = f' PORT="{port}"' if port else ""
    return f'<TD{named} FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"></TD>'


def _node(name: str, shape: Shape) -> str:
    heights = [("", shape.above), ("in", HEAD), ("", shape.body)]
    heights += [(row.port, ROW) for row in shape.card.rows]
    cells = "".join(f"<TR>{_cell(port, WIDTH, height)}</TR>" for port, height in heights if height)
    return f"{name} [label=<<TABLE{_BARE}>{cells}</TABLE>>]"


def read(answer: str, graph: Graph, shapes: Mapping[str, Shape]) -> Layout:
    """The answer of `dot -Tjson0`. Raises ValueError when it is not one for this graph."""
    try:
        return _read(json.loads(answer), graph, shapes)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"not the picture that was asked for: {error!r}") from error


def _read(data: Mapping[str, Any], graph: Graph, shapes: Mapping[str, Shape]) -> Layout:
    _, _, width, height = (float(each) for each in data["bb"].split(","))
    objects = {each["name"]: each for each in data.get("objects", ())}
    cards: dict[str, Point] = {}
    for card, name in _ids(graph).items():
        x, y = _point(objects[name]["pos"])
        cards[card] = (x - WIDTH / 2, height - y - shapes[card].height / 2)
    edges = {each.get("id"): each for each in data.get("edges", ())}
    near = WIDTH / 2 + _gap(graph) * POINTS
    lines = []
    for number in range(len(graph.lines)):
        drawn = edges[f"e{number}"]["pos"].split(";")[0].split()
        lines.append(_curve([(x, height - y) for x, y in map(_point, drawn)], near))
    frames = {}
    for number, frame in enumerate(graph.frames):
        left, bottom, right, top = (float(each) for each in objects[f"cluster_{number}"]["bb"].split(","))
        frames[frame.flow] = (left, height - top, right, height - bottom)
    return Layout(width, height, cards, lines, frames)


def _curve(points: Sequence[Point], near: float) -> Sequence[Point]:
    """Between neighbouring columns there is nothing to go around: there our own curves, that cross only where the order
    of the rows and that of the cards differ."""
    (x, y), (end_x, end_y) = points[0], points[-1]
    if not 0 < end_x - x < near:
        return points
    middle = (x + end_x) / 2
    return [(x, y), (middle, y), (middle, end_y), (end_x, end_y)]


def _point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), float(y)
