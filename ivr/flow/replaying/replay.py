"""Stored calls through a draft, one by one: `Replayer`. Pure.

replayer = Replayer(draft)
replayer.know(library)                  # each version that calls ran on
replayed = replayer.replay(stored)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.comparing import Comparison, compare
from ivr.flow.replaying.lengths import Lengths, Measured
from ivr.flow.replaying.model import Recording, Results, Run, StoredCall
from ivr.flow.replaying.pairs import Pairs, identity, paired
from ivr.flow.replaying.playing import Player
from ivr.flow.replaying.reading import read
from ivr.flow.replaying.results import Collector
from ivr.flow.replaying.steps import Steps, like
from ivr.flow.replaying.tape import Tape, difference, enact


@dataclass(frozen=True, slots=True)
class Replayed:
    """old, new: the runs, None where it could not be told. faithful: whether the call's own version, replayed as the
    draft is, came out as stored; None: it cannot be told (what was pressed is not known).

    old_s, new_s: seconds in the menu by the prompts' lengths; real_s: as it really was.
    """

    call: StoredCall
    comparison: Comparison
    faithful: bool | None
    old: Run | None = None
    new: Run | None = None
    real_s: float | None = None

    @property
    def old_s(self) -> float | None:
        return self.old.menu_s if self.old is not None else None

    @property
    def new_s(self) -> float | None:
        return self.new.menu_s if self.new is not None else None

    @property
    def saved_s(self) -> float | None:
        """Seconds in the menu that the draft saves; below 0 what it adds."""
        if self.old_s is None or self.new_s is None:
            return None
        return self.old_s - self.new_s


@dataclass(slots=True)
class _Version:
    """draft: the draft, under this version's name."""

    library: FlowLibrary
    draft: FlowLibrary
    own: Pairs
    pairs: Pairs
    lengths: Lengths


class Replayer:
    """measured: seconds of a prompt's audio in that version, where there is some; else its length is told by pace."""

    def __init__(self, draft: FlowLibrary, measured: Measured | None = None) -> None:
        self.draft = draft
        self._lengths = Lengths(draft, measured)
        self._versions: dict[str, _Version] = {}
        self._absent: dict[str, str] = {}

    def know(self, library: FlowLibrary, measured: Measured | None = None, *, shares: bool = True) -> None:
        """A version that calls ran on. shares: False computes every step of the draft anew."""
        pairs = paired(library, self.draft)
        self._versions[library.version] = _Version(
            library,
            like(self.draft, library.version),
            identity(library),
            pairs if shares else replace(pairs, differing=None),
            Lengths(library, measured),
        )

    def do_without(self, version: str, why: str) -> None:
        """A version that calls ran on and that cannot be had: `is not stored here`."""
        self._absent[version] = why

    def knows(self, version: str) -> bool:
        """Whether anything was said of it."""
        return version in self._versions or version in self._absent

    def replay(self, call: StoredCall) -> Replayed:
        """Never raises; a version that is not known is a reason why it cannot be told."""
        version = self._versions.get(call.version)
        if version is None:
            why = self._absent.get(call.version, "is not at hand")
            return _cannot(call, f"its version {call.version[:12]} {why}", None)
        tape = enact(version.library, call)
        recording = read(version.library, tape, version.lengths)
        fault = tape.fault or difference(recording.nodes, call.nodes)
        if fault:
            return _cannot(call, fault, None if tape.guessed or call.anonymous else False)
        steps = Steps(version.library, tape, recording)
        old = Player(version.library, recording, steps, version.own, version.lengths).run()
        if not _is_faithful(tape, recording, old, steps):
            return _cannot(call, f"the translation fails: {_first_difference(tape, old)}", False)
        new = old if _untouched(version, recording) else self._new(version, tape, recording)
        comparison = compare(old, new, version.pairs)
        if tape.guessed:
            other = enact(version.library, call, 1)
            recording = read(version.library, other, version.lengths)
            told = not other.fault and not difference(recording.nodes, call.nodes)
            if told and not _alike(new, self._new(version, other, recording)):
                return _cannot(call, "the draft looks at digits that are not known", True)
        return Replayed(call, comparison, True, old, new, recording.menu_s)

    def _new(self, version: _Version, tape: Tape, recording: Recording) -> Run:
        steps = Steps(version.draft, tape, recording, version.pairs.differing)
        return Player(version.draft, recording, steps, version.pairs, self._lengths).run()


def _untouched(version: _Version, recording: Recording) -> bool:
    """Whether the call had to do with nothing that differs: then the draft does what its own version did."""
    differing, files = version.pairs.differing, version.pairs.files
    if differing is None:
        return False
    for work in recording.works:
        source = version.library.sources.get(work.name) if work.purpose == "lookup" else None
        if source is not None and source.table is not None and source.table.file not in files:
            return False
    return not differing or all(differing.isdisjoint(step.touched) for step in recording.steps)


def _cannot(call: StoredCall, why: str, faithful: bool | None) -> Replayed:
    return Replayed(call, Comparison("cannot_tell", why), faithful)


def _is_faithful(tape: Tape, recording: Recording, run: Run, steps: Steps) -> bool:
    nodes, came = tape.call.nodes, tuple(entered.node for entered in run.path)
    if not tape.call.whole:
        # Nobody knows how it went on; the replay goes on as far as it can.
        return came[: len(nodes)] == nodes
    if came != nodes:
        return False
    came_all_from_it = steps.taken == len(tape.taken) + 1 and not steps.computed
    return came_all_from_it or run.results == _results(tape, recording)


def _results(tape: Tape, recording: Recording) -> Results:
    collector = Collector()
    collector.take(recording.steps[0].digest, tape.first.state.node)
    for taken, step in zip(tape.taken, recording.steps[1:], strict=True):
        collector.hung_up(taken.event)
        collector.take(step.digest, taken.step.state.node)
    return collector.results()


def _first_difference(tape: Tape, run: Run) -> str:
    came = [entered.node for entered in run.path]
    for number, node in enumerate(tape.call.nodes):
        if number >= len(came) or came[number] != node:
            now = came[number] if number < len(came) else f"nowhere ({run.stopped})"
            return (
                f"after {tape.call.nodes[number - 1] if number else 'the start'} it goes to {now}, not {node}"
            )
    return "another result"


def _alike(one: Run, other: Run) -> bool:
    return one.path == other.path and one.results == other.results and one.stopped == other.stopped
