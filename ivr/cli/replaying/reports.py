"""What `ivr replay` writes: text for the terminal, JSON for machines, a page for people."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import typer

from ivr.flow.replaying.comparing import VERDICTS, Verdict
from ivr.flow.replaying.summary import Summary

Row = Mapping[str, Any]
"""`summary.call_to_json` of one call."""

MOST_ROWS: Final = 20
"""Calls told one by one in the text, unless all are asked for."""
MOST_ON_A_PAGE: Final = 1000
LABELS: Final[Mapping[Verdict, tuple[str, str]]] = {
    "dead_end": ("dead end", "死路"),
    "different": ("different", "不同"),
    "unfinished": ("unfinished", "未完"),
    "same_result": ("same result", "结果相同"),
    "same": ("same", "相同"),
    "cannot_tell": ("cannot tell", "无法判断"),
}
_COLOURS: Final[Mapping[Verdict, str]] = {
    "dead_end": "red",
    "different": "yellow",
    "unfinished": "cyan",
    "same_result": "green",
    "same": "green",
    "cannot_tell": "bright_black",
}
_DEAD: Final[Mapping[str, tuple[str, str]]] = {
    "rescue": ("an event that nobody handles", "没有人处理的事件"),
    "loop": ("goes in a circle", "原地打转"),
    "machine_error": ("the machine fails", "程序出错"),
    "not_understood": ("not understood again and again", "一再听不懂"),
    "hangup": ("hung up on, without a person", "没有转人工就挂断"),
    "endless": ("never ends", "永不结束"),
}


def fails(summary: Summary, *, any_change: bool) -> bool:
    """Whether `--fail-on` has its reason. any_change: whatever is neither the same nor unknown."""
    if any_change:
        return any(summary.verdicts[verdict] for verdict in ("dead_end", "different", "unfinished"))
    return bool(summary.verdicts["dead_end"])


def as_json(draft: str, summary: Summary, rows: Sequence[Row]) -> str:
    plain = {"draft": draft, "summary": summary.to_json(), "calls": list(rows)}
    return json.dumps(plain, ensure_ascii=False, indent=2)


# Text


def text(draft: str, summary: Summary, rows: Sequence[Row], *, verbose: bool = False) -> str:
    return "\n".join(_lines(draft, summary, rows, verbose=verbose))


def _lines(draft: str, summary: Summary, rows: Sequence[Row], *, verbose: bool) -> Iterator[str]:
    if not summary.calls:
        yield f"{draft}: no calls to replay"
        return
    yield f"{draft} against {_calls(summary.calls)}{_span(summary)}, of {_versions(summary)}"
    yield f"fidelity {_fidelity(summary)}"
    plain = summary.to_json()
    if plain["dead_ends"]:
        yield ""
        yield typer.style("NEW DEAD ENDS", fg="red", bold=True)
        for dead in plain["dead_ends"]:
            yield f"  {dead['calls']:>6}  {_DEAD[dead['kind']][0]} at {dead['node']}  {_examples(dead)}"
    yield ""
    for verdict in VERDICTS:
        count = summary.verdicts[verdict]
        if count:
            label = typer.style(f"{LABELS[verdict][0]:<12}", fg=_COLOURS[verdict])
            yield f"{label} {count:>6}  {count / summary.calls:>6.1%}"
    yield ""
    yield from _saved(plain)
    if plain["partings"]:
        yield ""
        yield "where calls part"
        for place in plain["partings"]:
            yield f"  {place['calls']:>6}  {_way(place)}  {_examples(place)}"
    if plain["cannot_tell"]:
        yield ""
        yield "cannot be told"
        for place in plain["cannot_tell"][:5]:
            yield f"  {place['calls']:>6}  {place['why']}  {_examples(place)}"
    told = [row for row in rows if verbose or row["verdict"] not in ("same", "cannot_tell")]
    if told:
        yield ""
        for row in told if verbose else told[:MOST_ROWS]:
            yield from _row(row)
        if not verbose and len(told) > MOST_ROWS:
            yield f"... and {len(told) - MOST_ROWS} more: --verbose, or --format json or html, shows all"


def _row(row: Row) -> Iterator[str]:
    verdict: Verdict = row["verdict"]
    label = typer.style(LABELS[verdict][0], fg=_COLOURS[verdict])
    parting = row.get("parting")
    where = f": {_parting(parting)}" if parting else ""
    why = f" ({row['why']})" if row["why"] else ""
    saved = row["menu_s"]["saved"]
    seconds = f"  {_signed(saved)}" if saved else ""
    yield f"{row['call']}  {label}{where}{why}{seconds}"
    for name in ("then", "now"):
        if row.get(name):
            yield f"    {name:<5} {' > '.join(row[name])}"


def _parting(parting: Mapping[str, Any]) -> str:
    said = f"act {parting['act']} `{parting['said']}`" if parting["said"] else "before any act"
    return f"{said} at {parting['at']} -> {parting['then'] or 'the end'}, now {parting['now'] or 'the end'}"


def _way(place: Mapping[str, Any]) -> str:
    if "why" in place:
        return str(place["why"])
    at = place["at"] or "the start"
    now_at = f" ({place['now_at']})" if place["now_at"] != place["at"] else ""
    return f"{at} -> {place['then'] or 'the end'}, now{now_at} -> {place['now'] or 'the end'}"


def _examples(place: Mapping[str, Any]) -> str:
    told = []
    for one in place["examples"]:
        said = f" `{one['said']}`" if one["said"] else ""
        told.append(one["call"] + said)
    return typer.style("e.g. " + ", ".join(told), dim=True)


def _saved(plain: Mapping[str, Any]) -> Iterator[str]:
    saved, real = plain["menu_saved_s"], plain["menu_real_s"]
    if saved["calls"]:
        yield (
            f"menu seconds: {_signed(saved['median'])} in the median, {_signed(saved['total'])} in all "
            f"({_calls(saved['calls'])} compared)"
        )
    if real["calls"]:
        yield f"              really {real['median']:g} s in the median, until queue, transfer or end"


def _signed(saved: float) -> str:
    if saved == 0:
        return "none saved"
    return f"{abs(saved):g} s saved" if saved > 0 else f"{abs(saved):g} s added"


def _fidelity(summary: Summary) -> str:
    fidelity = summary.fidelity
    if fidelity is None:
        return "not known: no call could be replayed on its own version"
    told = summary.faithful + summary.unfaithful
    shown = f"{fidelity:.1%}" if summary.unfaithful else "100 %"
    return (
        f"{shown}: {summary.faithful} of {told} calls came out as stored when replayed on their own version"
    )


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def _versions(summary: Summary) -> str:
    names = [version[:12] for version, _ in summary.versions.most_common(3)]
    more = len(summary.versions) - len(names)
    return (
        ("version " if len(names) == 1 else "versions ")
        + ", ".join(names)
        + (f" and {more} more" if more else "")
    )


def _span(summary: Summary) -> str:
    if summary.first is None or summary.last is None:
        return ""
    first, last = summary.first.astimezone(), summary.last.astimezone()
    return f" from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


# A page

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%;margin-bottom:1.5rem}td,th{text-align:left;padding:.25rem .6rem;
border-bottom:1px solid #8884;vertical-align:top}td.n,th.n{text-align:right}code{font-size:13px}
.dead_end{color:#d33}.different{color:#b70}.unfinished{color:#079}.same,.same_result{color:#2a4}.cannot_tell{opacity:.6}
.bar{display:flex;height:1rem;border-radius:.3rem;overflow:hidden;margin:1rem 0}.bar i{display:block}
.bar .dead_end{background:#d33}.bar .different{background:#e90}.bar .unfinished{background:#0ac}
.bar .same{background:#2a4}.bar .same_result{background:#7c7}.bar .cannot_tell{background:#999}
small{opacity:.7}
"""


def page(draft: str, summary: Summary, rows: Sequence[Row]) -> str:
    """A page of its own, in Chinese and English, without anything from elsewhere."""
    return "".join(_parts(draft, summary, rows)) + "</html>"


def _parts(draft: str, summary: Summary, rows: Sequence[Row]) -> Iterator[str]:
    yield "<!doctype html><html lang='zh'><meta charset='utf-8'>"
    yield "<meta name='viewport' content='width=device-width,initial-scale=1'>"
    yield f"<title>Replay 重放</title><style>{_STYLE}</style>"
    yield f"<h1>Replay 重放: {_e(draft)}</h1>"
    yield f"<p>{summary.calls} calls 通电话{_e(_span(summary))}, {_e(_versions(summary))}</p>"
    yield f"<p>Fidelity 保真度: {_e(_fidelity(summary))}</p>"
    if not summary.calls:
        return
    plain = summary.to_json()
    counted = [(verdict, summary.verdicts[verdict]) for verdict in VERDICTS if summary.verdicts[verdict]]
    yield "<div class='bar'>"
    for verdict, count in counted:
        yield f"<i class='{verdict}' style='width:{count / summary.calls:.2%}'></i>"
    yield "</div>"
    yield from _dead_table(plain)
    yield "<table>"
    for verdict, count in counted:
        label, zh = LABELS[verdict]
        yield f"<tr><td class='{verdict}'>{label} {zh}</td><td class='n'>{count}</td>"
        yield f"<td class='n'>{count / summary.calls:.1%}</td></tr>"
    yield "</table>"
    lines = [f"{_e(line)}" for line in _saved(plain)]
    if lines:
        yield f"<p>Menu 菜单时间: {'<br>'.join(lines)}</p>"
    yield from _table("Where calls part 在何处分开", plain["partings"], _way)
    yield from _table("Cannot be told 无法判断", plain["cannot_tell"], lambda place: str(place["why"]))
    yield from _rows(rows)


def _dead_table(plain: Mapping[str, Any]) -> Iterator[str]:
    def name(dead: Mapping[str, Any]) -> str:
        label, zh = _DEAD[dead["kind"]]
        return f"{dead['node']}: {label} {zh}"

    yield from _table("New dead ends 新的死路", plain["dead_ends"], name)


def _table(title: str, places: Sequence[Mapping[str, Any]], name: Any) -> Iterator[str]:
    if not places:
        return
    yield f"<h2>{title}</h2><table><tr><th class='n'>calls 通</th><th></th><th>examples 例</th></tr>"
    for place in places:
        told = "<br>".join(f"<code>{_e(one['call'])}</code> {_e(one['said'])}" for one in place["examples"])
        yield f"<tr><td class='n'>{place['calls']}</td><td>{_e(name(place))}</td><td>{told}</td></tr>"
    yield "</table>"


def _rows(rows: Sequence[Row]) -> Iterator[str]:
    told = [row for row in rows if row["verdict"] not in ("same", "cannot_tell")]
    if not told:
        return
    yield "<h2>Calls 通话</h2><table><tr><th>call</th><th>verdict 结论</th><th>where 何处</th>"
    yield "<th class='n'>s saved 省秒</th></tr>"
    for row in told[:MOST_ON_A_PAGE]:
        label, zh = LABELS[row["verdict"]]
        parting = row.get("parting")
        where = _parting(parting) if parting else ""
        why = f"<br><small>{_e(row['why'])}</small>" if row["why"] else ""
        saved = row["menu_s"]["saved"]
        yield f"<tr><td><code>{_e(row['call'])}</code><br><small>{_e(row['at'])}</small></td>"
        yield f"<td class='{row['verdict']}'>{label} {zh}</td><td>{_e(where)}{why}</td>"
        yield f"<td class='n'>{'' if saved is None else f'{saved:g}'}</td></tr>"
    yield "</table>"
    if len(told) > MOST_ON_A_PAGE:
        yield f"<p>... {len(told) - MOST_ON_A_PAGE} more 更多: --format json</p>"


def _e(text: str) -> str:
    return html.escape(str(text))
