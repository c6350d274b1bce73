"""Writes docs/flow-language.md from the language's own models. `--check` only compares (used by the tests)."""

from __future__ import annotations

import sys
import types
import typing
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivr.flow.codes import CODES
from ivr.flow.nodes.base import NodeKind
from ivr.flow.registry import KINDS
from ivr.flow.schema import (
    BargeIn,
    CalendarModel,
    CommandModel,
    FlowModel,
    HandlerModel,
    HotlineModel,
    InputModel,
    NodeModel,
    OptionModel,
    Speech,
    Timers,
)

TARGET = Path(__file__).resolve().parents[1] / "docs" / "flow-language.md"

HEAD = """# The dialogue language

What a caller hears, may say and may press is written in YAML. This page is made from the language's own models
(`scripts/generate_flow_docs.py`); `ivr check` tells every fault with its line, `ivr simulate` lets you talk to the
result.

## The folder
```
flows/
  hotline.yaml           what all flows share: languages, commands, calendars, defaults
  main.yaml ...          one flow a file
  prompts/zh.yaml ...    the texts, one file a language: `id: text`
  queues.yaml agents.yaml   belong to the routing
```

A smallest flow:
```yaml
flow: main
nodes:
  hello: {kind: say, prompt: {zh: 您好, en: Welcome}, next: choose}
  choose:
    kind: menu
    prompt: menu.choices          # an id of prompts/*.yaml
    options:
      complaint: {key: 1, say: {zh: [投诉, 举报], en: complaint}, next: wait}
    on:
      no_input: {count: 2, next: wait}
  wait: {kind: queue, queue: general, next: bye}
  bye: {kind: hangup, prompt: {zh: 再见, en: Goodbye}}
```

`next` says where the dialogue goes: a node of the same flow, `flow.node`, or the name of a flow (its start). The
call begins with the hotline's `entry`. YAML is that of version 1.2: `yes`, `on`, `08:00` and `010` are texts; write
keys `"*"` and `"#"` with their quotes.

## Prompts
A prompt is an id (`menu.choices`), texts by language (`{zh: 您好, en: Welcome}`), or `{id: greeting, language: en,
values: {name: "= caller_name"}, if: "vip"}`; several of them stand in a list. Where a node asks, they may be
tapered by how often it asked: `prompt: {1: [question.open, question.keys], 2: question.keys}`.

In a text, `{name}` says a variable and `{place:number}` says how: `number`, `digits` (one by one), `date`, `time`,
`money`, `text`; `{{` is a brace. Every prompt has a text in each of the hotline's languages. A recording wins over
synthesis.

## Events and handlers
When something happens that the node itself does not deal with, an event is raised and counted, and a handler under
`on` says what follows. Of all handlers whose event fits (`error` also handles `error.asr`), whose `count` is
reached and whose `if` is true, those with the highest count remain; of these the nearest scope wins: the node, its
kind's own defaults, the flow, `hotline.yaml`, the defaults of the language. So a node may say what its first
silence leads to, and `hotline.yaml`, once for all, what the second does. The prompt is repeated only when the
handler says `reprompt: true`.

| event | raised when | unless handled |
|---|---|---|
| `no_input` | nobody said or pressed anything in time | prompt again; the third time to the fallback |
| `no_match` | it was neither key nor phrase, or not believed | prompt again; the third time to the fallback |
| `timeout` | the node's `whole_s` is over | to the fallback |
| `error.asr` | speech cannot be recognised | on with keys only |
| `error.prompt` | a prompt cannot be played | on without it |
| `error.queue.full` `.closed` `.timeout` `.unstaffed` `.failed` | nobody will answer | the call ends |
| `error` | anything else that failed | to the fallback |

The `fallback` is the hotline's person. When that has been tried twice the `farewell` is said and the call ends. A
turn that goes through more than 100 nodes is a loop and is brought to the fallback too.

## Commands that always work
`always` (in `hotline.yaml`, or in a flow for its nodes) holds commands that work at every step, by key and by
voice. `urgent` ones (crisis, emergency) are heard anywhere in what is said, even before the caller has finished,
and before anything else. A node's own keys go before a command's. `always: false` or a list in a node says which of
them work there. In a queue only `repeat` (tells the place) and urgent commands work, so that no key costs the
place.

## Keys and speech
A key acts at once when no other option begins with it. Keys pressed before the question are kept and answer it,
without its prompt. Keys always work beside speech; where the caller's language cannot be recognised the same flow
works by keys alone.

## Expressions
Conditions (`if`) are expressions; so are values that begin with `=`: `priority: "= vip ? 50 : 0"`. They are written
in [CEL](https://cel.dev): `tries + 1`, `topic == 'noise' && language != 'en'`, `said.contains('水')`, `size(said) >
20`, `call.caller.startsWith('138')`, `has(call.facts.age) && call.facts.age >= 65`. Types are not mixed: `'a' + 1`
fails. One that fails counts as false (a value: null) and is noted in the journal; names that nothing sets are found
by `ivr check`.

Known without declaring: `call` (`id`, `caller`, `number`, `language`, `speech`, `facts`), `language`, `now` (a
time, in the hotline's zone), `event` (`name`, `count`). Variables are declared under `variables` with their first
value, or set by a node (`into`, `set`).
"""


def page() -> str:
    parts = [HEAD]
    parts += ["\n## hotline.yaml\n", table(HotlineModel)]
    parts += ["\n### Calendars\n", table(CalendarModel)]
    parts += ["\n## A flow\n", table(FlowModel)]
    parts += ["\n## A handler\n", table(HandlerModel)]
    parts += ["\n## A command\n", table(CommandModel)]
    parts += ["\n## What every node has\n", table(NodeModel)]
    parts += ["\n## What nodes that ask have\n", table(InputModel, but=NodeModel)]
    for name, model in (("barge_in", BargeIn), ("timers", Timers), ("speech", Speech)):
        parts += [f"\n`{name}`:\n\n", table(model)]
    parts += ["\nAn option:\n\n", table(OptionModel)]
    parts.append("\n# The kinds of node\n")
    parts += [kind_page(kind) for kind in KINDS.values()]
    parts.append("\n# What `ivr check` says\n\n| code | meaning |\n|---|---|\n")
    parts += [f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items()]
    return "".join(parts)


def kind_page(kind: NodeKind) -> str:
    base = InputModel if issubclass(kind.model, InputModel) else NodeModel
    shared = " Also has what nodes that ask have." if base is InputModel else ""
    events = (
        f"\nEvents of its own: {', '.join(f'`{event}`' for event in kind.events)}.\n" if kind.events else ""
    )
    inner = "".join(
        f"\n`{name}`:\n\n{table(model)}"
        for name, model in _parts(kind.model, base)
        if model is not OptionModel
    )
    return (
        f"\n## {kind.name}\n\n{kind.summary}{shared}\n{events}\n{table(kind.model, but=base)}{inner}"
        f"\n```yaml\n{kind.example}```\n"
    )


def table(model: type[BaseModel], but: type[BaseModel] | None = None) -> str:
    """The model's fields, without those of `but`."""
    known = set(but.model_fields) if but is not None else set()
    rows = [
        f"| `{field.alias or name}` | {_kind(field)} | {_default(field)} | {_cell(field.description or '')} |\n"
        for name, field in model.model_fields.items()
        if name not in known
    ]
    return "| field | what | default | |\n|---|---|---|---|\n" + "".join(rows) if rows else ""


def _parts(model: type[BaseModel], base: type[BaseModel]) -> list[tuple[str, type[BaseModel]]]:
    """The models inside the kind's own fields."""
    found = []
    for name, field in model.model_fields.items():
        for each in (field.annotation, *get_args(field.annotation)):
            if name not in base.model_fields and isinstance(each, type) and issubclass(each, BaseModel):
                found.append((name, each))
    return found


_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): ""}


def _kind(field: FieldInfo) -> str:
    return _cell(_shape(field.annotation))


def _shape(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(arguments[0])
    if annotation is Any:
        return ""
    if annotation in _WORDS:
        return _WORDS[annotation]
    if origin is typing.Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(word for word in (_shape(each) for each in arguments) if word)
    if origin is list:
        return f"list of {_shape(arguments[0]) or 'these'}"
    if origin is dict:
        return f"name -> {_shape(arguments[1]) or 'value'}"
    return "mapping"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value == "" or isinstance(value, BaseModel) or value in ([], {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    if "--check" in sys.argv:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == page():
            return 0
        print(f"{TARGET.name} is not current: run scripts/generate_flow_docs.py")
        return 1
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
