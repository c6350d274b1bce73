"""A call at its third question: what the examples of the documentation are tried on."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping

from ivr.flow.expressions import ANY, INT, STANDARD, TEXT, Type, one_of, time_of

NOW = dt.datetime(2026, 11, 26, 10, 30, tzinfo=zoneinfo.ZoneInfo("Asia/Shanghai"))

TYPES: Mapping[str, Type] = {
    **STANDARD,
    "tries": INT,
    "said": TEXT,
    "topic": one_of("noise", "water", "consult"),
    "ticket": TEXT,
    "response": ANY,
}
SCOPE: Mapping[str, object] = {
    "call": {
        "id": "c-1",
        "caller": "13812345678",
        "number": "12345",
        "language": "zh",
        "speech": ["zh", "en"],
        "facts": {"age": 70},
        "history": {
            "known": True,
            "calls": 3,
            "calls_7d": 2,
            "last_at": "2026-11-26T10:10:00+08:00",
            "last_topic": "noise",
            "last_outcome": "answered",
            "last_agent": "1001",
            "language": "zh",
        },
    },
    "language": "zh",
    "now": NOW,
    "time": time_of(NOW),
    "event": {"name": "no_match", "count": 2, "detail": None},
    "visits": 1,
    "tries": 2,
    "said": "我家楼下漏水了",
    "topic": "noise",
    "ticket": "HZ2026-0042",
    "response": {"status": "open", "items": [{"id": "a", "due": "2026-12-01"}]},
}
