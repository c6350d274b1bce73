"""Which outside numbers the hotline may call, and how: an allow-list, nothing by default.

Patterns are the dialplan's own (without the underscore), as in the dialogues: `X` is a digit, `Z` 1-9, `N` 2-9, `[3-5]`
one of these, `X{9}` nine digits, `.` at the end one sign or more, `!` none or more; the rest stands for itself.
`110`, `1[3-9]X{9}`, `+86.`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,31}")
_CLASSES: Final = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
_SET: Final = re.compile(r"\[(?:[0-9]-[0-9]|[0-9*#])+\]")
_TIMES: Final = re.compile(r"\{[0-9]{1,2}\}")


@dataclass(frozen=True, slots=True)
class Outbound:
    """numbers: patterns of the numbers that may be called. endpoint: ARI endpoint with `{number}` in it.

    caller_id: the number that the called party sees. Raises ValueError for a pattern that is none.
    """

    numbers: tuple[str, ...] = ()
    endpoint: str = "PJSIP/{number}@trunk"
    caller_id: str = ""

    def __post_init__(self) -> None:
        for pattern in self.numbers:
            expression(pattern)

    def endpoint_of(self, number: str) -> str | None:
        """The ARI endpoint of an outside number; None when it may not be called."""
        plain = re.sub(r"[ ()./-]", "", number)
        if not _NUMBER.fullmatch(plain):
            return None
        if not any(expression(pattern).fullmatch(plain) for pattern in self.numbers):
            return None
        return self.endpoint.replace("{number}", plain)


def expression(pattern: str) -> re.Pattern[str]:
    """A dialplan pattern as a regular expression. Raises ValueError when it is not one."""
    parts: list[str] = []
    rest = pattern
    while rest:
        if found := _SET.match(rest) or (_TIMES.match(rest) if parts else None):
            parts.append(found.group())
            rest = rest[found.end() :]
            continue
        sign, rest = rest[0], rest[1:]
        if sign in ".!" and not rest:
            parts.append("[0-9*#]+" if sign == "." else "[0-9*#]*")
        elif sign in _CLASSES:
            parts.append(_CLASSES[sign])
        elif sign in "+0123456789*#":
            parts.append(re.escape(sign))
        else:
            raise ValueError(f"{pattern!r} is no pattern of numbers: {sign!r} cannot be in it")
    if not parts:
        raise ValueError("an empty pattern would allow nothing")
    try:
        return re.compile("".join(parts))
    except re.error as error:
        raise ValueError(f"{pattern!r} is no pattern of numbers: {error.msg}") from error


NOWHERE: Final = Outbound()
"""No outside number may be called."""
