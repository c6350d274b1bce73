"""All flows of a library as one `Graph`: which leads to which. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.flow.graph import words
from ivr.flow.graph.build import drawn_exits, flow_of
from ivr.flow.graph.hits import Hits
from ivr.flow.graph.model import Card, Graph, Line, Row, Text
from ivr.flow.graph.routes import Way, plan
from ivr.flow.graph.scope import chips
from ivr.flow.graph.text import clean
from ivr.flow.model import Exit, FlowLibrary

_MOST_TOLD = 30


def map_graph(library: FlowLibrary, languages: Sequence[str], hits: Hits | None = None) -> Graph:
    """A card for each flow, the hotline's entry first; a row or a line for each flow that it leads to.

    A flow that the tests reached in part is marked neither way: its card tells how many of its nodes.
    """
    languages = tuple(languages)
    names = sorted(library.flows, key=lambda name: (name != library.entry, list(library.flows).index(name)))
    between = _between(library)
    ways = [
        Way(source, target, all(way.error for way in exits), calls=any(way.label == "calls" for way in exits))
        for (source, target), exits in between.items()
    ]
    routes = plan([library.entry], names, ways)
    rows: dict[str, list[Row]] = {name: [] for name in names}
    lines: list[Line] = []
    for index, ((source, target), exits) in enumerate(between.items()):
        taken = None if hits is None else sum(hits.edge(way.source, way.target, way.label) for way in exits)
        port, tip, way = f"r{len(rows[source])}", _tip(source, target, exits), ways[index]
        drawn = index in routes.lines
        label = words.same(f"{target} ×{len(exits)}" if drawn else f"×{len(exits)}", languages)
        stub = {} if drawn else words.same(target, languages)
        rows[source].append(Row(port, label, tip, stub, target, way.error, index in routes.back, hits=taken))
        if drawn:
            weight = 4 if index in routes.tree else 1
            lines.append(Line(source, port, target, "", label, tip, way.error, weight, way.calls, taken))
    called = {way.target for way in ways if way.calls}
    cards = [_card(library, name, languages, hits, rows[name], double=name in called) for name in names]
    return Graph(
        "",
        words.word("map", languages),
        words.word("map subtitle", languages),
        languages,
        tuple(cards),
        tuple(lines),
        chips(library, library.flows[library.entry], languages, hits),
        measured=hits is not None,
    )


def _between(library: FlowLibrary) -> dict[tuple[str, str], list[Exit]]:
    """(flow, flow) -> the different exits from the one to the other."""
    found: dict[tuple[str, str], dict[Exit, None]] = {}
    for way in drawn_exits(library):
        source, target = flow_of(library, way.source), flow_of(library, way.target)
        if source and target and source != target:
            found.setdefault((source, target), {})[way] = None
    return {pair: list(exits) for pair, exits in found.items()}


def _tip(source: str, target: str, exits: Sequence[Exit]) -> str:
    told = [f"{way.source} [{clean(way.label)}] → {way.target}" for way in exits[:_MOST_TOLD]]
    more = ["…"] if len(exits) > _MOST_TOLD else []
    return "\n".join([f"{source} → {target}", *told, *more])


def _card(
    library: FlowLibrary,
    name: str,
    languages: tuple[str, ...],
    hits: Hits | None,
    rows: Sequence[Row],
    *,
    double: bool,
) -> Card:
    flow = library.flows[name]
    nodes = [node.id for node in library.nodes.values() if node.flow == name]
    reached = None if hits is None else sum(hits.nodes.get(node, 0) > 0 for node in nodes)
    counted = f"{len(nodes)} " if reached is None else f"{reached}/{len(nodes)} "
    size: Text = words.join(words.same(counted, languages), words.word("nodes", languages))
    return Card(
        name,
        name,
        name,
        "flow",
        "flow",
        words.kind("flow", languages),
        {language: clean(flow.title.get(language, "")) for language in languages},
        flow.file,
        size,
        tuple(rows),
        link=name,
        start=name == library.entry,
        double=double,
        hits=reached if reached in (0, len(nodes)) else None,
    )
