"""A `*.scenario.yaml` as an author writes it: pydantic models, strict, with their documentation."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ivr.flow.schema import Name, Strict
from ivr.flow.world import CallbackOutcome, LookupOutcome, QueueOutcome, RequestOutcome, TransferOutcome


def _key_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


def _named(name: str, of: Any = dict[str, Any]) -> BeforeValidator:
    """`full` for `{outcome: full}`."""
    return BeforeValidator(
        lambda value: {name: value} if isinstance(value, str) else value, json_schema_input_type=str | of
    )


def _numbered(name: str, of: Any = dict[str, Any]) -> BeforeValidator:
    """`3` for `{place: 3}`."""
    return BeforeValidator(
        lambda value: {name: value} if isinstance(value, int) else value, json_schema_input_type=int | of
    )


Texts = Annotated[list[str], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
Data = Annotated[
    list[dict[str, Any]],
    BeforeValidator(_as_list, json_schema_input_type=dict[str, Any] | list[dict[str, Any]]),
]


def _clock(value: str) -> str:
    """Raises ValueError for 25:00 and for 30 February."""
    date, _, time = value.replace(" ", "T").rpartition("T")
    dt.time.fromisoformat(time)
    if date:
        dt.date.fromisoformat(date)
    return value


Clock = Annotated[
    str, Field(pattern=r"^(\d{4}-\d{2}-\d{2}[T ])?\d{2}:\d{2}(:\d{2})?$"), AfterValidator(_clock)
]
"""`23:30`, or `2026-11-22 23:30`: in the hotline's time zone."""


class QueueGiven(Strict):
    """What a queue does; `full` is short for `{outcome: full}`."""

    outcome: QueueOutcome = "served"
    after_s: float = Field(5.0, ge=0, description="until an agent answers, or until the outcome")
    talks_s: float = Field(60.0, ge=0, description="how long the talk is")
    agent: str = Field("a1001", description="who answers")
    places: list[int] = Field(
        default_factory=lambda: [1], description="places told while waiting: `[3, 2, 1]`"
    )
    wait_s: list[float] | None = Field(
        None, min_length=2, max_length=2, description="the wait told: `[60, 120]`"
    )


class RequestAnswer(Strict):
    """What a web service answers; `timeout` is short for `{outcome: timeout}`."""

    outcome: RequestOutcome = "ok"
    status: int = Field(200, ge=100, le=599, description="one that the node did not expect is an error")
    body: Any = Field(None, description="its JSON, or a text")


class RequestGiven(RequestAnswer):
    """What web services answer; the first rule that fits counts."""

    url: str = Field("*", description="of which addresses: `*` stands for anything")
    node: str = Field("", description="only from this node: `main.weather`, or `weather`")
    after_s: float = Field(0.2, ge=0, description="how long it takes")
    times: int = Field(0, ge=0, description="so often, then the next one that fits; 0: always")


class LookupAnswer(Strict):
    """What a source finds: `{found: ...}`, or `none`, `timeout`, `failed`."""

    found: Any = Field(None, description="what it gives: a row is `{column: value}`")
    outcome: LookupOutcome | None = Field(None, description="(default: as `found` says)")

    @property
    def effective(self) -> LookupOutcome:
        return self.outcome or ("found" if self.found is not None else "none")


class LookupGiven(LookupAnswer):
    """What a source finds, whenever it is asked."""

    after_s: float = Field(0.2, ge=0, description="how long it takes")


class TransferGiven(Strict):
    """What the other party does; `busy` is short for `{outcome: busy}`."""

    outcome: TransferOutcome = "completed"
    after_s: float = Field(5.0, ge=0, description="until it answers, or until the outcome")
    talks_s: float = Field(60.0, ge=0, description="how long the talk is")


class DeskGiven(Strict):
    """What comes of an act of the agent who dials a code; `not_now` is short for `{outcome: not_now}`."""

    outcome: str = Field("done", description="done, or why not: `not_now`, `wrong_pin`, `busy` ...")
    agent: dict[str, Any] = Field(
        default_factory=dict, description="how the agent is then: `{state: paused, waiting: 3}`"
    )
    talks_s: float = Field(60.0, ge=0, description="call: how long the talk is")


class Given(Strict):
    """How a call begins, and what everybody but the caller does in it."""

    time: Clock | None = Field(
        None, description="`23:30` or `2026-11-22 23:30`, the hotline's time (Monday noon)"
    )
    flow: Name | None = Field(None, description="the flow to begin with (default: the hotline's)")
    caller: str | None = Field(None, description="the caller's number; empty: withheld")
    number: str | None = Field(None, description="the number dialled")
    language: str | None = Field(None, description="the one to begin with (default: the hotline's first)")
    speech: bool | list[str] | None = Field(
        None, description="the languages that are recognised (default: all); false: keys only"
    )
    hours: dict[str, Literal["open", "closed"]] = Field(
        default_factory=dict, description="a supervisor's word on a calendar"
    )
    facts: dict[str, Any] = Field(
        default_factory=dict, description="`call.facts`, and parameters of the flow"
    )
    history: dict[str, Any] = Field(default_factory=dict, description="`call.history`: `{calls: 3}`")
    split: dict[str, Name] = Field(
        default_factory=dict, description="node -> the way that its `split` takes (default: as drawn)"
    )
    queues: dict[str, Annotated[QueueGiven, _named("outcome", QueueGiven)]] = Field(
        default_factory=dict, description="queue -> what it does; one without a rule waits for a turn"
    )
    requests: list[RequestGiven] = Field(
        default_factory=list, description="what web services answer; without a rule a turn says it"
    )
    lookups: dict[str, Annotated[LookupGiven, _named("outcome", LookupGiven)]] = Field(
        default_factory=dict, description="source -> what it finds; tables answer for themselves"
    )
    transfers: dict[str, Annotated[TransferGiven, _named("outcome", TransferGiven)]] = Field(
        default_factory=dict,
        description="name of a number (or the number, an agent, `*`) -> what the other party does",
    )
    desk: dict[str, Annotated[DeskGiven, _named("outcome", DeskGiven)]] = Field(
        default_factory=dict, description="what an agent does (`log_in`, `pause` ...) -> what comes of it"
    )
    callbacks: CallbackOutcome | None = Field(
        None, description="what becomes of promises (default: placed, unless a turn says it)"
    )
    recorded_s: float | None = Field(
        None, ge=0, description="how long messages are; 0: nothing is said (default: until a turn says it)"
    )


class Expectations(Strict):
    """What must have come since the turn before. All of them have to hold."""

    heard: Texts | None = Field(
        None, description="ids of prompts, in this order, others between them allowed"
    )
    heard_only: Texts | None = Field(None, description="exactly these ids, in this order")
    not_heard: Texts | None = Field(None, description="ids that must not have been heard")
    text: Texts | None = Field(None, description="words that were heard")
    node: str | None = Field(None, description="where the dialogue stands: `main.question` or `question`")
    passed: Texts | None = Field(None, description="nodes that it went through, in this order")
    language: str | None = Field(None, description="the one spoken now")
    variables: dict[str, Any] | None = Field(None, description="name, or `found.status` -> value")
    queued: Annotated[dict[str, Any] | None, _named("queue")] = Field(
        None, description="a place was taken: `{queue: general, priority: 10, reason: ...}`"
    )
    journal: Data | None = Field(None, description="`{kind: option, option: complaint}`: a note with these")
    did: Texts | None = Field(
        None, description="words of what else was done: `callback to 138`, `transfer to number`"
    )
    notified: Data | None = Field(
        None, description="`{channel: sms, to: ..., text: ...}`; `text`: words of it"
    )
    listening: bool | None = Field(None, description="whether speech is listened for")
    ended: Literal["system", "caller", False] | None = Field(
        None, description="who ended the call; false: it is still going on"
    )


class PlaceModel(Strict):
    """The place in line; a number is short for `{place: ...}`."""

    place: int = Field(ge=1, description="1: next")
    wait_s: list[float] | None = Field(
        None, min_length=2, max_length=2, description="and the wait: `[60, 120]`"
    )


class SayModel(Strict):
    """What the caller says, as a recogniser writes it down; a text is short for `{text: ...}`."""

    text: str
    confidence: float | None = Field(0.9, ge=0, le=1, description="null: the engine gives none")
    alternatives: dict[str, float] = Field(default_factory=dict, description="other readings -> confidence")
    languages: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="which language it was likely said in: `{en: 0.9}`"
    )
    after_s: float = Field(0.0, ge=0, description="so long after the prompt it begins: a late answer")


class Turn(Expectations):
    """One thing that happens, and what must come of it."""

    press: (
        Annotated[
            str, BeforeValidator(_key_text, json_schema_input_type=str | int), Field(pattern=r"^[0-9*#A-D]+$")
        ]
        | None
    ) = Field(None, description="keys")
    say: Annotated[SayModel, _named("text", SayModel)] | None = Field(
        None, description="words, or `{text, confidence, alternatives}`"
    )
    silence: Literal[True] | None = Field(None, description="nothing is said until something comes of it")
    wait: float | Literal["joined", "served", "end"] | None = Field(
        None, description="seconds pass, or it is waited for an agent, for the end of the talk, of the call"
    )
    time: Clock | None = Field(None, description="the clock is turned")
    hangup: Literal[True] | None = Field(None, description="the caller hangs up")
    agent: Literal["joins", "leaves"] | None = Field(
        None, description="an agent takes the call, or ends the talk"
    )
    queue: QueueOutcome | None = Field(None, description="the wait ends so")
    place: Annotated[PlaceModel, _numbered("place", PlaceModel)] | None = Field(
        None, description="the caller is at this place now: `3`, `{place: 3, wait_s: [60, 120]}`"
    )
    party: Literal["answers"] | TransferOutcome | None = Field(
        None, description="the other party of a transfer"
    )
    recorded: Annotated[float, Field(ge=0)] | Literal["failed"] | None = Field(
        None, description="the message is over, so long (s); `failed`: it could not be recorded"
    )
    request: Annotated[RequestAnswer, _named("outcome", RequestAnswer)] | None = Field(
        None, description="the web service answers: `timeout`, `{status: 404}`, `{body: {open: true}}`"
    )
    lookup: Annotated[LookupAnswer, _named("outcome", LookupAnswer)] | None = Field(
        None, description="the source answers: `none`, `timeout`, `{found: {name: ...}}`"
    )
    callback: CallbackOutcome | None = Field(None, description="what becomes of the promise to call back")
    speech_fails: Literal["unavailable", "language", "overloaded", "lost"] | None = Field(
        None, description="recognition fails, for this reason"
    )
    at_once: bool = Field(False, description="without waiting for the prompts to end")
    audio: str | None = Field(
        None, description="a recording of what is said, beside this file: for `ivr test --live`"
    )


class Scenario(Strict):
    """One call, from its beginning."""

    name: str = Field(min_length=1, max_length=200, description="what it shows, in a few words")
    note: str = Field("", max_length=1000, description="for whoever reads it")
    tags: list[str] = Field(default_factory=list, description="`live`: also as a real call")
    given: Given = Field(
        default_factory=lambda: Given.model_validate({}), description="how it begins, and what others do"
    )
    turns: list[Turn] = Field(
        min_length=1, max_length=500, description="what is done, and what must come of it"
    )


class ScenarioFile(Strict):
    """Scenarios of one hotline; `given` holds for all of them unless they say otherwise."""

    note: str = Field("", max_length=1000, description="for whoever reads it")
    given: Given = Field(
        default_factory=lambda: Given.model_validate({}),
        description="for all of them, unless they say otherwise",
    )
    scenarios: list[Scenario] = Field(min_length=1, description="the calls")
