"""Programs that look for telephone servers to call out by, by the names that they give themselves (`User-Agent`).

A name can be changed, so this stops only those who did not trouble to; the others meet the digest and the limits.
"""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sipcli",
    "sip-scan",
    "sipscan",
    "sundayddr",
    "VaxSIPUserAgent",
    "VaxIPUserAgent",
    "siparmyknife",
    "sipsak",
    "iWar",
    "pplsip",
    "eyeBeam release 3006o",
)
"""Found anywhere in the header, in upper or lower case."""


def pattern(names: tuple[str, ...] = NAMES) -> str:
    """A POSIX extended regular expression that finds each of them; Asterisk's own has no switch for the case."""
    return "|".join("".join(_sign(sign) for sign in name) for name in names)


def _sign(sign: str) -> str:
    if sign.isalpha():
        return f"[{sign.upper()}{sign.lower()}]"
    # a space by its class: blanks around are taken away, and a slash would end the expression
    return {" ": "[[:space:]]", "/": "[/]"}.get(sign, sign if sign.isdigit() or sign == "-" else f"[{sign}]")
