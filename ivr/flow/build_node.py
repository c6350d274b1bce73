"""What a node builds itself with: the library's builder, at the node's own place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ivr.flow.actions import JsonValue
from ivr.flow.build import Callee, LibraryBuilder
from ivr.flow.commands import Command, Commands
from ivr.flow.expressions import ANY, TEXT, Expression, Type
from ivr.flow.findings import Severity, did_you_mean
from ivr.flow.hosts import encoded
from ivr.flow.model import NO_PROMPTS, Exit, Handlers, PromptList, Source, TaperedPrompts
from ivr.flow.nodes.asking import InputRules
from ivr.flow.nodes.asking_back import AskingBack
from ivr.flow.prompt_text import PromptTextError, names, parse, render
from ivr.flow.schema import InputModel
from ivr.flow.turn import Turn
from ivr.flow.understanding.classify import Category
from ivr.flow.yaml_source import Document, Path

SLOW = "slow"
"""The prompts, among those by count, for a caller who struggles."""
_RULE_FIELDS = (
    ("barge_in", "interrupt", "interrupted_by"),
    ("barge_in", "listen", "listen_during_prompt"),
    ("barge_in", "flush", "flush"),
    ("timers", "first_input_s", "first_input_s"),
    ("timers", "inter_digit_s", "inter_digit_s"),
    ("timers", "terminator_s", "terminator_s"),
    ("timers", "end_silence_s", "end_silence_s"),
    ("timers", "longest_s", "longest_s"),
    ("timers", "whole_s", "whole_s"),
    ("speech", "listen", "speech"),
    ("speech", "accept", "accept"),
    ("speech", "confirm", "confirm"),
    ("speech", "identify", "identify"),
)
"""Section and field of the models -> field of InputRules."""


class NodeBuilder:
    """What a node builds itself with. Paths are those within the node."""

    def __init__(
        self,
        library: LibraryBuilder,
        document: Document,
        flow: str,
        name: str,
        flow_commands: Mapping[str, Command],
    ) -> None:
        self._library = library
        self._document = document
        self._path: Path = ("nodes", name)
        self._flow_commands = flow_commands
        self.flow = flow
        self.id = f"{flow}.{name}"

    def _at(self, path: Path) -> Path:
        return (*self._path, *path)

    def fault(
        self, path: Path, code: str, cause: str, suggestion: str = "", *, severity: Severity = "error"
    ) -> None:
        self._library.fault(self._document, self._at(path), code, cause, suggestion, severity=severity)

    def target(self, written: str, path: Path, label: str) -> str:
        target = self._library.target(self._document, self.flow, self._at(path), written)
        if target:
            self._library.exits.append(Exit(self.id, target, label))
        return target

    def prompts(self, raw: object, path: Path, extra: Sequence[str] = ()) -> PromptList:
        return self._library.prompts(self._document, self._at(path), raw, extra)

    def tapered(self, raw: object, path: Path) -> TaperedPrompts:
        """Prompts, or `{1: prompts, 2: prompts, slow: prompts}`."""
        if raw is None:
            return TaperedPrompts()
        if not (isinstance(raw, dict) and raw and all(key.isdecimal() or key == SLOW for key in raw)):
            return TaperedPrompts(((1, self.prompts(raw, path)),))
        counted = sorted((int(key), key) for key in raw if key != SLOW)
        if not counted or counted[0][0] != 1:
            self.fault(path, "wrong-value", "the prompts by count begin with 1", "add `1:`")
        slow = self.prompts(raw[SLOW], (*path, SLOW)) if SLOW in raw else None
        by_count = tuple((count, self.prompts(raw[key], (*path, key))) for count, key in counted)
        return TaperedPrompts(by_count, slow)

    def expression(self, raw: object, path: Path) -> Expression | None:
        return self._library.expression(self._document, self._at(path), raw)

    def source(self, raw: object, path: Path, expected: Type | None = None) -> Source:
        return self._library.source(self._document, self._at(path), raw, expected)

    def sources(self, raw: Mapping[str, object], path: Path) -> dict[str, Source]:
        """Values by name, none of them a variable that is set."""
        return {name: self.source(value, (*path, name)) for name, value in raw.items()}

    def sets(self, raw: Mapping[str, object], path: Path) -> dict[str, Source]:
        return self._library.sets(self._document, self._at(path), raw)

    def assigns(self, name: str | None, path: Path, initial: JsonValue, type_: Type = ANY) -> str:
        """A variable that the node sets to values of that type; "" for none. initial: its value until then."""
        if name is None:
            return ""
        self._library.assigns(self._document, self._at(path), name, initial, type_)
        return name

    def text(self, template: str, path: Path) -> Callable[[Turn], str]:
        """A text for people's eyes with `{variables}` in it."""
        return self._filled(template, path, lambda value, _: "" if value is None else str(value))

    def _filled(
        self, template: str, path: Path, written: Callable[[JsonValue, str], str]
    ) -> Callable[[Turn], str]:
        """written: a value and its name -> how it stands in the text."""
        try:
            parts = parse(template)
        except PromptTextError as error:
            self.fault(path, "bad-prompt-text", str(error), error.mend)
            return lambda turn: ""
        needed = sorted(names(parts))
        self._library.use(self._document, self._at(path), {name.split(".", 1)[0] for name in needed})
        if not needed:
            plain = render(parts, {}, "")
            return lambda turn: plain

        def fill(turn: Turn) -> str:
            return render(parts, {name: written(turn.variable(name), name) for name in needed}, turn.language)

        return fill

    def url(self, template: str, path: Path) -> Callable[[Turn], str]:
        """A URL with `{variables}`, each escaped when it is filled in; its host must be one that requests may go to.

        Filling it in raises HostError for a value that fits into none.
        """
        self._library.check_url(self._document, self._at(path), template)
        return self._filled(template, path, encoded)

    def nested(self, raw: object, path: Path) -> Callable[[Turn], JsonValue]:
        """JSON with `= expression` at any place."""
        if isinstance(raw, dict):
            entries = {name: self.nested(value, (*path, name)) for name, value in raw.items()}
            return lambda turn: {name: make(turn) for name, make in entries.items()}
        if isinstance(raw, list):
            items = [self.nested(value, (*path, index)) for index, value in enumerate(raw)]
            return lambda turn: [make(turn) for make in items]
        return self.source(raw, path).value

    def phrases(self, raw: object, path: Path) -> dict[str, tuple[str, ...]]:
        return self._library.listened_phrases(self._document, self._at(path), raw)

    def label(self, raw: object, path: Path, phrases: Mapping[str, tuple[str, ...]]) -> PromptList:
        """How a choice is called when it is asked back: as written, else its first phrase in every language."""
        hotline = self._library.hotline
        if raw is not None:
            return self.prompts(raw, path)
        if hotline is None or hotline.confirm is None or set(phrases) < set(self._library.languages):
            return NO_PROMPTS
        first = {language: texts[0].replace("{", "").replace("}", "") for language, texts in phrases.items()}
        return self.prompts(first, path)

    def title_prompt(self, titles: Mapping[str, str], path: Path) -> PromptList:
        """How a category is called when it is asked back: its title, where it has one in every language."""
        hotline = self._library.hotline
        if hotline is None or hotline.confirm is None or set(titles) < set(self._library.languages):
            return NO_PROMPTS
        plain = {language: text.replace("{", "").replace("}", "") for language, text in titles.items()}
        return self.prompts(plain, path)

    @property
    def languages(self) -> tuple[str, ...]:
        """Of the hotline."""
        return self._library.languages

    @property
    def categories(self) -> Mapping[str, Category]:
        return self._library.categories

    @property
    def name_kinds(self) -> frozenset[str]:
        """Of the city's names."""
        return self._library.names.kinds

    def asking_back(self) -> AskingBack | None:
        return self._library.asking_back

    def handlers(self, raw: Mapping[str, object], path: Path) -> Handlers:
        return self._library.handlers(self._document, self.flow, self._at(path), raw, self.id)

    def commands(self, always: bool | list[str], obeys: Callable[[Command], bool]) -> Commands:
        """obeys: which of them the kind of node can do."""
        if isinstance(always, list):
            for index, name in enumerate(always):
                if name not in self._flow_commands:
                    hint = did_you_mean(name, self._flow_commands)
                    self.fault(("always", index), "unknown-command", f"there is no command `{name}`", hint)
            chosen = tuple(command for name, command in self._flow_commands.items() if name in always)
        else:
            chosen = tuple(self._flow_commands.values()) if always else ()
        chosen = tuple(command for command in chosen if obeys(command))
        for command in chosen:
            if command.target:
                self._library.exits.append(Exit(self.id, command.target, f"always:{command.name}"))
        return self._library.commands_of(chosen)

    def rules(self, model: InputModel) -> InputRules:
        """The node's own, else the hotline's, else the language's defaults."""
        chosen: dict[str, Any] = {}
        for section, field, rule in _RULE_FIELDS:
            value = getattr(getattr(model, section), field)
            if value is None and self._library.hotline is not None:
                value = getattr(getattr(self._library.hotline, section), field)
            if value is not None:
                chosen[rule] = value
        by = chosen.pop("interrupted_by", True)
        chosen["interrupt_keys"] = by in (True, "keys")
        chosen["interrupt_speech"] = by in (True, "speech")
        rules = InputRules(**chosen)
        # What is believed need not be asked back.
        return replace(rules, confirm=min(rules.confirm, rules.accept))

    @property
    def accept(self) -> float:
        """From this confidence on a command is believed."""
        hotline = self._library.hotline
        accept = hotline.speech.accept if hotline is not None else None
        return InputRules().accept if accept is None else accept

    @property
    def listens(self) -> bool:
        """Whether the hotline listens at all while prompts play."""
        hotline = self._library.hotline
        return hotline is None or (
            hotline.barge_in.listen is not False and hotline.speech.listen is not False
        )

    def queue(self, name: str, path: Path) -> str:
        known = self._library.known_queues
        if known is not None and name not in known:
            self.fault(path, "unknown-queue", f"there is no queue `{name}`", did_you_mean(name, known))
        self._library.queues.setdefault(name, []).append(self.id)
        return name

    def queue_source(self, written: str, path: Path) -> Source:
        """A queue by name, or the expression that gives it."""
        return (
            self.source(written, path, TEXT) if written.startswith("=") else Source(self.queue(written, path))
        )

    def number(self, name: str, path: Path) -> str:
        """One of the hotline's `numbers`, by name."""
        if name not in self._library.numbers:
            hint = did_you_mean(name, self._library.numbers) or "add it under `numbers` in hotline.yaml"
            self.fault(path, "unknown-number", f"there is no number `{name}`", hint)
        return name

    def lookup_source(self, name: str, path: Path, by: Mapping[str, object]) -> str:
        """One of the hotline's `sources`, asked by these columns or arguments."""
        source = self._library.sources.get(name)
        if source is None:
            hint = did_you_mean(name, self._library.sources) or "add it under `sources` in hotline.yaml"
            self.fault(path, "unknown-source", f"there is no source `{name}`", hint)
            return name
        known = source.table.columns if source.table is not None else source.arguments
        for each in by:
            if source.kind != "history" and each not in known:
                hint = did_you_mean(each, known) or f"one of {', '.join(known)}"
                self.fault(("by", each), "unknown-column", f"`{name}` has no `{each}`", hint)
        if source.kind == "queues":
            queue = by.get("queue")
            if not isinstance(queue, str):
                self.fault(("by",), "missing-field", "`queue` is missing", "by: {queue: general}")
            elif not queue.startswith("="):
                self.queue(queue, ("by", "queue"))
        return name

    def callee(self, name: str, path: Path) -> Callee | None:
        """A flow that can be called, by name."""
        found = self._library.callees.get(name)
        if found is None:
            hint = did_you_mean(name, self._library.callees)
            self.fault(path, "unknown-flow", f"there is no flow `{name}`", hint)
        return found

    def calls(self, callee: Callee) -> None:
        """The way into a called flow, which comes back by itself."""
        self._library.exits.append(Exit(self.id, callee.start, "calls"))

    def returns(self, results: Mapping[str, object], event: str) -> None:
        """What a `return` node of this flow gives back has to be declared by the flow."""
        own = self._library.callees.get(self.flow)
        if own is None:
            return
        self._library.returned.setdefault(self.flow, set()).update(results)
        for name in results:
            if name not in own.results:
                hint = did_you_mean(name, own.results) or f"declare it: results: {{{name}: text}}"
                self.fault(("results", name), "unknown-result", f"the flow has no result `{name}`", hint)
        if event and event not in own.events:
            hint = did_you_mean(event, own.events) or f"declare it: events: [{event}]"
            self.fault(("event",), "unknown-event", f"the flow hands back no event `{event}`", hint)

    def event(self, name: str, path: Path) -> str:
        """An event that a node may raise: one of the language's, of a kind's, or one that a flow declares."""
        known = self._library.events - {"hangup"}
        if name not in known:
            hint = did_you_mean(name, known) or f"declare it in the flow: events: [{name}]"
            self.fault(path, "unknown-event", f"there is no event `{name}`", hint)
        return name

    def calendar(self, name: str, path: Path) -> str:
        if name not in self._library.calendars:
            hint = did_you_mean(name, self._library.calendars) or "add it under `calendars` in hotline.yaml"
            self.fault(path, "unknown-calendar", f"there is no calendar `{name}`", hint)
        return name

    def language(self, name: str, path: Path) -> str:
        return self._library.language(self._document, self._at(path), name)
