"""A talk with a flow: what was done so far, each state on the way, and so the way back. No I/O."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from ivr.flow.followed import Line
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.acting import do
from ivr.flow.scenarios.beginning import begin
from ivr.flow.scenarios.model import Given, Turn
from ivr.flow.simulate import Simulation


@dataclass(frozen=True, slots=True)
class _Standing:
    """call: everything that plays has played to its end. interrupted: as it was before that, for a turn at once. lines:
    what came of the last turn."""

    call: Simulation
    interrupted: Simulation
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Done:
    """A turn, and where the call stood before it."""

    turn: Turn
    before: _Standing


class Talk:
    """One call after the other, from the same beginning. Forgets nothing until `restart`.

    now: when calls begin, unless `given` says so; whole seconds.
    """

    def __init__(self, library: FlowLibrary, given: Given, now: dt.datetime) -> None:
        self.library = library
        self.given = given
        self.now = now.replace(microsecond=0)
        self._done: list[_Done] = []
        self._standing = self._begun()

    @property
    def call(self) -> Simulation:
        return self._standing.call

    @property
    def lines(self) -> tuple[Line, ...]:
        """What came of the last turn, or of the beginning."""
        return self._standing.lines

    def transcript(self) -> Iterator[tuple[Turn | None, tuple[Line, ...]]]:
        """From the beginning: each turn, and what came of it."""
        after = [*(done.before for done in self._done[1:]), self._standing] if self._done else []
        yield None, self._done[0].before.lines if self._done else self._standing.lines
        yield from zip(self.turns, (standing.lines for standing in after), strict=True)

    @property
    def turns(self) -> list[Turn]:
        return [done.turn for done in self._done]

    def act(self, turn: Turn) -> str:
        """Do it, and let play what comes of it; what is wrong with it, "" when nothing. What could not be done has not
        been done."""
        before = self._standing
        call = (before.interrupted if turn.at_once else before.call).fork()
        call.take_lines()
        problem = do(call, turn)
        if problem:
            return problem
        self._done.append(_Done(turn, before))
        self._standing = _settled(call)
        return ""

    def undo(self) -> Turn | None:
        """One turn back; the turn, None when there is none."""
        if not self._done:
            return None
        done = self._done.pop()
        self._standing = done.before
        return done.turn

    def restart(self, given: Given | None = None) -> None:
        """From the beginning, with nothing done. given: how it begins from now on."""
        if given is not None:
            self.given = given
        self._done = []
        self._standing = self._begun()

    def again(self, library: FlowLibrary | None = None, given: Given | None = None) -> str:
        """The same turns from the beginning, in other flows or with other things given; where one of them cannot be
        done any more the talk stands there: which one, and why."""
        turns = self.turns
        if library is not None:
            self.library = library
        self.restart(given)
        for number, turn in enumerate(turns, 1):
            problem = self.act(turn)
            if problem:
                return f"turn {number} of {len(turns)}: {problem}"
        return ""

    def _begun(self) -> _Standing:
        entry = self.given.flow or ""
        if entry not in self.library.flows:
            # A flow that is gone: the hotline's own.
            entry = ""
        given = self.given.model_copy(update={"flow": entry or None})
        return _settled(begin(self.library, given, self.now, promises_kept=False))


def _settled(call: Simulation) -> _Standing:
    settled = call.fork()
    settled.settle()
    return _Standing(settled, call, tuple(settled.take_lines()))
