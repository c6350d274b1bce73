"""Inputs, actions and states as JSON and back, for the journal, scenarios and replay. Pure.

A tagged mapping: `{"type": "digit", "digit": "1"}`; the tag is the class's name in snake case. Fields at their
default are left out. Reading is strict: an unknown tag or field, a missing one, or a value of the wrong shape raises
`CodecError` and nothing else.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from ivr.errors import FlowError
from ivr.flow.actions import Action, JsonValue, Prompt
from ivr.flow.inputs import Alternative, Input, LanguageGuess
from ivr.flow.state import CallFacts, FlowState, Run

MAX_DEPTH = 30


class CodecError(FlowError):
    """This JSON is none of ours."""


JsonObject = dict[str, JsonValue]
T = TypeVar("T")


def _tag(kind: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


_INPUTS: dict[str, type] = {_tag(kind): kind for kind in get_args(Input)}
_ACTIONS: dict[str, type] = {_tag(kind): kind for kind in get_args(Action)}
_TAGS: dict[type, str] = {kind: tag for tag, kind in (*_INPUTS.items(), *_ACTIONS.items())}


def input_to_json(event: Input) -> JsonObject:
    return {"type": _TAGS[type(event)], **_fields_to_json(event)}


def input_from_json(data: object) -> Input:
    """Raises CodecError."""
    made: Input = _tagged(_INPUTS, data, "input")
    return made


def action_to_json(action: Action) -> JsonObject:
    return {"type": _TAGS[type(action)], **_fields_to_json(action)}


def action_from_json(data: object) -> Action:
    """Raises CodecError."""
    made: Action = _tagged(_ACTIONS, data, "action")
    return made


def state_to_json(state: FlowState) -> JsonObject:
    return _fields_to_json(state)


class StateWriter:
    """`state_to_json` of one dialogue again and again: what is the same object as the last time is not written anew."""

    def __init__(self) -> None:
        self._items: tuple[Any, ...] = (_NO_DEFAULT,) * len(_STATE_FIELDS)
        self._written = JsonObject()

    def __call__(self, state: FlowState) -> JsonObject:
        """Not changed later."""
        items, written = _state_items(state), self._written.copy()
        for (name, default), item, before in zip(_STATE_FIELDS, items, self._items, strict=True):
            if item is not before:
                if item == default:
                    written.pop(name, None)
                else:
                    written[name] = item if type(item) in _PLAIN else _to_json(item)
        self._items, self._written = items, written
        return written


def state_from_json(data: object) -> FlowState:
    """Raises CodecError."""
    return _make(FlowState, data, "state")


def _fields_to_json(value: Any) -> JsonObject:
    written: JsonObject = {}
    kind = type(value)
    for name, default in _known_defaults.get(kind) or _defaults(kind):
        item = getattr(value, name)
        if item != default:
            written[name] = item if type(item) in _PLAIN else _to_json(item)
    return written


_NO_DEFAULT = object()


_known_defaults: dict[type, tuple[tuple[str, object], ...]] = {}


def _defaults(kind: type) -> tuple[tuple[str, object], ...]:
    found = []
    for each in dataclasses.fields(kind):
        default: object = each.default
        if each.default_factory is not dataclasses.MISSING:
            default = each.default_factory()
        found.append((each.name, _NO_DEFAULT if default is dataclasses.MISSING else default))
    _known_defaults[kind] = tuple(found)
    return _known_defaults[kind]


def _to_json(value: Any) -> Any:
    """What is plain is not asked about by those who call this for each of many."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _PARTS:
        return _fields_to_json(value)
    # What nearly all are is not asked of `Mapping`, which is slow to answer.
    if kind is dict or isinstance(value, Mapping):
        return {str(key): item if type(item) in _PLAIN else _to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _PLAIN else _to_json(item) for item in value]
    return value


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_PARTS: Final = frozenset({Prompt, Alternative, LanguageGuess, CallFacts, Run, FlowState})
_STATE_FIELDS: Final = _defaults(FlowState)
_state_items: Final[Callable[[FlowState], tuple[Any, ...]]] = attrgetter(*(name for name, _ in _STATE_FIELDS))


def _tagged(kinds: Mapping[str, type], data: object, what: str) -> Any:
    if not isinstance(data, Mapping):
        raise CodecError(f"this {what} is no object")
    tag = data.get("type")
    kind = kinds.get(tag) if isinstance(tag, str) else None
    if kind is None:
        raise CodecError(f"unknown {what}", mend=f"one of {', '.join(sorted(kinds))}")
    return _make(kind, {key: value for key, value in data.items() if key != "type"}, str(tag))


def _make(kind: type[T], data: object, where: str) -> T:
    if not isinstance(data, Mapping):
        raise CodecError(f"{where}: no object")
    readers = _readers(kind)
    unknown = set(data) - set(readers)
    if unknown:
        raise CodecError(f"{where}: unknown field {sorted(map(str, unknown))[0]!r}")
    arguments = {name: readers[name](value, f"{where}.{name}") for name, value in data.items()}
    try:
        return kind(**arguments)
    except TypeError as error:
        raise CodecError(f"{where}: a field is missing") from error


Reader = Callable[[Any, str], Any]


_known_readers: dict[type, dict[str, Reader]] = {}


def _readers(kind: type) -> dict[str, Reader]:
    if kind not in _known_readers:
        hints = typing.get_type_hints(kind)
        _known_readers[kind] = {each.name: _reader(hints[each.name]) for each in dataclasses.fields(kind)}
    return _known_readers[kind]


def _reader(hint: Any) -> Reader:
    """What reads a value of this annotation; only the shapes that inputs, actions and states have."""
    hint = getattr(hint, "__supertype__", hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (str, bool, int, float):
        return _plain(hint)
    if hint is type(None):
        return _plain(type(None))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return lambda value, where: _make(hint, value, where)
    if origin is Literal:
        return _literal(arguments)
    if origin is tuple:
        return _sequence(_reader(arguments[0]))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_reader(arguments[1]))
    if origin in (typing.Union, types.UnionType):
        if len(arguments) == 2 and type(None) in arguments:
            inner = _reader(next(each for each in arguments if each is not type(None)))
            return lambda value, where: None if value is None else inner(value, where)
        return _json
    raise TypeError(f"the codec does not know {hint}")


def _plain(kind: type) -> Reader:
    def read(value: Any, where: str) -> Any:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise CodecError(f"{where}: {type(value).__name__} instead of {kind.__name__}")
        return value

    return read


def _literal(allowed: tuple[Any, ...]) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise CodecError(f"{where}: not one of {', '.join(map(str, allowed))}")
        return value

    return read


def _sequence(item: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list | tuple):
            raise CodecError(f"{where}: no list")
        return tuple(item(each, f"{where}[{index}]") for index, each in enumerate(value))

    return read


def _mapping(item: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise CodecError(f"{where}: no object")
        return {key: item(each, f"{where}.{key}") for key, each in value.items()}

    return read


def _json(value: Any, where: str, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(f"{where}: nested too deep")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_json(each, where, depth + 1) for each in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _json(each, where, depth + 1) for key, each in value.items()}
    raise CodecError(f"{where}: no JSON value")
