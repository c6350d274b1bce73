"""What is allowed and yet hardly meant: findings about a library that could be built. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ivr.flow.findings import Finding, Severity
from ivr.flow.model import Exit, FlowLibrary, Handler
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.choices import Options
from ivr.flow.yaml_source import Mark

Places = Mapping[str, tuple[str, Mark]]
"""Node id -> file and place of its name."""


class Report(Protocol):
    def __call__(
        self, node: str, code: str, cause: str, suggestion: str, severity: Severity = "warning"
    ) -> None: ...


def lint(library: FlowLibrary, places: Places) -> list[Finding]:
    ways = _ways(library)
    findings: list[Finding] = []

    def report(node: str, code: str, cause: str, suggestion: str, severity: Severity = "warning") -> None:
        file, mark = places[node]
        findings.append(Finding(file, mark.line, mark.column, code, cause, suggestion, severity))

    for name in _unreachable(library, ways):
        report(name, "unreachable", f"nothing leads to `{name}`", "lead something there, or delete it")
    for name in _endless(library, ways):
        report(name, "no-end", f"from `{name}` no way leads to a hangup", "give it a way to the end")
    for loop in _loops(library):
        names = " -> ".join([*loop, loop[0]])
        report(loop[0], "loop-without-input", f"goes round for ever: {names}", "ask something in it", "error")
    for node in library.nodes.values():
        if node.id in places and isinstance(node, AskingNode):
            _asking(library, node, report)
    return findings


def _ways(library: FlowLibrary) -> dict[str, list[str]]:
    """Node -> where it can lead, its commands and handlers and those of its scopes included."""
    ways: dict[str, list[str]] = {node: [] for node in library.nodes}
    for way in library.exits:
        ways[way.source].append(way.target)
    for node in library.nodes.values():
        flow = library.flows.get(node.flow)
        scopes = [node.defaults, library.handlers, *([flow.handlers] if flow else [])]
        ways[node.id] += [h.target for scope in scopes for each in scope.values() for h in each if h.target]
        if library.fallback:
            ways[node.id].append(library.fallback)
    return ways


def _reached(starts: Iterable[str], ways: Mapping[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [start for start in starts if start]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += ways.get(node, [])
    return seen


def _unreachable(library: FlowLibrary, ways: Mapping[str, list[str]]) -> list[str]:
    """Every flow may be an entry, so each flow's start counts as reached."""
    reached = _reached([flow.start for flow in library.flows.values()], ways)
    return [node.id for node in library.nodes.values() if node.id not in reached and node.flow]


def _endless(library: FlowLibrary, ways: Mapping[str, list[str]]) -> list[str]:
    back: dict[str, list[str]] = {}
    for source, targets in ways.items():
        for target in targets:
            back.setdefault(target, []).append(source)
    ends = [node.id for node in library.nodes.values() if node.ends or _hangs_up(library, node)]
    can_end = _reached(ends, back)
    return [node.id for node in library.nodes.values() if node.id not in can_end and node.flow]


def _hangs_up(library: FlowLibrary, node: Node) -> bool:
    flow = library.flows.get(node.flow)
    scopes = [node.handlers, *([flow.handlers] if flow else []), library.handlers]
    return any(handler.then == "hangup" for scope in scopes for each in scope.values() for handler in each)


def _loops(library: FlowLibrary) -> list[list[str]]:
    """Rounds of nodes that never wait for anything outside: a caller in them is lost."""
    calm: dict[str, list[str]] = {}
    for way in library.exits:
        if _passes(library, way):
            calm.setdefault(way.source, []).append(way.target)
    loops: list[list[str]] = []
    done: set[str] = set()
    for start in calm:
        path: list[str] = []
        on_path: dict[str, int] = {}
        stack: list[tuple[str, int]] = [(start, 0)] if start not in done else []
        while stack:
            node, at = stack.pop()
            if at == 0:
                on_path[node] = len(path)
                path.append(node)
            targets = calm.get(node, [])
            if at < len(targets):
                stack.append((node, at + 1))
                target = targets[at]
                if target in on_path:
                    loops.append(path[on_path[target] :])
                elif target not in done:
                    stack.append((target, 0))
            else:
                done.add(node)
                path.pop()
                del on_path[node]
    return loops


def _passes(library: FlowLibrary, way: Exit) -> bool:
    """Whether the way goes from one node that does not wait to another, by itself."""
    if way.error or way.label.startswith("always:"):
        return False
    return not library.nodes[way.source].waits and not library.nodes[way.target].waits


def _asking(library: FlowLibrary, node: AskingNode, report: Report) -> None:
    flow = library.flows[node.flow]
    scopes = (node.handlers, node.defaults, flow.handlers, library.handlers)
    for event in ("no_input", "no_match"):
        found: list[Handler] = [handler for scope in scopes for handler in scope.get(event, ())]
        if not library.fallback and not any(handler.then in ("go", "hangup") for handler in found):
            report(
                node.id,
                "no-fallback",
                f"after repeated {event} `{node.id}` ends the call",
                f"give it `on: {{{event}: {{count: 2, next: ...}}}}`, or the hotline a `fallback`",
            )
    options = getattr(node, "options", None)
    if isinstance(options, Options):
        for option in options.by_name.values():
            command = node.commands.by_key.get(option.key)
            if command is not None:
                report(
                    node.id,
                    "shadowed-command",
                    f"the option `{option.name}` takes the key {option.key} from the command `{command.name}`",
                    "give it another key",
                )
        for language, phrase, first, second in options.claimed_twice():
            report(
                node.id,
                "duplicate-phrase",
                f"`{phrase}` ({language}) is both `{first}`'s and `{second}`'s",
                "only the first would ever get it",
            )
