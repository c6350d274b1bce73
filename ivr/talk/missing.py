"""What happened to a talk while nobody watched it: pure, from who is still there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from ivr.talk.events import Event, GoBack, NotAnswered, OtherGone, OwnerGone, ThirdGone
from ivr.talk.people import Talk

RINGING: Final = frozenset({"calling", "adding", "transferring"})
ASIDE: Final = frozenset({"calling", "consulting", "swapped"})


def as_found(talk: Talk) -> Talk:
    """Who was being rung is rung no more, and has missed nothing: nobody's name is remembered for that."""
    if talk.stage in RINGING and talk.other is not None:
        return replace(talk, other=replace(talk.other, name=""))
    return talk


def missing(talk: Talk, there: Collection[str], *, second_gone: bool = False) -> Event | None:
    """The next thing to tell the talk, in an order in which it could have happened; None: all is as it says.

    there: persons whose telephones are up. second_gone: the owner consulted by a second telephone call, which is over.
    """
    for one in talk.joined:
        if one.id not in there:
            return ThirdGone(one.id)
    if talk.owner is not None and talk.owner.id not in there:
        return OwnerGone()
    if talk.other is not None and talk.stage in RINGING:
        return NotAnswered("failed")
    if talk.other is not None and talk.other.id not in there:
        return OtherGone()
    if second_gone and talk.stage in ASIDE:
        return GoBack()
    return None
