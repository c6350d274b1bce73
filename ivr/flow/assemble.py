"""The files of a hotline -> one library: all flows with their nodes, and what they share. Pure.

Building goes in steps, because everything may name everything: what the files say, with the names of all flows and
nodes (written.py); then the nodes; then what only the whole shows (names that nothing sets, translations, the linter's
findings). After each step that makes the next one pointless the errors so far are told.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ivr.flow.actions import Note
from ivr.flow.adapting import Pace
from ivr.flow.build import LibraryBuilder
from ivr.flow.build_node import NodeBuilder
from ivr.flow.build_understanding import build_categories, build_names
from ivr.flow.commands import Command
from ivr.flow.findings import Finding, FlowLoadError, did_you_mean
from ivr.flow.folder import CATEGORIES, HOTLINE, NAMES
from ivr.flow.languages import LanguageOffer
from ivr.flow.linting import lint
from ivr.flow.model import FAREWELL, HANGUP, RETURN, Exit, Flow, FlowLibrary, Handlers
from ivr.flow.nodes.asking_back import AskingBack
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.hangup import HangupModel, HangupNode
from ivr.flow.nodes.returning import Return, ReturnModel
from ivr.flow.registry import KINDS
from ivr.flow.schema import HotlineModel
from ivr.flow.unused import unused
from ivr.flow.written import WrittenFlow, WrittenHotline
from ivr.flow.yaml_source import Document, Mark, Path

_KIND_EVENTS = frozenset(event for kind in KINDS.values() for event in kind.events)
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
            "unknown-category",
            "unknown-name-kind",
            "unknown-host",
            "bad-include",
        ),
        *("undefined-variable", "missing-translation", "no-flows", "different-values"),
    }
)
"""What may be amiss only because another file could not be read: told when that one is mended."""


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
        self._written = WrittenHotline(sources, self._builder)

    def library(self) -> FlowLibrary:
        """Raises FlowLoadError."""
        # Without a flow to begin with there is nothing to build on.
        self._stop_at_errors(only_when=not self._written.flows)
        library = self._build()
        self._builder.check_uses()
        self._check_results()
        self._builder.catalogue.check(self._builder.languages, frozenset(self._builder.used_prompts))
        self._stop_at_errors()
        self._builder.findings += lint(library, self._place_of_node)
        self._stop_at_errors()
        object.__setattr__(library, "findings", tuple(self._builder.findings))
        return library

    def hints(self, library: FlowLibrary) -> list[Finding]:
        """What does nothing in the library that was made here."""
        return unused(library, self._written, self._builder)

    def _check_results(self) -> None:
        if not any(written.results for written in self._written.flows.values()):
            return
        names_set = self._builder.names_set()
        for name, written in self._written.flows.items():
            document = written.document
            given = names_set.get(document.file, set()) | self._builder.returned.get(name, set())
            for result in written.results:
                if result not in given:
                    self._builder.fault(
                        document,
                        ("results", result),
                        "unset-result",
                        f"nothing in this flow sets `{result}`",
                        f"set it, or give it back with {{kind: return, results: {{{result}: ...}}}}",
                        key=True,
                        severity="warning",
                    )

    def _place_of_node(self, node_id: str) -> tuple[str, Mark]:
        flow, name = node_id.split(".", 1)
        document = self._written.flows[flow].document
        return document.file, document.place(("nodes", name), key=True)

    def scaffolding(self) -> list[object]:
        """What was needed to build and is no part of the library, one by one.

        For whoever loads beside something that must not wait: freed all at once, that of a large folder stops every
        thread for a while. To be dropped from the end.
        """
        holders = (
            self,
            self._written,
            self._builder,
            self._builder.catalogue,
            *self._written.documents.values(),
        )
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
        if self._written.incomplete:
            findings = [finding for finding in findings if finding.code not in _FOLLOWING]
        if only_when and any(finding.severity == "error" for finding in findings):
            raise FlowLoadError(findings)

    # The whole

    def _build(self) -> FlowLibrary:
        builder = self._builder
        hotline, document = builder.hotline, self._written.documents.get(HOTLINE)
        commands: dict[str, Command] = {}
        handlers: Handlers = {}
        fallback, farewell = "", None
        offer, pace = None, Pace()
        entry = "main" if "main" in self._written.flows else next(iter(self._written.flows))
        if hotline is not None and document is not None:
            commands = builder.commands(document, self._written.own_flow, ("always",), hotline.always)
            handlers = builder.handlers(document, self._written.own_flow, ("on",), hotline.on, "")
            farewell = hotline.farewell
            builder.asking_back = self._asking_back(document, hotline)
            offer = self._language_offer(document, hotline)
            pace = self._pace(document, hotline)
            if hotline.fallback is not None:
                fallback = builder.target(document, self._written.own_flow, ("fallback",), hotline.fallback)
            if hotline.entry in self._written.flows:
                entry = hotline.entry
            elif "entry" in hotline.model_fields_set or "main" not in self._written.flows:
                hint = did_you_mean(hotline.entry, self._written.flows)
                builder.fault(
                    document, ("entry",), "unknown-target", f"there is no flow `{hotline.entry}`", hint
                )
        builder.categories, classifier = build_categories(builder, self._written.documents)
        builder.names = build_names(builder, self._written.documents)
        if any(each.file in (CATEGORIES, NAMES) and each.severity == "error" for each in builder.findings):
            self._written.incomplete = True
        shared = {
            folder: _Shared(
                builder.handlers(library_document, "", ("on",), model.on, ""),
                builder.commands(library_document, "", ("always",), model.always),
            )
            for folder, (library_document, model) in self._written.libraries.items()
        }
        flows: dict[str, Flow] = {}
        nodes: dict[str, Node] = {}
        for name, written in self._written.flows.items():
            of_library = shared[written.library].commands if written.library in shared else {}
            flow, own = self._build_flow(name, written, {**commands, **of_library})
            flows[name] = flow
            for node_name, raw in written.model.nodes.items():
                node = self._node(written.document, name, node_name, raw, own)
                if node is not None:
                    nodes[node.id] = node
        nodes.update(self._hidden(document, farewell))
        _mask_what_is_typed_ahead(nodes, builder.exits)
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
            calendars=self._written.calendars,
            exits=tuple(builder.exits),
            listened=tuple(builder.listened),
            queues={name: tuple(used) for name, used in builder.queues.items()},
            timezone=self._timezone(document),
            name=hotline.hotline if hotline is not None else "",
            shared={folder: each.handlers for folder, each in shared.items()},
            shared_names=self._written.shared_names,
            hosts=builder.hosts,
            numbers=builder.numbers,
            sources=builder.sources,
            categories=builder.categories,
            classifier=classifier,
            names=builder.names,
            pace=pace,
            language_offer=offer,
            texts=self._sources,
        )

    def _build_flow(
        self, name: str, written: WrittenFlow, shared: Mapping[str, Command]
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

    def _language_offer(self, document: Document, hotline: HotlineModel) -> LanguageOffer | None:
        offer = hotline.offer_language
        if offer is None:
            return None
        path = ("offer_language", "keys")
        languages = self._builder.languages
        for language in offer.keys:
            self._builder.language(document, (*path, language), language)
        without = [language for language in languages if language not in offer.keys]
        if without:
            cause = f"no key chooses `{without[0]}`"
            self._builder.fault(document, path, "missing-field", cause, f"keys: {{{without[0]}: 1}}")
        if len(set(offer.keys.values())) < len(offer.keys) or any(
            len(key) > 1 for key in offer.keys.values()
        ):
            self._builder.fault(document, path, "wrong-value", "each language has one key of its own")
        say = self._builder.prompts(document, ("offer_language", "prompt"), offer.prompt)
        return LanguageOffer(say, offer.keys)

    def _pace(self, document: Document, hotline: HotlineModel) -> Pace:
        written = hotline.pace
        chosen = {
            name: value
            for name in ("slow_after", "slow_answer", "stretch", "pause_s")
            if (value := getattr(written, name)) is not None
        }
        slow_if = None
        if written.condition is not None:
            slow_if = self._builder.expression(document, ("pace", "if"), written.condition)
        return Pace(**chosen, slow_if=slow_if)

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
        return next((calendar.timezone for calendar in self._written.calendars.values()), dt.UTC)

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


def _fields(one: object) -> Iterator[object]:
    names = getattr(type(one), "__slots__", None) or vars(one)
    return (getattr(one, name) for name in names)


def _mask_what_is_typed_ahead(nodes: Mapping[str, Node], exits: Iterable[Exit]) -> None:
    """Keys pressed where nothing is asked are kept for the next question: personal ones begin before their node."""
    before: dict[str, list[str]] = {}
    for each in exits:
        if not each.label.startswith("always:"):
            before.setdefault(each.target, []).append(each.source)
    todo = [node.id for node in nodes.values() if node.masked]
    while todo:
        for source in before.get(todo.pop(), ()):
            node = nodes.get(source)
            if node is not None and node.keeps_keys and not node.asks and not node.masked:
                node.masked = True
                todo.append(source)
