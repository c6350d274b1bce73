"""What scenarios name that their flows do not have: prompts, nodes, queues, sources, variables ... Pure.

A scenario that expects `complain.place` never holds, and one that gives `agee: 70` tests nothing: both are told before
anything is run, with the place and the nearest name there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ivr.flow.actions import RECORDING_PROMPT
from ivr.flow.findings import Finding, FlowLoadError, Severity, did_you_mean
from ivr.flow.folder import AGENTS, QUEUES
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.model import Expectations, Given, Turn
from ivr.flow.scenarios.reading import Written
from ivr.flow.state import HISTORY
from ivr.flow.yaml_source import Document, Path, read

PLACE_FIELDS = ("queue", "priority", "language", "reason", "skills")
NOTICE_FIELDS = ("channel", "to", "text", "data")
MOST_LISTED = 8
_VALUES = frozenset({"flow", "language", "node", "queue", "audio"})
"""Fields whose value is the name; other names in a path are names themselves."""
_FACT = re.compile(r"\bcall\.facts(?:\.([A-Za-z_]\w*)|\[\s*['\"]([^'\"]+)['\"]\s*\]|(\b))")


def check_names(
    files: Iterable[Written],
    library: FlowLibrary,
    sources: Mapping[str, bytes],
    exists: Callable[[str], bool] = lambda _: True,
) -> list[Finding]:
    """sources: of the folder, for the names of its queues and agents. exists: whether it has a file of that name."""
    known = _Known(library, sources)
    found: list[Finding] = []
    for written in files:
        found += _Checker(written.document, known, exists).findings_of(written)
    return found


class _Known:
    def __init__(self, library: FlowLibrary, sources: Mapping[str, bytes]) -> None:
        self.library = library
        self.prompts = {each.partition("~")[0] for each in library.prompts} | {RECORDING_PROMPT}
        self.nodes = {*library.nodes, *(each.partition(".")[2] for each in library.nodes)}
        queues = _listed(sources, QUEUES, "queues")
        names = [each for each in queues if isinstance(each, str)]
        self.queues = {*library.queues, *names} if names else None
        """None: there is no list of queues."""
        agents = _listed(sources, AGENTS, "agents")
        ids = [
            str(each.get(name)) for each in agents if isinstance(each, dict) for name in ("id", "extension")
        ]
        parties = {*library.numbers, *library.numbers.values(), *ids, "*"}
        to_agents = any(getattr(node, "kind_of_target", "") == "agent" for node in library.nodes.values())
        self.parties = parties if agents or not to_agents else None
        """None: agents are called, and there is no list of them."""
        self.facts = _facts(library)
        """None: some expression reads all facts there are."""


def _listed(sources: Mapping[str, bytes], file: str, key: str) -> Collection[Any]:
    """What the routing's file lists; nothing when it cannot be read, which `ivr check` tells of anyway."""
    try:
        data = read(file, sources.get(file, b"")).data
    except FlowLoadError:
        return []
    listed = data.get(key) if isinstance(data, dict) else None
    return listed if isinstance(listed, dict | list) else []


def _facts(library: FlowLibrary) -> set[str] | None:
    """The facts that flows read, and the parameters that a call can begin with."""
    found = {name for flow in library.flows.values() for name in flow.parameters}
    for text in library.texts.values():
        for match in _FACT.finditer(text.decode("utf-8", "replace")):
            name = match.group(1) or match.group(2)
            if not name:
                return None
            found.add(name)
    return found


class _Checker:
    def __init__(self, document: Document, known: _Known, exists: Callable[[str], bool]) -> None:
        self._document = document
        self._exists = exists
        self._known = known
        self._found: list[Finding] = []

    def findings_of(self, written: Written) -> list[Finding]:
        self._given(("given",), written.model.given)
        for index, scenario in enumerate(written.model.scenarios):
            self._given(("scenarios", index, "given"), scenario.given)
            for at, turn in enumerate(scenario.turns):
                self._turn(("scenarios", index, "turns", at), turn)
        return self._found

    def _given(self, path: Path, given: Given) -> None:
        known, library = self._known, self._known.library
        self._no((*path, "flow"), "unknown-flow", "flow", given.flow, library.flows)
        self._no((*path, "language"), "unknown-language", "language", given.language, library.languages)
        for where, name in _items((*path, "speech"), given.speech):
            self._no(where, "unknown-language", "language", name, library.languages)
        for where, name in _keys((*path, "hours"), given.hours):
            self._no(where, "unknown-calendar", "calendar", name, library.calendars)
        for where, name in _keys((*path, "history"), given.history):
            self._no(where, "unknown-value", "`call.history` of the name", name, HISTORY)
        for where, name in _keys((*path, "split"), given.split):
            self._no(where, "unknown-target", "node", name, known.nodes)
        for where, name in _keys((*path, "queues"), given.queues):
            self._no(where, "unknown-queue", "queue", name, known.queues)
        for where, name in _keys((*path, "lookups"), given.lookups):
            self._no(where, "unknown-source", "source", name, library.sources)
        for where, name in _keys((*path, "transfers"), given.transfers):
            self._no(where, "unknown-number", "number and no agent", name, known.parties)
        for index, rule in enumerate(given.requests):
            self._no((*path, "requests", index, "node"), "unknown-target", "node", rule.node, known.nodes)
        for where, name in _keys((*path, "facts"), given.facts):
            if known.facts is not None and name not in known.facts:
                hint = did_you_mean(name, known.facts)
                cause = f"no flow looks at `call.facts.{name}`"
                self.report(where, "unknown-fact", cause, hint, severity="warning")

    def _turn(self, path: Path, turn: Turn) -> None:
        known, library = self._known, self._known.library
        for field in ("heard", "heard_only", "not_heard"):
            for where, name in _items((*path, field), getattr(turn, field)):
                self._no(where, "unknown-prompt", "prompt", name, known.prompts)
        self._no((*path, "node"), "unknown-target", "node", turn.node, known.nodes)
        for where, name in _items((*path, "passed"), turn.passed):
            self._no(where, "unknown-target", "node", name, known.nodes)
        self._no((*path, "language"), "unknown-language", "language", turn.language, library.languages)
        for where, name in _keys((*path, "say", "languages"), turn.say.languages if turn.say else ()):
            self._no(where, "unknown-language", "language", name, library.languages)
        for where, written in _keys((*path, "variables"), turn.variables or {}):
            name = written.partition(".")[0]
            if name not in library.variables:
                hint = did_you_mean(name, library.variables)
                self.report(where, "undefined-variable", f"nothing ever sets `{name}`", hint)
        if turn.audio is not None:
            beside = self._document.file.rpartition("/")
            if not self._exists("".join(beside[:2]) + turn.audio):
                hint = "the file stands beside the scenario"
                self.report((*path, "audio"), "unknown-file", f"there is no file `{turn.audio}`", hint)
        self._data(path, turn)

    def _data(self, path: Path, turn: Expectations) -> None:
        place = turn.queued or {}
        for where, name in _keys((*path, "queued"), place):
            self._no(where, "unknown-field", "field of a place in a queue", name, PLACE_FIELDS)
        queue = place.get("queue")
        if isinstance(queue, str):
            self._no((*path, "queued", "queue"), "unknown-queue", "queue", queue, self._known.queues)
        for index, notice in enumerate(turn.notified or ()):
            for where, name in _keys((*path, "notified", index), notice):
                self._no(where, "unknown-field", "field of a notification", name, NOTICE_FIELDS)
        for index, note in enumerate(turn.journal or ()):
            where = (*path, "journal", index)
            if "kind" not in note:
                self.report(where, "missing-field", "`kind` is missing: which note is meant")

    def _no(self, path: Path, code: str, what: str, name: str | None, known: Collection[str] | None) -> None:
        """There is no such thing. known: None = nobody knows which there are."""
        if name and known is not None and name not in known:
            self.report(path, code, f"there is no {what} `{name}`", did_you_mean(name, known) or _few(known))

    def report(
        self, path: Path, code: str, cause: str, suggestion: str = "", *, severity: Severity = "error"
    ) -> None:
        # A name that is a key of the file is meant itself, not what it leads to.
        mark = self._document.place(path, key=isinstance(path[-1], str) and path[-1] not in _VALUES)
        finding = Finding(self._document.file, mark.line, mark.column, code, cause, suggestion, severity)
        self._found.append(finding)


def _items(path: Path, names: Sequence[str] | bool | None) -> Iterator[tuple[Path, str]]:
    """The names in a list, each with its place; none of what is no list."""
    for index, name in enumerate(names if isinstance(names, list) else ()):
        yield (*path, index), name


def _keys(path: Path, names: Iterable[str]) -> Iterator[tuple[Path, str]]:
    for name in names:
        yield (*path, name), name


def _few(known: Collection[str]) -> str:
    """All there are, when they can be taken in at a glance."""
    return f"one of {', '.join(sorted(known))}" if 0 < len(known) <= MOST_LISTED else ""
