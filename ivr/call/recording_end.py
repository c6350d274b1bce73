"""What ended a recording, by what we did and by what is in its file. Pure."""

from __future__ import annotations

from typing import Final, Literal

from ivr.call.recorded import Contents

EndedBy = Literal["silence", "key", "limit", "hangup", "stopped", ""]

LIMIT_S: Final = 0.5
"""A file that is shorter than the longest time by no more than this was cut there."""


def what_ended(found: Contents, wanted: EndedBy, longest_s: float) -> EndedBy | Literal["cut"]:
    """wanted: of our doing, "" = Asterisk says by itself that it is done. longest_s: as it was asked for.

    Asterisk says so also of a recording that it could not write on, as on a full disk: what nobody ended, and no
    silence, was cut.
    """
    if wanted:
        return wanted
    if found.seconds >= longest_s - LIMIT_S:
        return "limit"
    return "cut" if found.said and found.to_the_end else "silence"
