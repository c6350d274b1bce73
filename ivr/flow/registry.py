"""The kinds of node. A new kind is a file under `nodes/` and a line here."""

from __future__ import annotations

from ivr.flow.nodes import (
    ask,
    branch,
    collect,
    goto,
    hangup,
    hours,
    language,
    menu,
    queue,
    say,
    survey,
)
from ivr.flow.nodes import set as set_node
from ivr.flow.nodes.base import NodeKind

_MODULES = (say, menu, ask, collect, survey, queue, branch, set_node, language, hours, goto, hangup)

KINDS: dict[str, NodeKind] = {module.KIND.name: module.KIND for module in _MODULES}
