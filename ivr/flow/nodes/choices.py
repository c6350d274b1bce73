"""The options of menu and ask: by key, by phrase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ivr.flow.actions import Note
from ivr.flow.digits import Pattern, PatternError, compile_pattern
from ivr.flow.expressions import TEXT, Expression
from ivr.flow.match import NO_PHRASES, Phrases, normalise
from ivr.flow.model import NO_PROMPTS, PromptList, Source
from ivr.flow.schema import OptionModel
from ivr.flow.state import Run
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder


@dataclass(frozen=True, slots=True)
class Option:
    name: str
    target: str
    by_key: Note
    by_speech: Note
    key: str = ""
    sets: Mapping[str, Source] = field(default_factory=dict)
    label: PromptList = NO_PROMPTS
    pattern: Pattern | None = None
    into: str = ""
    condition: Expression | None = None


class Options:
    """Compiled once; `press` and the phrase tables are what a turn uses."""

    __slots__ = ("_by_key", "_conditional", "_patterns", "_prefixes", "_said", "_spoken", "by_name")

    def __init__(self, build: NodeBuilder, models: Mapping[str, OptionModel], default_target: str) -> None:
        self.by_name: dict[str, Option] = {}
        self._by_key: dict[str, Option] = {}
        spoken: dict[str, dict[str, tuple[str, ...]]] = {}
        for name, model in models.items():
            path = ("options", name)
            target = default_target
            if model.next is not None:
                target = build.target(model.next, (*path, "next"), f"option:{name}")
            elif not default_target:
                build.fault((*path,), "no-next", f"the option `{name}` leads nowhere", "give it a `next`")
            by_key, by_speech = (
                Note("option", {"node": build.id, "option": name, "by": by}) for by in ("key", "speech")
            )
            sets = build.sets(model.set, (*path, "set"))
            phrases = build.phrases(model.say, (*path, "say"))
            pattern = None
            if model.pattern is not None:
                try:
                    pattern = compile_pattern(model.pattern)
                except PatternError as error:
                    build.fault((*path, "pattern"), "bad-pattern", str(error), error.mend)
            condition = None
            if model.condition is not None:
                condition = build.expression(model.condition, (*path, "if"))
            label = build.label(model.label, (*path, "label"), phrases)
            into = build.assigns(model.into, (*path, "into"), "", TEXT)
            option = Option(
                name, target, by_key, by_speech, model.key or "", sets, label, pattern, into, condition
            )
            self.by_name[name] = option
            if option.key in self._by_key:
                other = self._by_key[option.key].name
                build.fault(
                    (*path, "key"),
                    "duplicate-option-key",
                    f"key {option.key} is also `{other}`'s",
                    "change one",
                )
            elif option.key:
                self._by_key[option.key] = option
            if not option.key and not phrases and model.pattern is None:
                build.fault(
                    path, "unreachable-option", f"the option `{name}` has neither key nor phrase", "add `key`"
                )
            for language, texts in phrases.items():
                spoken.setdefault(language, {})[name] = texts
        self._said = spoken
        self._patterns = tuple(option for option in self.by_name.values() if option.pattern is not None)
        self._conditional = any(option.condition is not None for option in self.by_name.values())
        self._spoken = {language: Phrases(choices) for language, choices in spoken.items()}
        self._prefixes = frozenset(key[:length] for key in self._by_key for length in range(1, len(key)))

    def spoken(self, language: str) -> Phrases:
        return self._spoken.get(language, NO_PHRASES)

    def phrases(self, turn: Turn) -> tuple[str, ...]:
        """Those that choose something now."""
        spoken, but = self.spoken(turn.language), self.withheld(turn)
        if not but:
            return spoken.spoken
        return tuple(phrase for phrase in spoken.spoken if spoken.by_phrase.get(normalise(phrase)) not in but)

    def claimed_twice(self) -> Iterator[tuple[str, str, str, str]]:
        """(language, phrase, the option that has it, the other) for the linter."""
        for language, choices in self._said.items():
            owners: dict[str, str] = {}
            for name, phrases in choices.items():
                for phrase in phrases:
                    first = owners.setdefault(normalise(phrase), name)
                    if first != name:
                        yield language, phrase, first, name

    def withheld(self, turn: Turn) -> frozenset[str]:
        """The names of those whose condition does not hold now."""
        if not self._conditional:
            return frozenset()
        return frozenset(
            option.name
            for option in self.by_name.values()
            if option.condition is not None and turn.evaluate(option.condition) is not True
        )

    def press(self, turn: Turn, keys: str) -> tuple[Option | None, Literal["complete", "more", "none"]]:
        """complete: that option, and no other begins so. more: further keys fit (the option: if it is one already)."""
        but = self.withheld(turn)
        option = self._by_key.get(keys)
        if option is not None and option.name in but:
            option = None
        more = keys in self._prefixes
        for other in self._patterns:
            if other.pattern is None or other.name in but:
                continue
            if other.pattern.verdict(keys) != "invalid":
                more = more or not other.pattern.full(keys)
                if option is None and other.pattern.verdict(keys) == "complete":
                    option = other
        if more:
            return option, "more"
        return option, "complete" if option is not None else "none"

    def choose(
        self, turn: Turn, option: Option, by: Literal["key", "speech"], into: str, keys: str = ""
    ) -> None:
        turn.actions.append(option.by_key if by == "key" else option.by_speech)
        if into:
            turn.assign(into, option.name)
        if option.into:
            turn.assign(option.into, keys)
        for name, source in option.sets.items():
            turn.assign(name, source.value(turn))
        turn.go(option.target)

    def label(self, turn: Turn, name: str) -> tuple[Run, ...]:
        """How the option is called when it is asked back."""
        option = self.by_name.get(name)
        return option.label.runs(turn) if option is not None else ()
