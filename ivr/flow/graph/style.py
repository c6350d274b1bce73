"""The look of the pictures: colours for light and dark, icons. Plain CSS, so that older viewers of SVG know it too."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.flow.graph.model import Family

FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", "PingFang SC", '
    '"Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", sans-serif'
)

Pair = tuple[str, str]
"""A colour in the light, and in the dark."""

COLOURS: Mapping[Family, tuple[Pair, Pair]] = {
    # strong: outlines, icons, names; soft: the ground behind them
    "says": (("#1d5fa8", "#8fc1f7"), ("#e6f0fb", "#1a2f47")),
    "asks": (("#6a3fb5", "#c6acf5"), ("#f0eafb", "#2f2546")),
    "decides": (("#8a5300", "#f0bb62"), ("#fdf1db", "#3a2d15")),
    "keeps": (("#56666d", "#9aabb2"), ("#edf0f1", "#243035")),
    "people": (("#1f6f78", "#6cc5cd"), ("#e0f2f3", "#143338")),
    "outside": (("#9c2f6f", "#f0a3cd"), ("#fbe9f3", "#42203a")),
    "ends": (("#2b3940", "#d3dde1"), ("#dde4e7", "#344249")),
    "flow": (("#3d5a80", "#a9c4e4"), ("#eef3f8", "#1d2b3a")),
}

ICONS: Mapping[Family, str] = {
    # In a square of 16, filled with the family's strong colour.
    "says": "M2 6h3l4-3.5v11L5 10H2zM11 5.2q2.6 2.8 0 5.6M12.6 3.2q4.4 4.8 0 9.6",
    "asks": "M2 2.5h12v8.5H8.2L4.6 14v-3H2zM5 5.6h6M5 8h4",
    "decides": "M8 1.6 14.4 8 8 14.4 1.6 8z",
    "keeps": "M3 2h10v12H3zM5.4 5.4h5.2M5.4 8h5.2M5.4 10.6h3",
    "people": "M8 2a2.7 2.7 0 1 1 0 5.4A2.7 2.7 0 1 1 8 2zM2.8 14c0-6 10.4-6 10.4 0z",
    "outside": "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 1 1 8 1.8zM1.8 8h12.4M8 1.8q-5 6.2 0 12.4q5-6.2 0-12.4",
    "ends": "M3.2 3.2h9.6v9.6H3.2z",
    "flow": "M2 2h9v9H2zM5 13.8h8.8V5",
}
FILLED: frozenset[Family] = frozenset({"ends", "people", "decides"})
"""Icons without strokes inside."""

_FAMILY = """\
.f-{name} .edge {{ stroke: {strong} }} .f-{name} .head {{ fill: {soft} }}
.f-{name} .icon {{ stroke: {strong}; fill: {icon} }} .f-{name} .kind {{ fill: {strong} }}"""

SHADES: Mapping[str, Pair] = {
    "ground": ("#f6f8f9", "#11171a"),
    "card": ("#ffffff", "#192226"),
    "ink": ("#17242a", "#e6edef"),
    "soft": ("#56666d", "#9aabb2"),
    "rule": ("#e1e6e8", "#2a363b"),
    "line": ("#7b8b92", "#78898f"),
    "error": ("#86670a", "#dcbb5c"),
    "errorsoft": ("#fbf6e2", "#322b14"),
    "good": ("#1d7044", "#6fd39c"),
    "goodsoft": ("#e3f4ea", "#17362a"),
    "bad": ("#c0261c", "#ff8f84"),
    "badsoft": ("#fdeceb", "#3c1c1a"),
}

_FIXED = """\
text {{ font-family: {font}; font-size: 12px; white-space: pre }}
.title {{ font-size: 21px; font-weight: 650 }}
.name {{ font-size: 13.5px; font-weight: 650 }}
.kind, .small, .subtitle {{ font-size: 11px }}
.strip {{ font-size: 12px; font-weight: 600 }}
.mark {{ font-weight: 700 }}
.edge, .line, .icon, .frame {{ fill: none; stroke-width: 1.4 }}
.icon {{ stroke-linejoin: round; stroke-linecap: round }}
.line {{ stroke-width: 1.6 }}
.line.calls {{ stroke-width: 3 }}
.frame {{ stroke-dasharray: 2 4 }}
.line.error, .error .pill {{ stroke-dasharray: 5 4 }}
.uncovered > .edge {{ stroke-width: 2.2 }}
a {{ cursor: pointer }}
a:hover .pill, a:focus .pill {{ stroke-width: 2 }}
"""

_SHADED = """\
.ground {{ fill: {ground} }}
text {{ fill: {ink} }}
.soft, .subtitle, .said, .small {{ fill: {soft} }}
.body {{ fill: {card} }}
.rule {{ stroke: {rule} }}
.frame, .line {{ stroke: {line} }}
.dot, .arrow {{ fill: {line} }}
.pill {{ fill: {card}; stroke: {line} }}
.error .pill {{ fill: {errorsoft}; stroke: {error} }}
.line.error {{ stroke: {error} }}
.error .dot, .arrow.error, .error .label, .error .pilltext {{ fill: {error} }}
.covered .body, .covered .head, .covered .pill {{ fill: {goodsoft} }}
.line.covered {{ stroke: {good} }}
.covered .mark, .row.covered .dot, .arrow.covered {{ fill: {good} }}
.uncovered > .edge, .line.uncovered, .row.uncovered .pill, .chip.uncovered .pill {{ stroke: {bad} }}
.uncovered .mark, .arrow.uncovered, .row.uncovered .dot {{ fill: {bad} }}
.row.uncovered .label, .row.uncovered .pilltext, .chip.uncovered .label {{ fill: {bad} }}
.hatch {{ fill: {badsoft} }}
.stripe {{ stroke: {bad} }}
"""


def css() -> str:
    """For inside an SVG: light, and dark where the reader prefers it."""
    dark = _shaded(1).replace("\n", "\n  ")
    return f"{_FIXED.format(font=FONT)}{_shaded(0)}@media (prefers-color-scheme: dark) {{\n  {dark}\n}}\n"


def _shaded(index: int) -> str:
    shades = {name: pair[index] for name, pair in SHADES.items()}
    families = [
        _FAMILY.format(
            name=name,
            strong=strong[index],
            soft=soft[index],
            icon=strong[index] if name in FILLED else "none",
        )
        for name, (strong, soft) in COLOURS.items()
    ]
    return "\n".join(families) + "\n" + _SHADED.format(**shades)
