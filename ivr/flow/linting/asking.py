"""Nodes that ask: what silence and misunderstanding lead to, keys and phrases that two claim. Pure."""

from __future__ import annotations

from ivr.flow.linting.report import Report
from ivr.flow.model import FlowLibrary, Handler
from ivr.flow.nodes.asking import AskingNode
from ivr.flow.nodes.choices import Options


def check_asking(library: FlowLibrary, report: Report) -> None:
    for node in library.nodes.values():
        if isinstance(node, AskingNode) and node.flow:
            _asking(library, node, report)


def _asking(library: FlowLibrary, node: AskingNode, report: Report) -> None:
    flow = library.flows[node.flow]
    shared = library.shared.get(flow.library, {})
    scopes = (node.handlers, node.defaults, flow.handlers, shared, library.handlers)
    for event in ("no_input", "no_match"):
        found: list[Handler] = [handler for scope in scopes for handler in scope.get(event, ())]
        if not library.fallback and not any(handler.then in ("go", "hangup", "raise") for handler in found):
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
