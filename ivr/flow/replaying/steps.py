"""The machine of a run. A step that was taken already need not be computed again: the machine is pure. Pure.

On a call's own version a run is the tape again, as long as it gives the same inputs. On a draft too, as long as the
dialogue stands as it stood then and a step has to do with nothing that differs between the versions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from ivr.flow import machine
from ivr.flow.inputs import Input, PromptEnded
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.model import StoredCall
from ivr.flow.replaying.tape import Tape
from ivr.flow.state import FlowState, Step


class Steps:
    """differing: names of nodes and prompts that are others in this library than on the tape; None: any may be.
    touched: for each step of the tape, those that it had to do with.

    taken: how many steps were the tape's own; computed: how many were not.
    """

    __slots__ = ("_call", "_differing", "_library", "_next", "_tape", "_touched", "computed", "taken")

    def __init__(
        self,
        library: FlowLibrary,
        tape: Tape,
        differing: frozenset[str] | None = frozenset(),
        touched: Sequence[Sequence[str]] = (),
    ) -> None:
        self._library = library
        self._tape = tape
        self._call: StoredCall = tape.call
        self._differing = differing
        self._touched = touched
        self._next = 0
        self.taken = 0
        self.computed = 0

    def start(self) -> Step:
        if self._is_the_same(0):
            self.taken += 1
            return self._tape.first
        self.computed += 1
        return machine.start(self._library, self._call.flow, self._call.facts, self._call.began_at)

    def step(self, state: FlowState, event: Input, after_s: float) -> Step:
        """after_s: since the call began."""
        number, taken = self._next, self._tape.taken
        self._next += 1
        if number < len(taken) and self._is_the_same(number + 1):
            one = taken[number]
            if (one.before is state or one.before == state) and _means_the_same(event, one.event):
                self.taken += 1
                return one.step
        self.computed += 1
        now = self._call.began_at + dt.timedelta(seconds=after_s)
        return machine.step(self._library, state, event, now)

    def _is_the_same(self, number: int) -> bool:
        differing = self._differing
        if not differing:
            return differing is not None
        return differing.isdisjoint(self._touched[number])


def like(library: FlowLibrary, version: str) -> FlowLibrary:
    """The same under another version's name, so that states of both can be compared."""
    return replace(library, version=version)


def _means_the_same(event: Input, other: Input) -> bool:
    if isinstance(event, PromptEnded) and isinstance(other, PromptEnded):
        return event.op == other.op and (event.outcome == "failed") == (other.outcome == "failed")
    return event == other
