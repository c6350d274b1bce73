"""A folder of flows -> a library, or all that is wrong with it.

The folder: `*.yaml` (one flow each, and `hotline.yaml` for what they share), `prompts/<language>.yaml`. `queues.yaml`
and `agents.yaml` belong to the routing and `*.scenario.yaml` to the tests of flows: of these only the queues' names
are read. `load` is the one place of this package that reads files; everything else works on bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path as FilePath

from ivr.flow.actions import Note
from ivr.flow.build import LibraryBuilder
from ivr.flow.build_node import NodeBuilder
from ivr.flow.calendars.calendar import Calendar
from ivr.flow.calendars.faults import CalendarError
from ivr.flow.calendars.reading import make_calendar
from ivr.flow.findings import Finding, FlowLoadError, did_you_mean
from ivr.flow.lint import lint
from ivr.flow.model import FAREWELL, HANGUP, Command, Commands, Flow, FlowLibrary
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.hangup import HangupModel, HangupNode
from ivr.flow.registry import KINDS
from ivr.flow.schema import FlowModel, HotlineModel
from ivr.flow.yaml_source import Document, Path, read

HOTLINE = "hotline.yaml"
QUEUES = "queues.yaml"
NOT_FLOWS = frozenset({HOTLINE, QUEUES, "agents.yaml"})
PROMPTS = "prompts/"
MAX_FILES = 1000

_KIND_EVENTS = frozenset(event for kind in KINDS.values() for event in kind.events)


def load(folder: FilePath) -> FlowLibrary:
    """Reads the folder. Raises FlowLoadError with every fault found; the library carries the linter's warnings."""
    return load_sources(read_folder(folder))


def read_folder(folder: FilePath) -> dict[str, bytes]:
    """Name within the folder -> bytes. Raises FlowLoadError when there is nothing to read."""
    try:
        files = sorted([*folder.glob("*.yaml"), *folder.glob("prompts/*.yaml")])[:MAX_FILES]
        sources = {file.relative_to(folder).as_posix(): file.read_bytes() for file in files if file.is_file()}
    except OSError as error:
        raise FlowLoadError(
            [Finding(str(folder), 0, 0, "unreadable", f"{error.strerror or error}", "check the path")]
        ) from error
    if not sources:
        raise FlowLoadError(
            [
                Finding(
                    str(folder), 0, 0, "no-flows", "no *.yaml in this folder", "give the folder of the flows"
                )
            ]
        )
    return sources


def version_of(sources: Mapping[str, bytes]) -> str:
    """sha256 over names and contents of all that the dialogue depends on."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        if name not in (QUEUES, "agents.yaml") and not name.endswith(".scenario.yaml"):
            digest.update(f"{name}\0{len(sources[name])}\0".encode())
            digest.update(sources[name])
    return digest.hexdigest()


def load_sources(sources: Mapping[str, bytes]) -> FlowLibrary:
    """As `load`, from the files' contents. Raises FlowLoadError only."""
    return _Loader(sources).library()


class _Loader:
    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources
        self._builder = LibraryBuilder(_KIND_EVENTS)
        self._flows: dict[str, tuple[Document, FlowModel]] = {}
        self._hotline_document: Document | None = None
        self._calendars: dict[str, Calendar] = {}

    def library(self) -> FlowLibrary:
        documents = self._read()
        self._prompts(documents)
        self._hotline(documents.get(HOTLINE))
        self._queues(documents.get(QUEUES))
        for name, document in documents.items():
            if name not in NOT_FLOWS and "/" not in name and not name.endswith(".scenario.yaml"):
                self._flow(document)
        self._names()
        # Without a flow to begin with there is nothing to build on.
        self._stop_at_errors(only_when=not self._flows)
        library = self._build()
        self._builder.check_uses()
        self._builder.catalogue.check(self._builder.languages, frozenset(self._builder.used_prompts))
        self._stop_at_errors()
        places = {
            f"{name}.{node}": (document.file, document.place(("nodes", node), key=True))
            for name, (document, model) in self._flows.items()
            for node in model.nodes
        }
        self._builder.findings += lint(library, places)
        self._stop_at_errors()
        object.__setattr__(library, "findings", tuple(self._builder.findings))
        return library

    def _stop_at_errors(self, *, only_when: bool = True) -> None:
        if only_when and any(finding.severity == "error" for finding in self._builder.findings):
            raise FlowLoadError(self._builder.findings)

    def _read(self) -> dict[str, Document]:
        documents = {}
        for name, source in self._sources.items():
            if name == "agents.yaml":
                continue
            try:
                documents[name] = read(name, source)
            except FlowLoadError as error:
                self._builder.findings += error.findings
        return documents

    def _prompts(self, documents: Mapping[str, Document]) -> None:
        languages = []
        for name, document in documents.items():
            if name.startswith(PROMPTS):
                language = name.removeprefix(PROMPTS).removesuffix(".yaml")
                languages.append(language)
                self._builder.catalogue.add_file(language, document)
        self._builder.languages = tuple(sorted(languages)) or ("zh",)

    def _hotline(self, document: Document | None) -> None:
        if document is None:
            return
        model = self._builder.validate(HotlineModel, document, (), document.data)
        self._hotline_document = document
        if model is None:
            return
        self._builder.hotline = model
        self._builder.languages = tuple(dict.fromkeys(model.languages))
        self._builder.variables.update(model.variables)
        for name, calendar in model.calendars.items():
            try:
                self._calendars[name] = make_calendar(name, calendar, model.calendars)
            except CalendarError as error:
                for fault in error.faults:
                    path = ("calendars", name, *fault.path)
                    self._builder.fault(document, path, "bad-calendar", fault.cause, fault.mend)
        self._builder.calendars = set(model.calendars)

    def _queues(self, document: Document | None) -> None:
        if document is not None and isinstance(document.data, dict):
            queues = document.data.get("queues")
            if isinstance(queues, dict):
                self._builder.known_queues = frozenset(queues)

    def _flow(self, document: Document) -> None:
        model = self._builder.validate(FlowModel, document, (), document.data)
        if model is None:
            return
        if model.flow in self._flows:
            other = self._flows[model.flow][0].file
            self._builder.fault(document, ("flow",), "duplicate-flow", f"`{model.flow}` is also in {other}")
            return
        if not model.nodes:
            self._builder.fault(document, ("nodes",), "no-nodes", "a flow has at least one node")
            return
        self._flows[model.flow] = (document, model)
        self._builder.variables.update(model.variables)

    def _names(self) -> None:
        """All flows and nodes, so that any of them can name any other."""
        for name, (document, model) in self._flows.items():
            self._builder.node_ids |= {f"{name}.{node}" for node in model.nodes}
            first = model.start or next(iter(model.nodes))
            if first not in model.nodes:
                hint = did_you_mean(first, model.nodes)
                self._builder.fault(
                    document, ("start",), "unknown-target", f"there is no node `{first}`", hint
                )
            self._builder.starts[name] = f"{name}.{first}"
        if not self._flows and not self._builder.findings:
            self._builder.findings.append(
                Finding("", 0, 0, "no-flows", "there is no flow", "begin one with `flow: main`")
            )

    def _build(self) -> FlowLibrary:
        builder = self._builder
        hotline, document = builder.hotline, self._hotline_document
        shared: dict[str, Command] = {}
        handlers, fallback, farewell = {}, "", None
        entry = "main" if "main" in self._flows else next(iter(self._flows))
        if hotline is not None and document is not None:
            shared = builder.commands(document, "", ("always",), hotline.always)
            handlers = dict(builder.handlers(document, "", ("on",), hotline.on, ""))
            farewell = hotline.farewell
            if hotline.fallback is not None:
                fallback = builder.target(document, "", ("fallback",), hotline.fallback)
            if hotline.entry in self._flows:
                entry = hotline.entry
            else:
                hint = did_you_mean(hotline.entry, self._flows)
                builder.fault(
                    document, ("entry",), "unknown-target", f"there is no flow `{hotline.entry}`", hint
                )
        flows: dict[str, Flow] = {}
        nodes: dict[str, Node] = {}
        for name, (flow_document, model) in self._flows.items():
            own = builder.commands(flow_document, name, ("always",), model.always)
            commands = {**shared, **own}
            flows[name] = Flow(
                name,
                builder.starts[name],
                flow_document.file,
                builder.handlers(flow_document, name, ("on",), model.on, ""),
                Commands(tuple(commands.values())),
                model.title,
            )
            for node_name, raw in model.nodes.items():
                node = self._node(flow_document, name, node_name, raw, commands)
                if node is not None:
                    nodes[node.id] = node
        nodes.update(self._hidden(document, farewell))
        return FlowLibrary(
            version=version_of(self._sources),
            languages=builder.languages,
            entry=entry,
            fallback=fallback,
            flows=flows,
            nodes=nodes,
            prompts=builder.catalogue.texts,
            handlers=handlers,
            variables=builder.variables,
            calendars=self._calendars,
            exits=tuple(builder.exits),
            queues={name: tuple(used) for name, used in builder.queues.items()},
            timezone=next((calendar.timezone for calendar in self._calendars.values()), dt.UTC),
        )

    def _node(
        self, document: Document, flow: str, name: str, raw: object, commands: Mapping[str, Command]
    ) -> Node | None:
        path: Path = ("nodes", name)
        if not name.isidentifier() or not name.isascii():
            self._builder.fault(
                document, path, "bad-name", f"`{name}` is no name", "letters, digits, _", key=True
            )
            return None
        kind = raw.get("kind") if isinstance(raw, dict) else None
        if not isinstance(kind, str):
            self._builder.fault(document, path, "missing-field", "a node has a `kind`", "kind: say", key=True)
            return None
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"one of {', '.join(sorted(KINDS))}"
            self._builder.fault(document, (*path, "kind"), "unknown-kind", f"there is no kind `{kind}`", hint)
            return None
        model = self._builder.validate(KINDS[kind].model, document, path, raw)
        if model is None:
            return None
        return KINDS[kind].make(NodeBuilder(self._builder, document, flow, name, commands), model)

    def _hidden(self, document: Document | None, farewell: object) -> dict[str, Node]:
        """The nodes that end a call when nothing else is left, as if they stood in hotline.yaml."""
        place = document if document is not None else Document("", None)
        hidden: dict[str, Node] = {}
        for node_id, prompt in ((FAREWELL, farewell), (HANGUP, None)):
            build = NodeBuilder(self._builder, place, "", node_id, {})
            node = HangupNode(build, HangupModel(kind="hangup", always=False))
            node.id = node_id
            node.entered = Note("node", {"node": node_id, "kind": "hangup"})
            node.prompts = self._builder.prompts(place, ("farewell",), prompt)
            hidden[node_id] = node
        return hidden
