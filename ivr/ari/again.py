"""Which command may be sent again when it failed, and what to ask first. Pure.

| trouble | what is known | sent again |
|---|---|---|
| not_sent | no connection: Asterisk never saw it | always |
| unanswered | cut or overdue on its way: perhaps carried out | what does the same twice |
| failed | a 5xx: Asterisk tried, or could not | likewise, a few times |

What makes an object with an id of ours is looked for before it is sent again.
What does not do the same twice (dialling, keys, originating without an id) is never sent again once it was on its way:
whoever asked is told, and decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, quote, unquote

import orjson

from ivr.ari.generated.operations import CHANNELS_GET, PLAYBACKS_GET, RECORDINGS_GET_LIVE
from ivr.ari.repository import Request

Trouble = Literal["not_sent", "unanswered", "failed"]
Way = Literal["same", "look", "never"]
"""same: again as it is. look: first ask for the object; there it is: done. never."""

ONCE: Final = frozenset(
    {
        "bridges.create",
        "bridges.play",
        "bridges.record",
        "channels.dial",
        "channels.originate",
        "channels.play",
        "channels.send_dtmf",
        "channels.snoop_channel",
        "endpoints.refer",
        "endpoints.send_message",
        "endpoints.send_message_to_endpoint",
        "endpoints.refer_to_endpoint",
        "events.claim_channel",
        "events.user_event",
        "playbacks.control",
    }
)
"""Twice is not the same as once."""

MADE: Final = {
    "bridges.play_with_id": (PLAYBACKS_GET, "playbackId"),
    "channels.create": (CHANNELS_GET, "channelId"),
    "channels.external_media": (CHANNELS_GET, "channelId"),
    "channels.originate_with_id": (CHANNELS_GET, "channelId"),
    "channels.play_with_id": (PLAYBACKS_GET, "playbackId"),
    "channels.record": (RECORDINGS_GET_LIVE, "name"),
    "channels.snoop_channel_with_id": (CHANNELS_GET, "snoopId"),
}
"""They make an object whose id we chose: what finds it, and the parameter that has the id. A second one would be
refused, or play twice."""

PAUSES_S: Final = (0.25, 0.5, 1.0, 1.5, 1.5)
"""Before each further try of what Asterisk failed to do: five seconds of silence are as long as a caller bears."""
REFUSED_S: Final = 0.25
"""Before each further try of what could not be sent."""


@dataclass(frozen=True, slots=True)
class Try:
    """Once more after so long. look: ask for what it makes first."""

    after_s: float
    look: bool = False


def way_of(request: Request) -> Way:
    name = request.operation.name
    if name in MADE:
        return "never" if look_for(request) is None else "look"
    return "never" if name in ONCE else "same"


def again(request: Request, trouble: Trouble, tries: int) -> Try | None:
    """tries: how often it was tried so far, with this trouble the last time. None: no more."""
    if trouble == "not_sent":
        return Try(REFUSED_S)
    way = way_of(request)
    if way == "never" or tries > len(PAUSES_S):
        return None
    return Try(PAUSES_S[tries - 1], look=way == "look")


def look_for(request: Request) -> Request | None:
    """What asks for the object that this request makes; None: it has no id of ours."""
    get, parameter = MADE[request.operation.name]
    path, _, asked = request.target.partition("?")
    found = dict(parse_qsl(asked))
    for name, value in zip(request.operation.template.split("/"), path.split("/"), strict=True):
        if name.startswith("{"):
            found[name.strip("{}")] = unquote(value)
    if request.body and parameter not in found:
        told = orjson.loads(request.body).get(parameter)
        found |= {parameter: told} if isinstance(told, str) else {}
    id = found.get(parameter)
    if not id:
        return None
    (place,) = (one for one in get.template.split("/") if one.startswith("{"))
    return Request(get, get.template.replace(place, quote(id, safe="")))
