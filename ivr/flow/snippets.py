"""What an editor offers of each kind of node: a sentence, and a node to begin with. Pure."""

from __future__ import annotations

import json
from typing import Any

from ivr.flow.findings import FlowLoadError
from ivr.flow.nodes.base import NodeKind
from ivr.flow.yaml_source import Plain, read


def first_sentence(text: str) -> str:
    return text.split(". ", 1)[0].rstrip(".") + "."


def beginning(kind: NodeKind) -> Any:
    """The node of its example, as a beginning."""
    data = read("example.yaml", kind.example.encode()).data
    return _insertable(next(iter(data.values()))) if isinstance(data, dict) else {}


def _insertable(value: Plain) -> Any:
    """Editors insert texts as they are: one that YAML would read as something else brings its quotes along."""
    if isinstance(value, dict):
        return {name: _insertable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_insertable(each) for each in value]
    if not isinstance(value, str):
        return value
    try:
        bare = read("text.yaml", f"x: {value}".encode()).data == {"x": value}
    except FlowLoadError:
        bare = False
    return value if bare else json.dumps(value, ensure_ascii=False)
