"""What a node builds itself with: the library's builder, at the node's own place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ivr.flow.actions import JsonValue
from ivr.flow.build import KNOWN_NAMES, LibraryBuilder
from ivr.flow.expressions import Expression
from ivr.flow.findings import Severity, did_you_mean
from ivr.flow.model import Command, Commands, Exit, Handlers, PromptList, Source, TaperedPrompts
from ivr.flow.nodes.asking import InputRules
from ivr.flow.prompt_text import PromptTextError, names, parse, render
from ivr.flow.schema import InputModel
from ivr.flow.turn import Turn
from ivr.flow.yaml_source import Document, Path

_RULE_FIELDS = (
    ("barge_in", "interrupt", "interrupt"),
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
        """Prompts, or `{1: prompts, 2: prompts}`."""
        if raw is None:
            return TaperedPrompts()
        if not (isinstance(raw, dict) and raw and all(key.isdecimal() for key in raw)):
            return TaperedPrompts(((1, self.prompts(raw, path)),))
        counted = sorted((int(key), key) for key in raw)
        if counted[0][0] != 1:
            self.fault(path, "wrong-value", "the prompts by count begin with 1", "add `1:`")
        return TaperedPrompts(tuple((count, self.prompts(raw[key], (*path, key))) for count, key in counted))

    def expression(self, raw: object, path: Path) -> Expression | None:
        return self._library.expression(self._document, self._at(path), raw)

    def source(self, raw: object, path: Path) -> Source:
        return self._library.source(self._document, self._at(path), raw)

    def sets(self, raw: Mapping[str, object], path: Path) -> dict[str, Source]:
        for name in raw:
            self._library.variables.setdefault(name, None)
        return {name: self.source(value, (*path, name)) for name, value in raw.items()}

    def assigns(self, name: str | None, path: Path, initial: JsonValue) -> str:
        """A variable that the node sets; "" for none. initial: its value until then."""
        if name is None:
            return ""
        if name in KNOWN_NAMES:
            self.fault(
                path, "reserved-name", f"`{name}` is a name of the language itself", "call it something else"
            )
        if self._library.variables.get(name) is None:
            self._library.variables[name] = initial
        return name

    def text(self, template: str, path: Path) -> Callable[[Turn], str]:
        """A text for people's eyes with `{variables}` in it."""
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
        return lambda turn: render(
            parts, {name: "" if (v := turn.variable(name)) is None else v for name in needed}, turn.language
        )

    def phrases(self, raw: object, path: Path) -> dict[str, tuple[str, ...]]:
        return self._library.phrases(self._document, self._at(path), raw)

    def handlers(self, raw: Mapping[str, object], path: Path) -> Handlers:
        return self._library.handlers(self._document, self.flow, self._at(path), raw, self.id)

    def commands(self, always: bool | list[str]) -> Commands:
        if isinstance(always, list):
            for index, name in enumerate(always):
                if name not in self._flow_commands:
                    hint = did_you_mean(name, self._flow_commands)
                    self.fault(("always", index), "unknown-command", f"there is no command `{name}`", hint)
            chosen = [command for name, command in self._flow_commands.items() if name in always]
        else:
            chosen = list(self._flow_commands.values()) if always else []
        for command in chosen:
            if command.target:
                self._library.exits.append(Exit(self.id, command.target, f"always:{command.name}"))
        return Commands(tuple(chosen))

    def rules(self, model: InputModel) -> InputRules:
        """The node's own, else the hotline's, else the language's defaults."""
        chosen: dict[str, Any] = {}
        for section, field, rule in _RULE_FIELDS:
            value = getattr(getattr(model, section), field)
            if value is None and self._library.hotline is not None:
                value = getattr(getattr(self._library.hotline, section), field)
            if value is not None:
                chosen[rule] = value
        return InputRules(**chosen)

    def queue(self, name: str, path: Path) -> str:
        known = self._library.known_queues
        if known is not None and name not in known:
            self.fault(path, "unknown-queue", f"there is no queue `{name}`", did_you_mean(name, known))
        self._library.queues.setdefault(name, []).append(self.id)
        return name

    def calendar(self, name: str, path: Path) -> str:
        if name not in self._library.calendars:
            hint = did_you_mean(name, self._library.calendars) or "add it under `calendars` in hotline.yaml"
            self.fault(path, "unknown-calendar", f"there is no calendar `{name}`", hint)
        return name

    def language(self, name: str, path: Path) -> str:
        if name not in self._library.languages:
            hint = (
                did_you_mean(name, self._library.languages) or f"one of {', '.join(self._library.languages)}"
            )
            self.fault(path, "unknown-language", f"`{name}`", hint)
        return name
