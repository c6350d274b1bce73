"""The words of a node and its exits: prompts, options with their keys, conditions. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ivr.flow.actions import PAUSE_PROMPT
from ivr.flow.commands import Command
from ivr.flow.digits import Pattern
from ivr.flow.graph import words
from ivr.flow.graph.model import Text
from ivr.flow.graph.text import clean
from ivr.flow.match import normalise
from ivr.flow.model import Exit, FlowLibrary, Handler, Handlers, PromptList, Source, TaperedPrompts
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.choices import Options
from ivr.flow.nodes.split import Split
from ivr.flow.prompt_text import Literal, parse

_DETAILS = (
    "queue",
    "calendar",
    "language",
    "kind_of_target",
    "mode",
    "source",
    "method",
    "channel",
    "to",
    "event",
    "into",
    "intent",
)
"""Attributes of nodes that their authors know by name, in the order shown."""
_NEXT = {"menu": "the rest", "ask": "otherwise"}
"""Kind -> what its `next` is for, where its options have their own."""


def said(library: FlowLibrary, node: Node, languages: Sequence[str]) -> Text:
    """What the node says first, in each language; "" for a silent node."""
    prompts = getattr(node, "prompts", None)
    if isinstance(prompts, TaperedPrompts):
        prompts = prompts.pick(1)
    if not isinstance(prompts, PromptList):
        return words.same("", languages)
    return {language: _spoken(library, prompts, language) for language in languages}


def _spoken(library: FlowLibrary, prompts: PromptList, language: str) -> str:
    """A prompt with a language of its own is for the speakers of that one, unless all of them have another."""
    said = [item for item in prompts.items if item.id != PAUSE_PROMPT]
    own = [item for item in said if item.language in ("", language)]
    texts = []
    for item in own or said:
        translations = library.prompts.get(item.id, {})
        wanted = item.language or language
        text = translations.get(wanted) or next(iter(translations.values()), item.id)
        texts.append(_readable(text))
    between = "" if language.startswith("zh") else " "
    return clean(between.join(texts))


def _readable(text: str) -> str:
    """`第{place:number}位` -> `第{place}位`."""
    return "".join(part.text if isinstance(part, Literal) else f"{{{part.name}}}" for part in parse(text))


def detail(node: Node) -> str:
    """`queue general · into said`; "" when there is nothing to tell."""
    told = []
    for name in _DETAILS:
        value = getattr(node, name, None)
        if isinstance(value, Source):
            value = _source(value, "= ")
        if not isinstance(value, str) or not value:
            continue
        if name == "kind_of_target":
            targets = getattr(node, "targets", ())
            told.append(f"{value} {', '.join(_source(each, '= ') for each in targets)}".strip())
        else:
            told.append(f"{name} {value}")
    values = getattr(node, "values", None)
    if isinstance(values, Mapping):
        told += [f"{name} = {_source(value)}" for name, value in values.items() if isinstance(value, Source)]
    return clean(" · ".join(told))


def _source(source: Source, before: str = "") -> str:
    """before: what an expression begins with, so that it is not taken for a name."""
    if source.expression is not None:
        return before + source.expression.source
    return (
        source.literal if isinstance(source.literal, str) else json.dumps(source.literal, ensure_ascii=False)
    )


def note(library: FlowLibrary, node: Node, languages: Sequence[str]) -> Text:
    """Which commands work here, when not all of the flow's do."""
    flow = library.flows.get(node.flow)
    missing = flow is not None and set(flow.commands.by_name) - set(node.commands.by_name)
    if not missing:
        return words.same("", languages)
    if not node.commands.by_name:
        return words.word("no commands", languages)
    only = words.same(", ".join(sorted(node.commands.by_name)), languages)
    return words.join(words.word("only commands", languages), only)


def exit_label(node: Node, way: Exit, languages: Sequence[str]) -> Text:
    sort, _, name = way.label.partition(":")
    options = getattr(node, "options", None)
    if sort == "option" and isinstance(options, Options) and name in options.by_name:
        return _option(options, name, languages)
    if sort == "category":
        return words.same(name, languages)
    if sort == "answer":
        return _answer(node, name, languages)
    if sort == "case":
        return words.same(_case(node, name) or way.label, languages)
    if sort == "way":
        return words.same(_share(node, name), languages)
    if sort == "on":
        handlers = [
            each for each in node.handlers.get(name, ()) if each.then == "go" and each.target == way.target
        ]
        return _handler(name, handlers, languages)
    if way.label == "next" and isinstance(options, Options) and node.kind in _NEXT:
        return words.word(_NEXT[node.kind], languages)
    return {language: clean(text) for language, text in words.label(way.label, languages).items()}


def _option(options: Options, name: str, languages: Sequence[str]) -> Text:
    """`2 投诉`: the key, and the first phrase of the language, else the option's name."""
    option = options.by_name[name]
    key = option.key or (_digits(option.pattern) if option.pattern is not None else "")
    condition = f" if {option.condition.source}" if option.condition is not None else ""
    labels = {}
    for language in languages:
        phrases = options.spoken(language)
        first = next(
            (each for each in phrases.spoken if phrases.by_phrase.get(normalise(each)) == name), name
        )
        labels[language] = clean(f"{key} {first}{condition}")
    return labels


def _digits(pattern: Pattern) -> str:
    """`10[01]X` -> `10XX`."""
    return "".join(next(iter(each)) if len(each) == 1 else "X" for each in pattern.positions)


def _answer(node: Node, name: str, languages: Sequence[str]) -> Text:
    """`1 yes`."""
    keys = getattr(node, "by_key", {})
    key = next((each for each, yes in keys.items() if yes == (name == "yes")), "")
    return words.join(words.same(f"{key} " if key else "", languages), words.label(name, languages))


def _case(node: Node, number: str) -> str:
    cases = getattr(node, "cases", ())
    index = int(number) - 1 if number.isdecimal() else -1
    if not 0 <= index < len(cases):
        return ""
    condition = cases[index][0]
    return "" if condition is None else clean(condition.source)


def _share(node: Node, name: str) -> str:
    """`asked 30 %`, or `asked if !seen`: a way of a `split`."""
    ways = node.ways if isinstance(node, Split) else ()
    whole = sum(way.share for way in ways)
    for way in ways:
        if way.name == name:
            condition = f" if {way.condition.source}" if way.condition is not None else ""
            return clean(name + (condition or f" {100 * way.share / whole:.0f} %"))
    return name


def _handler(event: str, handlers: Sequence[Handler], languages: Sequence[str]) -> Text:
    """`no_input ×2`, `error.asr`, `no_match ×3 in the call if ...`."""
    if not handlers:
        return words.same(event, languages)
    first = min(handlers, key=lambda handler: handler.count)
    text = words.same(event + (f" ×{first.count}" if first.count > 1 else ""), languages)
    if first.per == "call":
        text = words.join(text, words.same(" ", languages), words.word("per call", languages))
    if all(handler.condition is not None for handler in handlers):
        conditions = " || ".join(handler.condition.source for handler in handlers if handler.condition)
        text = words.join(text, words.same(f" if {clean(conditions)}", languages))
    return text


def hangups(handlers: Handlers, languages: Sequence[str]) -> list[tuple[str, Text]]:
    """(event, label) of the handlers that end the call."""
    return [
        (event, _handler(event, ending, languages))
        for event, each in handlers.items()
        if (ending := [handler for handler in each if handler.then == "hangup"])
    ]


def leading(handlers: Handlers, languages: Sequence[str]) -> list[tuple[str, str, Text]]:
    """(event, target, label) of the handlers that go somewhere, one for each target of an event."""
    found = []
    for event, each in handlers.items():
        going_on = [handler for handler in each if handler.then == "go"]
        for target in dict.fromkeys(handler.target for handler in going_on):
            going = [handler for handler in going_on if handler.target == target]
            found.append((event, target, _handler(event, going, languages)))
    return found


def command(each: Command, languages: Sequence[str]) -> Text:
    """`0 人工`; an urgent one by its name and a phrase, as it has no key: `crisis “不想活”`."""
    labels = {}
    for language in languages:
        phrases = each.say.get(language, ())
        first = phrases[0] if phrases else each.name
        text = f"{each.key} {first}" if each.key or not phrases else f"{each.name} “{first}”"
        labels[language] = clean(text)
    return labels
