"""A library of flows -> the `Graph` of one of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ivr.flow.graph import labels, words
from ivr.flow.graph.hits import Hits
from ivr.flow.graph.model import FAMILIES, Card, Family, Frame, Graph, Line, Row, Text
from ivr.flow.graph.routes import Routes, Way, plan
from ivr.flow.graph.scope import chips
from ivr.flow.graph.text import clean
from ivr.flow.model import HANGUP, RETURN, Exit, FlowLibrary
from ivr.flow.nodes.base import Node
from ivr.flow.scenarios.coverage import way as way_name

BOX = ">"
"""What the id of another flow's box begins with, so that no node has the same."""


def flow_graph(
    library: FlowLibrary, name: str, languages: Sequence[str], hits: Hits | None = None, depth: int = 0
) -> Graph:
    """name: one of `library.flows`. depth: flows that this one leads to are drawn with it, so many steps away."""
    return _Drawing(library, near(library, name, depth), tuple(languages), hits).graph()


def near(library: FlowLibrary, name: str, depth: int) -> list[str]:
    """A flow and those it leads to, nearest first; commands and handlers of a scope do not count."""
    found = [name]
    edge = [name]
    for _ in range(depth):
        reached = (
            flow_of(library, way.target)
            for flow in edge
            for way in drawn_exits(library)
            if flow_of(library, way.source) == flow
        )
        edge = [flow for flow in dict.fromkeys(reached) if flow and flow not in found]
        if not edge:
            break
        found += edge
    return found


def drawn_exits(library: FlowLibrary) -> Iterable[Exit]:
    """The exits that nodes have of their own."""
    return (way for way in library.exits if not way.label.startswith("always:"))


def flow_of(library: FlowLibrary, node: str) -> str:
    """ "" for the hidden nodes that end a call or return."""
    return library.nodes[node].flow if node in library.nodes and not node.startswith("~") else ""


def is_start(library: FlowLibrary, node: str) -> bool:
    flow = library.flows.get(flow_of(library, node))
    return flow is not None and flow.start == node


def family(node: Node) -> Family:
    if node.kind in FAMILIES:
        return FAMILIES[node.kind]
    if node.ends:
        return "ends"
    if node.asks:
        return "asks"
    return "outside" if node.waits else "decides"


@dataclass(slots=True)
class _Exit:
    """One or several exits that are drawn as one. target: "~..." for the ends."""

    source: str
    target: str
    label: Text
    error: bool
    hits: int | None
    calls: bool = False
    plain: bool = False


@dataclass(slots=True)
class _Box:
    """Another flow, as far as lines lead to it. ports: node -> port ("" for its start)."""

    ports: dict[str, str] = field(default_factory=dict)
    double: bool = False


class _Drawing:
    def __init__(
        self, library: FlowLibrary, flows: Sequence[str], languages: tuple[str, ...], hits: Hits | None
    ) -> None:
        self._library = library
        self._flows = flows
        self._languages = languages
        self._hits = hits
        self._nodes = [
            node
            for flow in flows
            for node in library.nodes.values()
            if node.flow == flow and node.id[0] != "~"
        ]
        self._boxes: dict[str, _Box] = {}
        self._lines: list[Line] = []
        self._counted: Counter[str] = Counter()

    def graph(self) -> Graph:
        library, languages = self._library, self._languages
        flow = library.flows[self._flows[0]]
        exits = self._exits()
        self._counted = Counter(way.source for way in exits)
        ways = [self._way(way) for way in exits]
        starts = [library.flows[name].start for name in self._flows]
        routes = plan(starts, [node.id for node in self._nodes], ways)
        entered = self._entered()
        rows: dict[str, list[Row]] = {node.id: [] for node in self._nodes}
        for index, way in enumerate(exits):
            row = self._row(index, way, routes, len(rows[way.source]))
            if row is not None:
                rows[way.source].append(row)
        cards = [self._card(node, rows[node.id], entered.get(node.id, ())) for node in self._nodes]
        cards += [self._box(name, box) for name, box in self._boxes.items()]
        title = {language: clean(flow.title.get(language, "")) for language in languages}
        frames = [
            Frame(
                name,
                {language: clean(library.flows[name].title.get(language, "")) for language in languages},
                tuple(node.id for node in self._nodes if node.flow == name),
            )
            for name in self._flows
        ]
        return Graph(
            flow.name,
            title,
            self._subtitle(flow.file, exits),
            languages,
            tuple(cards),
            tuple(self._lines),
            chips(library, flow, languages, self._hits),
            tuple(frames) if len(frames) > 1 else (),
            self._hits is not None,
        )

    def _exits(self) -> list[_Exit]:
        """In the order of the nodes; of each node first the ways that are no error, as written."""
        drawn = {node.id: node for node in self._nodes}
        found: dict[tuple[str, str, str], _Exit] = {}
        for way in drawn_exits(self._library):
            key = (way.source, way.target, way.label)
            if way.source not in drawn or key in found:
                continue
            label = labels.exit_label(drawn[way.source], way, self._languages)
            hits = self._hits.edge(*key) if self._hits is not None else None
            found[key] = _Exit(
                way.source, way.target, label, way.error, hits, way.label == "calls", way.label == "next"
            )
        for node in self._nodes:
            for event, label in labels.hangups(node.handlers, self._languages):
                key = (node.id, HANGUP, f"on:{event}")
                hits = self._hits.edges.get(way_name(*key)) if self._hits is not None else None
                found.setdefault(key, _Exit(node.id, HANGUP, label, True, hits))
        order = {node.id: place for place, node in enumerate(self._nodes)}
        return sorted(found.values(), key=lambda way: (order[way.source], way.error, not way.calls))

    def _way(self, way: _Exit) -> Way:
        flow = flow_of(self._library, way.target)
        outside = flow or way.target
        return Way(way.source, way.target, way.error, "" if outside in self._flows else outside, way.calls)

    def _row(self, index: int, way: _Exit, routes: Routes, number: int) -> Row | None:
        """The exit's row, and its line when it has one; a card's plain `next` with a line needs no row."""
        library = self._library
        name = self._name(way.target, flow_of(library, way.source))
        label = way.label[self._languages[0]]
        tip = f"{way.source} [{label}] → {name[self._languages[0]]}"
        port = f"r{number}"
        flow = flow_of(library, way.target)
        if index not in routes.lines or not flow:
            link = way.target if flow else ""
            return Row(port, way.label, tip, name, link, way.error, index in routes.back, hits=way.hits)
        target, target_port = way.target, ""
        if flow not in self._flows:
            box = self._boxes.setdefault(flow, _Box())
            box.double = box.double or way.calls
            if not is_start(library, way.target):
                box.ports.setdefault(way.target, f"e{len(box.ports)}")
            target, target_port = BOX + flow, box.ports.get(way.target, "")
        alone = way.plain and self._counted[way.source] == 1
        self._lines.append(
            Line(
                way.source,
                "" if alone else port,
                target,
                target_port,
                way.label,
                tip,
                way.error,
                _weight(index, way, routes),
                way.calls,
                way.hits,
            )
        )
        return None if alone else Row(port, way.label, tip, error=way.error, hits=way.hits)

    def _name(self, target: str, home: str) -> Text:
        """A node as its own flow calls it, another flow's by that flow; what ends or returns, in words."""
        if target == RETURN:
            return words.word("return", self._languages)
        flow = flow_of(self._library, target)
        if not flow:
            return words.word("end", self._languages)
        if flow == home:
            return words.same(target.removeprefix(flow + "."), self._languages)
        return words.same(flow if is_start(self._library, target) else target, self._languages)

    def _entered(self) -> dict[str, tuple[str, ...]]:
        """Node -> the other flows that lead to it."""
        found: dict[str, dict[str, None]] = {}
        for way in drawn_exits(self._library):
            source, target = flow_of(self._library, way.source), flow_of(self._library, way.target)
            if source != target and source not in self._flows and target in self._flows:
                found.setdefault(way.target, {})[source] = None
        return {node: tuple(flows) for node, flows in found.items()}

    def _card(self, node: Node, rows: Sequence[Row], entered: tuple[str, ...]) -> Card:
        library, languages = self._library, self._languages
        return Card(
            node.id,
            node.flow,
            node.id.removeprefix(node.flow + "."),
            node.kind,
            family(node),
            words.kind(node.kind, languages),
            labels.said(library, node, languages),
            labels.detail(node),
            labels.note(library, node, languages),
            tuple(rows),
            entered,
            start=is_start(library, node.id),
            hits=self._hits.nodes.get(node.id, 0) if self._hits is not None else None,
        )

    def _box(self, name: str, box: _Box) -> Card:
        languages = self._languages
        flow = self._library.flows[name]
        nothing = words.same("", languages)
        return Card(
            BOX + name,
            name,
            name,
            "flow",
            "flow",
            words.kind("flow", languages),
            {language: clean(flow.title.get(language, "")) for language in languages},
            "",
            words.word("calls", languages) if box.double else nothing,
            tuple(
                Row(port, words.same(node.removeprefix(name + "."), languages), node, entry=True)
                for node, port in box.ports.items()
            ),
            link=name,
            double=box.double,
        )

    def _subtitle(self, file: str, exits: Sequence[_Exit]) -> Text:
        languages = self._languages
        total = len(self._nodes)
        counted = words.join(words.same(f"{file} · {total} ", languages), words.word("nodes", languages))
        if self._hits is None:
            return counted
        reached = sum(self._hits.nodes.get(node.id, 0) > 0 for node in self._nodes)
        known = [way.hits for way in exits if way.hits is not None]
        taken = sum(hits > 0 for hits in known)
        return words.join(
            words.same(f"{file} · ", languages),
            words.word("covered", languages),
            words.same(f" {reached}/{total} ", languages),
            words.word("nodes", languages),
            words.same(f", {taken}/{len(known)} ", languages),
            words.word("ways", languages),
        )


def _weight(index: int, way: _Exit, routes: Routes) -> int:
    """The main way is straight; what is reached from here first stays near; all else bends around that."""
    if index not in routes.tree:
        return 1
    if way.error:
        return 2
    return 10 if index in routes.main else 4
