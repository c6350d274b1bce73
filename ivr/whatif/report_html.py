"""A result as one page that needs nothing else: tables, and charts as SVG, in Chinese and English. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from ivr.whatif.report_text import clock, shown, span, told_rows
from ivr.whatif.result import COUNTS, OF_GROUPS, SHARES, WAITS, Estimates, Result
from ivr.whatif.statistics import Estimate
from ivr.whatif.words import WORDS, titled, word

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2330;--paper:#fff;--line:#d5dae3;--good:#2f7d5b;--bad:#b4493a;--mark:#2d5fa6}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--paper:#14181f;--line:#39414f;--good:#5fbf94;--bad:#e08573;--mark:#7fa9ea}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;
margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
.wide{overflow-x:auto}svg{max-width:100%;height:auto}svg text{fill:var(--ink);font-size:11px}
#zh:checked~main .en,#en:checked~main .zh{display:none}
label{margin-right:1rem}
"""
_WIDTH: Final = 720
_LEFT: Final = 150


def page(result: Result) -> str:
    """The whole page. Which language is shown is chosen on it."""
    heading = _both(
        titled(result.title, "zh") or word("title", "zh"), titled(result.title, "en") or word("title", "en")
    )
    title = escape(titled(result.title, "en") or word("title", "en"))
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>{title}</title><style>{_STYLE}</style>",
        "<input type='radio' name='language' id='zh'><label for='zh'>中文</label>",
        "<input type='radio' name='language' id='en' checked><label for='en'>English</label><main>",
        f"<h1>{heading}</h1>",
        *_head(result),
        *_callers(result),
        *_groups(result),
        *_served(result),
        *_periods(result),
        "</main></html>\n",
    ]
    return "".join(parts)


def _head(result: Result) -> Iterator[str]:
    if result.about:
        yield f"<p>{_both(titled(result.about, 'zh'), titled(result.about, 'en'))}</p>"
    known = {
        "replications": result.replications,
        "horizon": span(result.horizon),
        "calls": f"{result.calls:,}",
    }
    yield f"<p>{_both(word('runs', 'zh').format(**known), word('runs', 'en').format(**known))}</p>"
    if result.replications < 2:
        yield f"<p>{_word('one_run')}</p>"


def _callers(result: Result) -> Iterator[str]:
    columns = {_word("all"): result.all} if len(result.types) > 1 else {}
    columns |= {_name(result, name): each for name, each in result.types.items()}
    yield f"<h2>{_word('callers')}</h2>"
    yield _bars("service_level", columns, "--good")
    yield _table("type", columns, (*COUNTS, *SHARES, *WAITS, "mean_queue"))


def _groups(result: Result) -> Iterator[str]:
    columns = {_word("all"): result.agents} if len(result.groups) > 1 else {}
    columns |= {_name(result, f"group {name}"): each for name, each in result.groups.items()}
    yield f"<h2>{_word('desk')}</h2>"
    yield _bars("occupancy", columns, "--mark")
    yield _table("group", columns, OF_GROUPS)


def _served(result: Result) -> Iterator[str]:
    if len(result.types) < 2 or len(result.groups) < 2:
        return
    head = "".join(f"<th>{_name(result, name)}</th>" for name in result.types)
    yield f"<h2>{_word('who')}</h2><div class='wide'><table><tr><th>{_word('group')}</th>{head}</tr>"
    for group, by_type in result.served.items():
        cells = "".join(f"<td>{shown('handled', each)}</td>" for each in by_type.values())
        yield f"<tr><td>{_name(result, f'group {group}')}</td>{cells}</tr>"
    yield "</table></div>"


def _periods(result: Result) -> Iterator[str]:
    if not result.periods:
        return
    yield f"<h2>{_word('periods')}</h2>"
    lines: Sequence[tuple[str, str, Callable[[int], Estimate]]] = (
        ("offered", "--ink", lambda number: result.periods[number].all["offered"]),
        ("service_level", "--good", lambda number: result.periods[number].all["service_level"]),
        ("abandoned_share", "--bad", lambda number: result.periods[number].all["abandoned_share"]),
        ("occupancy", "--mark", lambda number: result.periods[number].agents["occupancy"]),
    )
    labels = [clock(result, period.begin) for period in result.periods]
    for name, colour, of in lines:
        yield _line(name, colour, [of(number) for number in range(len(labels))], labels)
    names = [name for name, _, _ in lines]
    names[1:1] = ["mean_wait_answered"]
    head = "".join(f"<th>{_word(name)}</th>" for name in names)
    yield f"<div class='wide'><table><tr><th>{_word('period')}</th>{head}</tr>"
    for label, period in zip(labels, result.periods, strict=True):
        known = {**period.all, **period.agents}
        cells = "".join(f"<td>{shown(name, known[name])}</td>" for name in names)
        yield f"<tr><td>{label}</td>{cells}</tr>"
    yield "</table></div>"


def _table(head: str, columns: Mapping[str, Estimates], names: Sequence[str]) -> str:
    rows = [f"<tr><th>{_word(head)}</th>{''.join(f'<th>{name}</th>' for name in columns)}</tr>"]
    for name in told_rows(names, list(columns.values())):
        cells = "".join(f"<td>{shown(name, each[name])}</td>" for each in columns.values())
        rows.append(f"<tr><td>{_word(name)}</td>{cells}</tr>")
    return f"<div class='wide'><table>{''.join(rows)}</table></div>"


def _bars(name: str, columns: Mapping[str, Estimates], colour: str) -> str:
    """A bar each from 0 to 100 %, with the confidence interval as a line over its end."""
    parts, row, wide = [], 26, _WIDTH - _LEFT - 70
    for number, (label, estimates) in enumerate(columns.items()):
        y, estimate = 24 + number * row, estimates[name]
        parts.append(
            f"<foreignObject x='0' y='{y}' width='{_LEFT - 8}' height='{row}'>{label}</foreignObject>"
        )
        if estimate.value is None:
            continue
        end = _LEFT + wide * min(estimate.value, 1.0)
        parts.append(
            f"<rect x='{_LEFT}' y='{y + 3}' width='{end - _LEFT:.1f}' height='{row - 9}' fill='var({colour})'/>"
        )
        high = end
        if estimate.half:
            low, high = end - wide * estimate.half, end + wide * estimate.half
            parts.append(f"<path d='M{low:.1f} {y + 11.5}H{high:.1f}' stroke='var(--ink)' stroke-width='2'/>")
        parts.append(f"<text x='{high + 8:.1f}' y='{y + 15}'>{shown(name, estimate)}</text>")
    return _chart(name, 30 + row * len(columns), parts)


def _line(name: str, colour: str, values: Sequence[Estimate], labels: Sequence[str]) -> str:
    """A line over the periods, with the confidence interval as a band."""
    high, left, wide = 110, 60, _WIDTH - 80
    share = name != "offered"
    most = 1.0 if share else max((each.high or each.value or 0.0) for each in values) or 1.0
    step = wide / max(len(values) - 1, 1)

    def at(number: int, value: float) -> str:
        return f"{left + number * step:.1f} {24 + high * (1 - min(max(value / most, 0.0), 1.0)):.1f}"

    known = [(number, each) for number, each in enumerate(values) if each.value is not None]
    parts = [f"<path d='M{left} 24V{24 + high}H{left + wide}' fill='none' stroke='var(--line)'/>"]
    top = "100 %" if share else f"{most:,.0f}"
    parts.append(f"<text x='4' y='30'>{top}</text><text x='4' y='{24 + high}'>0</text>")
    if known:
        upper = [
            at(number, each.high if each.high is not None else each.value or 0.0) for number, each in known
        ]
        lower = [
            at(number, each.low if each.low is not None else each.value or 0.0) for number, each in known
        ]
        band = "L".join([*upper, *reversed(lower)])
        line = "L".join(at(number, each.value or 0.0) for number, each in known)
        parts.append(f"<path d='M{band}Z' fill='var({colour})' opacity='.2'/>")
        parts.append(f"<path d='M{line}' fill='none' stroke='var({colour})' stroke-width='2'/>")
    every = max(1, len(labels) // 8)
    for number in range(0, len(labels), every):
        parts.append(f"<text x='{left + number * step:.1f}' y='{24 + high + 15}'>{labels[number]}</text>")
    return _chart(name, high + 48, parts)


def _chart(name: str, height: float, parts: Sequence[str]) -> str:
    zh, en = WORDS[name]
    title = f"<text class='zh' x='0' y='14'>{zh}</text><text class='en' x='0' y='14'>{en}</text>"
    return (
        f"<svg viewBox='0 0 {_WIDTH} {height:.0f}' width='{_WIDTH}' role='img' aria-label='{escape(en)}'>"
        f"{title}{''.join(parts)}</svg>"
    )


def _word(name: str) -> str:
    return _both(word(name, "zh"), word(name, "en"))


def _name(result: Result, name: str) -> str:
    title = result.titles[name]
    return escape(title) if isinstance(title, str) else _both(titled(title, "zh"), titled(title, "en"))


def _both(zh: str, en: str) -> str:
    if zh == en:
        return escape(zh)
    return f"<span class='zh' lang='zh'>{escape(zh)}</span><span class='en' lang='en'>{escape(en)}</span>"
