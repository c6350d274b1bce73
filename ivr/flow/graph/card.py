"""One card of an SVG: head, first words, and a row for each exit. Pure."""

from __future__ import annotations

from html import escape

from ivr.flow.graph import words
from ivr.flow.graph.layout import HEAD, PADDING, ROW, SAID, SMALL, WIDTH, Point, Shape
from ivr.flow.graph.model import Card, Row, Text
from ivr.flow.graph.pen import Pen, box, classes, identifier, number, plain, state, told
from ivr.flow.graph.style import ICONS
from ivr.flow.graph.text import shorten

STUB = 140
"""So wide may a stub be whatever its row's label needs, px."""
_MOST_ENTERED = 3


def draw(pen: Pen, shape: Shape, at: Point) -> str:
    """at: its top left corner. Everything about it is in its `title`, and read out by its `aria-label`."""
    card = shape.card
    top, height = shape.above, shape.height - shape.above
    head = f"M0 {top + HEAD}v-{HEAD - 10}q0 -10 10 -10h{WIDTH - 20}q10 0 10 10v{HEAD - 10}z"
    parts = [
        f'<g id="{pen.prefix}-{identifier(card.id)}" class="{classes("card", f"f-{card.family}", state(card.hits))}" '
        f'transform="translate({number(at[0])} {number(at[1])})" role="group" '
        f'aria-label="{escape(_read_out(pen, card))}">',
        f"<title>{escape(_tip(card))}</title>",
        _above(pen, card) if top else "",
        box(-4, top - 4, WIDTH + 8, height + 8, 13, 'class="edge"') if card.double else "",
        box(0, top, WIDTH, height, 10, 'class="body"'),
        box(0, top, WIDTH, height, 10, f'fill="url(#{pen.prefix}-hatch)"') if card.hits == 0 else "",
        f'<path class="head" d="{head}"/>',
        f'<path class="icon" transform="translate({PADDING - 3} {top + 7})" d="{ICONS[card.family]}"/>',
        *_head(pen, card, top),
        *_inside(pen, shape),
        *(_row(pen, row, shape.row_top(index)) for index, row in enumerate(card.rows)),
        box(0, top, WIDTH, height, 10, 'class="edge"'),
        "</g>",
    ]
    return "".join(parts)


def _above(pen: Pen, card: Card) -> str:
    """Where callers come in: the start, and other flows that lead here."""
    more = " …" if len(card.entered) > _MOST_ENTERED else ""
    came = f"⇥ {', '.join(card.entered[:_MOST_ENTERED])}{more}" if card.entered else ""
    text = {}
    for language, start in words.word("start", pen.languages).items():
        begins = f"▶ {start}" if card.start else ""
        text[language] = shorten("   ".join(part for part in (begins, came) if part), WIDTH, 11)
    return pen.words(text, 2, 12, "small")


def _head(pen: Pen, card: Card, top: int) -> list[str]:
    mark = "" if card.hits is None else "✓" if card.hits else "✗"
    right, y = WIDTH - PADDING, top + 20
    taken = pen.widest(card.title, 11) + (18 if mark else 0)
    name = shorten(card.name, right - taken - 38, 13.5)
    return [
        pen.link(card.link, f'<text class="name" x="30" y="{y}">{escape(name)}</text>'),
        pen.words(card.title, right - (18 if mark else 0), y, "kind", "end"),
        f'<text class="mark" x="{right}" y="{y}" text-anchor="end">{mark}</text>' if mark else "",
    ]


def _inside(pen: Pen, shape: Shape) -> list[str]:
    y = shape.above + HEAD + 17
    parts = []
    for index in range(max(len(lines) for lines in shape.said.values())):
        line = {each: (*lines, "", "")[index] for each, lines in shape.said.items()}
        parts.append(pen.words(line, PADDING, y, "said"))
        y += SAID
    if shape.detail:
        parts.append(pen.words(words.same(shape.detail, pen.languages), PADDING, y, "small"))
        y += SMALL
    parts.append(pen.words(shape.note, PADDING, y, "small"))
    return parts


def _row(pen: Pen, row: Row, top: float) -> str:
    middle, room = top + ROW / 2, float(WIDTH - 2 * PADDING)
    mark = "✗ " if row.hits == 0 else ""
    label = {each: mark + text for each, text in row.label.items()}
    ending = ""
    if row.entry:
        ending = f'<circle class="dot" cx="0" cy="{number(middle)}" r="3"/>'
    elif not row.stub:
        ending = f'<circle class="dot" cx="{WIDTH}" cy="{number(middle)}" r="3.5"/>'
    else:
        ending, width = _stub(pen, row, top, max(room - pen.widest(label, 12) - 8, STUB))
        room -= width + 6
    label = {each: shorten(text, room, 12) for each, text in label.items()}
    return (
        f'<g class="{classes("error" if row.error else "", state(row.hits), "row")}">'
        f"<title>{escape(told(row.tip, row.hits))}</title>"
        f'<path class="rule" d="M0 {number(top)}h{WIDTH}"/>'
        f"{pen.words(label, PADDING, middle + 4.5, 'label')}{ending}</g>"
    )


def _stub(pen: Pen, row: Row, top: float, most: float) -> tuple[str, float]:
    """The target's name in a pill, and how wide that is."""
    name: Text = {each: f"{row.sign} {text}" for each, text in row.stub.items()}
    width = min(pen.widest(name, 12) + 16, most)
    name = {each: shorten(text, width - 14, 12) for each, text in name.items()}
    left = WIDTH - 6 - width
    pill = box(left, top + 3, width, ROW - 6, (ROW - 6) / 2, 'class="pill"')
    written = pen.words(name, left + width / 2, top + ROW / 2 + 4.5, "pilltext", "middle")
    return pen.link(row.link, pill + written), width


def _tip(card: Card) -> str:
    name = f"{card.id.removeprefix('>')} · {plain(card.title)}"
    lines = [told(name, card.hits), *dict.fromkeys(card.said.values()), card.detail]
    lines += dict.fromkeys(card.note.values())
    if card.entered:
        lines.append(f"⇥ {', '.join(card.entered)}")
    return "\n".join(line for line in lines if line)


def _read_out(pen: Pen, card: Card) -> str:
    first = pen.languages[0]
    parts = [card.title[first], card.name, card.said[first], card.detail]
    parts += [row.tip.partition(" ")[2] for row in card.rows if not row.entry]
    if card.hits is not None:
        parts.append(words.word("covered" if card.hits else "uncovered", pen.languages)[first])
    return ". ".join(part for part in parts if part)
