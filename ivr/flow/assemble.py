"""The files of a hotline -> one library: which file is what, what they share, and all flows with their nodes. Pure.

Building goes in steps, because everything may name everything: read the files; prompts, hotline, included libraries,
queues; the names of all flows and nodes; then the nodes; then what only the whole shows (names that nothing sets,
translations, the linter's findings). After each step that makes the next one pointless the errors so far are told.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.flow.actions import JsonValue, Note
from ivr.flow.build import Callee, LibraryBuilder
from ivr.flow.build_node import NodeBuilder
from ivr.flow.build_sources import build_sources
from ivr.flow.calendar_model import CalendarModel
from ivr.flow.calendars.calendar import Calendar
from ivr.flow.calendars.faults import CalendarError
from ivr.flow.calendars.reading import make_calendar
from ivr.flow.events import name_parts
from ivr.flow.expressions import Type
from ivr.flow.findings import Finding, FlowLoadError, did_you_mean
from ivr.flow.linting import lint
from ivr.flow.model import FAREWELL, HANGUP, RETURN, Command, Flow, FlowLibrary, Handlers, Parameter
from ivr.flow.nodes.asking_back import AskingBack
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.hangup import HangupModel, HangupNode
from ivr.flow.nodes.returning import Return, ReturnModel
from ivr.flow.registry import KINDS
from ivr.flow.schema import (
    FlowModel,
    HotlineFields,
    HotlineModel,
    LibraryModel,
    ParameterModel,
)
from ivr.flow.yaml_source import Document, Mark, Path, read

HOTLINE = "hotline.yaml"
LIBRARY = "library.yaml"
QUEUES = "queues.yaml"
AGENTS = "agents.yaml"
PROMPTS = "prompts/"
TABLES = "tables/"
SCENARIOS = ".scenario.yaml"

_KIND_EVENTS = frozenset(event for kind in KINDS.values() for event in kind.events)
_NO_FLOWS = frozenset({HOTLINE, LIBRARY, QUEUES, AGENTS})
_FOLLOWING = frozenset(
    {
        *(
            "unknown-target",
            "unknown-flow",
            "unknown-prompt",
            "unknown-calendar",
            "unknown-command",
            "unknown-event",
        ),
        *(
            "unknown-language",
            "unknown-number",
            "unknown-queue",
            "unknown-source",
            "unknown-host",
            "bad-include",
        ),
        *("undefined-variable", "missing-translation", "no-flows", "different-values"),
    }
)
"""What may be amiss only because another file could not be read: told when that one is mended."""
_ONLY_FLOW = frozenset({"flow", "nodes", "start", "parameters", "results", "events", "title", "note"})
"""Fields that `hotline.yaml` has only when it holds a flow too; what both have belongs to the hotline then."""


def included(source: bytes | None) -> list[str]:
    """What a `hotline.yaml` includes, as far as it can be told: for whoever reads the files."""
    try:
        data = read(HOTLINE, source or b"").data
    except FlowLoadError:
        return []
    names = data.get("include") if isinstance(data, dict) else None
    return (
        [name for name in names if isinstance(name, str) and inside(name)] if isinstance(names, list) else []
    )


def inside(name: str) -> bool:
    """Whether a path stays in the folder, so that a version is whole and can be laid out again anywhere."""
    parts = name.split("/")
    return bool(name) and not any(part in ("", ".", "..") for part in parts) and "\\" not in name


def _holds_flow(file: str) -> bool:
    """Whether a file, named within its folder, is that of a flow."""
    return "/" not in file and file not in _NO_FLOWS


@dataclass(frozen=True, slots=True)
class _Written:
    """A flow as it was read. variables: its own, as they are at its start. library: that of the included folder it
    stands in."""

    document: Document
    model: FlowModel
    parameters: Mapping[str, Parameter]
    results: Mapping[str, Type]
    variables: Mapping[str, JsonValue]
    library: str = ""


@dataclass(frozen=True, slots=True)
class _Shared:
    """What an included folder's `library.yaml` says, compiled."""

    handlers: Handlers
    commands: Mapping[str, Command]


class Assembly:
    def __init__(self, sources: Mapping[str, bytes], version: str) -> None:
        self._sources = sources
        self._version = version
        self._builder = LibraryBuilder(_KIND_EVENTS)
        self._documents: dict[str, Document] = {}
        self._flows: dict[str, _Written] = {}
        self._libraries: dict[str, tuple[Document, LibraryModel]] = {}
        """Included folder -> its `library.yaml`."""
        self._calendars: dict[str, Calendar] = {}
        self._shared_names: frozenset[str] = frozenset()
        self._incomplete = False
        """Whether a file could not be read: what others miss may stand in it."""
        self._own_flow = ""
        """The flow that `hotline.yaml` itself holds: its nodes can be named there without it."""

    def library(self) -> FlowLibrary:
        """Raises FlowLoadError."""
        self._read()
        self._languages()
        self._hotline(self._documents.get(HOTLINE))
        self._include()
        self._prompts()
        self._queues(self._documents.get(QUEUES))
        for name, document in self._documents.items():
            if "/" not in name and name not in (HOTLINE, QUEUES, AGENTS):
                self._flow(document, document.data, "")
        self._names()
        # Without a flow to begin with there is nothing to build on.
        self._stop_at_errors(only_when=not self._flows)
        library = self._build()
        self._builder.check_uses()
        self._builder.catalogue.check(self._builder.languages, frozenset(self._builder.used_prompts))
        self._stop_at_errors()
        self._builder.findings += lint(library, self._place_of_node)
        self._stop_at_errors()
        object.__setattr__(library, "findings", tuple(self._builder.findings))
        return library

    def _place_of_node(self, node_id: str) -> tuple[str, Mark]:
        flow, name = node_id.split(".", 1)
        document = self._flows[flow].document
        return document.file, document.place(("nodes", name), key=True)

    def scaffolding(self) -> list[object]:
        """What was needed to build and is no part of the library, one by one.

        For whoever loads beside something that must not wait: freed all at once, that of a large folder stops every
        thread for a while. To be dropped from the end.
        """
        holders = (self, self._builder, self._builder.catalogue, *self._documents.values())
        containers = [
            value for one in holders for value in _fields(one) if isinstance(value, dict | list | set)
        ]
        return [
            part
            for container in containers
            for item in (container.items() if isinstance(container, dict) else container)
            for part in (item if isinstance(item, tuple) else (item,))
        ]

    def _stop_at_errors(self, *, only_when: bool = True) -> None:
        findings = self._builder.findings
        if self._incomplete:
            findings = [finding for finding in findings if finding.code not in _FOLLOWING]
        if only_when and any(finding.severity == "error" for finding in findings):
            raise FlowLoadError(findings)

    # The files

    def _read(self) -> None:
        for name, source in self._sources.items():
            if name == AGENTS or TABLES in name or not name.endswith(".yaml") or name.endswith(SCENARIOS):
                continue
            try:
                self._documents[name] = read(name, source)
            except FlowLoadError as error:
                self._builder.findings += error.findings
                self._incomplete = True

    def _languages(self) -> None:
        files = [name for name in self._documents if name.startswith(PROMPTS)]
        self._builder.languages = tuple(
            sorted(name.removeprefix(PROMPTS).removesuffix(".yaml") for name in files)
        ) or ("zh",)

    def _prompts(self) -> None:
        """Those of included folders first: the hotline's own text of the same id replaces theirs."""
        for name, document in sorted(self._documents.items(), key=lambda item: item[0].startswith(PROMPTS)):
            folder, slash, file = name.rpartition("/")
            if slash and (folder + "/").endswith(PROMPTS):
                self._builder.catalogue.add_file(file.removesuffix(".yaml"), document)

    def _hotline(self, document: Document | None) -> None:
        if document is None:
            return
        data = document.data
        if isinstance(data, dict) and "nodes" in data:
            # A hotline of one file: what both may have is the hotline's.
            flow = {
                name: value
                for name, value in data.items()
                if name in _ONLY_FLOW or name not in _HOTLINE_FIELDS
            }
            flow.setdefault("flow", "main")
            self._flow(document, flow, "")
            self._own_flow = next(iter(self._flows), "")
            data = {name: value for name, value in data.items() if name not in flow}
        model = self._builder.validate(HotlineModel, document, (), data)
        if model is None:
            self._incomplete = True
            return
        self._builder.hotline = model
        self._builder.languages = tuple(dict.fromkeys(model.languages))
        self._builder.declare(document, model.variables, for_all=True)
        self._shared_names = frozenset(model.variables)
        self._calendars_of(document, model.calendars)
        self._builder.numbers = model.numbers
        self._builder.hosts = tuple(model.requests.hosts)
        self._builder.sources = build_sources(self._builder, document, model, self._sources)

    def _calendars_of(self, document: Document, calendars: Mapping[str, CalendarModel]) -> None:
        """Those of the hotline, which is read first, replace a library's of the same name."""
        for name, calendar in calendars.items():
            if name in self._calendars:
                continue
            try:
                self._calendars[name] = make_calendar(name, calendar, calendars)
            except CalendarError as error:
                for fault in error.faults:
                    path = ("calendars", name, *fault.path)
                    self._builder.fault(document, path, "bad-calendar", fault.cause, fault.mend)
        self._builder.calendars |= set(calendars)

    def _include(self) -> None:
        hotline, document = self._builder.hotline, self._documents.get(HOTLINE)
        if hotline is None or document is None:
            return
        for index, name in enumerate(hotline.include):
            where = ("include", index)
            if not inside(name):
                self._builder.fault(
                    document, where, "bad-include", f"`{name}` is not inside this folder", "library/common"
                )
            elif name in self._documents:
                if "/" in name:  # else it is one of the hotline's own
                    self._flow(self._documents[name], self._documents[name].data, "")
            elif not any(file.startswith(name + "/") for file in self._sources):
                hint = did_you_mean(name, {file.rpartition("/")[0] for file in self._sources})
                self._builder.fault(document, where, "bad-include", f"there is no `{name}`", hint)
            else:
                self._included_folder(name)

    def _included_folder(self, folder: str) -> None:
        document = self._documents.get(f"{folder}/{LIBRARY}")
        if document is not None:
            model = self._builder.validate(LibraryModel, document, (), document.data)
            if model is None:
                self._incomplete = True
            else:
                self._libraries[folder] = (document, model)
                self._builder.declare(document, model.variables, for_all=True)
                self._shared_names |= set(model.variables)
                self._calendars_of(document, model.calendars)
        for name, flow in self._documents.items():
            file = name.removeprefix(folder + "/")
            if name.startswith(folder + "/") and _holds_flow(file):
                self._flow(flow, flow.data, folder)

    def _queues(self, document: Document | None) -> None:
        if document is not None and isinstance(document.data, dict):
            queues = document.data.get("queues")
            if isinstance(queues, dict):
                self._builder.known_queues = frozenset(queues)

    def _flow(self, document: Document, data: object, library: str) -> None:
        model = self._builder.validate(FlowModel, document, (), data)
        if model is None:
            self._incomplete = True
            return
        if model.flow in self._flows:
            other = self._flows[model.flow].document.file
            self._builder.fault(document, ("flow",), "duplicate-flow", f"`{model.flow}` is also in {other}")
            return
        if not model.nodes:
            self._builder.fault(document, ("nodes",), "no-nodes", "a flow has at least one node")
            return
        builder = self._builder
        parameters = self._parameters(document, model)
        results = {
            name: builder.type_named(document, ("results", name), type_)
            for name, type_ in model.results.items()
        }
        for section, names in (("variables", model.variables), ("parameters", model.parameters)):
            for name in self._shared_names.intersection(names):
                cause = f"`{name}` is declared for the whole call already"
                builder.fault(
                    document, (section, name), "duplicate-variable", cause, "call it something else"
                )
        variables = builder.declare(document, model.variables)
        for parameter in parameters.values():
            builder.declared.declare(document.file, parameter.name, parameter.type)
            builder.assigns(document, ("parameters", parameter.name), parameter.name, None, parameter.type)
            variables[parameter.name] = parameter.default
        self._flows[model.flow] = _Written(document, model, parameters, results, variables, library)

    def _names(self) -> None:
        """All flows and nodes, so that any of them can name any other."""
        for name, written in self._flows.items():
            document, model = written.document, written.model
            self._builder.node_ids |= {f"{name}.{node}" for node in model.nodes}
            first = model.start or next(iter(model.nodes))
            if first not in model.nodes:
                hint = did_you_mean(first, model.nodes)
                self._builder.fault(
                    document, ("start",), "unknown-target", f"there is no node `{first}`", hint
                )
            self._builder.starts[name] = f"{name}.{first}"
            self._builder.callees[name] = Callee(
                name, f"{name}.{first}", written.parameters, written.results, frozenset(model.events)
            )
            self._builder.events |= {part for event in model.events for part in name_parts(event)}
        if not self._flows and not self._builder.findings:
            self._builder.findings.append(
                Finding("", 0, 0, "no-flows", "there is no flow", "begin one with `flow: main`")
            )

    def _parameters(self, document: Document, flow: FlowModel) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {}
        for name, raw in flow.parameters.items():
            model = raw if isinstance(raw, ParameterModel) else ParameterModel(type=raw)
            type_ = self._builder.type_named(document, ("parameters", name), model.type)
            given = "default" in model.model_fields_set
            parameters[name] = Parameter(name, type_, not given, model.default)
        return parameters

    # The whole

    def _build(self) -> FlowLibrary:
        builder = self._builder
        hotline, document = builder.hotline, self._documents.get(HOTLINE)
        commands: dict[str, Command] = {}
        handlers: Handlers = {}
        fallback, farewell = "", None
        entry = "main" if "main" in self._flows else next(iter(self._flows))
        if hotline is not None and document is not None:
            commands = builder.commands(document, self._own_flow, ("always",), hotline.always)
            handlers = builder.handlers(document, self._own_flow, ("on",), hotline.on, "")
            farewell = hotline.farewell
            builder.asking_back = self._asking_back(document, hotline)
            if hotline.fallback is not None:
                fallback = builder.target(document, self._own_flow, ("fallback",), hotline.fallback)
            if hotline.entry in self._flows:
                entry = hotline.entry
            elif "entry" in hotline.model_fields_set or "main" not in self._flows:
                hint = did_you_mean(hotline.entry, self._flows)
                builder.fault(
                    document, ("entry",), "unknown-target", f"there is no flow `{hotline.entry}`", hint
                )
        shared = {
            folder: _Shared(
                builder.handlers(library_document, "", ("on",), model.on, ""),
                builder.commands(library_document, "", ("always",), model.always),
            )
            for folder, (library_document, model) in self._libraries.items()
        }
        flows: dict[str, Flow] = {}
        nodes: dict[str, Node] = {}
        for name, written in self._flows.items():
            of_library = shared[written.library].commands if written.library in shared else {}
            flow, own = self._build_flow(name, written, {**commands, **of_library})
            flows[name] = flow
            for node_name, raw in written.model.nodes.items():
                node = self._node(written.document, name, node_name, raw, own)
                if node is not None:
                    nodes[node.id] = node
        nodes.update(self._hidden(document, farewell))
        return FlowLibrary(
            version=self._version,
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
            timezone=self._timezone(document),
            name=hotline.hotline if hotline is not None else "",
            shared={folder: each.handlers for folder, each in shared.items()},
            shared_names=self._shared_names,
            hosts=builder.hosts,
            numbers=builder.numbers,
            sources=builder.sources,
            texts=self._sources,
        )

    def _build_flow(
        self, name: str, written: _Written, shared: Mapping[str, Command]
    ) -> tuple[Flow, dict[str, Command]]:
        document, model, builder = written.document, written.model, self._builder
        # In a hotline of one file these belong to the hotline.
        one_file = document.file == HOTLINE
        own = {} if one_file else builder.commands(document, name, ("always",), model.always)
        handlers: Handlers = {} if one_file else builder.handlers(document, name, ("on",), model.on, "")
        commands = {**shared, **own}
        flow = Flow(
            name,
            builder.starts[name],
            document.file,
            handlers,
            builder.commands_of(tuple(commands.values())),
            model.title,
            written.parameters,
            written.results,
            frozenset(model.events),
            written.variables,
            written.library,
            model.note,
        )
        return flow, commands

    def _asking_back(self, document: Document, hotline: HotlineModel) -> AskingBack | None:
        if hotline.confirm is None:
            return None
        say = self._builder.prompts
        confirm = hotline.confirm
        return AskingBack(
            say(document, ("confirm", "before"), confirm.before),
            say(document, ("confirm", "after"), confirm.after),
            say(document, ("confirm", "value"), confirm.value, ("value",)),
            confirm.yes,
            confirm.no,
        )

    def _timezone(self, document: Document | None) -> dt.tzinfo:
        hotline = self._builder.hotline
        if hotline is not None and hotline.timezone is not None and document is not None:
            try:
                return zoneinfo.ZoneInfo(hotline.timezone)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
                hint = did_you_mean(hotline.timezone, zoneinfo.available_timezones()) or "as Asia/Shanghai"
                self._builder.fault(
                    document, ("timezone",), "wrong-value", f"unknown time zone `{hotline.timezone}`", hint
                )
        return next((calendar.timezone for calendar in self._calendars.values()), dt.UTC)

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
        """The nodes that end a call or return from a flow, as if they stood in hotline.yaml."""
        place = document if document is not None else Document("", None)
        hidden: dict[str, Node] = {}
        for node_id, prompt in ((FAREWELL, farewell), (HANGUP, None)):
            build = NodeBuilder(self._builder, place, "", node_id, {})
            node = HangupNode(build, HangupModel(kind="hangup", always=False))
            node.prompts = self._builder.prompts(place, ("farewell",), prompt)
            hidden[node_id] = node
        build = NodeBuilder(self._builder, place, "", RETURN, {})
        hidden[RETURN] = Return(build, ReturnModel(kind="return", always=False))
        for node_id, hidden_node in hidden.items():
            hidden_node.id = node_id
            hidden_node.entered = Note("node", {"node": node_id, "kind": hidden_node.kind})
        return hidden


_HOTLINE_FIELDS = frozenset({"hotline", *HotlineFields.model_fields})


def _fields(one: object) -> Iterator[object]:
    names = getattr(type(one), "__slots__", None) or vars(one)
    return (getattr(one, name) for name in names)
