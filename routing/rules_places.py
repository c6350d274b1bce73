"""YAML text -> a validated model, with every fault told by file, line, column, cause and suggestion.

Text in, values out: reading the file is the caller's.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError

from routing.rules_model import AgentsModel, RulesModel

Path = tuple[str | int, ...]
MAX_FINDINGS = 100
"""Of a file whose shape is wrong: it may have one in each line."""
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (`name: value`)",
    "model_type": "a mapping (`name: value`)",
}
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Finding:
    """line and column count from 1."""

    file: str
    line: int
    column: int
    cause: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.cause}{hint}"


class RulesError(Exception):
    """The file is refused as a whole; whatever was in force stays in force."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        findings = sorted(findings, key=lambda each: (each.file, each.line, each.column))
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


def parse(text: str, file: str) -> Any:
    """ruamel's document, a mapping. Raises RulesError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ReusedAnchorWarning
            )  # as YAML has it: the later one counts from there on
            document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        cause = str(error.problem or error.context or "this is not YAML").strip()
        cause = cause.replace("('", "'").replace("',)", "'")  # what the library found, as a tuple
        raise RulesError([Finding(file, line, column, cause)]) from None
    except YAMLError as error:
        raise RulesError([Finding(file, 1, 1, str(error))]) from None
    except (ValueError, TypeError, LookupError, AttributeError):
        # The library reads dates and numbers by itself, and says only in Python what is wrong with them.
        cause = "a date or a number that is none"
        raise RulesError([Finding(file, 1, 1, cause, "quote what is a text")]) from None
    if not isinstance(document, dict):
        raise RulesError(
            [Finding(file, 1, 1, "a mapping is expected here", "begin with `queues:` or `agents:`")]
        )
    return document


def validate(model: type[Model], document: Any, file: str) -> Model:
    """Raises RulesError."""
    try:
        return model.model_validate(_plain(document))
    except ValidationError as error:
        place = Places(document, file)
        raise RulesError([place.refused(fault) for fault in error.errors()[:MAX_FINDINGS]]) from None


def _plain(value: Any) -> Any:
    """ruamel's commented containers as plain ones; keys as written, numbers as keys become text."""
    if isinstance(value, dict):
        return {_key(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _key(key: object) -> str:
    """As its author wrote it."""
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)


class Places:
    """Where in the file a value stands."""

    def __init__(self, document: Any, file: str) -> None:
        self._document = document
        self._file = file

    def finding(self, path: Path, cause: str, suggestion: str = "") -> Finding:
        line, column = self._of(path)
        return Finding(self._file, line, column, cause, suggestion)

    def unknown(self, path: Path, kind: str, name: str, known: Iterable[str]) -> Finding:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or 'none'}"
        return self.finding(path, f"there is no {kind} {name}", hint)

    def refused(self, fault: Any) -> Finding:
        path: Path = tuple(fault["loc"])
        name = ".".join(str(part) for part in path)
        if fault["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(path[-1]), sorted(_keys()), 1)
            return self.finding(path, f"unknown key {name}", f"did you mean {close[0]}?" if close else "")
        expected = _EXPECTED.get(fault["type"])
        return self.finding(path, f"{name}: {f'{expected} is expected' if expected else fault['msg']}")

    def _of(self, path: Path) -> tuple[int, int]:
        """The deepest part of the path that the file has: the key of a mapping, the item of a list."""
        node, found = self._document, (0, 0)
        for part in path:
            try:
                if isinstance(node, dict):
                    key = part if part in node else next(each for each in node if _key(each) == str(part))
                    # Of a key that came with `<<` the library knows no place.
                    found = node.lc.key(key) or found  # type: ignore[attr-defined]  # ruamel adds `lc` to its mappings
                    node = node[key]
                elif isinstance(node, list):
                    found = node.lc.item(part) or found  # type: ignore[attr-defined]  # and to its sequences
                    node = node[int(part)]
                else:
                    break
            except (StopIteration, IndexError, KeyError, ValueError):
                break
        return found[0] + 1, found[1] + 1


def _keys() -> set[str]:
    """Every key that either file may have at any depth: for suggestions only."""
    schemas = [model.model_json_schema() for model in (RulesModel, AgentsModel)]
    parts = [part for schema in schemas for part in (schema, *schema["$defs"].values())]
    return {key for part in parts for key in part.get("properties", ())}
