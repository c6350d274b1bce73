"""An explanation as text for people or JSON for programs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from ivr.explain.facts import Facts
from ivr.explain.story import Line
from ivr.explain.words import Language

_NO_QUEUE = {
    "zh": "此来电没有进入任何队列。",
    "en": "This call entered no queue.",
}
_FLOOR = {"zh": "当时", "en": "then"}


def as_text(facts: Facts, lines: Sequence[Line], language: Language, zone: dt.tzinfo) -> str:
    """One line an event: the time of day in that zone, seconds since the call came in, what happened."""
    rows = [f"{facts.call.id}  {facts.call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"]
    for line in lines:
        rows.append(f"{line.at.astimezone(zone):%H:%M:%S} {line.after_s:>8.1f} s  {line.text}")
        if line.floor:
            rows.append(f"{'':21}{_FLOOR[language]}: {line.floor}")
    if not facts.entries:
        rows.append(_NO_QUEUE[language])
    return "\n".join(rows) + "\n"


def as_json(facts: Facts, lines: Sequence[Line], language: Language) -> str:
    plain = {
        "call": facts.call.id,
        "began_at": facts.call.started_at.isoformat(),
        "ended_at": None if facts.call.ended_at is None else facts.call.ended_at.isoformat(),
        "language": language,
        "lines": [
            {
                "at": line.at.isoformat(),
                "after_s": line.after_s,
                "kind": line.kind,
                "text": line.text,
                "floor": line.floor,
                "data": dict(line.data),
            }
            for line in lines
        ],
    }
    return json.dumps(plain, ensure_ascii=False, indent=2, default=str) + "\n"
