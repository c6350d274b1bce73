"""Which node of one version is which of another, under a new name: a guess by content and by what leads there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ivr.flow.yaml_source import Plain

LEAST_ALIKE: Final = 0.6
MOST_PAIRS: Final = 250_000
"""Beyond so many pairs (a folder turned over as a whole) nobody reads guesses."""
_TARGETS: Final = frozenset({"next", "else", "open", "closed", "fallback", "start"})
"""Fields that name a node. `flow.node` is taken for one wherever it stands."""


@dataclass(frozen=True, slots=True)
class Node:
    flow: str
    name: str
    content: Plain

    @property
    def kind(self) -> str:
        kind = self.content.get("kind") if isinstance(self.content, dict) else None
        return kind if isinstance(kind, str) else ""


Nodes = Mapping[str, Node]
"""`flow.node` -> node."""


def guess_renames(before: Nodes, after: Nodes) -> Mapping[str, tuple[str, float]]:
    """Name before -> (name after, likeness), each name once, the likeliest pairs first."""
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    if not gone or not come or len(gone) * len(come) > MOST_PAIRS:
        return {}
    old = {name: _Looks.of(name, before) for name in gone}
    new = {name: _Looks.of(name, after) for name in come}
    _note_callers(old, before)
    _note_callers(new, after)
    pairs = sorted(
        (
            (likeness, was, name)
            for was in gone
            for name in come
            if before[was].kind == after[name].kind
            if (likeness := old[was].likeness(new[name])) >= LEAST_ALIKE
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    found: dict[str, tuple[str, float]] = {}
    taken: set[str] = set()
    for likeness, was, name in pairs:
        if was not in found and name not in taken:
            found[was] = (name, likeness)
            taken.add(name)
    return found


def same_target(
    path: str,
    was: object,
    old: Node,
    before: Nodes,
    now: object,
    new: Node,
    after: Nodes,
    names: Mapping[str, str],
) -> bool:
    """Whether a field names the same node before and after, under its new name."""
    key = path.rpartition(".")[2]
    first, second = _target(key, was, old.flow, before), _target(key, now, new.flow, after)
    return first is not None and second is not None and names.get(first, first) == second


@dataclass(slots=True)
class _Looks:
    """fields: path and value of all that is in a node. callers: which fields of which other nodes lead to it."""

    short: str
    fields: set[tuple[str, str]]
    callers: set[tuple[str, str]]

    @classmethod
    def of(cls, name: str, nodes: Nodes) -> _Looks:
        node = nodes[name]
        fields = {(path, repr(value)) for path, value in leaves("", node.content)}
        return cls(node.name, fields, set())

    def likeness(self, other: _Looks) -> float:
        content = _share(self.fields, other.fields)
        if not self.callers and not other.callers:
            return content
        # What leads to it says as much as what is in it: two hangups look alike, but stand in different places.
        return 0.6 * content + 0.4 * _share(self.callers, other.callers)


def _share(one: set[tuple[str, str]], other: set[tuple[str, str]]) -> float:
    """0: nothing in common, 1: the same."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0


def _note_callers(looks: Mapping[str, _Looks], nodes: Nodes) -> None:
    for name, node in nodes.items():
        for path, value in leaves("", node.content):
            target = _target(path.rpartition(".")[2], value, node.flow, nodes)
            if target is not None and target != name and target in looks:
                looks[target].callers.add((name, path))


def _target(key: str, value: object, flow: str, nodes: Nodes) -> str | None:
    """The node that a field of a node in this flow names."""
    if not isinstance(value, str):
        return None
    if value in nodes:
        return value
    own = f"{flow}.{value}"
    return own if key in _TARGETS and own in nodes else None


def leaves(path: str, value: Plain) -> Iterator[tuple[str, Plain]]:
    """Everything below, as (`options.complaint.next`, value)."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from leaves(f"{path}.{number}", item)
    else:
        yield path, value
