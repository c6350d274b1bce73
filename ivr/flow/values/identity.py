"""The number of China's identity card (GB 11643): area, date of birth, order, check digit. Pure.

Not `python-stdnum`, which refuses cards of counties that its list does not hold, and judges no prefixes; the check
itself is one line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.flow.digits import Verdict
from ivr.flow.inputs import JsonValue
from ivr.flow.values.days import make
from ivr.flow.values.format import Format, FormatInfo, Options
from ivr.flow.values.said import digit_strings

LENGTH = 18
_PROVINCES = frozenset(
    str(code)
    for region in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55), range(61, 66))
    for code in region
) | {"71", "81", "82", "83"}


def check_digit(seventeen: str) -> str:
    """The last character of a card that begins with these 17 digits: a digit or `X` (ISO 7064, MOD 11-2)."""
    total = sum(int(digit) * pow(2, LENGTH - 1 - place, 11) for place, digit in enumerate(seventeen))
    return "0123456789X"[(1 - total) % 11]


@dataclass(frozen=True, slots=True)
class IdentityCard(Format):
    """The X at the end is `*` on the phone. Value: as printed (`11010519491231002X`)."""

    def verdict(self, keys: str) -> Verdict:
        front, last = keys[: LENGTH - 1], keys[LENGTH - 1 :]
        if keys[:1] == "0" or len(last) > 1 or not all(key in "0123456789" for key in front):
            return "invalid"
        if not last:
            return "incomplete"
        return "complete" if last in "0123456789*" else "invalid"

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        # Cards of permanent residents from abroad begin with 9, then the province, then the country.
        if keys[:2] not in _PROVINCES and not (keys[0] == "9" and keys[1:3] in _PROVINCES):
            return "area"
        born = make(int(keys[6:10]), int(keys[10:12]), int(keys[12:14]))
        if born is None or born.year < 1880:
            return "no_such_date"
        if born > now.date():
            return "future"
        return "" if check_digit(keys[:17]) == keys[17].replace("*", "X") else "check_digit"

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        return keys.replace("*", "X")

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        return digit_strings(text, language, letters=True)


class IdentityCardOptions(Options):
    pass


def make_identity_card(options: IdentityCardOptions) -> IdentityCard:
    return IdentityCard("id_card", LENGTH, LENGTH)


ID_CARD = FormatInfo(
    "id_card",
    "The 18 characters of China's identity card, checked: area, birthday, check digit. Its X is the key `*`.",
    IdentityCardOptions,
    make_identity_card,
    ("11010519491231002*", "11010519491231002X"),
)
