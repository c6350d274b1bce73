"""The machine of a run. A step that was taken already need not be computed again: the machine is pure. Pure.

On a call's own version a run is the tape again, as long as it gives the same inputs. On a draft too, as long as the
dialogue stands as it stood then and a step has to do with nothing that differs between the versions.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from ivr.flow import machine
from ivr.flow.inputs import Input, PromptEnded
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.digest import Digest, digest
from ivr.flow.replaying.model import Recording
from ivr.flow.replaying.tape import Tape
from ivr.flow.state import FlowState, Step


class Steps:
    """recording: of the tape. differing: names of nodes and prompts that are others in this library than on the tape;
    None: any may be.

    taken: how many steps were the tape's own; computed: how many were not.
    """

    __slots__ = ("_call", "_differing", "_library", "_next", "_steps", "_tape", "computed", "taken")

    def __init__(
        self,
        library: FlowLibrary,
        tape: Tape,
        recording: Recording,
        differing: frozenset[str] | None = frozenset(),
    ) -> None:
        self._library = library
        self._tape = tape
        self._call = recording.call
        self._steps = recording.steps
        self._differing = differing
        self._next = 0
        self.taken = 0
        self.computed = 0

    def start(self) -> tuple[FlowState, Digest]:
        if self._is_the_same(0):
            self.taken += 1
            return self._tape.first.state, self._steps[0].digest
        call = self._call
        return self._computed(machine.start(self._library, call.flow, call.facts, call.began_at))

    def step(self, state: FlowState, event: Input, after_s: float) -> tuple[FlowState, Digest]:
        """after_s: since the call began."""
        number, taken = self._next, self._tape.taken
        self._next += 1
        if number < len(taken) and self._is_the_same(number + 1):
            one = taken[number]
            if (one.before is state or one.before == state) and _means_the_same(event, one.event):
                self.taken += 1
                return one.step.state, self._steps[number + 1].digest
        now = self._call.began_at + dt.timedelta(seconds=after_s)
        return self._computed(machine.step(self._library, state, event, now))

    def _computed(self, step: Step) -> tuple[FlowState, Digest]:
        self.computed += 1
        return step.state, digest(step.actions)

    def _is_the_same(self, number: int) -> bool:
        differing = self._differing
        if not differing:
            return differing is not None
        return differing.isdisjoint(self._steps[number].touched)


def like(library: FlowLibrary, version: str) -> FlowLibrary:
    """The same under another version's name, so that states of both can be compared."""
    return replace(library, version=version)


def _means_the_same(event: Input, other: Input) -> bool:
    if event is other:
        return True
    if isinstance(event, PromptEnded) and isinstance(other, PromptEnded):
        return event.op == other.op and (event.outcome == "failed") == (other.outcome == "failed")
    return event == other
