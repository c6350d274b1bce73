"""Which exits are drawn as lines and which as stubs, so that a picture stays readable. Pure.

A line that goes back, or one of many to the same place, says less than the place's name: it becomes a stub. What
remains is the tree of a walk from the start, and a few lines across it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MAX_LINES = 3
"""So many lines come together at a card; further ones are stubs."""
MAX_CALLERS = 2
"""From so many cards, and by no more than `MAX_LINES` ways, lines lead to another flow's box; else all are stubs."""

HUB = 3
"""A card that leads to so many other flows is a hub."""
MAX_SPAN = 2
"""A line that is not the first to its card passes at most so many columns."""


@dataclass(frozen=True, slots=True)
class Way:
    """One exit as the picture sees it. outside: the other flow that it leads to, "" within the picture."""

    source: str
    target: str
    error: bool
    outside: str = ""
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Routes:
    """Indexes into the ways. lines: drawn. tree: by which a card is first reached. main: the first way on from a card.
    back: towards what is before."""

    lines: frozenset[int]
    tree: frozenset[int]
    main: frozenset[int]
    back: frozenset[int]


def plan(starts: Iterable[str], cards: Sequence[str], ways: Sequence[Way]) -> Routes:
    """starts: where calls come in, the main one first. cards: all, in the order written."""
    leaving: dict[str, list[int]] = {card: [] for card in cards}
    for index, way in enumerate(ways):
        leaving[way.source].append(index)
    for indexes in leaving.values():
        indexes.sort(key=lambda index: ways[index].error)
    tree, back = _walk([*starts, *cards], ways, leaving)
    on = [
        [each for each in indexes if each not in back and not ways[each].error]
        for indexes in leaving.values()
    ]
    main = frozenset(indexes[0] for indexes in on if indexes)
    lines = _near(cards, ways, tree, _within(ways, tree, back) | _outside(ways))
    return Routes(frozenset(lines), frozenset(tree), main, frozenset(back))


def _walk(
    starts: Iterable[str], ways: Sequence[Way], leaving: Mapping[str, Sequence[int]]
) -> tuple[set[int], set[int]]:
    """Depth first: the ways by which each card is first reached, and those that close a circle."""
    tree: set[int] = set()
    back: set[int] = set()
    seen: set[str] = set()
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        path = {start}
        stack = [(start, iter(leaving[start]))]
        while stack:
            card, rest = stack[-1]
            index = next(rest, None)
            if index is None:
                stack.pop()
                path.discard(card)
                continue
            way = ways[index]
            if way.outside:
                continue
            if way.target in path:
                back.add(index)
            elif way.target not in seen:
                tree.add(index)
                seen.add(way.target)
                path.add(way.target)
                stack.append((way.target, iter(leaving[way.target])))
    return tree, back


def _within(ways: Sequence[Way], tree: set[int], back: set[int]) -> set[int]:
    """A card is reached by lines of calm ways, if there are any; else by those of the first card with an error's."""
    arriving: dict[str, list[int]] = {}
    for index, way in enumerate(ways):
        if not way.outside and index not in back:
            arriving.setdefault(way.target, []).append(index)
    lines: set[int] = set()
    for indexes in arriving.values():
        calm = [index for index in indexes if not ways[index].error]
        calm.sort(key=lambda index: index not in tree)
        sources = list(dict.fromkeys(ways[index].source for index in calm or indexes))
        drawn = sources[: MAX_LINES if calm else 1]
        lines.update(index for index in calm or indexes if ways[index].source in drawn)
    return lines


def _outside(ways: Sequence[Way]) -> set[int]:
    """To other flows. Where a hub leads to many of them, the lines are the hub's; else those of one or two callers."""
    calm: dict[str, list[int]] = {}
    led: dict[str, set[str]] = {}
    for index, way in enumerate(ways):
        if way.outside and not way.error:
            calm.setdefault(way.outside, []).append(index)
            led.setdefault(way.source, set()).add(way.outside)
    lines: set[int] = set()
    for indexes in calm.values():
        callers = list(dict.fromkeys(ways[index].source for index in indexes))
        hub = next((caller for caller in callers if len(led[caller]) >= HUB), None)
        if hub is not None:
            lines.update(index for index in indexes if ways[index].source == hub)
        elif len(callers) == 1 or (len(callers) <= MAX_CALLERS and len(indexes) <= MAX_LINES):
            lines.update(indexes)
    return lines


def _near(cards: Sequence[str], ways: Sequence[Way], tree: set[int], lines: set[int]) -> set[int]:
    """Without the lines that would cross half the picture to a card that another line reaches from nearby."""
    ends = {index: f">{way.outside}" if way.outside else way.target for index, way in enumerate(ways)}
    columns = _columns(cards, ways, lines, ends)
    nearest: dict[str, int] = {}
    spans = {index: columns[ends[index]] - columns[ways[index].source] for index in lines}
    for index, span in spans.items():
        nearest[ends[index]] = min(span, nearest.get(ends[index], span))
    return {index for index in lines if index in tree or spans[index] <= max(MAX_SPAN, nearest[ends[index]])}


def _columns(
    cards: Sequence[str], ways: Sequence[Way], lines: set[int], ends: Mapping[int, str]
) -> dict[str, int]:
    """Card or box -> the length of the longest way of lines to it. There are no circles among the lines."""
    columns = dict.fromkeys([*cards, *ends.values()], 0)
    leaving: dict[str, list[str]] = {}
    waiting = dict.fromkeys(columns, 0)
    for index in sorted(lines):
        leaving.setdefault(ways[index].source, []).append(ends[index])
        waiting[ends[index]] += 1
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop()
        for end in leaving.get(name, ()):
            columns[end] = max(columns[end], columns[name] + 1)
            waiting[end] -= 1
            if not waiting[end]:
                ready.append(end)
    return columns
