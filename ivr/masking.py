"""Telephone, identity and ticket numbers in any text, however they are written, made safe to log. Pure.

A number is seven digits and more: in one piece (also in the middle of a word, after a `+` or `%2B`), in groups
(`138 0013 8000`, `021-8888 7777`, `(021) 88887777`, `138%200013%208000`), in full-width digits, in Chinese numerals as
they are spoken (`幺三八零零...`), with the X of an identity card. Left as they are: our own ids and digests, dates
and times, addresses of machines, fractions, Asterisk's `1764165600.12`.
"""

from __future__ import annotations

import re
from typing import Final

_SEPARATOR: Final = r"(?:%20|%2[dD]|[ \u00a0\u2009()\-\u2010-\u2014]){0,3}"
_SPOKEN: Final = "零〇一二三四五六七八九幺两"

_PATTERN: Final = re.compile(
    rf"""
    (?P<kept>
        \bc-[a-z0-9]+-[0-9a-f]{{7,9}}-[0-9a-f]{{8}}(?![0-9A-Za-z])    # our ids: the call's, and what begins with it
      | (?<![0-9A-Za-z])(?=[0-9]*[a-f])(?!\w*\d{{10}})              # a digest, or its beginning
        (?:[0-9a-f]{{64}}|[0-9a-f]{{40}}|[0-9a-f]{{32}}|[0-9a-f]{{12}})(?![0-9A-Za-z])
      | (?<!\d)\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:[+-]\d\d:?\d\d(?!\d)|Z)?(?![\d-])
      | (?<![\d.])(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?![\d.]\d)            # an IPv4 address
      | (?<!\d)1[6-9]\d{{8}}\.\d{{1,7}}(?!\d)                         # Asterisk's unique id: seconds since 1970
      | (?<![\d.])\d{{1,6}}\.\d{{1,9}}(?![\d.])                          # a fraction
    )
    | (?P<tech>\bPJSIP/)(?P<endpoint>[^\s/]+?)(?P<serial>-[0-9a-f]{{8}})(?![0-9A-Za-z])
    | (?P<number>\+?\d(?:{_SEPARATOR}\d){{6,}}[xX]?|\d{{3}}\.\d{{4}}\.\d{{4}})
    | (?P<spoken>[{_SPOKEN}](?:[\s,，、-]?[{_SPOKEN}]){{6,}})
    """,
    re.VERBOSE,
)


def mask_number(number: str) -> str:
    """`13812345678` -> `138****5678`; short ones keep only their last digit."""
    if len(number) < 7:
        return "*" * max(0, len(number) - 1) + number[-1:]
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 9 else f"****{number[-3:]}"


def mask_text(text: str) -> str:
    return _PATTERN.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "kept":
            return found.group()
        case "serial":
            return found["tech"] + mask_text(found["endpoint"]) + found["serial"]
        case "number":
            plain = re.sub(r"%2[0dD]", "", found["number"])
            return mask_number("".join(sign for sign in plain if sign.isdigit() or sign in "+xX"))
        case _:
            return "****"
