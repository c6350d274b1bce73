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

    def add(self, actions: Iterable[Action]) -> None:
        """What one call did, in its order."""
        here = ""
        since: list[Note] = []
        for action in actions:
            if not isinstance(action, Note):
                continue
            if action.kind == "node":
                there = str(action.data.get("node"))
                if there in self.nodes:
                    self.nodes[there] += 1
                if here:
                    self._went(here, there, since)
                here, since = there, []
            elif action.kind == "returned":
                # The dialogue stands at the `call` node again; the way on from there is what follows.
                here, since = str(action.data.get("node")), []
            else:
                since.append(action)

    def _went(self, source: str, target: str, since: Sequence[Note]) -> None:
        between = self._by_pair.get((source, target), [])
        for label in _labels(since):
            found = [each for each in between if each.label == label]
            if found:
                self.edges[way(source, target, label)] += 1
                return
            if way(ANYWHERE, target, label) in self.edges:
                self.edges[way(ANYWHERE, target, label)] += 1
                return
        # Nothing in the journal tells these ways apart, so whoever takes one has taken all.
        for each in between:
            if not each.error and not each.label.startswith("option:"):
                self.edges[way(source, target, each.label)] += 1

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


def _labels(since: Sequence[Note]) -> list[str]:
    """The labels that the way taken may have, the surest first."""
    labels: list[str] = []
    for note in reversed(since):
        if note.kind == "command":
            labels.append(f"always:{note.data.get('command')}")
        elif note.kind == "option" and note.data.get("option"):
            labels.append(f"option:{note.data.get('option')}")
        elif note.kind == "ended":
            labels.append("on:hangup")
        elif note.kind == "confirmed":
            labels.append("answer:yes" if note.data.get("yes") else "answer:no")
        elif note.kind == "event":
            labels += [f"on:{part}" for part in name_parts(str(note.data.get("event")))]
        elif note.kind == "hours" and note.data.get("reason"):
            is_open = note.data.get("open")
            labels += ["open"] if is_open else [str(note.data.get("reason")), "closed"]
        elif note.kind == "case":
            labels.append(str(note.data.get("label")))
    return labels


def _shared_ways(scopes: Iterable[Handlers]) -> list[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for handlers in scopes:
        for event, each in handlers.items():
            for handler in each:
                if handler.then == "go" and handler.target:
                    found[(handler.target, f"on:{event}")] += 1
    return list(found)
