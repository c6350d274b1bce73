"""The status as JSON: personal data masked, rates worked out. What is not here does not leave the process.

    {"now": "2026-11-22T06:00:00Z", "node": "n1", "uptime_s": 61.0,
     "asterisk": {"connected": true, "version": "22.10.1", "trouble": "", "restarts": 0},
     "database": {"kind": "sqlite", "ok": true}, "speech": [{"language": "zh", "engine": "whisper"}],
     "calls": [{"call_id": ..., "caller": "138****5678", "since": ..., ...}], "queues": [...], "agents": [...],
     "callbacks": [{"id": ..., "number": "138****5678", "place": 2, "attempts": 0, ...}],
     "today": {"offered": 3, ..., "connection_rate": 0.95, "rate_15_s": 0.9}}

Keys are the fields of `web.api.status`; a rate is a fraction of 1, null while nothing was offered.
"""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from typing import Any

import orjson

from ivr.log import mask_number
from web.api.status import LiveCall, Status, Today

_CALL_FIELDS = tuple(field.name for field in fields(LiveCall))
_WITHHELD = frozenset({"", "anonymous", "unknown", "restricted", "unavailable"})
"""What SIP networks put in place of a number that is not to be shown."""

_SPOKEN_NUMBER = re.compile(r"[0-9零〇一二三四五六七八九幺](?:[\s-]?[0-9零〇一二三四五六七八九幺]){4,}")
"""Five digits and more in what a caller said, written either way, is a number that identifies somebody."""


def encode_status(status: Status, *, show_transcripts: bool) -> bytes:
    """One JSON object, UTF-8."""
    return orjson.dumps(_view(status, show_transcripts), option=orjson.OPT_UTC_Z)


def encode_message(kind: str, **fields: Any) -> str:
    """One message of the live feed: `{"type": kind, ...}`. A field given as bytes is JSON already."""
    raw = {
        name: orjson.Fragment(value) if isinstance(value, bytes) else value for name, value in fields.items()
    }
    return orjson.dumps({"type": kind, **raw}).decode()


def _view(status: Status, show_transcripts: bool) -> dict[str, Any]:
    """The top of the object; orjson writes the values inside by itself, faster than they could be taken apart."""
    view = {field.name: getattr(status, field.name) for field in fields(status)}
    view["calls"] = [_masked(call, show_transcripts) for call in status.calls]
    view["callbacks"] = [asdict(one) | {"number": mask_number(one.number)} for one in status.callbacks]
    view["today"] = asdict(status.today) | _rates(status.today)
    return view


def _masked(call: LiveCall, show_transcripts: bool) -> dict[str, Any]:
    """Masking what is masked already changes nothing, so a source may do either."""
    view = {name: getattr(call, name) for name in _CALL_FIELDS}
    withheld = call.caller.strip().lower() in _WITHHELD
    view["caller"] = "" if withheld else mask_number(call.caller)
    heard = call.last_heard if show_transcripts else None
    view["last_heard"] = heard and _SPOKEN_NUMBER.sub("****", heard)
    return view


def _rates(today: Today) -> dict[str, float | None]:
    if today.offered == 0:
        return {"connection_rate": None, "rate_15_s": None}
    return {
        "connection_rate": today.answered / today.offered,
        "rate_15_s": today.answered_within_15_s / today.offered,
    }
