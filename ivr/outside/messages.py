"""Messages to people: who may be written to, what a gateway is sent, when a delivery is tried again. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ivr.flow.digits import compile_pattern
from storage.promises import NotificationRecord

CALLER: Final = "caller"
MAX_TEXT: Final = 4000
MAX_ERROR: Final = 300
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ANY_OF = re.compile(r"\*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PLACE = re.compile(r"\{([a-z]+(?:\.\w+)?)\}")


# --- to whom ---


def check_rule(rule: str) -> None:
    """Raises PatternError for what is neither `caller`, a mail address, `*@domain` nor a pattern of digits."""
    if rule != CALLER and not _MAIL.fullmatch(rule) and not _ANY_OF.fullmatch(rule):
        compile_pattern(rule)


def recipient(to: str, caller: str, own: str, rules: Iterable[str]) -> str | None:
    """Who gets it; None: nobody may. to: as the dialogue says, "" = the channel's own address.

    caller: the number that calls, "" when withheld. A number is compared without spaces and dashes.
    """
    if not to or to == own:
        return own or None
    mail = "@" in to
    plain = to.strip() if mail else re.sub(r"[\s-]", "", to)
    if mail and not _MAIL.fullmatch(plain):
        return None
    for rule in rules:
        if rule == CALLER:
            fits = bool(caller) and plain == re.sub(r"[\s-]", "", caller)
        elif _ANY_OF.fullmatch(rule):
            fits = mail and plain.lower().endswith(rule[1:].lower())
        elif "@" in rule:
            fits = mail and plain.lower() == rule.lower()
        else:
            fits = (
                plain.isascii() and plain.isdecimal() and compile_pattern(rule).verdict(plain) == "complete"
            )
        if fits:
            return plain
    return None


# --- what ---


def payload(record: NotificationRecord, template: Mapping[str, Any]) -> dict[str, Any]:
    """What a gateway is sent: the template with `{to}`, `{text}`, `{id}`, `{call}`, `{channel}`, `{language}`, `{at}`
    and `{data.name}` put in, or, without a template, all of these under their names."""
    values: dict[str, Any] = {
        "id": record.id,
        "call": record.call_id,
        "channel": record.channel,
        "to": record.recipient,
        "text": record.text,
        "language": record.language,
        "data": dict(record.data),
        "at": record.created_at.isoformat(),
    }
    if not template:
        return values
    return {name: _filled(value, values) for name, value in template.items()}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole is not None:
        return _value(whole.group(1), values)
    return _PLACE.sub(lambda place: str(_value(place.group(1), values)), value)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    first, _, inner = name.partition(".")
    if first not in values or (inner and first != "data"):
        return "{" + name + "}"
    return values["data"].get(inner, "") if inner else values[first]


# --- when ---


@dataclass(frozen=True, slots=True)
class Delivered:
    pass


@dataclass(frozen=True, slots=True)
class Undelivered:
    """detail: without what the message says. permanent: it will never be taken. after_s: a wish of the other side."""

    detail: str
    permanent: bool = False
    after_s: float | None = None


Delivery = Delivered | Undelivered


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Pauses grow fourfold from first_s to longest_s; each is spread evenly over [pause / 2, pause]."""

    first_s: float = 5.0
    longest_s: float = 900.0
    give_up: dt.timedelta = dt.timedelta(hours=24)


DEFAULT_POLICY: Final = DeliveryPolicy()


def after_attempt(
    record: NotificationRecord, delivery: Delivery, now: dt.datetime, spread: float, policy: DeliveryPolicy
) -> NotificationRecord:
    """The record as it stands after an attempt: sent, failed, or pending with the time of the next one."""
    done = replace(record, attempts=record.attempts + 1, revision=record.revision + 1)
    if isinstance(delivery, Delivered):
        return replace(done, state="sent", sent_at=now, error="")
    error = delivery.detail[:MAX_ERROR]
    pause_s = min(policy.longest_s, policy.first_s * 4.0 ** min(record.attempts, 16)) * (0.5 + spread / 2)
    next_at = now + dt.timedelta(seconds=max(pause_s, delivery.after_s or 0.0))
    if delivery.permanent or next_at > record.created_at + policy.give_up:
        return replace(done, state="failed", error=error)
    return replace(done, next_at=next_at, error=error)
