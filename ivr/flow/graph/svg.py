"""A graph and its layout -> one SVG that needs nothing else: no font, no script, no other file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ivr.flow.graph import card, legend, words
from ivr.flow.graph.layout import Layout, Point, Shape
from ivr.flow.graph.model import Frame, Graph, Line
from ivr.flow.graph.pen import Pen, box, classes, language_class, number, plain, state, told
from ivr.flow.graph.style import css

MARGIN = 28
TITLE = 66
LEAST_WIDTH = 720
"""Narrower pictures would wrap what is below them too often, px."""


def draw(
    graph: Graph,
    layout: Layout,
    shapes: Mapping[str, Shape],
    *,
    styled: bool = True,
    linked: Iterable[str] = (),
) -> str:
    """styled: with its style inside; a page with many pictures has it once. linked: other flows that can be gone to.

    With several languages all their words are in it, of the classes `l-zh`, `l-en` ...: the page shows one of them.
    """
    pen = Pen(graph, frozenset(linked))
    width = max(layout.width + 2 * MARGIN, LEAST_WIDTH)
    below = TITLE + layout.height + MARGIN
    strips, bottom = legend.draw(pen, graph, MARGIN, width - MARGIN, below)
    height = bottom + MARGIN / 2
    title = plain({each: f"{graph.name} {graph.title[each]}".strip() for each in graph.languages})
    label = escape(f"{title}. {plain(graph.subtitle)}")
    size = f'width="{number(width)}" height="{number(height)}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" {size} '
        f'role="graphics-document document" lang="{language_class(graph.languages[0])}" aria-label="{label}">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{css()}</style>" if styled else "",
        _hatch(pen) if graph.measured else "",
        f'<rect class="ground" {size}/>',
        _heading(pen, graph),
        f'<g transform="translate({MARGIN} {TITLE})">',
        *(_frame(pen, frame, layout) for frame in graph.frames),
        *(_line(line, points) for line, points in zip(graph.lines, layout.lines, strict=True)),
        *(card.draw(pen, shapes[each.id], layout.cards[each.id]) for each in graph.cards),
        "</g>",
        *strips,
        "</svg>",
    ]
    return "\n".join(line for line in out if line) + "\n"


def _heading(pen: Pen, graph: Graph) -> str:
    if graph.name:
        title = pen.pair(words.same(graph.name, pen.languages), graph.title, MARGIN, 36, "title")
    else:
        title = pen.words(graph.title, MARGIN, 36, "title")
    return title + pen.words(graph.subtitle, MARGIN, 54, "subtitle")


def _hatch(pen: Pen) -> str:
    """What no test reached is told by more than a colour."""
    return (
        f'<defs><pattern id="{pen.prefix}-hatch" width="9" height="9" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch" width="9" height="9"/>'
        '<path class="stripe" d="M0 0V9" stroke-width="1.5" stroke-opacity=".35"/></pattern></defs>'
    )


def _frame(pen: Pen, frame: Frame, layout: Layout) -> str:
    left, top, right, bottom = layout.frames[frame.flow]
    name = pen.pair(words.same(frame.flow, pen.languages), frame.title, left + 14, top + 20, "name")
    return box(left, top, right - left, bottom - top, 14, 'class="frame"') + name


def _line(line: Line, points: Sequence[Point]) -> str:
    """Not read out: the row that it begins at says where it leads."""
    look = classes("error" if line.error else "", state(line.hits))
    (x, y), rest = points[0], points[1:]
    curve = " ".join(f"{number(each_x)} {number(each_y)}" for each_x, each_y in rest)
    end_x, end_y = points[-1]
    stroke = classes(look, "line", "calls" if line.calls else "")
    return (
        f'<g aria-hidden="true"><title>{escape(told(line.tip, line.hits))}</title>'
        f'<path class="{stroke}" d="M{number(x)} {number(y)}C{curve}"/>'
        f'<path class="{classes(look, "arrow")}" d="M{number(end_x)} {number(end_y)}l-9 -4.5v9z"/></g>'
    )
