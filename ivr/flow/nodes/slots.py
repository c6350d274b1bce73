"""What one sentence may hold besides its topic: a day, a place, a number, each into a variable of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ivr.flow.actions import JsonValue
from ivr.flow.expressions import ANY, TEXT
from ivr.flow.findings import did_you_mean
from ivr.flow.match import NO_PHRASES, Phrases, normalise
from ivr.flow.schema import Name, Strict
from ivr.flow.schema import Phrases as PhrasesField
from ivr.flow.turn import Turn
from ivr.flow.understanding.location import place_said
from ivr.flow.understanding.ready import make_ready
from ivr.flow.values.formats import Format, FormatError, make_format
from ivr.flow.yaml_source import Path

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

NUMBER = "number"
"""The format of a plain number, which the figures of a date or a time are not."""


PLACE_KINDS = frozenset({"street", "area", "place", "building"})
"""The kinds of names.yaml that are places, unless a slot says otherwise."""


class SlotModel(Strict):
    """One of them; `names` also beside `place`."""

    values: dict[Name, PhrasesField] = Field(
        default_factory=dict, description="value -> phrases: `{north: {zh: [城北], en: [north side]}}`"
    )
    format: str | dict[str, Any] | None = Field(
        None, description="a format of `collect`: `date`, `{number: {most: 20}}`"
    )
    names: Name | list[Name] | None = Field(
        None,
        description="a kind of `names.yaml`, or several: the name that was said, also misheard: `bureau`",
    )
    place: bool = Field(
        False,
        description="where it is: a name of `names.yaml` (of the kinds street, area, place and building, or those of "
        "`names`), or said as places are, with its number",
    )


class Slots:
    """Compiled."""

    __slots__ = ("_formats", "_names", "_phrases", "_places")

    def __init__(self, build: NodeBuilder, models: Mapping[str, SlotModel]) -> None:
        self._formats: dict[str, Format] = {}
        self._phrases: dict[str, dict[str, Phrases]] = {}
        """Variable -> language -> the phrases of its values."""
        self._names: dict[str, frozenset[str]] = {}
        self._places: dict[str, frozenset[str]] = {}
        """Variable -> the kinds of names."""
        for name, model in models.items():
            path: Path = ("slots", name)
            build.assigns(name, path, None if model.format is not None else "", ANY if model.format else TEXT)
            named = model.names is not None or model.place
            if bool(model.values) + (model.format is not None) + named != 1:
                cause = f"`{name}` has `values`, a `format`, `names` or a `place`"
                build.fault(path, "two-ways", cause, "write one of them")
            elif named:
                make_ready(build.languages)
                kinds = self._kinds(build, model, path)
                (self._places if model.place else self._names)[name] = kinds
            elif model.format is not None:
                format = format_of(build, model.format, (*path, "format"))
                if format is not None:
                    self._formats[name] = format
            else:
                said: dict[str, dict[str, tuple[str, ...]]] = {}
                for value, phrases in model.values.items():
                    for language, texts in build.phrases(phrases, (*path, "values", value)).items():
                        said.setdefault(language, {})[value] = texts
                self._phrases[name] = {language: Phrases(choices) for language, choices in said.items()}

    @staticmethod
    def _kinds(build: NodeBuilder, model: SlotModel, path: Path) -> frozenset[str]:
        if model.names is None:
            return PLACE_KINDS
        kinds = model.names if isinstance(model.names, list) else [model.names]
        for kind in kinds:
            if kind not in build.name_kinds:
                hint = did_you_mean(kind, build.name_kinds) or "write it into names.yaml"
                build.fault((*path, "names"), "unknown-name-kind", f"no names of the kind `{kind}`", hint)
        return frozenset(kinds)

    def fill(self, turn: Turn, text: str) -> list[str]:
        """The variables that these words fill; what they do not tell stays as it was."""
        filled: list[str] = []
        for name, languages in self._phrases.items():
            value = languages.get(turn.language, NO_PHRASES).within(normalise(text))
            if value is not None:
                turn.assign(name, value)
                filled.append(name)
        for name, kinds in self._names.items():
            said = turn.library.names.find(text, turn.language, kinds)
            if said:
                turn.assign(name, said[0].name)
                filled.append(name)
        for name, kinds in self._places.items():
            if place := place_said(text, turn.language, turn.library.names, kinds):
                turn.assign(name, place)
                filled.append(name)
        figures: set[int] = set()
        for name, format in sorted(self._formats.items(), key=lambda each: each[1].name == NUMBER):
            found = _read(format, text, turn)
            if found is None or found in figures:
                # "on the third of December" is no answer to how many.
                continue
            figures |= _figures(found)
            turn.assign(name, found)
            filled.append(name)
        return filled


def _read(format: Format, text: str, turn: Turn) -> JsonValue:
    now = turn.local_now
    for keys in format.said(text, turn.language, now):
        if not format.fault(keys, now):
            return format.normalise(keys, now)
    return None


def _figures(value: JsonValue) -> set[int]:
    """The whole numbers in a value, hours by both clocks: 2026-12-03 -> 2026, 12, 3; 19:30 -> 19, 7, 30."""
    found = {int(each) for each in re.findall(r"[0-9]{1,9}", str(value))}
    return found | {each - 12 for each in found if 12 < each < 24}


def format_of(build: NodeBuilder, written: str | dict[str, Any], path: Path) -> Format | None:
    """A format by name, or `{name: options}`."""
    one = {written: {}} if isinstance(written, str) else written
    if len(one) != 1:
        build.fault(path, "bad-format", "one format, with its options", "{phone: {country: cn}}")
        return None
    name, options = next(iter(one.items()))
    try:
        return make_format(name, **(options or {}))
    except FormatError as error:
        build.fault(path, "bad-format", str(error), error.mend)
    except TypeError:
        build.fault(
            (*path, name), "bad-format", "the options of a format are a mapping", "{phone: {country: cn}}"
        )
    return None
