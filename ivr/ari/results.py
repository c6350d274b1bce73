"""What an ARI command comes back with: `Sent`, `Gone`, or an error of `ivr.errors`.

A caller may hang up at any moment, so "it is no longer there" is a result, not an exception. What an answer
means is decided in one place, `classify`, by the rules of `RULES` (first match wins); the status is looked at before
the body. Messages are those of Asterisk 22.10 (`{"message": ...}`), each seen by a test against the real one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar, cast

from ivr.errors import AriError, AriRejected, AriUnauthorised, AriUnavailable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the api-docs. name: `channels.play`; template: `/channels/{channelId}/play`."""

    name: str
    method: str
    template: str
    objects: tuple[str, ...] = ()
    """The ids in the path: the objects that can be gone."""


class Sent(Generic[T_co]):
    """Asterisk accepted the command. `value` is its answer (None where the api-docs say void).

    The body is decoded when `value` is first read: most commands are sent for their effect. Reading a body that is not
    what the api-docs promise raises `AriUnavailable`. Two are equal when their values are. `case Sent(value):` works.
    """

    __match_args__ = ("value",)
    __slots__ = ("_body", "_decode", "_value")

    def __init__(self, value: T_co) -> None:
        self._value = value
        self._decode: Callable[[bytes], T_co] | None = None
        self._body = b""

    @classmethod
    def undecoded(cls, body: bytes, decode: Callable[[bytes], T_co]) -> Sent[T_co]:
        sent = cls(cast("T_co", None))
        sent._body = body
        sent._decode = decode
        return sent

    @property
    def value(self) -> T_co:
        if self._decode is not None:
            try:
                value = self._decode(self._body)
            except ValueError as error:
                raise AriUnavailable(f"Asterisk's answer cannot be read: {error}") from error
            self._value, self._decode, self._body = value, None, b""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sent) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash((Sent, self.value))

    def __repr__(self) -> str:
        return f"Sent({self.value!r})"


@dataclass(frozen=True, slots=True)
class Gone:
    """The object is not there (any more), or has left our application. Normal: the caller hung up.

    reason: Asterisk's own words. status: the HTTP status it came with.
    """

    reason: str
    status: int = 404


@dataclass(frozen=True, slots=True)
class Accepted:
    """Status 2xx: the body is the operation's own answer."""


ACCEPTED: Final = Accepted()
SENT_NOTHING: Final[Sent[None]] = Sent(None)

Meaning = Literal["gone", "rejected", "unauthorised", "unavailable"]


@dataclass(frozen=True, slots=True)
class Rule:
    """status and message (a regular expression, searched) -> meaning.

    operations: only for these (a regular expression on the name).
    objects_only: only for operations with an id in the path.
    """

    status: int
    message: str
    meaning: Meaning
    operations: str = ""
    objects_only: bool = False
    mend: str = ""


RULES: Final[tuple[Rule, ...]] = (
    Rule(401, "", "unauthorised", mend="check user and password in ari.conf and in our settings"),
    # 403 is also the answer for "not with this kind of channel": only the first is about who we are.
    Rule(403, r"(?i)write access|authoriz|authentic", "unauthorised", mend="the ARI user is read_only"),
    # These objects live; something else is missing.
    Rule(404, r"(?i)variable was not found", "rejected"),
    Rule(404, r"(?i)RTP info not found", "rejected"),
    Rule(
        404, r"(?i)^Resource not found", "rejected", mend="the Asterisk module of this resource is not loaded"
    ),
    Rule(404, "", "gone", objects_only=True),
    # addChannel and removeChannel name the channel in the query: 400 is how they say that it hung up.
    Rule(400, r"(?i)channel not found", "gone", operations=r"^bridges\.(add|remove)_channel$"),
    Rule(422, r"(?i)channel not in (this bridge|stasis app)", "gone"),
    Rule(409, r"(?i)(channel|bridge) (is )?not in (a )?stasis app", "gone"),
    Rule(409, r"(?i)not subscribed to event source", "gone"),
    # It has ended and is about to be forgotten; a queued one can be stopped.
    Rule(409, r"(?i)recording not in session", "gone"),
    # Seen: an endpoint that does not exist, or a phone without a registered contact.
    Rule(
        500,
        r"(?i)allocation failed",
        "rejected",
        operations=r"^channels\.(create|originate|originate_with_id|external_media)$",
        mend="the endpoint does not exist or no phone is registered there",
    ),
)


_RULES_OF: Final = {
    status: [rule for rule in RULES if rule.status == status] for status in {r.status for r in RULES}
}


def message_of(body: bytes) -> str:
    """Asterisk's own words in an error body: `message` or `error`, else the body's start."""
    try:
        decoded = json.loads(body)
    except ValueError:
        decoded = None
    if isinstance(decoded, dict):
        for key in ("message", "error"):
            if isinstance(decoded.get(key), str):
                return str(decoded[key])
    return body[:200].decode("utf-8", "replace")


def classify(operation: Operation, status: int, body: bytes) -> Accepted | Gone | AriError:
    """The meaning of an answer. Errors are returned, not raised: the caller raises them."""
    if 200 <= status < 300:
        return ACCEPTED
    message = message_of(body)
    rule = next((rule for rule in _RULES_OF.get(status, ()) if _matches(rule, operation, message)), None)
    text = f"{operation.name}: {status} {message}".rstrip()
    mend = rule.mend if rule is not None else ""
    meaning: Meaning
    if rule is not None:
        meaning = rule.meaning
    elif 400 <= status < 500:
        meaning = "rejected"
    else:
        meaning = "unavailable"
    match meaning:
        case "gone":
            return Gone(message, status)
        case "rejected":
            return AriRejected(text, status=status, mend=mend)
        case "unauthorised":
            return AriUnauthorised(text, mend=mend)
        case "unavailable":
            return AriUnavailable(text, mend=mend)


def _matches(rule: Rule, operation: Operation, message: str) -> bool:
    return (
        (not rule.objects_only or bool(operation.objects))
        and (not rule.operations or re.search(rule.operations, operation.name) is not None)
        and re.search(rule.message, message) is not None
    )
