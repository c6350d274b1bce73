"""What a caller must be able to count on: a person in reach, and words when something outside fails. Pure."""

from __future__ import annotations

from ivr.flow.events import DEFAULTS, name_parts
from ivr.flow.linting.report import Report
from ivr.flow.model import FlowLibrary
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.menu import Menu
from ivr.flow.nodes.queue import Queue
from ivr.flow.nodes.survey import Survey

_MAY_FAIL = {
    "queue": "error.queue",
    "transfer": "error.transfer",
    "request": "error.request",
    "lookup": "error.lookup",
    "record": "error.record",
    "callback": "error.callback",
}
"""Kind -> the event that somebody should handle."""


def check_care(library: FlowLibrary, report: Report) -> None:
    has_queue = any(isinstance(node, Queue) for node in library.nodes.values())
    near_people = _near_people(library)
    _after_hangup(library, report)
    for node in library.nodes.values():
        if not node.flow:
            continue
        event = _MAY_FAIL.get(node.kind)
        if event is not None and not library.fallback and not _handled(library, node, event):
            report(
                node.id,
                "unhandled-error",
                f"when `{node.kind}` fails here the call ends",
                f"on: {{{event}: {{say: ..., next: ...}}}}, or give the hotline a `fallback`",
            )
        for handed in _handed_back(library, node):
            if not _handled(library, node, handed):
                report(
                    node.id,
                    "unhandled-event",
                    f"nobody handles `{handed}`, which the flow called here may hand back",
                    f"on: {{{handed}: {{say: ..., next: ...}}}}",
                )
        if (
            has_queue
            and isinstance(node, AskingNode)
            and not isinstance(node, Survey)
            and not _person(node, near_people)
        ):
            report(
                node.id,
                "no-person",
                f"nobody can be reached from `{node.id}` by a key",
                "keep `always: {person: {key: 0, next: ...}}`, or an option that leads to a person",
            )


def _after_hangup(library: FlowLibrary, report: Report) -> None:
    """Where handlers of `hangup` lead: what needs a caller does nothing there but end the dialogue."""
    scopes = [
        library.handlers,
        *library.shared.values(),
        *(flow.handlers for flow in library.flows.values()),
        *(node.handlers for node in library.nodes.values()),
    ]
    targets = {
        handler.target for scope in scopes for handler in scope.get("hangup", ()) if handler.then == "go"
    }
    for target in sorted(targets):
        node = library.nodes.get(target)
        if node is not None and not (node.silent or node.ends):
            report(
                target,
                "needs-caller",
                f"a handler of `hangup` leads to `{target}`, and a `{node.kind}` needs a caller",
                "lead to what needs none: notify, request, lookup, set, callback ...",
            )


def _handed_back(library: FlowLibrary, node: Node) -> list[str]:
    """The events of the flow that it calls which mean nothing without a handler."""
    flow = library.flows.get(node.calls())
    return sorted(event for event in flow.events if event not in DEFAULTS) if flow is not None else []


def _handled(library: FlowLibrary, node: Node, event: str) -> bool:
    """Whether somebody handles the event, or every one below it."""
    flow = library.flows[node.flow]
    shared = library.shared.get(flow.library, {})
    scopes = (node.handlers, flow.handlers, shared, library.handlers)
    names = set(name_parts(event))
    return any(name in names or name.startswith(event + ".") for scope in scopes for name in scope)


def _person(node: AskingNode, near_people: set[str]) -> bool:
    """Whether a key of a command or an option leads towards a person."""
    commands = node.commands.by_name.values()
    if any(command.do == "go" and command.key and not command.urgent for command in commands):
        return True
    options = node.options.by_name.values() if isinstance(node, Menu) else ()
    return any((option.key or option.pattern) and option.target in near_people for option in options)


def _near_people(library: FlowLibrary) -> set[str]:
    """The nodes from which some way leads to a queue or a transfer."""
    back: dict[str, list[str]] = {}
    for way in library.exits:
        if not way.error:
            back.setdefault(way.target, []).append(way.source)
    found: set[str] = set()
    todo = [node.id for node in library.nodes.values() if node.kind in ("queue", "transfer")]
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += back.get(node, ())
    return found
