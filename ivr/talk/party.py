"""A telephone in a talk, and what the talk's inbox takes."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass, field

from ivr.talk.events import Event
from ivr.talk.reaching import Reached
from ivr.talk.results import Result
from ivr.talk.saved import SavedParty


@dataclass(slots=True)
class Party:
    """A telephone in the talk. together: what lasts as long as the person shares the call with the citizen."""

    reached: Reached
    follower: asyncio.Task[None] | None = None
    together: ExitStack = field(default_factory=ExitStack)
    with_citizen: bool = False
    on_board: bool = True
    """The board has to be told when the person's call is over."""
    referred: str = ""
    """The channel by which its own transfer key was pressed, and that waits to hear what came of it."""
    telling: asyncio.Task[None] | None = None
    """It is being told."""

    def saved(self) -> SavedParty:
        reached = self.reached
        return SavedParty(
            reached.leg.channel, reached.leg.bridge, reached.agent, reached.entry, on_board=self.on_board
        )


@dataclass(frozen=True, slots=True)
class Message:
    """event: None = see that everybody is where they should be. give: the talk goes on elsewhere from then on, if it
    can. done: who asked waits for the answer. reached: a telephone that comes with it, and is the talk's from now on.
    """

    event: Event | None
    done: asyncio.Future[Result] | None = None
    reached: Reached | None = None
    give: dt.datetime | None = None
    person: str = ""
    """Whose telephone it is about: stale when that one is not in the talk any more."""

    def answer(self, result: Result) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(result)
