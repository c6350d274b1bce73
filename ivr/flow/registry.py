"""The kinds of node. A new kind is a file under `nodes/` and a line here."""

from __future__ import annotations

from ivr.flow.nodes import (
    agent,
    ask,
    branch,
    call,
    callback,
    collect,
    confirm,
    goto,
    hangup,
    hours,
    language,
    lookup,
    menu,
    notify,
    pick,
    queue,
    raising,
    record,
    request,
    returning,
    say,
    split,
    survey,
    transfer,
    wait,
)
from ivr.flow.nodes import set as set_node
from ivr.flow.nodes.base import NodeKind

_MODULES = (
    *(say, menu, pick, ask, collect, confirm, survey, record),
    *(queue, callback, transfer),
    *(branch, split, set_node, language, hours, wait, lookup, request, notify),
    *(call, returning, raising, goto, hangup),
    *(agent,),
)
"""In the order in which the documentation tells of them."""

KINDS: dict[str, NodeKind] = {module.KIND.name: module.KIND for module in _MODULES}
