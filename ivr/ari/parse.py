"""From the bytes of one websocket message to one typed event. Pure; never raises.

What cannot be read is kept as an `UnknownEvent`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import ValidationError

from ivr.ari.generated.events import EVENTS, Message


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
    first: the first connection of this client. away_s: seconds without a connection (0.0 when first).
    """

    first: bool
    away_s: float

    def object_ids(self) -> tuple[str, ...]:
        return ()


AnyEvent = Message | UnknownEvent | Gap

_TYPE: Final = re.compile(rb'"type":\s*"(\w+)"')
_VALIDATORS: Final = {
    name.encode(): model.__pydantic_validator__.validate_json for name, model in EVENTS.items()
}
_IDENTIFYING: Final = ("id", "name", "target_uri")


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
