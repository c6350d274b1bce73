"""The strokes that all parts of an SVG are made of: words in every language, boxes, links. Pure."""

from __future__ import annotations

import re
from html import escape

from ivr.flow.graph.model import Graph, Text
from ivr.flow.graph.text import measure


class Pen:
    """linked: other flows whose pictures can be gone to, on the same page."""

    def __init__(self, graph: Graph, linked: frozenset[str]) -> None:
        self.languages = graph.languages
        self.prefix = picture_id(graph.name)
        self._cards = {card.id for card in graph.cards}
        self._linked = linked

    def words(self, text: Text, x: float, y: float, name: str, anchor: str = "") -> str:
        """One text, or one for each language where they differ."""
        at = f'x="{number(x)}" y="{number(y)}"' + (f' text-anchor="{anchor}"' if anchor else "")
        if len(set(text.values())) == 1:
            only = next(iter(text.values()))
            return f'<text {at} class="{name}">{escape(only)}</text>' if only else ""
        return "".join(
            f'<text {at} class="{name}{_for(language)}">{escape(each)}</text>'
            for language, each in text.items()
            if each
        )

    def pair(self, first: Text, second: Text, x: float, y: float, name: str, anchor: str = "start") -> str:
        """Two texts side by side, the second one softer, however wide the reader's font makes the first."""
        at = f'x="{number(x)}" y="{number(y)}" text-anchor="{anchor}" class="{name}'
        alike = len(set(first.values())) == len(set(second.values())) == 1
        parts = []
        for language in self.languages[:1] if alike else self.languages:
            then = ""
            if second[language]:
                then = f'<tspan dx=".6em" class="soft">{escape(second[language])}</tspan>'
            shown = "" if alike else _for(language)
            parts.append(f'<text {at}{shown}">{escape(first[language])}{then}</text>')
        return "".join(parts)

    def widest(self, text: Text, size: float) -> float:
        return max(measure(each, size) for each in text.values())

    def link(self, target: str, inner: str) -> str:
        """Something drawn, as a link to a card of this picture or of another one, if there is such a picture."""
        to = self._to(target)
        return f'<a href="{escape(to)}">{inner}</a>' if to else inner

    def _to(self, target: str) -> str:
        if target in self._cards:
            return f"#{self.prefix}-{identifier(target)}"
        flow = target if target in self._linked else target.rpartition(".")[0]
        if flow not in self._linked:
            return ""
        return f"#{picture_id(flow)}" + ("" if flow == target else f"-{identifier(target)}")


def plain(text: Text) -> str:
    """All languages in one text, for a tooltip."""
    return " / ".join(dict.fromkeys(each for each in text.values() if each))


def number(value: float) -> str:
    """Half a pixel is finer than anybody sees, and keeps files small."""
    return f"{round(value * 2) / 2:g}"


def picture_id(flow: str) -> str:
    """What the ids of a flow's picture begin with; no flow's name has a `-`."""
    return identifier(flow) or "all-flows"


def identifier(name: str) -> str:
    """Names of nodes and flows, as ids of a document: `main.question` -> itself, `>topics` -> `flow-topics`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name.replace(">", "flow-"))


def language_class(language: str) -> str:
    """`zh-CN` -> itself; nothing that could end an attribute."""
    return re.sub(r"[^A-Za-z0-9-]", "", language)


def _for(language: str) -> str:
    """What follows inside a class attribute."""
    name = language_class(language)
    return f' l l-{name}" lang="{name}'


def state(hits: int | None) -> str:
    """The class of what a test run reached, or not; "" when that is not asked."""
    if hits is None:
        return ""
    return "covered" if hits else "uncovered"


def classes(*names: str) -> str:
    return " ".join(name for name in names if name)


def told(tip: str, hits: int | None) -> str:
    return tip if hits is None else f"{tip} ({hits})"


def box(x: float, y: float, width: float, height: float, corner: float, look: str) -> str:
    """look: its `class` or `fill`, as attributes."""
    return (
        f'<rect {look} x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
        f'rx="{number(corner)}"/>'
    )
