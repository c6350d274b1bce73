"""What pydantic finds wrong with a file, in an author's words and at the author's places. Pure.

Where one thing may be written in two forms (a name, or a mapping with details) pydantic complains of each form. Only
the complaints about the form that was written are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pydantic

from ivr.flow.findings import did_you_mean
from ivr.flow.refused import words_of
from ivr.flow.yaml_source import Path

MAX_FAULTS = 100
"""Told of one node, or of the shared part of one file."""


@dataclass(frozen=True, slots=True)
class ModelFault:
    """path: within the data. key: the key is at fault, not the value."""

    path: Path
    code: str
    cause: str
    suggestion: str = ""
    key: bool = False
    missing: str = ""
    """The field that is not there."""
    meant: str = ""
    """The field whose name is written wrong."""


def model_faults(
    error: pydantic.ValidationError, model: type[pydantic.BaseModel], data: object
) -> list[ModelFault]:
    """data: what the model refused."""
    found = [
        (_type_only(fault["type"]), _model_fault(fault, model, data))
        for fault in error.errors(include_url=False)[:MAX_FAULTS]
    ]
    meant = {(fault.path[:-1], fault.meant) for _, fault in found if fault.meant}
    kept: list[ModelFault] = []
    for type_only, fault in found:
        if (fault.path, fault.missing) in meant:
            continue  # it is there, with its name misspelt
        better = (
            other.path[: len(fault.path)] == fault.path
            and (not other_type or len(other.path) > len(fault.path))
            for other_type, other in found
        )
        told = any(other.path == fault.path for other in kept)
        if not (type_only and (told or any(better))):
            kept.append(fault)
    return kept


def _type_only(kind: str) -> bool:
    """Whether the fault is merely that another form was expected."""
    return kind.endswith("_type")


def _model_fault(fault: Any, model: type[pydantic.BaseModel], data: object) -> ModelFault:
    path = _in_data(fault["loc"], data)
    if fault["type"] == "missing":
        missing = str(fault["loc"][-1])
        return ModelFault(path, "missing-field", f"`{missing}` is missing", key=True, missing=missing)
    name = str(path[-1]) if path else ""
    if fault["type"] == "extra_forbidden":
        hint = did_you_mean(name, _fields(model, path[:-1]))
        meant = hint.split("`")[1] if hint else ""
        return ModelFault(path, "unknown-field", f"`{name}` means nothing here", hint, key=True, meant=meant)
    cause, hint = words_of(fault)
    return ModelFault(
        path, "wrong-value", f"`{name}`: {cause}" if name else cause, hint, key="[key]" in fault["loc"]
    )


def _in_data(location: Sequence[str | int], data: object) -> Path:
    """The place in the data: without the forms' names that pydantic puts in between, and without what is missing."""
    path: list[str | int] = []
    for part in location:
        if not isinstance(data, dict | list):
            break
        try:
            data = data[part]  # type: ignore[index]  # a key of the one or an index of the other, or neither
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return tuple(path)


def _fields(model: type[pydantic.BaseModel], path: Path) -> list[str]:
    """The names of the fields at a place inside a model."""
    for part in path:
        inner = next((f.annotation for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        # `dict[str, OptionModel]`, `list[CaseModel]`, `str | LengthModel`: the model inside; keys are passed over.
        model = next(_models(inner), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: object) -> Iterator[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)
