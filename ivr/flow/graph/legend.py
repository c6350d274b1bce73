"""Below the cards of an SVG: what holds at every step, and what the signs mean. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.flow.graph import words
from ivr.flow.graph.model import Chip, Family, Graph, Text
from ivr.flow.graph.pen import Pen, box, classes, number, state
from ivr.flow.graph.style import ICONS

STRIP = 30
_GAP = 14

_Item = tuple[float, Callable[[float, float], str]]
"""How wide something is, and how it is drawn at (left, top)."""


def draw(pen: Pen, graph: Graph, left: float, right: float, top: float) -> tuple[list[str], float]:
    """The drawing, and where it ends."""
    parts: list[str] = []
    if graph.chips:
        heading = words.word("everywhere", pen.languages)
        parts.append(pen.words(heading, left, top + 16, "strip"))
        beside = left + pen.widest(heading, 13.5) + 18
        drawn, top = _wrapped([_chip(pen, chip) for chip in graph.chips], beside, right, top)
        parts += drawn
    present = {card.family for card in graph.cards}
    signs = [_family(pen, family) for family in ICONS if family in present]
    drawn, top = _wrapped([*signs, *_signs(pen, graph)], left, right, top)
    return parts + drawn, top


def _wrapped(items: Sequence[_Item], left: float, right: float, top: float) -> tuple[list[str], float]:
    """Side by side, and below each other where there is no more room."""
    parts = []
    x = left
    for width, drawing in items:
        if x > left and x + width > right:
            x, top = left, top + STRIP
        parts.append(drawing(x, top))
        x += width + _GAP
    return parts, top + STRIP + 4


def _chip(pen: Pen, chip: Chip) -> _Item:
    leads: Text = {each: f"→ {text}" if chip.link else text for each, text in chip.target.items()}
    width = pen.widest(chip.label, 12) + pen.widest(leads, 12) + 32

    def drawing(x: float, top: float) -> str:
        pill = box(x, top, width, 23, 11.5, 'class="pill"')
        written = pen.pair(chip.label, leads, x + width / 2, top + 16, "label", "middle")
        look = classes("error" if chip.error else "", state(chip.hits), "chip")
        return f'<g class="{look}">{pen.link(chip.link, pill + written)}</g>'

    return width, drawing


def _family(pen: Pen, family: Family) -> _Item:
    text = words.family(family, pen.languages)

    def drawing(x: float, top: float) -> str:
        icon = (
            f'<path class="icon" transform="translate({number(x)} {number(top + 3)})" d="{ICONS[family]}"/>'
        )
        return f'<g class="f-{family}">{icon}{pen.words(text, x + 22, top + 15, "small")}</g>'

    return 26 + pen.widest(text, 11), drawing


def _signs(pen: Pen, graph: Graph) -> list[_Item]:
    rows = [row for card in graph.cards for row in card.rows]
    signs = []
    if any(line.error for line in graph.lines) or any(row.error for row in rows):
        signs.append(_sign(pen, "error line", _stroke("error line")))
    if any(card.double for card in graph.cards) or any(line.calls for line in graph.lines):
        signs.append(_sign(pen, "calls", _stroke("line calls")))
    if graph.measured:
        patches = (("covered", 'class="body"'), ("uncovered", f'fill="url(#{pen.prefix}-hatch)"'))
        signs += [_sign(pen, name, _patch(name, look)) for name, look in patches]
    return signs


def _sign(pen: Pen, name: str, shape: Callable[[float, float], str]) -> _Item:
    text = words.word(name, pen.languages)

    def drawing(x: float, top: float) -> str:
        return shape(x, top) + pen.words(text, x + 34, top + 15, "small")

    return 38 + pen.widest(text, 11), drawing


def _stroke(look: str) -> Callable[[float, float], str]:
    return lambda x, top: f'<path class="{look}" d="M{number(x)} {number(top + 11)}h26"/>'


def _patch(name: str, look: str) -> Callable[[float, float], str]:
    return lambda x, top: f'<g class="{name}">{box(x, top + 4, 26, 14, 4, look)}</g>'
