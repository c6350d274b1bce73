"""What differs between two versions of a hotline, by node and not by line. Pure.

Read from the sources as their authors wrote them, so that a draft with faults can be compared too, and comments,
order and anchors make no difference. Nodes that went and nodes that came are paired where they look alike and the
same places lead to them: a guess, said as one (`renamed`, with its likeness).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final, Literal, get_args

from ivr.flow.diff_names import Node, guess_renames, same_target
from ivr.flow.folder import QUEUES
from ivr.flow.yaml_source import Plain, read

Scope = Literal[
    "hotline",
    "library",
    "flow",
    "node",
    "handler",
    "command",
    "variable",
    "calendar",
    "prompt",
    "queue",
    "skill",
    "wrap-up code",
    "file",
]
How = Literal["added", "removed", "changed", "renamed"]

_SECTIONS: Final[Mapping[str, Scope]] = {
    "on": "handler",
    "always": "command",
    "variables": "variable",
    "calendars": "calendar",
}
"""Fields of a hotline, a library or a flow whose entries are told one by one."""
_OF_ROUTING: Final[Mapping[str, Scope]] = {
    "queues": "queue",
    "skills": "skill",
    "wrap_up_codes": "wrap-up code",
}
"""The same of `queues.yaml`."""
_ORDER: Final = get_args(Scope)
ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One field. path: `options.complaint.next`; "" = the whole. before, after: `ABSENT` where there is none."""

    path: str
    before: object = ABSENT
    after: object = ABSENT


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same. name: `main.question`, `no_input (hotline)`, `greeting.welcome` ...

    was: the name before, of what was renamed; likeness: how sure that is, 0-1. kind: a node's kind.
    """

    scope: Scope
    name: str
    how: How
    changes: tuple[Change, ...] = ()
    was: str = ""
    likeness: float = 1.0
    kind: str = ""


def compare(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Difference, ...]:
    """Name within the folder -> content, twice. Raises FlowLoadError when a file is no YAML at all."""
    old, new = _parts(before), _parts(after)
    renamed = guess_renames(old.nodes, new.nodes)
    found = list(_nodes(old, new, renamed))
    for key in sorted(old.others.keys() | new.others.keys()):
        scope, name = key
        known, wanted = old.others.get(key, ABSENT), new.others.get(key, ABSENT)
        if known is ABSENT or wanted is ABSENT:
            how: How = "added" if known is ABSENT else "removed"
            found.append(Difference(scope, name, how, tuple(_fields((), known, wanted))))
        elif changes := tuple(_fields((), known, wanted)):
            found.append(Difference(scope, name, "changed", changes))
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.scope), one.name)))


def node_renames(differences: tuple[Difference, ...]) -> Mapping[str, str]:
    """Node before -> node after, as guessed."""
    return {one.was: one.name for one in differences if one.scope == "node" and one.how == "renamed"}


def to_json(difference: Difference) -> dict[str, Any]:
    """A change has no `before` where the field was added, no `after` where it was removed."""
    plain: dict[str, Any] = {"scope": difference.scope, "name": difference.name, "how": difference.how}
    if difference.kind:
        plain["kind"] = difference.kind
    if difference.how == "renamed":
        plain |= {"was": difference.was, "likeness": round(difference.likeness, 2)}
    plain["changes"] = [
        {"path": change.path}
        | ({} if change.before is ABSENT else {"before": change.before})
        | ({} if change.after is ABSENT else {"after": change.after})
        for change in difference.changes
    ]
    return plain


@dataclass(slots=True)
class _Parts:
    """others: (scope, name) -> value."""

    nodes: dict[str, Node] = field(default_factory=dict)
    others: dict[tuple[Scope, str], object] = field(default_factory=dict)


def _parts(sources: Mapping[str, bytes]) -> _Parts:
    parts = _Parts()
    for name in sorted(sources):
        path = PurePosixPath(name)
        if path.suffix != ".yaml":
            parts.others["file", name] = sources[name].decode("utf-8", "replace")
            continue
        data = read(name, sources[name]).data
        if path.parent.name == "prompts":
            _prompts(parts, path.stem, data)
        elif name == QUEUES and isinstance(data, dict):
            _queues(parts, data)
        elif isinstance(data, dict):
            _document(parts, name, data)
        else:
            parts.others["file", name] = data
    return parts


def _prompts(parts: _Parts, language: str, data: Plain) -> None:
    for name, text in data.items() if isinstance(data, dict) else ():
        known = parts.others.setdefault(("prompt", name), {})
        if isinstance(known, dict):
            known[language] = text


def _queues(parts: _Parts, data: dict[str, Plain]) -> None:
    rest: dict[str, Plain] = {}
    for key, value in data.items():
        if key in _OF_ROUTING and isinstance(value, dict):
            parts.others |= {(_OF_ROUTING[key], entry): content for entry, content in value.items()}
        else:
            rest[key] = value
    if rest:
        parts.others["file", QUEUES] = rest


def _document(parts: _Parts, file: str, data: dict[str, Plain]) -> None:
    kinds: tuple[Scope, ...] = ("hotline", "library", "flow")
    kind: Scope = next((kind for kind in kinds if kind in data), "file")
    if kind == "file":
        parts.others["file", file] = data
        return
    name = "hotline" if kind == "hotline" else str(data[kind])
    # A hotline of one file holds a flow too; what both may have is the hotline's.
    flow = str(data.get("flow", "main"))
    rest: dict[str, Plain] = {}
    for key, value in data.items():
        if key in _SECTIONS and isinstance(value, dict):
            for entry, content in value.items():
                parts.others[_SECTIONS[key], f"{entry} ({name})"] = content
        elif key == "nodes" and isinstance(value, dict):
            found = {f"{flow}.{node}": Node(flow, node, content) for node, content in value.items()}
            parts.nodes.update(found)
        elif key != "flow":
            rest[key] = value
    parts.others[kind, name] = rest


def _nodes(old: _Parts, new: _Parts, renamed: Mapping[str, tuple[str, float]]) -> Iterator[Difference]:
    names = {was: name for was, (name, _) in renamed.items()}
    for was, (name, likeness) in renamed.items():
        changes = _node_changes(old.nodes[was], new.nodes[name], old, new, names)
        yield Difference("node", name, "renamed", changes, was, likeness, new.nodes[name].kind)
    for name in old.nodes.keys() & new.nodes.keys():
        if changes := _node_changes(old.nodes[name], new.nodes[name], old, new, names):
            yield Difference("node", name, "changed", changes, kind=new.nodes[name].kind)
    taken = set(names.values())
    for name in old.nodes.keys() - new.nodes.keys() - names.keys():
        yield Difference(
            "node", name, "removed", _whole(old.nodes[name], "before"), kind=old.nodes[name].kind
        )
    for name in new.nodes.keys() - old.nodes.keys() - taken:
        yield Difference("node", name, "added", _whole(new.nodes[name], "after"), kind=new.nodes[name].kind)


def _node_changes(
    was: Node, now: Node, old: _Parts, new: _Parts, names: Mapping[str, str]
) -> tuple[Change, ...]:
    """Without those that only follow a renaming: `next: old` -> `next: new` is no change of its own."""
    return tuple(
        change
        for change in _fields((), was.content, now.content)
        if not same_target(change.path, change.before, was, old.nodes, change.after, now, new.nodes, names)
    )


def _whole(node: Node, side: Literal["before", "after"]) -> tuple[Change, ...]:
    changes = _fields((), node.content, ABSENT)
    if side == "before":
        return tuple(changes)
    return tuple(replace(change, before=ABSENT, after=change.before) for change in changes)


def _fields(path: tuple[str, ...], before: object, after: object) -> Iterator[Change]:
    """Down to the smallest fields that differ; lists of plain values are compared as a whole."""
    if _is_same(before, after):
        return
    one, other = _entries(before), _entries(after)
    if (
        (one is None and before is not ABSENT)
        or (other is None and after is not ABSENT)
        or not (one or other)
    ):
        yield Change(".".join(path), before, after)
        return
    one, other = one or {}, other or {}
    for key in dict.fromkeys([*one, *other]):
        yield from _fields((*path, key), one.get(key, ABSENT), other.get(key, ABSENT))


def _entries(value: object) -> Mapping[str, object] | None:
    """A mapping's fields, or the elements of a list that has mappings in it; None for a plain value."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return {str(number): item for number, item in enumerate(value, start=1)}
    return None


def _is_same(before: object, after: object) -> bool:
    """1 and true are not the same, nor are 1 and 1.0 as an author writes them."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_is_same(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_is_same, before, after))
    return type(before) is type(after) and before == after
