"""Telephone numbers, as they are dialled in China, in North America, or anywhere. Pure.

Not the `phonenumbers` library, though it is the field's standard and alive (5 MB, 20 µs a number): it judges whole
numbers only, so it cannot say of `12` that no mobile number begins so; it takes 1381234567, ten digits, for a Chinese
number that is possible, and 12345 for none; and its monthly data would let a stored call replay otherwise after an
upgrade. For other countries `any` takes the lengths of E.164, and the switch knows the rest.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from ivr.flow.digits import DigitRule, any_digits, compile_pattern
from ivr.flow.inputs import JsonValue
from ivr.flow.values.format import FormatInfo, Options, PatternFormat, lengths
from ivr.flow.values.said import digit_strings

Kind = Literal["mobile", "fixed", "service"]

_CHINA: dict[Kind, tuple[str, ...]] = {
    "mobile": ("1[3-9]X{9}",),
    # Area codes: 010, 02X (026 is not in use), and three digits behind the 0 with numbers of seven or eight.
    "fixed": ("010[2-8]X{7}", "02[0-57-9][2-8]X{7}", "0[3-689][1-9]X[2-8]X{6,7}", "07XX[2-8]X{6,7}"),
    # 400 and 800; 95 and 96 of companies and governments; 12345, 10086 and their like.
    "service": ("[48]00X{7}", "95X{3,6}", "96X{3,4}", "1[0-2]X{3}"),
}
_LOCAL = "[2-8]X{6,7}"
_NORTH_AMERICA = ("1[2-9]XX[2-9]X{6}", "[2-9]XX[2-9]X{6}")


class PhoneOptions(Options):
    country: Literal["cn", "us", "any"] = Field(
        "cn", description="`cn`; `us` for all of North America; `any` for whatever E.164 allows"
    )
    kinds: list[Kind] = Field(
        default=["mobile", "fixed"],
        min_length=1,
        description="of `cn`: `mobile`, `fixed` (with its area code), `service` (400, 95, 96, 12345)",
    )
    area: str | None = Field(
        None,
        pattern=r"^0[0-9]{2,3}$",
        description='of `cn`: the own area (`"0519"`); local numbers of 7 and 8 digits are taken too and get it',
    )
    least: int = Field(7, ge=3, le=15, description="digits, of `any`")
    most: int = Field(15, ge=3, le=15, description="digits, of `any`")

    @model_validator(mode="after")
    def _fitting(self) -> PhoneOptions:
        given = self.model_fields_set
        for option, country in (("kinds", "cn"), ("area", "cn"), ("least", "any"), ("most", "any")):
            if option in given and self.country != country:
                raise ValueError(f"`{option}` belongs to country `{country}`, not `{self.country}`")
        if self.least > self.most:
            raise ValueError("`least` is more than `most`")
        return self


@dataclass(frozen=True, slots=True)
class Phone(PatternFormat):
    """Value: the national number as it is dialled (`13812345678`, `051985551234`, `2125550123`).

    area: what local numbers get.
    """

    country: Literal["cn", "us", "any"]
    area: str = ""

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        # 211, 311, 911 ... are services, never an area or an exchange.
        if self.country == "us" and "11" in (keys[-9:-7], keys[-6:-4]):
            return "area"
        return ""

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        if self.country == "us":
            return keys[-10:]
        if self.area and keys[0] in "2345678" and len(keys) in (7, 8):
            return self.area + keys
        return keys

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        said = digit_strings(text, language)
        if self.country == "cn":
            # +86 before a number that is then dialled without it; fixed lines lose their 0 behind it.
            national = [
                keys.removeprefix("00").removeprefix("86") for keys in said if re.match("(?:00)?86", keys)
            ]
            said += national + ["0" + keys for keys in national]
        return said


def make_phone(options: PhoneOptions) -> Phone:
    if options.country == "any":
        return Phone(
            "phone", options.least, options.most, DigitRule((any_digits(options.least, options.most),)), "any"
        )
    patterns = list(_NORTH_AMERICA)
    if options.country == "cn":
        patterns = [pattern for kind in dict.fromkeys(options.kinds) for pattern in _CHINA[kind]]
        patterns += [_LOCAL] if options.area else []
    rule = DigitRule(tuple(map(compile_pattern, patterns)))
    return Phone("phone", *lengths(rule), rule, options.country, options.area or "")


PHONE = FormatInfo(
    "phone",
    "A telephone number, as it is dialled in its country.",
    PhoneOptions,
    make_phone,
    ("13812345678",) * 2,
)
