"""A call played to a dialogue: its acts at their moments. Pure.

At each node where the dialogue stands, what was done at the same node of the stored call is done again: at its next
visit, or at one that was passed over. Keys that were pressed before anybody asked go to the question that comes next. A
question where nothing was ever done ends the run; one that did not understand gets the same again a few times, as
callers do, and then silence.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Sequence
from typing import Final

from ivr.flow.inputs import (
    Input,
    OpId,
    PromptEnded,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TimerFired,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying import works
from ivr.flow.replaying.lengths import Lengths
from ivr.flow.replaying.model import Act, Happening, Moment, Recording, Run, Stop
from ivr.flow.replaying.pairs import Pairs
from ivr.flow.replaying.reading import FIRST_INPUT, LATER_S
from ivr.flow.replaying.stage import Due, Stage
from ivr.flow.replaying.steps import Steps

MAX_EVENTS: Final = 1000
"""More than the stored call had, of one run."""
MAX_AGAIN: Final = 3
"""So often a caller who is not understood is taken to try again."""
NOT_UNDERSTOOD: Final = frozenset({"no_match", "no_input", "error.asr"})
_AGAIN_AFTER = Moment("quiet", 1.0, 0.0)
_NEXT_KEY = Moment("act", 0.5, 0.0)
_AT_ONCE: Final = Moment("prompt", 0.0, 0.0, 0, 1.0)
_SPOKEN: Final = (SpeechHeard, SpeechStarted, SpeechPartial, SpeechFailed)


class Player(Stage):
    """One run: `Player(...).run()`."""

    def __init__(
        self, library: FlowLibrary, recording: Recording, steps: Steps, pairs: Pairs, lengths: Lengths
    ) -> None:
        super().__init__(library, recording, steps, pairs, lengths)
        self.acts: Sequence[Act] = ()
        """Of this visit."""
        self.next_act = 0
        self.act_due: float | None = None
        self.acted_s = 0.0
        self.known = True
        """Whether the stored call was asked here too."""
        self.seen: set[int] = set()
        """The visits whose acts were given; unseen: node -> the others."""
        self.unseen: dict[str, list[int]] = {}
        for number, visit in enumerate(recording.visits):
            self.unseen.setdefault(visit.node, []).append(number)
        self.cursor = 0
        self.put_off: list[tuple[Happening, str]] = []
        # What is not understood, in this visit
        self.tried: list[Act] = []
        self.failed: list[Act] = []
        self.fails = 0
        self.unheard = False
        self.again = 0
        self.assumed: int | None = None
        self.misunderstood = 0
        self.stopped: Stop = ""
        self.waited_for = ""

    def run(self) -> Run:
        self.start()
        left = MAX_EVENTS + 2 * len(self.recording.call.inputs)
        while not self.state.ended and not self.stopped:
            left -= 1
            if not left:
                self.stopped = "endless"
            else:
                self._next()
        self.menu_over = self.menu_over or not self.stopped
        return Run(
            tuple(self.collector.path),
            self.collector.results(),
            self.stopped,
            self.state.node if self.stopped else "",
            self.known,
            self.waited_for,
            self.menu_s if self.menu_over else None,
            self.assumed,
            self.misunderstood,
        )

    # What comes next

    def _next(self) -> None:
        act = self.acts[self.next_act] if self.next_act < len(self.acts) else None
        coming = self.coming()
        if act is not None:
            if self.act_due is None:
                self.act_due = self._due(act)
            if coming is None or (self.act_due is not None and self.act_due <= coming[0]):
                # Where nothing is to come, neither is the act's own moment.
                self.advance(self.act_due if self.act_due is not None else self.now)
                self._act(act)
                return
        elif coming is None or (type(coming[2]) is TimerFired and self._nobody_acts(coming[3])):
            self._left_alone(coming)
            return
        if coming is not None:
            self._happens(coming)

    def _nobody_acts(self, op: OpId | str) -> bool:
        """Only a timer comes, and it is one that waits for the caller, or for work that gives nothing any more."""
        waiting = self.state.waiting
        if self.asks:
            return waiting.get(FIRST_INPUT) == op
        return any(self.left.get(other) == 0 for other in waiting.values())

    def _due(self, act: Act) -> float | None:
        """When the act's moment is; None: not yet known."""
        anchor, seconds, entered_s, number, lasting, stirs = act.moment
        if act.kind == "silence" or (self.playing and isinstance(act.event, _SPOKEN) and self._hears_later()):
            return None
        if anchor == "entry":
            return max(self.now, self.entered_s + seconds + LATER_S)
        if anchor == "act":
            return max(self.now, self.acted_s + seconds)
        if not self.playing and not self.asks:
            return max(self.now, self.entered_s + entered_s + LATER_S)
        # What came after something else came (words, after the timer that ended a number) waits for it; or for what
        # a question says when it is ready.
        ready = self.stirs >= stirs or FIRST_INPUT in self.state.waiting
        if anchor == "quiet":
            return max(self.now, self.anchor_s + seconds) if ready and not self.playing else None
        if not self.playing:
            return self.now if ready else None
        if not (ready or self.words) or (number > self.play_number and self.state.unplayed):
            return None
        share = min(1.0, seconds / lasting) if lasting > 0 and number >= self.play_number else 0.0
        return max(self.now, self.play_began + share * self.play_lasts)

    def _hears_later(self) -> bool:
        """A question that listens only when it was said."""
        return self.asks and "listen" not in self.state.waiting

    # Acts

    def _act(self, act: Act) -> None:
        self.next_act += 1
        self.act_due = None
        if act.kind != "silence":
            self._marked(act)
            self.acted_s = self.now
            self.stirs = self.words = 0
            self._do(act)

    def _marked(self, act: Act | Happening) -> None:
        """Whatever comes of it is known by this act."""
        self.real_time(act.at_s)
        self.number, self.said = act.number, act.said

    def _do(self, act: Act) -> None:
        event: Input = act.event
        if act.kind == "hangup":
            self.collector.hung_up(event)
            self.menu_over = True
        elif act.kind == "unplayed":
            if not self.playing or self.play_key != act.of:
                return
            event, self.playing = PromptEnded(OpId(self.playing), "failed"), ""
        elif isinstance(event, _SPOKEN):
            op = self.state.waiting.get("listen", "")
            if not op:
                self.unheard = self.unheard or act.kind == "heard"
                return
            if act.withheld and self.state.node in self.pairs.changed:
                self.stopped = "withheld"
                return
            event = works.with_op(event, op)
        if self.asks and act.kind in ("key", "heard"):
            self.tried.append(act)
        self.give(event)

    # Nobody does anything any more

    def _left_alone(self, coming: Due | None) -> None:
        if self.asks:
            if not self._tries_again(coming):
                self.stopped = "not_understood" if self.again else "question"
            return
        waiting = self.state.waiting.values()
        given = next((what for op, what in self.never_given.items() if op in waiting), "")
        self.stopped, self.waited_for = ("work", given) if given else ("outlasted", "")

    def _tries_again(self, coming: Due | None) -> bool:
        """Whether a caller who was not understood goes on: with the same, then with silence."""
        missed = self.fails or self.unheard
        if not missed or self.again >= MAX_AGAIN or not self.known or not self.recording.call.whole:
            return False
        if self.failed:
            moments = [_AGAIN_AFTER, *[_NEXT_KEY] * (len(self.failed) - 1)]
            self.acts = [act._replace(moment=when) for act, when in zip(self.failed, moments, strict=True)]
            self.next_act, self.act_due, self.failed = 0, None, []
        elif coming is not None:
            self._happens(coming)
        else:
            return False
        self.again += 1
        if self.assumed is None:
            self.assumed = len(self.collector.path)
        return True

    def event_raised(self, name: str) -> None:
        if name in NOT_UNDERSTOOD:
            self.fails += 1
            self.misunderstood = max(self.misunderstood, self.fails)
            self.failed, self.tried = self.tried, []

    # What happens by itself, or by others

    def _happens(self, due: Due) -> None:
        at_s, _, what, op = heapq.heappop(self.due)
        self.advance(at_s)
        if isinstance(what, Happening):
            self._others(what, op)
            return
        if type(what) is PromptEnded:
            self.playing = ""
            self.continues = bool(self.state.unplayed)
        elif self.next_act < len(self.acts) and self.state.waiting.get(FIRST_INPUT) == op:
            act = self.acts[self.next_act]
            if act.kind == "silence":
                self.next_act += 1
                self.act_due = None
                self._marked(act)
                self.stirs = self.words = 0
        self._stirred()
        self.give(what)
        self.continues = False

    def _stirred(self) -> None:
        self.anchor_s = self.now
        self.stirs += 1

    def _others(self, what: Happening, op: str) -> None:
        act = what.act
        if act is not None and act.kind != "hangup" and op not in self.state.waiting.values():
            # A key for the queue, while the place is kept and the dialogue is elsewhere: for when it is back.
            self.put_off.append((what, op))
            return
        self.left[op] -= 1
        self._marked(what)
        if act is not None:
            self._do(act)
        else:
            self._stirred()
            self.give(works.with_op(what.event, op))

    # What was done here

    def entered(self) -> None:
        super().entered()
        self.tried, self.failed, self.fails, self.again, self.unheard = [], [], 0, 0, False
        self.next_act, self.act_due = 0, None
        if self.put_off:
            put_off, self.put_off = self.put_off, []
            for what, op in put_off:
                self.later(0.0, what, op)
        visits = self.recording.visits
        found = self._visit(self.state.node)
        carried = self._carried(self.cursor + 1 if found is None else found)
        if found is None:
            self.known = False
            self.acts = carried
            return
        self.known = visits[found].asks or not self.asks
        self.seen.add(found)
        self.cursor = max(self.cursor, found + 1)
        self.acts = (*carried, *visits[found].acts) if carried else visits[found].acts

    def _visit(self, node: str) -> int | None:
        """The visit of the stored call whose acts this node gets."""
        visits, cursor = self.recording.visits, self.cursor
        was = self.pairs.old_of.get(node)
        if was is None:
            if not self.asks:
                return None
            # A new question in the place of one that is gone.
            return next((n for n in range(cursor, len(visits)) if visits[n].asks and self._gone(n)), None)
        left = self.unseen.get(was)
        if not left:
            return None
        ahead = bisect.bisect_left(left, cursor)
        return left.pop(ahead if ahead < len(left) else 0)

    def _gone(self, number: int) -> bool:
        return self.recording.visits[number].node not in self.pairs.new_of

    def _carried(self, until: int) -> tuple[Act, ...]:
        """What was done at nodes that were passed over, and is done here instead: keys pressed before anybody asked,
        and the hang-up at a node that is gone."""
        visits = self.recording.visits
        if until <= self.cursor or until > len(visits):
            return ()
        found: list[Act] = []
        for number in range(self.cursor, until):
            if number in self.seen:
                continue
            for act in visits[number].acts:
                if act.kept and self.asks:
                    found.append(act._replace(moment=_AT_ONCE))
                elif act.kind == "hangup" and self._gone(number):
                    entered_s = act.moment.entered_s
                    found.append(act._replace(moment=Moment("entry", entered_s, entered_s)))
        return tuple(found)
