"""Writes docs/flow-language.md from the language's own models. `--check` only compares (used by the tests)."""

from __future__ import annotations

import re
import sys
import types
import typing
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivr.flow.calendar_model import CalendarModel, HolidaysModel
from ivr.flow.codes import CODES
from ivr.flow.nodes.base import NodeKind
from ivr.flow.registry import KINDS
from ivr.flow.schema import (
    BargeIn,
    CommandModel,
    ConfirmModel,
    FlowModel,
    HandlerModel,
    HotlineModel,
    InputModel,
    LibraryModel,
    NodeModel,
    OfferLanguageModel,
    OptionModel,
    PaceModel,
    ParameterModel,
    RequestsModel,
    SourceModel,
    Speech,
    Timers,
    UrgentModel,
)
from ivr.flow.understanding.written import CategoriesModel, CategoryModel, NamesModel
from ivr.flow.values.formats import FAULTS, FORMATS, FormatInfo

TARGET = Path(__file__).resolve().parents[1] / "docs" / "flow-language.md"

PROSE = Path(__file__).with_name("flow_language.md")
ROOT = Path(__file__).resolve().parents[1]
_FILE = re.compile(r"<<(?:head:(\d+):)?([\w./-]+)>>")


def prose() -> str:
    """The page's first half, with the files that it shows (`<<path>>`, `<<head:10:path>>`: its first ten lines)."""

    def shown(match: re.Match[str]) -> str:
        lines = (ROOT / match[2]).read_text("utf-8").splitlines(keepends=True)
        return "".join(lines[: int(match[1])] if match[1] else lines)

    return _FILE.sub(shown, PROSE.read_text("utf-8"))


def page() -> str:
    parts = [prose()]
    parts += ["\n## hotline.yaml\n\n", table(HotlineModel)]
    parts += ["\n`confirm`:\n\n", table(ConfirmModel), "\n`requests`:\n\n", table(RequestsModel)]
    parts += ["\n`offer_language`:\n\n", table(OfferLanguageModel), "\n`pace`:\n\n", table(PaceModel)]
    parts += ["\nA source:\n\n", table(SourceModel)]
    parts += ["\n## A calendar\n\n", table(CalendarModel), "\n`holidays`:\n\n", table(HolidaysModel)]
    parts += ["\n## library.yaml\n\n", table(LibraryModel)]
    parts += ["\n## categories.yaml\n\n", table(CategoriesModel), "\nA category:\n\n", table(CategoryModel)]
    parts += ["\n## names.yaml\n\n", table(NamesModel)]
    parts += ["\n## A flow\n\n", table(FlowModel), "\nA parameter:\n\n", table(ParameterModel)]
    parts += ["\n## A handler\n\n", table(HandlerModel)]
    parts += ["\n## A command\n\n", table(CommandModel), "\n`urgent`:\n\n", table(UrgentModel)]
    parts += ["\n## What every node has\n\n", table(NodeModel)]
    parts += ["\n## What nodes that ask have\n\n", table(InputModel, but=NodeModel)]
    for name, model in (("barge_in", BargeIn), ("timers", Timers), ("speech", Speech)):
        parts += [f"\n`{name}`:\n\n", table(model)]
    parts += ["\nAn option:\n\n", table(OptionModel)]
    parts.append("\n# The kinds of node\n\n")
    parts.append(" · ".join(f"[{name}](#{name})" for name in KINDS) + "\n")
    parts += [kind_page(kind) for kind in KINDS.values()]
    parts += ["\n## Formats of collect\n\n", formats()]
    parts.append(
        "\n# What `ivr check` says\n\n"
        "`ivr check --explain CODE` tells more of each, with an example that is wrong and the same put right.\n\n"
        "| code | meaning |\n|---|---|\n"
    )
    parts += [f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items()]
    return "".join(parts)


def formats() -> str:
    rows = [
        f"| `{info.name}` | {_cell(info.document)} | `{info.example[0]}` -> `{info.example[1]}` | {_options(info)} |\n"
        for info in FORMATS.values()
    ]
    faults = "".join(f"| `{code}` | {_cell(meaning)} |\n" for code, meaning in FAULTS.items())
    return (
        "`format: phone`, or with options `format: {phone: {country: us}}`.\n\n"
        "| format | | keys -> value | options |\n|---|---|---|---|\n"
        + "".join(rows)
        + "\n`event.detail.why` of a `no_match`:\n\n| why | |\n|---|---|\n"
        + faults
    )


def _options(info: FormatInfo) -> str:
    return "<br>".join(
        f"`{name}`{f' ({default})' if default else ''}: {_cell(text)}"
        for name, default, text in info.option_documents()
    )


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
        return " or ".join(f"`{str(each).lower() if each is True else each}`" for each in arguments)
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
