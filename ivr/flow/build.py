"""Handlers, commands, phrases and targets as authors write them -> what the machine runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.flow.build_prompts import PromptBuilder
from ivr.flow.commands import Command, Commands
from ivr.flow.events import NAMES, name_parts
from ivr.flow.expressions import TEXT, Type
from ivr.flow.findings import did_you_mean
from ivr.flow.hosts import HostError, allowed, places, read_address
from ivr.flow.match import normalise
from ivr.flow.model import WAYS_OUT, Exit, Handler, Handlers, Listened, Parameter, PromptList, Source, Then
from ivr.flow.nodes.asking_back import AskingBack
from ivr.flow.schema import CommandModel, HandlerModel, UrgentModel
from ivr.flow.sources import LookupSource
from ivr.flow.understanding.classify import Category
from ivr.flow.understanding.homophones import too_common
from ivr.flow.understanding.names import Names
from ivr.flow.understanding.ready import is_hurry, make_ready
from ivr.flow.yaml_source import Document, Path


@dataclass(frozen=True, slots=True)
class Callee:
    """A flow as its callers see it before it is built."""

    name: str
    start: str
    parameters: Mapping[str, Parameter]
    results: Mapping[str, Type]
    events: frozenset[str]


class LibraryBuilder(PromptBuilder):
    """What all flows share while they are built; a `NodeBuilder` (build_node.py) is what a node builds itself with."""

    def __init__(self, kind_events: Iterable[str] = ()) -> None:
        super().__init__()
        self.calendars: set[str] = set()
        self.numbers: Mapping[str, str] = {}
        self.sources: Mapping[str, LookupSource] = {}
        self.hosts: tuple[str, ...] = ()
        self.known_queues: frozenset[str] | None = None
        self.starts: dict[str, str] = {}
        self.node_ids: set[str] = set()
        self._names: dict[str, list[str]] = {}
        """Flow -> its nodes' names: made for the first name that is none."""
        self.exits: list[Exit] = []
        self.listened: list[Listened] = []
        self.queues: dict[str, list[str]] = {}
        self.asking_back: AskingBack | None = None
        self.categories: Mapping[str, Category] = {}
        self.names = Names(())
        self.callees: dict[str, Callee] = {}
        self.returned: dict[str, set[str]] = {}
        """Flow -> the results that its `return` nodes give."""
        self._commands: dict[tuple[int, ...], Commands] = {}
        self.events = {part for name in (*NAMES, *kind_events) for part in name_parts(name)}

    def check_url(self, document: Document, path: Path, template: str) -> None:
        """Whether it is an address, and one of a host that requests may go to."""
        try:
            places(template)
            origin = read_address(template.replace("{", "").replace("}", ""))[1]
            if not allowed(origin, self.hosts):
                if str(origin) in self.hosts and origin.scheme == "http":
                    hint = f'write https://, or name it with http: ["http://{origin}"]'
                else:
                    hint = (
                        did_you_mean(str(origin), self.hosts)
                        or f"add it to hotline.yaml: requests: {{hosts: [{origin}]}}"
                    )
                self.fault(document, path, "unknown-host", f"requests may not go to `{origin}`", hint)
        except HostError as error:
            self.fault(document, path, "bad-url", str(error), error.mend)

    def commands_of(self, chosen: tuple[Command, ...]) -> Commands:
        """Compiled once for all nodes that have the same ones."""
        key = tuple(map(id, chosen))  # what is compiled keeps them, so no other gets the same id
        if key not in self._commands:
            self._commands[key] = Commands(chosen)
        return self._commands[key]

    def target(self, document: Document, flow: str, path: Path, written: str) -> str:
        """The id of a node; "" with a finding when there is none."""
        for candidate in (f"{flow}.{written}" if flow else "", written, self.starts.get(written, "")):
            if candidate in self.node_ids:
                return candidate
        if written in WAYS_OUT:
            return WAYS_OUT[written]
        if not self._names:
            for node in self.node_ids:
                of, name = node.split(".", 1)
                self._names.setdefault(of, []).append(name)
        near = [*self._names.get(flow, ()), *self.starts]
        hint = did_you_mean(written, near if "." not in written else [*near, *self.node_ids])
        self.fault(document, path, "unknown-target", f"there is no node or flow `{written}`", hint)
        return ""

    def language(self, document: Document, path: Path, name: str) -> str:
        """One of the hotline's."""
        if name not in self.languages:
            hint = did_you_mean(name, self.languages) or f"one of {', '.join(self.languages)}"
            self.fault(document, path, "unknown-language", f"`{name}`", hint)
        return name

    def listened_phrases(self, document: Document, path: Path, raw: object) -> dict[str, tuple[str, ...]]:
        """As `phrases`: of what callers may choose by saying it."""
        phrases = self.phrases(document, path, raw)
        for language, texts in phrases.items():
            # One alone needs no list around it.
            listed = isinstance(raw, dict) and isinstance(raw.get(language), list)
            for index, text in enumerate(texts):
                place = (*path, language, index) if listed else (*path, language)
                self.listened.append(Listened(document.file, place, language, text))
        return phrases

    def phrases(self, document: Document, path: Path, raw: object) -> dict[str, tuple[str, ...]]:
        """`{zh: [投诉, 举报], en: complaint}`."""
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.fault(
                document, path, "bad-phrases", "phrases are written by language", "{zh: [...], en: [...]}"
            )
            return {}
        phrases: dict[str, tuple[str, ...]] = {}
        for language, written in raw.items():
            texts = written if isinstance(written, list) else [written]
            where = (*path, language)
            if language not in self.languages:
                hint = did_you_mean(language, self.languages) or f"one of {', '.join(self.languages)}"
                self.fault(document, where, "unknown-language", f"`{language}`", hint, key=True)
            elif not texts or not all(isinstance(text, str) and normalise(text) for text in texts):
                self.fault(
                    document, where, "bad-phrases", "a phrase is a text with words in it", "quote numbers"
                )
            else:
                phrases[language] = tuple(texts)
        return phrases

    def handlers(
        self, document: Document, flow: str, path: Path, raw: Mapping[str, object], source: str
    ) -> Handlers:
        """source: the id of the node whose exits they are, "" for those of a flow or the hotline."""
        handlers: dict[str, tuple[Handler, ...]] = {}
        for event, written in raw.items():
            where = (*path, event)
            if event not in self.events:
                hint = did_you_mean(event, self.events)
                self.fault(document, where, "unknown-event", f"there is no event `{event}`", hint, key=True)
                continue
            many = isinstance(written, list)
            built = [
                self._handler(document, flow, (*where, index) if many else where, event, item, source)
                for index, item in enumerate(written if isinstance(written, list) else [written])
            ]
            handlers[event] = tuple(handler for handler in built if handler is not None)
        return handlers

    def _handler(
        self, document: Document, flow: str, path: Path, event: str, raw: object, source: str
    ) -> Handler | None:
        model = self.validate(HandlerModel, document, path, raw)
        if model is None:
            return None
        ways = [way for way in ("reprompt", "next", "hangup", "raises") if getattr(model, way)]
        if len(ways) > 1:
            self.fault(
                document,
                path,
                "two-ways",
                f"{' and '.join(ways).replace('raises', 'raise')} at once",
                "keep one",
                key=True,
            )
            return None
        then: Then = "wait"
        target = ""
        if model.next is not None:
            target = self.target(document, flow, (*path, "next"), model.next)
            then = "go"
            if source and target:
                self.exits.append(Exit(source, target, f"on:{event}", error=True))
        elif model.reprompt:
            then = "reprompt"
        elif model.hangup:
            then = "hangup"
        elif model.raises is not None:
            then, target = "raise", model.raises
            if model.raises not in self.events or model.raises == "hangup":
                hint = did_you_mean(model.raises, self.events)
                self.fault(
                    document, (*path, "raise"), "unknown-event", f"there is no event `{model.raises}`", hint
                )
        condition = None
        if model.condition is not None:
            condition = self.expression(document, (*path, "if"), model.condition)
        say = self.prompts(document, (*path, "say"), model.say)
        sets = self.sets(document, (*path, "set"), model.set)
        return Handler(event, model.count, then, model.per, condition, say, target, sets)

    def sets(self, document: Document, path: Path, raw: Mapping[str, object]) -> dict[str, Source]:
        """`{name: value}`, values literal or `= expression`."""
        for name in raw:
            self.assigns(document, (*path, name), name)
        return {
            name: self.source(document, (*path, name), value, assigned=name) for name, value in raw.items()
        }

    def commands(
        self, document: Document, flow: str, path: Path, models: Mapping[str, CommandModel]
    ) -> dict[str, Command]:
        commands: dict[str, Command] = {}
        keys: dict[str, str] = {}
        for name, model in models.items():
            where = (*path, name)
            if sum(way is not None for way in (model.next, model.do, model.language)) != 1:
                self.fault(
                    document,
                    where,
                    "two-ways",
                    f"`{name}` has `next`, `do` or `language`",
                    "write one of them",
                    key=True,
                )
                continue
            key = model.key or ""
            if len(key) > 1:
                self.fault(document, (*where, "key"), "wrong-value", "a command has one key")
            if key and key in keys:
                self.fault(document, (*where, "key"), "duplicate-key", f"key {key} is also `{keys[key]}`'s")
            keys[key] = name
            target = ""
            if model.next is not None:
                target = self.target(document, flow, (*where, "next"), model.next)
            say = self.listened_phrases(document, (*where, "say"), model.say)
            language = ""
            if model.language is not None:
                language = self.language(document, (*where, "language"), model.language)
            do = model.do if model.do is not None else "language" if language else "go"
            into = model.into or ""
            if into:
                self.assigns(document, (*where, "into"), into, "", TEXT)
            urgent = self._urgent(document, where, model, say)
            commands[name] = Command(
                name,
                do,
                target,
                key,
                bool(model.urgent),
                model.reason,
                say,
                into,
                language=language,
                **urgent,
            )
        return commands

    def _urgent(
        self, document: Document, path: Path, model: CommandModel, say: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Any]:
        """The fields of `Command` that only an urgent one has."""
        if not model.urgent:
            return {}
        rules = model.urgent if isinstance(model.urgent, UrgentModel) else UrgentModel.model_validate({})
        where = (*path, "urgent")
        if rules.phrase:
            self.assigns(document, (*where, "phrase"), rules.phrase, "", TEXT)
        make_ready(say)
        for language, phrases in say.items() if not is_hurry() else ():
            for phrase in phrases:
                cause = too_common(phrase, language, rules.sound)
                if cause:
                    self.fault(
                        document,
                        (*path, "say", language),
                        "common-urgent-phrase",
                        f"“{phrase}” {cause}",
                        "say more of it, or write `urgent: {sound: off}`",
                        severity="warning",
                    )
        return {
            "sound": rules.sound,
            "signs": self.phrases(document, (*where, "signs"), rules.signs),
            "calming": self.phrases(document, (*where, "calming"), rules.calming),
            "doubt": rules.doubt,
            "labels": self._labels(document, where, rules, say),
            "phrase": rules.phrase or "",
        }

    def _labels(
        self, document: Document, path: Path, rules: UrgentModel, say: Mapping[str, tuple[str, ...]]
    ) -> dict[str, PromptList]:
        """Phrase -> how it is asked back: as written, else the phrase itself; where another language is spoken, the
        first phrase of that one."""
        if rules.label is not None:
            label = self.prompts(document, (*path, "label"), rules.label)
            return {phrase: label for phrases in say.values() for phrase in phrases}
        if rules.doubt != "ask" or self.hotline is None or self.hotline.confirm is None:
            return {}
        if set(say) < set(self.languages):
            return {}
        first = {language: phrases[0] for language, phrases in say.items()}
        return {
            phrase: self.prompts(document, path, {**first, language: phrase})
            for language, phrases in say.items()
            for phrase in phrases
        }
