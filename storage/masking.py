"""Personal data made safe to show: in logs, in `repr`, on screens of people who need not know."""

from __future__ import annotations

_SHOWN_HEAD = 3
_SHOWN_TAIL = 2


def mask(number: str) -> str:
    """A phone number with its middle hidden: `13812345678` -> `138******78`; short ones are hidden altogether.

    Something that is no number (`anonymous`, `agent-1001`) is hidden likewise: better too much than too little.
    """
    hidden = len(number) - _SHOWN_HEAD - _SHOWN_TAIL
    if hidden < 3:
        return "*" * len(number)
    return number[:_SHOWN_HEAD] + "*" * hidden + number[-_SHOWN_TAIL:]
