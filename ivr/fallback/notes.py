"""The note that the fallback leaves of each call (`[fallback]` in asterisk-config/extensions.conf.j2). Pure.

    {"event":"arrived","at":1764150000,"call":"n1-1764150000.7","caller":"13800000000","endpoint":"trunk"}
    {"event":"queue","at":1764150100,"status":"TIMEOUT"}
    {"event":"voicemail","at":1764150120,"file":"20261126T0940Z-n1-1764150000.7.wav"}
    {"event":"ended","at":1764150121}

One JSON object a line, one file a call. A line that was cut short (Asterisk was killed) is passed over.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Final

from ivr.ids import CallId

WITHHELD: Final = frozenset({"", "anonymous", "unknown", "restricted", "unavailable"})


@dataclass(frozen=True, slots=True)
class FallbackCall:
    """channel: Asterisk's id of it. answered_by, answered_at: the agent who took it, as far as the note says.

    message: the file's name in the folder of messages, "" = none was left. over: the note is complete.
    """

    channel: str
    caller: str
    endpoint: str
    arrived_at: dt.datetime
    last_at: dt.datetime
    queue_status: str = ""
    answered_by: str = ""
    message: str = ""
    over: bool = False

    def id(self, node: str) -> CallId:
        """The same each time, so that a note that is read twice makes one call."""
        digest = hashlib.sha256(f"{self.channel} {self.arrived_at.timestamp():.0f}".encode()).hexdigest()
        return CallId(f"c-{node}-{int(self.arrived_at.timestamp()):x}-{digest[:8]}")


def read(text: str) -> FallbackCall | None:
    """None: it does not say which call it is about."""
    call: FallbackCall | None = None
    for line in text.splitlines():
        event = _event(line)
        if event is None:
            continue
        at = dt.datetime.fromtimestamp(event["at"], dt.UTC)
        if call is None:
            if event["event"] != "arrived" or not event.get("call"):
                return None
            caller = str(event.get("caller", ""))
            call = FallbackCall(
                channel=str(event["call"]),
                caller="" if caller.lower() in WITHHELD else caller,
                endpoint=str(event.get("endpoint", "")),
                arrived_at=at,
                last_at=at,
            )
            continue
        call = _told(replace(call, last_at=at), event)
    return call


def _told(call: FallbackCall, event: dict[str, Any]) -> FallbackCall:
    match event["event"]:
        case "queue":
            return replace(call, queue_status=str(event.get("status", "")))
        case "answered":
            return replace(call, answered_by=str(event.get("agent", "")).rpartition("/")[2])
        case "voicemail":
            return replace(call, message=str(event.get("file", "")))
        case "ended":
            return replace(call, over=True)
        case _:
            return call


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return None
    at = event.get("at")
    # A number that is no time would end the reading of all the others.
    good = isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at < 1e11
    return event if good else None
