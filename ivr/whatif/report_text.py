"""A result as text for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from ivr.whatif.result import COUNTS, OF_GROUPS, SHARES, WAITS, Estimates, Result
from ivr.whatif.statistics import Estimate
from ivr.whatif.words import Language, titled, word

_ALWAYS: Final = frozenset({"offered", "answered", "abandoned", "blocked", "service_level", "occupancy"})
"""Told even when there were none."""
_PERIODS: Final = (
    "offered",
    "service_level",
    "mean_wait_answered",
    "abandoned_share",
    "blocked_share",
    "occupancy",
)
_OF_SHARES: Final = frozenset({*SHARES, "occupancy", "utilisation"})


def text(result: Result, language: Language = "en") -> str:
    return "\n".join(_lines(result, language)) + "\n"


def shown(name: str, estimate: Estimate, *, interval: bool = True) -> str:
    """`92.0 % ±0.4`, `12.3 ±0.5`, `-` where there is nothing."""
    if estimate.value is None:
        return "-"
    times, unit = (100.0, " %") if name in _OF_SHARES else (1.0, "")
    value, half = estimate.value * times, None if estimate.half is None else estimate.half * times
    digits = 2 if abs(value) < 10 else 1
    if name in COUNTS or name == "handled" or name == "missed":
        digits = 1 if abs(value) < 100 else 0
    told = f"{value:,.{digits}f}{unit}"
    return f"{told} ±{half:,.{digits}f}" if interval and half is not None else told


def span(seconds: float) -> str:
    """`8 h`, `7 d`, `90 min`, `45 s`."""
    for unit, length in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:g} s"


def clock(result: Result, second: float) -> str:
    """Where the clock stands then: `08:00`, with the day where there are several."""
    hours, minutes = (int(part) for part in result.began.split(" ")[1].split(":")[:2])
    whole = hours * 3600 + minutes * 60 + round(second)
    told = f"{whole % 86_400 // 3600:02d}:{whole % 3600 // 60:02d}"
    return told if result.horizon <= 86_400 else f"{whole // 86_400 + 1}. {told}"


def told_rows(names: Sequence[str], columns: Sequence[Estimates]) -> list[str]:
    """Those that say something for any of the columns."""
    return [
        name
        for name in names
        if name in _ALWAYS or any((found := each.get(name)) is not None and found.value for each in columns)
    ]


def _lines(result: Result, language: Language) -> Iterator[str]:
    yield titled(result.title, language) or word("title", language)
    about = titled(result.about, language)
    if about:
        yield about.strip()
    yield word("runs", language).format(
        replications=result.replications, horizon=span(result.horizon), calls=f"{result.calls:,}"
    )
    if result.replications < 2:
        yield word("one_run", language)
    types = {word("all", language): result.all}
    if len(result.types) > 1:
        types |= {titled(result.titles[name], language): each for name, each in result.types.items()}
    else:
        (types,) = ({titled(result.titles[name], language): each} for name, each in result.types.items())
    yield ""
    yield from _table(word("callers", language), types, (*COUNTS, *SHARES, *WAITS, "mean_queue"), language)
    groups = {titled(result.titles[f"group {name}"], language): each for name, each in result.groups.items()}
    if len(groups) > 1:
        groups = {word("all", language): result.agents, **groups}
    yield ""
    yield from _table(word("desk", language), groups, OF_GROUPS, language)
    if result.periods:
        yield ""
        yield from _periods(result, language)


def _table(
    head: str, columns: Mapping[str, Estimates], names: Sequence[str], language: Language
) -> Iterator[str]:
    rows = [[head, *columns]]
    for name in told_rows(names, list(columns.values())):
        rows.append([word(name, language), *(shown(name, each[name]) for each in columns.values())])
    yield from _aligned(rows)


def _periods(result: Result, language: Language) -> Iterator[str]:
    names = told_rows(
        _PERIODS, [{**period.all, "occupancy": period.agents["occupancy"]} for period in result.periods]
    )
    rows = [[word("periods", language), *(word(name, language) for name in names)]]
    for period in result.periods:
        known = {**period.all, **period.agents}
        rows.append(
            [
                f"{clock(result, period.begin)}-{clock(result, period.end)}",
                *(shown(name, known[name], interval=len(result.periods) <= 48) for name in names),
            ]
        )
    yield from _aligned(rows)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(cell_len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        first = row[0] + " " * (widths[0] - cell_len(row[0]))
        rest = (
            " " * (width - cell_len(each)) + each for each, width in zip(row[1:], widths[1:], strict=True)
        )
        yield "  ".join((first, *rest)).rstrip()
