"""Which nodes and ways the scenarios took. Pure.

Ways are those that authors wrote at a node (`next`, options, cases, handlers), each by its label, and those written
once for many nodes (`always` commands, handlers of a flow, a library or the hotline), which count once: "* -> target
[label]".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ivr.flow.actions import Action, Note
from ivr.flow.events import name_parts
from ivr.flow.model import Exit, FlowLibrary, Handlers

ANYWHERE = "*"
CALLS = "calls"
ON_HANGUP = "on:hangup"


def way(source: str, target: str, label: str) -> str:
    """`main.choose -> main.wait [option:complaint]`."""
    return f"{source} -> {target} [{label}]"


@dataclass(slots=True)
class Coverage:
    """Hits of every node and way of a library, 0 where none."""

    nodes: dict[str, int]
    edges: dict[str, int]
    _by_pair: dict[tuple[str, str], list[Exit]] = field(repr=False, default_factory=dict)

    @classmethod
    def of(cls, library: FlowLibrary) -> Coverage:
        nodes = {node.id: 0 for node in library.nodes.values() if node.flow}
        edges: dict[str, int] = {}
        by_pair: dict[tuple[str, str], list[Exit]] = {}
        for each in library.exits:
            if each.label.startswith("always:"):
                edges[way(ANYWHERE, each.target, each.label)] = 0
            else:
                edges[way(each.source, each.target, each.label)] = 0
                by_pair.setdefault((each.source, each.target), []).append(each)
        scopes = [
            library.handlers,
            *library.shared.values(),
            *(flow.handlers for flow in library.flows.values()),
        ]
        for target, label in _shared_ways(scopes):
            edges[way(ANYWHERE, target, label)] = 0
        return cls(nodes, edges, by_pair)

    def add(self, steps: Iterable[Sequence[Action]]) -> None:
        """What one call did: the actions of each input, in their order."""
        walk = _Walk(self)
        for step in steps:
            walk.step([action for action in step if isinstance(action, Note)])

    def went(self, sources: Sequence[str], target: str, notes: Sequence[Note]) -> str:
        """Count the way from the first of `sources` (the others are the nodes that called its flow) by what the journal
        says of it; its label, "" when it is none that an author wrote."""
        source = sources[0]
        decided = _decided(notes)
        for label in decided or ():
            for each in sources if label == ON_HANGUP else (source,):
                if any(found.label == label for found in self._by_pair.get((each, target), ())):
                    self.edges[way(each, target, label)] += 1
                    return label
            if way(ANYWHERE, target, label) in self.edges:
                self.edges[way(ANYWHERE, target, label)] += 1
                return label
        if decided is not None:
            return ""
        # Nothing in the journal tells the ways between two nodes apart, so whoever takes one has taken all.
        plain = [
            each.label
            for each in self._by_pair.get((source, target), ())
            if not each.error and not each.label.startswith("option:")
        ]
        for label in plain:
            self.edges[way(source, target, label)] += 1
        return plain[0] if plain else ""

    def add_all(self, other: Coverage) -> None:
        for mine, theirs in ((self.nodes, other.nodes), (self.edges, other.edges)):
            for name, hits in theirs.items():
                if name in mine:
                    mine[name] += hits

    def uncovered_nodes(self) -> list[str]:
        return [name for name, hits in self.nodes.items() if not hits]

    def uncovered_edges(self) -> list[str]:
        return [name for name, hits in self.edges.items() if not hits]

    def shares(self) -> tuple[float, float]:
        """Of nodes and of ways, 0 to 1."""
        return _share(self.nodes), _share(self.edges)

    def to_json(self) -> dict[str, dict[str, int]]:
        return {"nodes": dict(self.nodes), "edges": dict(self.edges)}


def _share(hits: Mapping[str, int]) -> float:
    return sum(1 for each in hits.values() if each) / len(hits) if hits else 1.0


class _Walk:
    """One call on its way through the nodes."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._here = ""
        self._callers: list[str] = []
        """The `call` nodes whose flows the dialogue is in, the outermost first."""
        self._since: list[Note] = []

    def step(self, notes: Sequence[Note]) -> None:
        if len(notes) > 1 and notes[0].kind == "node" and notes[1].kind in ("joined", "queue"):
            # Something came of a place that was kept (held.py): the dialogue is back at its queue by no way of its own.
            self._stands_at(str(notes[0].data.get("node")))
            notes = notes[1:]
        for note in notes:
            if note.kind == "node":
                self._goes_to(str(note.data.get("node")))
            elif note.kind == "returned":
                # The dialogue stands at the `call` node again; the way on from there is what follows.
                caller = str(note.data.get("node"))
                while self._callers and self._callers.pop() != caller:
                    pass
                self._here, self._since = caller, []
            else:
                self._since.append(note)

    def _goes_to(self, target: str) -> None:
        if self._here:
            sources = [self._here, *reversed(self._callers)]
            if self._coverage.went(sources, target, self._since) == CALLS:
                self._callers.append(self._here)
        self._stands_at(target)

    def _stands_at(self, node: str) -> None:
        if node in self._coverage.nodes:
            self._coverage.nodes[node] += 1
        self._here, self._since = node, []


def _decided(notes: Sequence[Note]) -> list[str] | None:
    """The labels that the way may have by the last note that decides one, the surest first. None: none decides, the
    node just goes on. []: it is none that an author wrote."""
    for note in reversed(notes):
        labels = _labels(note)
        if labels is None:
            continue
        if note.kind == "recorded" and any(each.kind == "ended" for each in notes):
            return [ON_HANGUP, *labels]
        return labels
    return None


def _labels(note: Note) -> list[str] | None:
    data = note.data
    match note.kind:
        case "command":
            return [f"always:{data.get('command')}"]
        case "option":
            # Options without a `next` of their own share the node's.
            return [f"option:{data.get('option')}", "next"] if data.get("option") else ["next"]
        case "category":
            return [f"category:{data.get('category')}", "next"] if data.get("category") else None
        case "ended":
            return [ON_HANGUP]
        case "confirmed":
            return ["answer:yes" if data.get("yes") else "answer:no"]
        case "event":
            # `skipped` is where a survey's own handlers lead.
            return [*(f"on:{part}" for part in name_parts(str(data.get("event")))), "skipped"]
        case "hours":
            return ["open"] if data.get("open") else [str(data.get("reason")), "closed"]
        case "case":
            return [str(data.get("label"))]
        case "recorded":
            return ["next"] if data.get("outcome") == "recorded" else ["empty", "next"]
        case "lookup":
            return ["none", "next"] if data.get("outcome") == "none" else ["next"]
        case "collected" | "survey" | "queue" | "transfer" | "request" | "callback":
            # When they failed, an event follows.
            return ["next"]
        case "rescue" | "machine_error" | "loop":
            return []
        case _:
            return None


def _shared_ways(scopes: Iterable[Handlers]) -> list[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for handlers in scopes:
        for event, each in handlers.items():
            for handler in each:
                if handler.then == "go" and handler.target:
                    found[(handler.target, f"on:{event}")] += 1
    return list(found)
