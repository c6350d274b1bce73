"""Where a dialogue is played: the machine, a clock that is turned, words that last, work that others do. Pure.

Time passes as in the simulator: words last as long as they take to say, timers fire by themselves. What comes of work
is what came of the like work of the stored call, so long after it was given; tables answer for themselves.
"""

from __future__ import annotations

import heapq
from typing import Final

from ivr.flow.actions import Lookup, Play
from ivr.flow.inputs import Input, LookupEnded, PromptEnded, TimerFired
from ivr.flow.lookups import from_table
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying import works
from ivr.flow.replaying.digest import Digest
from ivr.flow.replaying.digest import Work as ToDo
from ivr.flow.replaying.lengths import Key, Lengths
from ivr.flow.replaying.model import Happening, Recording, Work
from ivr.flow.replaying.pairs import Pairs
from ivr.flow.replaying.results import Collector
from ivr.flow.replaying.steps import Steps
from ivr.flow.state import FlowState
from ivr.flow.world import ANSWER_S

SAME_S: Final = 1e-6

Due = tuple[float, int, Input | Happening, str]
"""When (s), order, what, the op it belongs to."""


class Stage:
    """library: of `steps`. pairs: of the stored call's version with it."""

    state: FlowState

    def __init__(
        self, library: FlowLibrary, recording: Recording, steps: Steps, pairs: Pairs, lengths: Lengths
    ) -> None:
        self.library = library
        self.recording = recording
        self.steps = steps
        self.pairs = pairs
        self.lengths = lengths
        self.collector = Collector()
        self.now = 0.0
        self.real_s = 0.0
        """The time of day goes by the stored call: that of its last act, and what passed since."""
        self.due: list[Due] = []
        self.order = 0
        # Where the dialogue stands
        self.asks = False
        self.entered_s = 0.0
        self.anchor_s = 0.0
        self.stirs = 0
        """So much happened by itself since the last act here; words: so often something began to be said."""
        self.words = 0
        self.number = 0
        self.said = ""
        # What is said
        self.playing = ""
        self.play_began = 0.0
        self.play_lasts = 0.0
        self.play_ratio = 1.0
        self.play_key: Key = ()
        self.play_number = 0
        self.continues = False
        # Work
        self.unused = list(range(len(recording.works)))
        self.left: dict[str, int] = {}
        """op -> happenings to come."""
        self.never_given: dict[str, str] = {}
        """op -> the work, for people: the stored call has none of the kind."""
        self.menu_s = 0.0
        self.menu_over = False

    def entered(self) -> None:
        """The dialogue stands at another node, or anew at this one."""
        node = self.library.nodes.get(self.state.node)
        self.asks = node is not None and node.asks
        self.entered_s = self.anchor_s = self.now
        self.stirs = self.words = 0

    def event_raised(self, name: str) -> None:
        """The machine raised an event (`no_match` ...)."""

    # Time

    def coming(self) -> Due | None:
        """What is due next and still waited for."""
        due, state = self.due, self.state
        while due:
            first = due[0]
            if first[3] in state.waiting.values() or first[3] == state.held:
                return first
            heapq.heappop(due)
        return None

    def later(self, seconds: float, what: Input | Happening, op: str) -> None:
        self.order += 1
        heapq.heappush(self.due, (self.now + seconds, self.order, what, op))

    def advance(self, to: float) -> None:
        passed = to - self.now
        if passed <= 0:
            return
        if not self.menu_over:
            if self.playing:
                self.menu_s += passed * self.play_ratio
            elif self.asks:
                self.menu_s += passed
        self.now = to
        self.real_s += passed

    def real_time(self, at_s: float) -> None:
        """Something that the stored call had at that time: the clock goes on from there, never back."""
        self.real_s = max(self.real_s, at_s)

    # The machine

    def start(self) -> None:
        self.state, step = self.steps.start()
        self._did(step)

    def give(self, event: Input) -> None:
        """It happens now."""
        self.state, step = self.steps.step(self.state, event, self.real_s)
        self._did(step)

    def _did(self, step: Digest) -> None:
        nodes, events, notes, timers, _, plays, todo, notices, hangs_up = step
        if nodes or notes or todo or notices or hangs_up:
            self.collector.take(step, self.state.node, self.number, self.said)
            self.menu_over = self.menu_over or hangs_up
        for event in events:
            self.event_raised(event)
        for timer in timers:
            self.later(timer.after_s, TimerFired(timer.op), timer.op)
        for play in plays:
            self._plays(play)
        for work in todo:
            self._work(work)
        if self.playing and self.state.waiting.get("play") != self.playing:
            self.playing = ""
            self.anchor_s = self.now
        if nodes and not self.state.ended:
            self.entered()

    def _plays(self, play: Play) -> None:
        said = self.lengths.of(play)
        real = self.recording.lengths.get(said.key)
        lasts = said.seconds
        if real is not None and real[0] > 0 and abs(real[1] - lasts) < SAME_S:
            lasts = real[0]
        self.play_number = self.play_number + 1 if self.continues else 0
        self.continues = False
        self.stirs += 1
        self.words += 1
        self.playing, self.play_key = play.op, said.key
        self.play_began, self.play_lasts, self.play_ratio = self.now, lasts, said.seconds / lasts
        self.later(lasts, PromptEnded(play.op, "finished"), play.op)

    # Work

    def _work(self, action: ToDo) -> None:
        purpose, name, detail, timeout_s = works.described(action)
        if purpose in ("queue", "transfer"):
            self.menu_over = True
        op = str(action.op)
        was_at = self.pairs.old_of.get(self.state.node, "")
        work = works.find(self.recording.works, self.unused, purpose, name, detail, was_at)
        if isinstance(action, Lookup) and self._table_answers(action, op, work):
            return
        if work is None:
            self.left[op] = 0
            self.never_given[op] = f"{purpose} {name}"
            return
        happenings = works.within(work, timeout_s) if purpose == "queue" else work.happenings
        self.left[op] = len(happenings)
        for one in happenings:
            self.later(one.after_s, one, op)

    def _table_answers(self, action: Lookup, op: str, work: Work | None) -> bool:
        """A table that is another one now, or is asked for something else."""
        source = self.library.sources.get(action.source)
        if source is None or source.table is None:
            return False
        asked_before = work is not None and work.name == action.source and work.detail == dict(action.by)
        if asked_before and source.table.file in self.pairs.files:
            return False
        event: LookupEnded = from_table(source, action)
        self.left[op] = 1
        happening = Happening(ANSWER_S, 0.0, event, works.happened(event), self.number)
        self.later(ANSWER_S, happening, op)
        return True
