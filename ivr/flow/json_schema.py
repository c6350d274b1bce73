"""JSON Schemas of the files that authors write, for the yaml-language-server and any other editor. Pure.

Made from the same models that read the files, so that an editor offers what `ivr check` accepts. What the models leave
to the builder (prompts, phrases, handlers) is described here. The kinds of node are told apart by `kind`, with if/then,
because editors say clearer things of that than of a union.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter

from ivr.flow.actions import LONGEST_PAUSE_S
from ivr.flow.events import NAMES
from ivr.flow.registry import KINDS
from ivr.flow.scenarios.model import ScenarioFile
from ivr.flow.schema import FlowModel, HandlerModel, HotlineModel, LibraryModel
from ivr.flow.snippets import beginning, first_sentence
from ivr.flow.understanding.written import CategoriesModel, NamesModel

Schema = dict[str, Any]
_BY_NAME = frozenset({"properties", "patternProperties", "$defs"})
"""What holds schemas by names, which may be called as a keyword is."""
_SHAPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
    "null": "nothing",
}
_AS_WRITTEN = frozenset({"defaultSnippets", "default", "enum", "const"})
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PROMPT_ID: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$",
    "patternErrorMessage": "An id has letters, digits, _ and dots; a text is written {zh: ..., en: ...}.",
}
_CONDITION: Schema = {"type": ["string", "boolean", "null"], "description": "said only when this is true"}
_TEXT_BY_LANGUAGE: Schema = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_-]*$"},
    "properties": {"if": _CONDITION},
    "additionalProperties": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/PluralForms"}]},
}
_PROMPTS: Schema = {
    "PluralForms": {
        "type": "object",
        "description": "Plural forms: `by` names the value; `one`, `few`, `other` ... as the language has them, `=1` "
        "exactly.",
        "required": ["by", "other"],
        "properties": {"by": {"type": "string"}, "other": {"type": "string"}},
        "additionalProperties": {"type": "string"},
    },
    "Prompt": {
        "description": "An id of prompts/<language>.yaml, texts by language, an id with values, a recording, a pause.",
        "anyOf": [
            _PROMPT_ID,
            {
                "type": "object",
                "required": ["id"],
                "additionalProperties": False,
                "properties": {
                    "id": _PROMPT_ID,
                    "language": {"type": ["string", "null"], "description": "instead of the caller's"},
                    "values": {"type": ["object", "null"], "description": "`{name: value}` for what it says"},
                    "if": _CONDITION,
                },
            },
            {
                "type": "object",
                "required": ["recording"],
                "additionalProperties": False,
                "properties": {"recording": {"type": "string", "description": "= message.id"}},
            },
            {
                "type": "object",
                "required": ["pause"],
                "additionalProperties": False,
                "properties": {
                    "pause": {
                        "type": "number",
                        "exclusiveMinimum": 0,
                        "maximum": LONGEST_PAUSE_S,
                        "description": "seconds of silence",
                    }
                },
            },
            _TEXT_BY_LANGUAGE,
        ],
    },
    "Prompts": {
        "description": "One prompt, a list of them, or by count: `{1: first, 2: shorter, slow: ...}`.",
        "anyOf": [
            {"$ref": "#/$defs/Prompt"},
            {"type": "array", "items": {"$ref": "#/$defs/Prompt"}},
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^([0-9]+|slow)$"},
                "additionalProperties": {
                    "anyOf": [
                        {"$ref": "#/$defs/Prompt"},
                        {"type": "array", "items": {"$ref": "#/$defs/Prompt"}},
                    ]
                },
            },
            {"type": "null"},
        ],
    },
    "Phrases": {
        "description": "What may be said, by language: `{zh: [投诉, 举报], en: complaint}`.",
        "type": ["object", "null"],
        "additionalProperties": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
        },
    },
    "Handlers": {
        "description": "Event -> what it leads to, or a list of such with counts and conditions.",
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                {"$ref": "#/$defs/HandlerModel"},
                {"type": "array", "items": {"$ref": "#/$defs/HandlerModel"}},
            ]
        },
    },
}


def schemas() -> dict[str, Schema]:
    """File name of the schema -> the schema: for a flow, the hotline, an included library, scenarios, prompts."""
    made = {
        "flow.schema.json": _with_nodes(FlowModel, "A flow: one file of the flows' folder"),
        "hotline.schema.json": _hotline(),
        "library.schema.json": _of(LibraryModel, "library.yaml of an included folder"),
        "scenario.schema.json": _of(ScenarioFile, "Scenarios: *.scenario.yaml"),
        "prompts.schema.json": _prompt_file(),
        "categories.schema.json": _of(CategoriesModel, "categories.yaml: what calls are about"),
        "names.schema.json": _of(NamesModel, "names.yaml: the names of the city"),
    }
    return {file: finished(schema) for file, schema in made.items()}


def finished(schema: Schema) -> Schema:
    """A model's schema as it is published. It has a title; `written` in it names a definition that it has."""
    finished: Schema = _tidy(_referred(schema), schema["title"])
    return finished


def _tidy(value: Any, name: str = "") -> Any:
    """Titles as an author would say them: a field's own name, the shape that a value may have. Names that are none are
    refused, as the models do."""
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if not isinstance(value, dict):
        return value
    tidy: Schema = {}
    for keyword, part in value.items():
        if keyword in _AS_WRITTEN:
            tidy[keyword] = part
        elif keyword in _BY_NAME:
            tidy[keyword] = {each: _tidy(inner, _title(each)) for each, inner in part.items()}
        elif keyword == "anyOf":
            tidy[keyword] = [_tidy(each, _SHAPES.get(str(each.get("type")), "")) for each in part]
        elif keyword != "title":
            tidy[keyword] = _tidy(part)
    if "patternProperties" in tidy:
        tidy.setdefault("additionalProperties", False)
    return {"title": name, **tidy} if name else tidy


def _title(name: str) -> str:
    """`OptionModel` and `node.menu` -> `option` and `menu`; a field is called as it is written."""
    return (
        name.removeprefix("node.").removesuffix("Model").lower()
        if name[:1].isupper() or "." in name
        else name
    )


def _referred(value: Any) -> Any:
    """With references where the models say `written` (schema.py): pydantic knows no definitions but its own."""
    if isinstance(value, dict):
        inner = {name: _referred(each) for name, each in value.items()}
        written = inner.pop("written", None)
        return {"$ref": f"#/$defs/{written}", **inner} if isinstance(written, str) else inner
    return [_referred(each) for each in value] if isinstance(value, list) else value


def _of(model: type[BaseModel], title: str) -> Schema:
    schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}", mode="validation")
    definitions = schema.setdefault("$defs", {})
    definitions.update(_PROMPTS)
    definitions["Handlers"] = _events()
    handler = HandlerModel.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions.update(handler.pop("$defs", {}))
    definitions["HandlerModel"] = handler
    return {"$schema": DRAFT, **schema, "title": title}


def _with_nodes(model: type[BaseModel], title: str) -> Schema:
    schema = _of(model, title)
    definitions = schema["$defs"]
    cases: list[Schema] = []
    for kind in KINDS.values():
        own = kind.model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions.update(own.pop("$defs", {}))
        own["properties"]["kind"] = {"const": kind.name}
        own["description"] = kind.summary
        name = f"node.{kind.name}"
        definitions[name] = own
        cases.append(
            {
                "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
        )
    snippets = [
        {"label": kind.name, "description": kind.summary, "body": beginning(kind)} for kind in KINDS.values()
    ]
    definitions["Node"] = {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {
                "enum": list(KINDS),
                "description": "What this step does.",
                "markdownEnumDescriptions": [first_sentence(kind.summary) for kind in KINDS.values()],
            }
        },
        "allOf": [*cases, {"if": {"required": ["kind"]}, "else": {"defaultSnippets": snippets}}],
    }
    schema["properties"]["nodes"] = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {"$ref": "#/$defs/Node"},
        "description": "name -> node",
    }
    return schema


def _events() -> Schema:
    """For completion; a flow may declare more."""
    names = dict.fromkeys([*NAMES, *(event for kind in KINDS.values() for event in kind.events)])
    handler = {
        "anyOf": [
            {"$ref": "#/$defs/HandlerModel"},
            {"type": "array", "items": {"$ref": "#/$defs/HandlerModel"}},
        ]
    }
    return {
        **_PROMPTS["Handlers"],
        "properties": dict.fromkeys(names, handler),
        "additionalProperties": handler,
    }


def _hotline() -> Schema:
    """`hotline.yaml` may hold a flow too."""
    hotline, flow = _of(HotlineModel, "hotline.yaml"), _with_nodes(FlowModel, "")
    definitions = {**flow["$defs"], **hotline["$defs"]}
    properties = {**flow["properties"], **hotline["properties"]}
    return {
        **hotline,
        "properties": properties,
        "$defs": definitions,
        "description": "What all flows of the folder share; in a hotline of one file, its flow too.",
    }


def _prompt_file() -> Schema:
    text = TypeAdapter(str).json_schema()
    return {
        "$schema": DRAFT,
        "title": "prompts/<language>.yaml",
        "type": ["object", "null"],
        "propertyNames": {"pattern": _PROMPT_ID["pattern"]},
        "additionalProperties": {"anyOf": [text, {"$ref": "#/$defs/PluralForms"}]},
        "$defs": {"PluralForms": _PROMPTS["PluralForms"]},
    }
