"""What holds at every step of a flow, told once instead of at every node. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.flow.commands import Command
from ivr.flow.graph import labels, words
from ivr.flow.graph.hits import Hits
from ivr.flow.graph.model import Chip, Text
from ivr.flow.model import Flow, FlowLibrary, Handlers
from ivr.flow.scenarios.coverage import ANYWHERE, way


def chips(library: FlowLibrary, flow: Flow, languages: Sequence[str], hits: Hits | None) -> tuple[Chip, ...]:
    """The flow's commands, then the handlers of flow, library and hotline, then the fallback."""
    commands = [
        _command(library, flow, command, languages, hits) for command in flow.commands.by_name.values()
    ]
    scopes = (flow.handlers, library.shared.get(flow.library, {}), library.handlers)
    handlers = [chip for scope in scopes for chip in _handlers(library, flow, scope, languages, hits)]
    fallback = []
    if library.fallback:
        label = words.word("fallback", languages)
        fallback = [Chip(label, _name(library, flow, library.fallback, languages), library.fallback, True)]
    return (*commands, *handlers, *fallback)


def _command(
    library: FlowLibrary, flow: Flow, command: Command, languages: Sequence[str], hits: Hits | None
) -> Chip:
    if command.do != "go":
        return Chip(labels.command(command, languages), words.word(command.do, languages), "", False)
    name = _name(library, flow, command.target, languages)
    taken = _taken(hits, command.target, f"always:{command.name}")
    return Chip(labels.command(command, languages), name, command.target, False, taken)


def _taken(hits: Hits | None, target: str, label: str) -> int | None:
    """The hits of a way that is written once for many nodes; None for one that the test run does not know."""
    return None if hits is None else hits.edges.get(way(ANYWHERE, target, label))


def _handlers(
    library: FlowLibrary, flow: Flow, handlers: Handlers, languages: Sequence[str], hits: Hits | None
) -> list[Chip]:
    going = [
        Chip(
            label, _name(library, flow, target, languages), target, True, _taken(hits, target, f"on:{event}")
        )
        for event, target, label in labels.leading(handlers, languages)
    ]
    ending = [
        Chip(label, words.word("end", languages), "", True)
        for _, label in labels.hangups(handlers, languages)
    ]
    return going + ending


def _name(library: FlowLibrary, flow: Flow, target: str, languages: Sequence[str]) -> Text:
    node = library.nodes.get(target)
    if node is None or target.startswith("~"):
        return words.word("return" if target == "~return" else "end", languages)
    if node.flow == flow.name:
        return words.same(target.removeprefix(flow.name + "."), languages)
    start = library.flows[node.flow].start == target
    return words.same(node.flow if start else target, languages)
