"""The shapes of a replay: a stored call, what was done in it and when, a run through a dialogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ivr.flow.actions import JsonValue
from ivr.flow.inputs import Input
from ivr.flow.replaying.digest import Digest
from ivr.flow.state import CallFacts


class StoredInput(NamedTuple):
    """withheld: what was pressed or said is not known (a masked node, an export without it)."""

    at: dt.datetime
    event: Input
    withheld: bool = False


class StoredNote(NamedTuple):
    """A note of the machine. after: it came with the how-manieth input, 0 = with the start."""

    after: int
    kind: str
    data: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call as its journal tells it.

    version, flow: of the dialogue that it ran. notes: those of `journal.NOTES`. speech_known: False in older journals,
    which do not say what could be recognised. whole: the journal tells the call to its end. anonymous: an export left
    out what is personal, so that it may not come out as it was.
    """

    facts: CallFacts
    version: str
    flow: str
    began_at: dt.datetime
    inputs: tuple[StoredInput, ...] = field(repr=False)
    notes: tuple[StoredNote, ...] = field(repr=False)
    speech_known: bool = True
    whole: bool = True
    anonymous: bool = False

    @property
    def id(self) -> str:
        return self.facts.call_id

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes entered, in order."""
        return tuple(str(note.data.get("node")) for note in self.notes if note.kind == "node")


Anchor = Literal["prompt", "quiet", "act", "entry"]
"""What a moment is counted from: the play of the present words; their end; the act before; the entry of the node."""


class Moment(NamedTuple):
    """When an act came. seconds: since its anchor; of a prompt: since that play began, which lasted `lasting` (s) and
    was the how-manieth (`play`) of the words then said. entered_s: since the node was entered. stirs: so much happened
    by itself since the act before (or since the node was entered): words began and ended, timers fired ..."""

    anchor: Anchor
    seconds: float
    entered_s: float
    play: int = 0
    lasting: float = 0.0
    stirs: int = 0


ActKind = Literal["key", "began", "partial", "heard", "deaf", "silence", "unplayed", "hangup"]
"""began, partial, heard, deaf: the recogniser's words on the caller. silence: nothing came until the dialogue went on
by itself. unplayed: a prompt could not be played."""


class Act(NamedTuple):
    """One act of the caller, or of what hears and speaks for the call. event: with the op of its own version.

    at_s: since the call began, as it really was. number: counted through the call from 1, what is no turn of the caller
    has that of the turn before. said: for people. kept: a key that was kept for a later question. of: the play that
    could not be played (its key, lengths.py).
    """

    kind: ActKind
    event: Input
    at_s: float
    moment: Moment
    number: int
    said: str
    kept: bool = False
    withheld: bool = False
    of: object = None


class Visit(NamedTuple):
    """The dialogue stood at a node, and this is what was done there until it went on."""

    node: str
    asks: bool
    acts: tuple[Act, ...]


Purpose = Literal["queue", "transfer", "record", "request", "lookup", "callback", "desk"]


class Happening(NamedTuple):
    """What came of work, or what the caller did meanwhile (then `act`), so many seconds after it was given."""

    after_s: float
    at_s: float
    event: Input
    said: str
    number: int
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What the dialogue gave others to do. name: of the queue, the target, the source ...; detail: tells one from
    another of that name (what was looked for, the whole address). timeout_s: of a queue."""

    purpose: Purpose
    name: str
    detail: JsonValue
    node: str
    happenings: tuple[Happening, ...]
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A call taken apart. lengths: how long plays really lasted: key of `lengths.py` -> (s, s by the prompts' lengths).
    menu_s: until the first queue, transfer or end, as it really was. nodes: those entered. steps: of the tape, the
    start first."""

    call: StoredCall
    visits: tuple[Visit, ...]
    works: tuple[Work, ...]
    lengths: Mapping[object, tuple[float, float]]
    menu_s: float
    nodes: list[str]
    steps: list[TapedStep]


class TapedStep(NamedTuple):
    """touched: the nodes and prompts that the step had to do with."""

    digest: Digest
    touched: list[str]


class Entered(NamedTuple):
    """A node was entered; after which act of the caller, and what was done last."""

    node: str
    number: int
    said: str


@dataclass(frozen=True, slots=True)
class Results:
    """What a call came to. queues: (queue, language) each; transfers: targets; answers: node -> what was chosen there
    (the node's name where an answer is no name), in order."""

    queues: tuple[tuple[str, str], ...] = ()
    transfers: tuple[str, ...] = ()
    callbacks: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    troubles: tuple[tuple[str, str], ...] = ()
    """What goes wrong for a caller: (`rescue`, `loop` or `machine_error`, node)."""
    hung_up_by: Literal["caller", "system", ""] = ""


Stop = Literal["", "question", "not_understood", "work", "outlasted", "withheld", "endless"]
"""Why a run ended before its dialogue: nobody answers a question; the caller was not understood again and again; work
that the stored call does not have; work that goes on longer than it did then; what was said is not known here; it never
ends."""


@dataclass(frozen=True, slots=True)
class Run:
    """A call, played to a dialogue. stopped_at: the node; known: whether the stored call was asked there too.

    waited_for: the work, for people. menu_s: None when it ended before queue, transfer or end. assumed: from the
    how-manieth node on the caller is taken to have done the same again.
    """

    path: tuple[Entered, ...]
    results: Results
    stopped: Stop = ""
    stopped_at: str = ""
    known: bool = True
    waited_for: str = ""
    menu_s: float | None = None
    assumed: int | None = None
    misunderstood: int = 0
    """The longest row of acts at one node that were not understood."""
