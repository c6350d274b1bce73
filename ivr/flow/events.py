"""Which handler an event goes to, as in VoiceXML 2.1 (section 5.2.4). Pure.

Of all handlers in scope whose event is this one or a part of its name before a dot (`error` handles `error.asr`),
whose count is reached and whose condition holds, those with the highest count remain; of these the nearest scope
wins (node, the node kind's own defaults, flow, library, hotline, the defaults below), then the longest name, then the
order.

So a node may say what its first silence leads to while the hotline says, once for all, what the second does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.flow.actions import JsonValue
from ivr.flow.expressions import Expression
from ivr.flow.model import Handler, Handlers, Per

NAMES: tuple[str, ...] = (
    "no_input",
    "no_match",
    "help",
    "cancel",
    "timeout",
    "hangup",
    "error",
    "error.asr",
    "error.prompt",
    "language",
    "struggling",
)
"""The events of the machine itself; kinds of node add their own (`NodeKind.events`)."""

DEFAULTS: Handlers = {
    "no_input": (Handler("no_input", 1, "reprompt"), Handler("no_input", 3, "rescue")),
    "no_match": (Handler("no_match", 1, "reprompt"), Handler("no_match", 3, "rescue")),
    "help": (Handler("help", 1, "reprompt"),),
    "cancel": (Handler("cancel", 1, "wait"),),
    "timeout": (Handler("timeout", 1, "rescue"),),
    "error": (Handler("error", 1, "rescue"),),
    "error.asr": (Handler("error.asr", 1, "wait"),),
    "error.prompt": (Handler("error.prompt", 1, "wait"),),
    "language": (Handler("language", 1, "offer"),),
    "struggling": (Handler("struggling", 1, "wait"),),
}
"""What happens when nobody says otherwise: keys only without recognition, on without a prompt that cannot be played."""

_NOBODY = Handler("", 1, "rescue")


def name_parts(name: str) -> tuple[str, ...]:
    """`error.queue.full` -> itself, `error.queue`, `error`."""
    parts = name.split(".")
    return tuple(".".join(parts[:length]) for length in range(len(parts), 0, -1))


Reached = Callable[[Per, str], int]
"""How often an event (or a part of its name) came, this time included: in this visit, in the flow, in the call."""
Evaluate = Callable[[Expression], JsonValue]


def select(scopes: Sequence[Handlers], name: str, reached: Reached, evaluate: Evaluate) -> Handler:
    """scopes: the nearest first."""
    found = handled_by((*scopes, DEFAULTS), name, reached, evaluate)
    return found if found is not None else _NOBODY


def handled_by(scopes: Sequence[Handlers], name: str, reached: Reached, evaluate: Evaluate) -> Handler | None:
    """As `select`, without the defaults; None when nobody handles it now."""
    best: Handler | None = None
    names = name_parts(name)
    for handlers in scopes:
        for part in names:
            for handler in handlers.get(part, ()):
                if best is not None and handler.count <= best.count:
                    continue
                if handler.count > reached(handler.per, part):
                    continue
                if handler.condition is not None and evaluate(handler.condition) is not True:
                    continue
                best = handler
    return best
