"""The rules of the queues as a part of a version: read from its files, told of like any other file of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ivr.call.dialogue import NO_QUEUES
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.folder import QUEUES
from ivr.flow.yaml_source import read
from routing.rules import Rules
from routing.rules_load import RulesError, load_rules

MOST_BYTES: Final = 400_000
"""Of a file of the routing: some thousands of queues or agents. What reads them is slower than what reads flows."""


def rules_of(sources: Mapping[str, bytes]) -> Rules:
    """Those in `queues.yaml`; a hotline without one has no queues. Raises FlowLoadError."""
    if QUEUES not in sources:
        return NO_QUEUES
    text = text_of(QUEUES, sources[QUEUES])
    try:
        return load_rules(text)
    except RulesError as error:
        raise FlowLoadError(as_findings(error)) from None


def text_of(name: str, source: bytes) -> str:
    """Of a file of the routing, which reads none that our reader refuses. Raises FlowLoadError."""
    if len(source) > MOST_BYTES:
        cause = f"{len(source)} bytes; {MOST_BYTES} at most"
        raise FlowLoadError([Finding(name, 0, 0, "too-large", cause, "keep agents in the database")])
    return read(name, source).text


def as_findings(error: RulesError) -> list[Finding]:
    return [Finding(f.file, f.line, f.column, "routing", f.cause, f.suggestion) for f in error.findings]
