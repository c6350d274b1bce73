"""Where the ways of a library lead: nodes that nothing reaches, that never end, that go round for ever. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ivr.flow.linting.report import Report
from ivr.flow.model import RETURN, Exit, FlowLibrary
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.branch import Branch
from ivr.flow.nodes.call import Call
from ivr.flow.nodes.returning import Return
from ivr.flow.nodes.set import SetNode


def check_ways(library: FlowLibrary, report: Report) -> None:
    ways = _ways(library)
    for name in _unreachable(library, ways):
        report(name, "unreachable", f"nothing leads to `{name}`", "lead something there, or delete it")
    for name in _endless(library, ways):
        report(name, "no-end", f"from `{name}` no way leads to a hangup", "give it a way to the end")
    for loop in _loops(library):
        if _counted(library, loop):
            continue
        names = " -> ".join([*loop, loop[0]])
        report(loop[0], "loop-without-input", f"goes round for ever: {names}", "ask something in it", "error")
    for node, flow in _returns_nowhere(library):
        report(
            node,
            "returns-nowhere",
            f"`return`, and yet nothing calls the flow `{flow}`",
            "end with a hangup, or call the flow with a `call` node",
        )
    for node, flow in _gone_to(library):
        report(
            node,
            "missing-parameter",
            f"goes to the flow `{flow}`, which needs parameters",
            f"{{kind: call, flow: {flow}, with: {{...}}}}",
            "error",
        )


def _ways(library: FlowLibrary) -> dict[str, list[str]]:
    """Node -> where it can lead, its commands and handlers and those of its scopes included."""
    ways: dict[str, list[str]] = {node: [] for node in library.nodes}
    for way in library.exits:
        ways[way.source].append(way.target)
    for node in library.nodes.values():
        flow = library.flows.get(node.flow)
        shared = library.shared.get(flow.library, {}) if flow else {}
        scopes = [node.defaults, library.handlers, shared, *([flow.handlers] if flow else [])]
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
    ends = [
        node.id
        for node in library.nodes.values()
        if node.ends or isinstance(node, Return) or _hangs_up(library, node)
    ]
    can_end = _reached(ends, back)
    return [node.id for node in library.nodes.values() if node.id not in can_end and node.flow]


def _hangs_up(library: FlowLibrary, node: Node) -> bool:
    flow = library.flows.get(node.flow)
    scopes = [node.handlers, *([flow.handlers] if flow else []), library.handlers]
    return any(handler.then == "hangup" for scope in scopes for each in scope.values() for handler in each)


def _loops(library: FlowLibrary) -> list[list[str]]:
    """Rounds of nodes that never wait for anything outside: a caller in them is lost."""
    calm: dict[str, list[str]] = {}
    for way in (*library.exits, *_ways_back(library)):
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


def _counted(library: FlowLibrary, loop: Iterable[str]) -> bool:
    """Whether a branch of the round looks at something that changes in it, and can lead out: a list that is read item
    by item ends."""
    round_ = set(loop)
    nodes = [library.nodes[name] for name in round_]
    changed = {"visits"} | {name for node in nodes if isinstance(node, SetNode) for name in node.values}
    return any(
        any(condition is not None and not changed.isdisjoint(condition.names) for condition, _ in node.cases)
        and any(target not in round_ for target in (node.otherwise, *(target for _, target in node.cases)))
        for node in nodes
        if isinstance(node, Branch)
    )


def _ways_back(library: FlowLibrary) -> list[Exit]:
    """From the ends of each called flow to where its callers go on."""
    callers: dict[str, list[Call]] = {}
    for node in library.nodes.values():
        if isinstance(node, Call):
            callers.setdefault(node.callee, []).append(node)
    ends = [(way.source, library.nodes[way.source].flow) for way in library.exits if way.target == RETURN]
    ends += [(node.id, node.flow) for node in library.nodes.values() if isinstance(node, Return)]
    return [
        Exit(node, caller.next, "returns")
        for node, flow in ends
        for caller in callers.get(flow, ())
        if caller.next
    ]


def _returns_nowhere(library: FlowLibrary) -> list[tuple[str, str]]:
    """Nodes that return from a flow that nothing calls."""
    called = {way.target.split(".", 1)[0] for way in library.exits if way.label == "calls"}
    nodes = [way.source for way in library.exits if way.target == RETURN and not way.error]
    nodes += [node.id for node in library.nodes.values() if isinstance(node, Return)]
    flows = {node: library.nodes[node].flow for node in nodes}
    # A flow with parameters or results is there to be called, by a hotline that is yet to come.
    return [
        (node, flow)
        for node, flow in flows.items()
        if flow and flow not in called and not (library.flows[flow].results or library.flows[flow].parameters)
    ]


def _gone_to(library: FlowLibrary) -> list[tuple[str, str]]:
    """Ways that lead into a flow which needs parameters, without calling it."""
    needs = {
        flow.start: flow.name
        for flow in library.flows.values()
        if any(parameter.required for parameter in flow.parameters.values())
    }
    return [
        (way.source, needs[way.target])
        for way in library.exits
        if way.target in needs
        and way.label != "calls"
        and library.nodes[way.source].flow not in ("", needs[way.target])
    ]


def _passes(library: FlowLibrary, way: Exit) -> bool:
    """Whether the way goes from one node that does not wait to another, by itself."""
    if way.error or way.label.startswith("always:"):
        return False
    if isinstance(library.nodes[way.source], Call) and way.label != "calls":
        return False  # only once the called flow is over: `_ways_back`
    return not library.nodes[way.source].waits and not library.nodes[way.target].waits
