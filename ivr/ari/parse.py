"""From the bytes of one websocket message to one typed event. Pure; never raises.

`parse_message` gives the event. `seal` only looks at the outside, its type and the objects it names, which is all that
routing needs: so the websocket's reader stays quick, and the session that takes the event opens it. What cannot be read
is kept as an `UnknownEvent`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import ValidationError

from ivr.ari.generated.events import EVENTS, ID_PLACES, Message


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A message of a type that we do not know, or one that is not what the api-docs promise.

    type: "" when not even that could be read. raw: as received. error: why it could not be read. ids: the objects it
    seems to be about, so that it still reaches whoever watches them (an unreadable ChannelDestroyed ends a call too).
    """

    type: str
    raw: bytes
    error: str
    ids: tuple[str, ...] = ()

    def object_ids(self) -> tuple[str, ...]:
        return self.ids


@dataclass(frozen=True, slots=True)
class Gap:
    """The event stream begins (again): what Asterisk sent before is gone for good.

    Compare our records with `GET /channels`, `/bridges` and `/applications/{app}`.
    first: the first connection of this client. away_s: seconds without a connection (0.0 when first). restarted: it is
    another Asterisk than before, and no channel of then is there any more; False also when that is not known.
    """

    first: bool
    away_s: float
    restarted: bool = False

    def object_ids(self) -> tuple[str, ...]:
        return ()


AnyEvent = Message | UnknownEvent | Gap

ANSWER: Final = "RESTResponse"
"""No event: an answer to a command of ours (`socket_rest.py`)."""
_TYPE: Final = re.compile(rb'"type":\s*"(\w+)"')
_VALIDATORS: Final = {
    name.encode(): model.__pydantic_validator__.validate_json for name, model in EVENTS.items()
}
_PLACES: Final = {
    name.encode(): (
        name,
        tuple(
            (text, len(text), always, b"" if always or text.endswith(b":") else text[: text.index(b":") + 1])
            for text, always in places
        ),
    )
    for name, places in {**ID_PLACES, ANSWER: ()}.items()
}
"""Type -> its name, and for each text that an id follows: its length, whether it is always there, and, where it is not,
the key that is there nevertheless if only the order of keys is another."""
_USUAL_BEGIN: Final = b'{"type":"'
_IDENTIFYING: Final = ("id", "name", "target_uri")


class Sealed:
    """A message by its outside: type, ids, bytes. `open` reads it, once however many mailboxes it lies in."""

    __slots__ = ("_event", "ids", "raw", "type")

    def __init__(self, type: str, ids: tuple[str, ...], raw: bytes) -> None:
        self.type = type
        self.ids = ids
        self.raw = raw
        self._event: Message | UnknownEvent | None = None

    def object_ids(self) -> tuple[str, ...]:
        return self.ids

    @property
    def opened(self) -> bool:
        return self._event is not None

    def open(self) -> Message | UnknownEvent:
        if self._event is None:
            self._event = parse_message(self.raw)
        return self._event


def seal(raw: bytes) -> Sealed | Message | UnknownEvent:
    """The message by its outside; read at once where that does not show type and ids for sure."""
    if raw.startswith(_USUAL_BEGIN):
        kind = raw[len(_USUAL_BEGIN) : raw.find(b'"', len(_USUAL_BEGIN))]
    else:
        found = _TYPE.search(raw)
        if (
            found is None or raw.find(b"{", 1, found.start()) >= 0
        ):  # an inner object comes first: is it its type?
            return parse_message(raw)
        kind = found[1]
    described = _PLACES.get(kind)
    if described is None:
        return parse_message(raw)
    name, places = described
    ids: list[str] = []
    for text, length, always, key in places:
        at = raw.find(text)
        if at >= 0:
            begin = at + length
            end = raw.find(b'"', begin)
            found_id = raw[begin:end]
            if end < 0 or b"\\" in found_id or not found_id.isascii():
                return parse_message(raw)
            ids.append(found_id.decode())
        elif always or (key and key in raw):
            return parse_message(raw)
    return Sealed(name, tuple(ids), raw)


def parse_message(raw: bytes) -> Message | UnknownEvent:
    """One JSON object -> its event, by `type`."""
    # The first "type" is the message's own in all that Asterisk sends. Were it that of an inner object, the model's
    # own `type` would not fit and the slow path would look again.
    found = _TYPE.search(raw)
    if found is not None:
        validate = _VALIDATORS.get(found[1])
        if validate is not None:
            try:
                event: Message = validate(raw)
            except ValidationError:
                return _parse_slowly(raw)
            return event
    return _parse_slowly(raw)


def _parse_slowly(raw: bytes) -> Message | UnknownEvent:
    try:
        decoded = orjson.loads(raw)
    except ValueError as error:
        return UnknownEvent("", raw, f"not JSON: {error}")
    if not isinstance(decoded, dict) or not isinstance(decoded.get("type"), str):
        return UnknownEvent("", raw, "not an object with a type")
    kind = decoded["type"]
    model = EVENTS.get(kind)
    if model is None:
        return UnknownEvent(kind, raw, "no event of this type in the api-docs", _ids_in(decoded))
    try:
        return model.model_validate(decoded)
    except ValidationError as error:
        return UnknownEvent(kind, raw, _without_values(error), _ids_in(decoded))


def _without_values(error: ValidationError) -> str:
    """Where and what, but not the values: they may hold a caller's number or digits."""
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))


def _ids_in(decoded: dict[str, object]) -> tuple[str, ...]:
    ids: list[str] = []
    for value in decoded.values():
        if isinstance(value, dict):
            texts = [value.get(key) for key in _IDENTIFYING]
            ids += [
                text.partition(":")[2] if i == 2 else text
                for i, text in enumerate(texts)
                if isinstance(text, str)
            ]
    return tuple(dict.fromkeys(ids))
