"""Where a dialogue stands: the whole of it, JSON-able (`codec.py`), so that a call can be taken up again anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.flow.actions import Action, JsonValue, Prompt

HISTORY: Mapping[str, JsonValue] = {
    "known": False,
    "calls": 0,
    "calls_7d": 0,
    "last_at": "",
    "last_topic": "",
    "last_outcome": "",
    "last_agent": "",
    "language": "",
}
"""What a caller without earlier calls (or a withheld number) has as `call.history`. last_at: ISO; last_topic: the
variable `topic` of that call; language: the one the last call ended in."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call when its dialogue starts, and does not change.

    caller: the number as presented, "" when withheld. number: the number dialled. language: the one to begin with.
    speech: the languages that can be recognised now; none = keys only. hours: a supervisor's word on a calendar
    ("desk" -> open?), before what the calendar itself says. history: the caller's earlier calls (`HISTORY`). facts:
    anything else known (JSON). drawn: node -> the way that a `split` there takes, where a test says so.
    """

    call_id: str
    caller: str = ""
    number: str = ""
    language: str = "zh"
    speech: tuple[str, ...] = ()
    hours: Mapping[str, bool] = field(default_factory=dict)
    history: Mapping[str, JsonValue] = field(default_factory=dict)
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    drawn: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """Prompts of one language, played in one go."""

    language: str
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class FlowState:
    """Treat the mappings as frozen too: every step makes new ones.

    node: "flow.node", "" before the start. waiting: purpose -> op of what is under way ("play", "listen", "queue",
    "timer.first_input" ...). unplayed: what follows the running `Play`. counts: events of this visit to the node.
    flow_counts: of the flow ("main no_input") and of the whole call ("no_input"). visits: node -> how often entered.
    data: the node's own memory. history: the nodes that `back` goes back through. keys: typed ahead. speech_off:
    recognition was given up for this call. stack: the frames below a subflow (subflows.py). hung_up: the caller has
    gone and the dialogue goes on without sound. held: the op of a place in a queue that is kept while the dialogue is
    elsewhere. holding: the node it belongs to, that node's memory, and where the dialogue stood (held.py). struggles:
    how often the caller did not get on; slow: what follows from that (adapting.py). languages: what is known of the
    caller's (languages.py).
    """

    flow_version: str
    call: CallFacts
    node: str = ""
    language: str = ""
    ended: bool = False
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    unplayed: tuple[Run, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    flow_counts: Mapping[str, int] = field(default_factory=dict)
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    keys: str = ""
    speech_off: bool = False
    next_op: int = 1
    rescues: int = 0
    stack: tuple[Mapping[str, JsonValue], ...] = ()
    visits: Mapping[str, int] = field(default_factory=dict)
    hung_up: bool = False
    held: str = ""
    holding: Mapping[str, JsonValue] = field(default_factory=dict)
    struggles: int = 0
    slow: bool = False
    languages: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    state: FlowState
    actions: tuple[Action, ...]
