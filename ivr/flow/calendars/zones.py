"""Names of time zones, with a suggestion where one is unknown."""

from __future__ import annotations

import functools
import re
import zoneinfo

from ivr.flow.calendars.faults import Faults, Path
from ivr.flow.findings import did_you_mean

_CITIES = {
    "beijing": "Asia/Shanghai",
    "peking": "Asia/Shanghai",
    "shenzhen": "Asia/Shanghai",
    "prc": "Asia/Shanghai",
}
"""Cities that people look for, and the database has under another name."""
_OFFSET = re.compile(r"(?:utc|gmt)?\s*[+-]\s*\d", re.IGNORECASE)


def read_zone(name: str, path: Path, faults: Faults) -> zoneinfo.ZoneInfo:
    """The zone; UTC and a fault when there is none of this name."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        faults.add(path, f"unknown time zone `{name}`", _suggestion(name))
        return zoneinfo.ZoneInfo("UTC")


def _suggestion(name: str) -> str:
    if _OFFSET.match(name):
        return "a place, as Asia/Shanghai: an offset does not know of daylight saving"
    city = name.replace(" ", "_").rsplit("/", 1)[-1].casefold()
    known = _known()
    same = sorted(zone for zone in known if zone.rsplit("/", 1)[-1].casefold() == city and "/" in zone)
    found = _CITIES.get(city) or (same[0] if same else "")
    return f"did you mean `{found}`?" if found else did_you_mean(name, known) or "as Asia/Shanghai"


@functools.cache
def _known() -> frozenset[str]:
    """All names. Kept, as they are found by looking through the folders of the database."""
    return frozenset(zoneinfo.available_timezones())
