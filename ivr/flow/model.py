"""A loaded library of flows: compiled, immutable, shared by all calls of its version. No pydantic from here on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ivr.flow.actions import JsonValue, Prompt
from ivr.flow.adapting import Pace
from ivr.flow.calendars.calendar import Calendar
from ivr.flow.expressions import Expression
from ivr.flow.findings import Finding
from ivr.flow.plurals import Plural
from ivr.flow.state import Run
from ivr.flow.understanding.classify import Category, Classifier, RuleClassifier
from ivr.flow.understanding.names import Names

if TYPE_CHECKING:
    from ivr.flow.commands import Commands
    from ivr.flow.expressions.types import Type
    from ivr.flow.languages import LanguageOffer
    from ivr.flow.nodes.base import Node
    from ivr.flow.sources import LookupSource
    from ivr.flow.turn import Turn

FAREWELL = "~farewell"
HANGUP = "~hangup"
RETURN = "~return"
"""The hidden nodes: they end a call with the hotline's last words, end it without, and return from a subflow."""
WAYS_OUT = {"hangup": HANGUP, "return": RETURN}
"""What `next` may say instead of a node's name."""


def dug(value: JsonValue, path: str) -> JsonValue:
    """What is in a value under `name.first`; null when it has none; "" = itself."""
    for part in path.split(".") if path else ():
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


@dataclass(frozen=True, slots=True)
class Source:
    """A value that an author wrote: a literal, or an expression (`= tries + 1`)."""

    literal: JsonValue = None
    expression: Expression | None = None

    def value(self, turn: Turn) -> JsonValue:
        """An expression that fails gives null, and a note in the journal."""
        return self.literal if self.expression is None else turn.evaluate(self.expression)


@dataclass(frozen=True, slots=True)
class PromptItem:
    """names: what its text names. values: where a name is not simply a variable. language: "" = the call's."""

    id: str
    names: tuple[str, ...] = ()
    values: Mapping[str, Source] = field(default_factory=dict)
    language: str = ""
    condition: Expression | None = None
    plural: Plural | None = None
    """Its plural forms, one of which is said."""


class PromptList:
    """Prompts one after the other, as runs of one language each."""

    __slots__ = ("_by_language", "_static", "items")

    def __init__(self, items: tuple[PromptItem, ...]) -> None:
        self.items = items
        self._static: tuple[Prompt, ...] | None = None
        self._by_language: dict[str, tuple[Run, ...]] = {}
        if all(not (item.names or item.language or item.condition) for item in items):
            self._static = tuple(Prompt(item.id) for item in items)

    def runs(self, turn: Turn, extra: Mapping[str, JsonValue] | None = None) -> tuple[Run, ...]:
        """extra: values before those of the variables of the same name (`place`)."""
        if self._static is not None:
            return self._by_language.get(turn.language) or self._keep(turn.language, self._static)
        runs: list[Run] = []
        for item in self.items:
            if item.condition is not None and turn.evaluate(item.condition) is not True:
                continue
            values: dict[str, JsonValue] = {}
            for name in item.names:
                if name in item.values:
                    values[name] = item.values[name].value(turn)
                elif extra is not None and name.partition(".")[0] in extra:
                    values[name] = dug(extra[name.partition(".")[0]], name.partition(".")[2])
                else:
                    values[name] = turn.variable(name)
            language = item.language or turn.language
            prompt_id = item.id if item.plural is None else item.plural.pick(language, values)
            append_run(runs, Run(language, (Prompt(prompt_id, values),)))
        return tuple(runs)

    def _keep(self, language: str, prompts: tuple[Prompt, ...]) -> tuple[Run, ...]:
        """Runs that never differ are made once a language."""
        runs = (Run(language, prompts),) if prompts else ()
        self._by_language[language] = runs
        return runs


NO_PROMPTS = PromptList(())


def prompts_of(runs: Iterable[Run]) -> tuple[Prompt, ...]:
    """Runs without their languages: for another party, who hears them all in one."""
    return tuple(prompt for run in runs for prompt in run.prompts)


def append_run(runs: list[Run], run: Run) -> None:
    """Adds a run, into the last one when both speak the same language."""
    if runs and runs[-1].language == run.language:
        runs[-1] = Run(run.language, runs[-1].prompts + run.prompts)
    else:
        runs.append(run)


@dataclass(frozen=True, slots=True)
class TaperedPrompts:
    """by_count: (from the how-manieth time on, prompts), ascending."""

    by_count: tuple[tuple[int, PromptList], ...] = ()
    slow: PromptList | None = None
    """Said instead, whatever the count, to a caller who struggles."""

    def pick(self, count: int, *, slow: bool = False) -> PromptList:
        if slow and self.slow is not None:
            return self.slow
        chosen = NO_PROMPTS
        for least, prompts in self.by_count:
            if least > count:
                break
            chosen = prompts
        return chosen


Then = Literal["wait", "reprompt", "go", "hangup", "raise", "rescue", "offer"]
"""What a handler leads to. raise: another event. rescue: the hotline's `fallback`, or the last words when that did not
help. offer: the other language, in itself."""
Per = Literal["visit", "flow", "call"]


@dataclass(frozen=True, slots=True)
class Handler:
    event: str
    count: int
    then: Then
    per: Per = "visit"
    condition: Expression | None = None
    say: PromptList = NO_PROMPTS
    target: str = ""
    """A node, or the event to raise."""
    sets: Mapping[str, Source] = field(default_factory=dict)


Handlers = Mapping[str, tuple[Handler, ...]]
"""Event name -> its handlers, in the order written."""


@dataclass(frozen=True, slots=True)
class Listened:
    """A phrase that callers may say, and where it is written: for those who know which words can be heard."""

    file: str
    path: tuple[str | int, ...]
    language: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Exit:
    """A way from one node to another, for the linter and the graph. label: "next", "option:complaint" ..."""

    source: str
    target: str
    label: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a flow is given when it is called. required: without a default."""

    name: str
    type: Type
    required: bool = True
    default: JsonValue = None


@dataclass(frozen=True, slots=True)
class Flow:
    """events: those that it hands to the flow that called it. variables: its own, parameters too, as they are at its
    start. library: the folder it is included from, "" = the hotline's own."""

    name: str
    start: str
    file: str
    handlers: Handlers
    commands: Commands
    title: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    results: Mapping[str, Type] = field(default_factory=dict)
    events: frozenset[str] = frozenset()
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    library: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FlowLibrary:
    """version: sha256 over the sources. prompts: id -> language -> text. findings: the linter's warnings.

    queues: name of a queue -> the nodes that use it, for those who check that it exists and is staffed. shared:
    included library -> its handlers. shared_names: the variables of the hotline itself, which belong to the whole
    call. hosts: where requests may go. numbers: name -> number that may be dialled. sources:
    for lookups. categories, classifier: what calls are about. names: of the city.
    """

    version: str
    languages: tuple[str, ...]
    entry: str
    fallback: str
    flows: Mapping[str, Flow]
    nodes: Mapping[str, Node]
    prompts: Mapping[str, Mapping[str, str]]
    handlers: Handlers
    variables: Mapping[str, JsonValue]
    calendars: Mapping[str, Calendar]
    exits: tuple[Exit, ...] = ()
    queues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    timezone: dt.tzinfo = dt.UTC
    name: str = ""
    shared: Mapping[str, Handlers] = field(default_factory=dict)
    shared_names: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, LookupSource] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    classifier: Classifier = RuleClassifier(())
    names: Names = Names(())
    pace: Pace = Pace()
    language_offer: LanguageOffer | None = None
    listened: tuple[Listened, ...] = field(default=(), repr=False)
    texts: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The files it was made of, by name."""
