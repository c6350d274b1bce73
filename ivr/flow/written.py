"""What the files of a hotline say, read and validated: the hotline, included libraries, all flows by name. Pure.

Nothing is compiled here. The order counts: what the hotline declares goes before what a library brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.flow.actions import JsonValue
from ivr.flow.build import Callee, LibraryBuilder
from ivr.flow.build_sources import build_sources
from ivr.flow.calendar_model import CalendarModel
from ivr.flow.calendars.calendar import Calendar, of_queue
from ivr.flow.calendars.faults import CalendarError
from ivr.flow.calendars.reading import make_calendar
from ivr.flow.events import name_parts
from ivr.flow.expressions import Type
from ivr.flow.findings import Finding, FlowLoadError, did_you_mean
from ivr.flow.folder import AGENTS, HOTLINE, LIBRARY, PROMPTS, QUEUES, SCENARIOS, TABLES, holds_flow, inside
from ivr.flow.model import Parameter
from ivr.flow.schema import FlowModel, HotlineFields, HotlineModel, LibraryModel, ParameterModel
from ivr.flow.yaml_source import Document, Path, read

_HOTLINE_FIELDS = frozenset({"hotline", *HotlineFields.model_fields})
_ONLY_FLOW = frozenset({"flow", "nodes", "start", "parameters", "results", "events", "title", "note"})
"""Fields that `hotline.yaml` has only when it holds a flow too; what both have belongs to the hotline then."""


@dataclass(frozen=True, slots=True)
class WrittenFlow:
    """A flow as it was read. variables: its own, as they are at its start. library: that of the included folder it
    stands in."""

    document: Document
    model: FlowModel
    parameters: Mapping[str, Parameter]
    results: Mapping[str, Type]
    variables: Mapping[str, JsonValue]
    library: str = ""


class WrittenHotline:
    def __init__(self, sources: Mapping[str, bytes], builder: LibraryBuilder) -> None:
        """Faults become findings of the builder, which learns what everything else is built on."""
        self._sources = sources
        self.builder = builder
        self.documents: dict[str, Document] = {}
        self.flows: dict[str, WrittenFlow] = {}
        self.libraries: dict[str, tuple[Document, LibraryModel]] = {}
        """Included folder -> its `library.yaml`."""
        self.calendars: dict[str, Calendar] = {}
        self._calendar_models: dict[str, tuple[Document, Path, CalendarModel]] = {}
        self.shared_names: frozenset[str] = frozenset()
        """The variables of the whole call."""
        self.incomplete = False
        """Whether a file could not be read: what others miss may stand in it."""
        self.own_flow = ""
        """The flow that `hotline.yaml` itself holds: its nodes can be named there without it."""
        self._read()
        self._languages()
        self._hotline(self.documents.get(HOTLINE))
        self._include()
        self._queues(self.documents.get(QUEUES))
        self._compile_calendars()
        self._prompts()
        for name, document in self.documents.items():
            if holds_flow(name):
                self._flow(document, document.data, "")
        self._names()

    def _read(self) -> None:
        for name, source in self._sources.items():
            if name == AGENTS or TABLES in name or not name.endswith(".yaml") or name.endswith(SCENARIOS):
                continue
            try:
                self.documents[name] = read(name, source)
            except FlowLoadError as error:
                self.builder.findings += error.findings
                self.incomplete = True

    def _languages(self) -> None:
        files = [name for name in self.documents if name.startswith(PROMPTS)]
        self.builder.languages = tuple(
            sorted(name.removeprefix(PROMPTS).removesuffix(".yaml") for name in files)
        ) or ("zh",)

    def _prompts(self) -> None:
        """Those of included folders first: the hotline's own text of the same id replaces theirs."""
        for name, document in sorted(self.documents.items(), key=lambda item: item[0].startswith(PROMPTS)):
            folder, slash, file = name.rpartition("/")
            if slash and (folder + "/").endswith(PROMPTS):
                self.builder.catalogue.add_file(file.removesuffix(".yaml"), document)

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
            self.own_flow = next(iter(self.flows), "")
            data = {name: value for name, value in data.items() if name not in flow}
        model = self.builder.validate(HotlineModel, document, (), data)
        if model is None:
            self.incomplete = True
            return
        self.builder.hotline = model
        self.builder.languages = tuple(dict.fromkeys(model.languages))
        self.builder.declare(document, model.variables, for_all=True)
        self.shared_names = frozenset(model.variables)
        self._calendars_of(document, model.calendars)
        self.builder.numbers = model.numbers
        self.builder.hosts = tuple(model.requests.hosts)
        self.builder.sources = build_sources(self.builder, document, model, self._sources)

    def _calendars_of(self, document: Document, calendars: Mapping[str, CalendarModel]) -> None:
        """Those of the hotline, which is read first, replace a library's of the same name."""
        for name, calendar in calendars.items():
            self._calendar_models.setdefault(name, (document, ("calendars", name), calendar))

    def _compile_calendars(self) -> None:
        """When all are known: that of a library may be based on the hotline's, and the other way round."""
        models = {name: calendar for name, (_, _, calendar) in self._calendar_models.items()}
        for name, (document, where, calendar) in self._calendar_models.items():
            try:
                self.calendars[name] = make_calendar(name, calendar, models)
            except CalendarError as error:
                for fault in error.faults:
                    self.builder.fault(
                        document, (*where, *fault.path), "bad-calendar", fault.cause, fault.mend
                    )
        self.builder.calendars |= set(models)

    def _include(self) -> None:
        hotline, document = self.builder.hotline, self.documents.get(HOTLINE)
        if hotline is None or document is None:
            return
        for index, name in enumerate(hotline.include):
            where = ("include", index)
            if not inside(name):
                self.builder.fault(
                    document, where, "bad-include", f"`{name}` is not inside this folder", "library/common"
                )
            elif name in self.documents:
                if "/" in name:  # else it is one of the hotline's own
                    self._flow(self.documents[name], self.documents[name].data, "")
            elif not any(file.startswith(name + "/") for file in self._sources):
                hint = did_you_mean(name, {file.rpartition("/")[0] for file in self._sources})
                self.builder.fault(document, where, "bad-include", f"there is no `{name}`", hint)
            else:
                self._included_folder(name)

    def _included_folder(self, folder: str) -> None:
        document = self.documents.get(f"{folder}/{LIBRARY}")
        if document is not None:
            model = self.builder.validate(LibraryModel, document, (), document.data)
            if model is None:
                self.incomplete = True
            else:
                self.libraries[folder] = (document, model)
                self.builder.declare(document, model.variables, for_all=True)
                self.shared_names |= set(model.variables)
                self._calendars_of(document, model.calendars)
        for name, flow in self.documents.items():
            file = name.removeprefix(folder + "/")
            if name.startswith(folder + "/") and holds_flow(file):
                self._flow(flow, flow.data, folder)

    def _queues(self, document: Document | None) -> None:
        """Their names, and their hours: a queue's own are a calendar like the hotline's. The rest is the routing's."""
        queues = (
            document.data.get("queues") if document is not None and isinstance(document.data, dict) else None
        )
        if document is None or not isinstance(queues, dict):
            return
        self.builder.known_queues = frozenset(queues)
        known = set(self._calendar_models)
        for name, queue in queues.items():
            hours = queue.get("hours") if isinstance(queue, dict) else None
            where: Path = ("queues", name, "hours")
            if isinstance(hours, dict):
                model = self.builder.validate(CalendarModel, document, where, hours)
                if model is not None:
                    self._calendar_models[of_queue(name)] = (document, where, model)
            elif isinstance(hours, str) and hours not in known:
                hint = did_you_mean(hours, known) or "add it under `calendars` in hotline.yaml"
                self.builder.fault(
                    document, where, "unknown-calendar", f"there is no calendar `{hours}`", hint
                )

    def _flow(self, document: Document, data: object, library: str) -> None:
        model = self.builder.validate(FlowModel, document, (), data)
        if model is None:
            self.incomplete = True
            return
        if model.flow in self.flows:
            other = self.flows[model.flow].document.file
            self.builder.fault(document, ("flow",), "duplicate-flow", f"`{model.flow}` is also in {other}")
            self.incomplete = True
            return
        if not model.nodes:
            self.incomplete = True
            self.builder.fault(document, ("nodes",), "no-nodes", "a flow has at least one node")
            return
        builder = self.builder
        parameters = self._parameters(document, model)
        results = {
            name: builder.type_named(document, ("results", name), type_)
            for name, type_ in model.results.items()
        }
        for section, names in (("variables", model.variables), ("parameters", model.parameters)):
            for name in self.shared_names.intersection(names):
                cause = f"`{name}` is declared for the whole call already"
                builder.fault(
                    document, (section, name), "duplicate-variable", cause, "call it something else"
                )
        variables = builder.declare(document, model.variables)
        for parameter in parameters.values():
            builder.declared.declare(document.file, parameter.name, parameter.type)
            builder.assigns(document, ("parameters", parameter.name), parameter.name, None, parameter.type)
            variables[parameter.name] = parameter.default
        self.flows[model.flow] = WrittenFlow(document, model, parameters, results, variables, library)

    def _names(self) -> None:
        """All flows and nodes, so that any of them can name any other."""
        for name, written in self.flows.items():
            document, model = written.document, written.model
            self.builder.node_ids |= {f"{name}.{node}" for node in model.nodes}
            first = model.start or next(iter(model.nodes))
            if first not in model.nodes:
                hint = did_you_mean(first, model.nodes)
                self.builder.fault(
                    document, ("start",), "unknown-target", f"there is no node `{first}`", hint
                )
            self.builder.starts[name] = f"{name}.{first}"
            self.builder.callees[name] = Callee(
                name, f"{name}.{first}", written.parameters, written.results, frozenset(model.events)
            )
            self.builder.events |= {part for event in model.events for part in name_parts(event)}
        if not self.flows and not self.builder.findings:
            self.builder.findings.append(
                Finding("", 0, 0, "no-flows", "there is no flow", "begin one with `flow: main`")
            )

    def _parameters(self, document: Document, flow: FlowModel) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {}
        for name, raw in flow.parameters.items():
            model = raw if isinstance(raw, ParameterModel) else ParameterModel(type=raw)
            type_ = self.builder.type_named(document, ("parameters", name), model.type)
            given = "default" in model.model_fields_set
            parameters[name] = Parameter(name, type_, not given, model.default)
        return parameters
