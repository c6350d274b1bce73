"""Times of day as they are said, for Chinese, English and Spanish: `times_said`. Pure.

An hour of the twelve-hour clock without its part of the day is the one in daytime first (7 to 18), then the other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Literal

from ivr.flow.values import chinese, words
from ivr.flow.values.english import ENGLISH
from ivr.flow.values.plain import family, plain
from ivr.flow.values.spanish import SPANISH

Part = Literal["", "dawn", "morning", "forenoon", "noon", "afternoon", "night"]

_CLOCK = re.compile(r"(?<![0-9:/])(?P<hour>[0-9]{1,2}) ?[:：.] ?(?P<minute>[0-9]{2})(?![0-9:/])")

_ZH_PARTS: dict[str, Part] = {
    **dict.fromkeys(("凌晨", "半夜", "后半夜", "清早"), "dawn"),
    **dict.fromkeys(("早上", "早晨", "清晨", "一早"), "morning"),
    "上午": "forenoon",
    **dict.fromkeys(("中午", "正午"), "noon"),
    **dict.fromkeys(("下午", "午后", "傍晚", "黄昏"), "afternoon"),
    **dict.fromkeys(("晚上", "夜里", "夜间", "晚间", "今晚", "明晚"), "night"),
}
_ZH_PART = rf"(?:(?P<part>{'|'.join(_ZH_PARTS)})的?)?"
_ZH_MINUTE = r"(?P<half>半)|(?P<quarters>[13])刻|(?P<minute>[0-9]{1,2})分?钟?"
_ZH_TIME = re.compile(
    rf"{_ZH_PART}(?<![0-9?])(?P<hour>[0-9]{{1,2}})[点时](?:钟|整)?(?!差)(?:{_ZH_MINUTE})?(?![0-9])"
)
_ZH_TO = re.compile(
    rf"{_ZH_PART}差(?:(?P<quarters>[1])刻|(?P<minute>[0-9]{{1,2}})分?钟?)(?:到)?(?P<hour>[0-9]{{1,2}})点"
    rf"|{_ZH_PART.replace('part', 'part2')}(?P<hour2>[0-9]{{1,2}})点"
    r"差(?:(?P<quarters2>[1])刻|(?P<minute2>[0-9]{1,2})分?)"
)
_ZH_CLOCK = re.compile(_ZH_PART + _CLOCK.pattern)
_ZH_NOON = re.compile(r"(?:中午|正午)(?![0-9])")
_ZH_MIDNIGHT = re.compile(r"(?:午夜|半夜)(?![0-9])")

_EN_PARTS: dict[str, Part] = {
    **dict.fromkeys(
        ("am", "a m", "in the morning", "this morning", "tomorrow morning", "morning"), "morning"
    ),
    **dict.fromkeys(
        ("pm", "p m", "in the afternoon", "this afternoon", "tomorrow afternoon", "afternoon"), "afternoon"
    ),
    **dict.fromkeys(("in the evening", "at night", "tonight", "this evening", "evening"), "night"),
}
_ES_PARTS: dict[str, Part] = {
    **dict.fromkeys(("de la madrugada", "de madrugada"), "dawn"),
    **dict.fromkeys(("de la manana", "por la manana", "am"), "morning"),
    **dict.fromkeys(("del mediodia", "de mediodia"), "noon"),
    **dict.fromkeys(("de la tarde", "por la tarde", "pm"), "afternoon"),
    **dict.fromkeys(("de la noche", "por la noche"), "night"),
}


def _part_after(parts: dict[str, Part]) -> str:
    return rf"(?: (?:oclock|exactly|sharp|en punto|horas|hours))?(?: ?(?P<part>{'|'.join(parts)})\b)?"


_EN_COUNT = r"(?:(?P<minute>[0-9]{1,2})(?: minutes?)?|(?:a )?(?P<quarter>quarter)|(?P<half>half))"
_ENGLISH = (
    re.compile(
        rf"\b{_EN_COUNT} (?P<way>past|after|to|before|till|of) (?P<hour>[0-9]{{1,2}})(?![0-9]){_part_after(_EN_PARTS)}"
    ),
    re.compile(rf"{_CLOCK.pattern}{_part_after(_EN_PARTS)}"),
    re.compile(rf"(?<![0-9])(?P<hour>[0-9]{{1,2}}) (?P<minute>[0-9]{{2}})(?![0-9]){_part_after(_EN_PARTS)}"),
    re.compile(rf"(?<![0-9])(?P<hour>[0-9]{{1,2}}?)(?P<minute>[0-5][0-9])(?![0-9]){_part_after(_EN_PARTS)}"),
    re.compile(rf"(?<![0-9] )(?<![0-9])(?P<hour>[0-9]{{1,2}})(?! ?[0-9]){_part_after(_EN_PARTS)}"),
)
_SPANISH = (
    re.compile(
        rf"(?<![0-9])(?P<hour>[0-9]{{1,2}}) (?P<way>y|con|menos) "
        rf"(?:(?P<minute>[0-9]{{1,2}})(?: minutos)?|(?P<quarter>cuarto)|(?P<half>media))(?![0-9])"
        rf"{_part_after(_ES_PARTS)}"
    ),
    re.compile(rf"{_CLOCK.pattern}{_part_after(_ES_PARTS)}"),
    re.compile(rf"(?<![0-9])(?P<hour>[0-9]{{1,2}}) (?P<minute>[0-9]{{2}})(?![0-9]){_part_after(_ES_PARTS)}"),
    re.compile(rf"(?<![0-9] )(?<![0-9])(?P<hour>[0-9]{{1,2}})(?! ?[0-9]){_part_after(_ES_PARTS)}"),
)
_WRONG = re.compile(
    r".*(?:不对|错了|不是[^是]{1,12}?而?是)[,，]?|.*\b(?:no wait|i mean|sorry|no|perdon|digo) "
)
_UNA = re.compile(r"\buna\b")
_PUNCTUATION = re.compile(r"\s*[,;!?…]+\s*")


def times_said(text: str, language: str) -> list[dt.time | None]:
    """The times that may have been meant, likeliest first; None, last, for one that no clock shows (二十五点)."""
    spoken = family(language)
    if spoken == "zh":
        found = _chinese(_WRONG.sub("", chinese.figured(text)))
    elif spoken == "en":
        found = _words(words.figured(text, ENGLISH, ordinals=False), _ENGLISH, _EN_PARTS)
    elif spoken == "es":
        found = _words(_UNA.sub("1", words.figured(text, SPANISH, ordinals=False)), _SPANISH, _ES_PARTS)
    else:
        found = (
            _clock(int(match["hour"]), int(match["minute"]), "") for match in _CLOCK.finditer(plain(text))
        )
    said: list[dt.time | None] = []
    for times in found:
        said += times or [None]
    return sorted(dict.fromkeys(said), key=lambda time: time is None)


def _chinese(text: str) -> Iterator[list[dt.time]]:
    to = _ZH_TO.search(text)
    if to is not None:
        minutes = to["minute"] or to["minute2"]
        part = _ZH_PARTS.get(to["part"] or to["part2"] or "", "")
        yield _before(int(to["hour"] or to["hour2"]), int(minutes) if minutes else 15, part)
        return
    for match in _ZH_TIME.finditer(text):
        minute = 30 if match["half"] else 15 * int(match["quarters"] or 0) or int(match["minute"] or 0)
        yield _clock(int(match["hour"]), minute, _ZH_PARTS.get(match["part"] or "", ""))
    for match in _ZH_CLOCK.finditer(text):
        yield _clock(int(match["hour"]), int(match["minute"]), _ZH_PARTS.get(match["part"] or "", ""))
    if _ZH_NOON.search(text):
        yield [dt.time(12)]
    if _ZH_MIDNIGHT.search(text):
        yield [dt.time(0)]


def _words(
    text: str, patterns: tuple[re.Pattern[str], ...], parts: dict[str, Part]
) -> Iterator[list[dt.time]]:
    text = _WRONG.sub("", " ".join(_PUNCTUATION.sub(" ", text).split()))
    for pattern in patterns:
        # One that names its part of the day before one that could be a date's day.
        matches = sorted(pattern.finditer(text), key=lambda match: not match.groupdict().get("part"))
        if matches:
            found = [_matched(match.groupdict(), parts) for match in matches]
            yield next((times for times in found if times), [])
            return
    if re.search(r"\b(?:noon|midday|mediodia)\b", text):
        yield [dt.time(12)]
    elif re.search(r"\b(?:midnight|medianoche)\b", text):
        yield [dt.time(0)]


def _matched(groups: dict[str, str | None], parts: dict[str, Part]) -> list[dt.time]:
    part = parts.get(groups.get("part") or "", "")
    minute = 30 if groups.get("half") else 15 if groups.get("quarter") else int(groups.get("minute") or 0)
    hour = int(groups["hour"] or 0)
    if groups.get("way") in ("to", "before", "till", "of", "menos"):
        return _before(hour, minute, part)
    return _clock(hour, minute, part)


def _before(hour: int, minutes: int, part: Part) -> list[dt.time]:
    """ten to three: the same part of the day as three."""
    if not 0 < minutes < 60:
        return []
    day = 24 * 60
    found = []
    for time in _clock(hour, 0, part):
        total = (time.hour * 60 - minutes) % day
        found.append(dt.time(total // 60, total % 60))
    return found


def _clock(hour: int, minute: int, part: Part) -> list[dt.time]:
    """24 is midnight as well. Nothing for hours and minutes that no clock has."""
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return []
    if hour == 24:
        hours = [0]
    elif hour > 12 or (hour == 0 and not part):
        hours = [hour]
    else:
        hours = _hours(hour % 12, part)
    return [dt.time(hour, minute) for hour in hours]


def _hours(hour: int, part: Part) -> list[int]:
    """hour: 0 to 11 of the twelve-hour clock."""
    match part:
        case "dawn" | "morning":
            return [hour]
        case "forenoon":
            return [hour or 12]
        case "noon":
            return [hour if hour in (10, 11) else hour + 12]
        case "afternoon":
            return [hour + 12]
        case "night":
            return [hour if hour < 5 else hour + 12]
        case "":
            return [hour, hour + 12] if hour >= 7 else [hour + 12, hour]
