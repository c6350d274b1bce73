"""A `*.scenario.yaml` as an author writes it: pydantic models, strict, with their documentation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ivr.flow.schema import Name, Strict
from ivr.flow.world import CallbackOutcome, LookupOutcome, QueueOutcome, RequestOutcome, TransferOutcome


def _key_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


def _named(name: str) -> BeforeValidator:
    """`full` for `{outcome: full}`."""
    return BeforeValidator(lambda value: {name: value} if isinstance(value, str) else value)


Texts = Annotated[list[str], BeforeValidator(_as_list)]
Data = Annotated[list[dict[str, Any]], BeforeValidator(_as_list)]
Clock = Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2}[T ])?\d{2}:\d{2}(:\d{2})?$")]
"""`23:30`, or `2026-11-22 23:30`: in the hotline's time zone."""


class QueueGiven(Strict):
    """What a queue does; `full` is short for `{outcome: full}`."""

    outcome: QueueOutcome = "served"
    after_s: float = Field(5.0, ge=0, description="until an agent answers, or until the outcome")
    talks_s: float = Field(60.0, ge=0, description="how long the talk is")
    agent: str = "a1001"
    places: list[int] = Field(
        default_factory=lambda: [1], description="places told while waiting: `[3, 2, 1]`"
    )
    wait_s: list[float] | None = Field(
        None, min_length=2, max_length=2, description="the wait told: `[60, 120]`"
    )


class RequestGiven(Strict):
    """What a web service answers; the first that fits counts."""

    url: str = Field("*", description="of which addresses: `*` stands for anything")
    node: str = Field("", description="only from this node")
    outcome: RequestOutcome = "ok"
    status: int = 200
    body: Any = None
    after_s: float = Field(0.2, ge=0)
    times: int = Field(0, ge=0, description="so often, then the next one that fits; 0: always")


class LookupGiven(Strict):
    """What a source finds: `{found: ...}`, or `none`, `timeout`, `failed`."""

    found: Any = None
    outcome: LookupOutcome | None = None
    after_s: float = Field(0.2, ge=0)


class TransferGiven(Strict):
    """What the other party does; `busy` is short for `{outcome: busy}`."""

    outcome: TransferOutcome = "completed"
    after_s: float = Field(5.0, ge=0)
    talks_s: float = Field(60.0, ge=0)


class Given(Strict):
    """How a call begins, and what everybody but the caller does in it."""

    time: Clock | None = Field(
        None, description="`23:30` or `2026-11-22 23:30`, the hotline's time (Monday noon)"
    )
    flow: Name | None = Field(None, description="the flow to begin with (default: the hotline's)")
    caller: str | None = Field(None, description="the caller's number; empty: withheld")
    number: str | None = Field(None, description="the number dialled")
    language: str | None = None
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
    queues: dict[str, Annotated[QueueGiven, _named("outcome")]] = Field(default_factory=dict)
    requests: list[RequestGiven] = Field(default_factory=list)
    lookups: dict[str, Annotated[LookupGiven, _named("outcome")]] = Field(default_factory=dict)
    transfers: dict[str, Annotated[TransferGiven, _named("outcome")]] = Field(default_factory=dict)
    callbacks: CallbackOutcome | None = None
    recorded_s: float | None = Field(None, ge=0, description="how long messages are; 0: nothing is said")


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
    language: str | None = None
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


class SayModel(Strict):
    text: str
    confidence: float | None = Field(0.9, ge=0, le=1)
    alternatives: dict[str, float] = Field(default_factory=dict, description="other readings -> confidence")


class Turn(Expectations):
    """One thing that happens, and what must come of it."""

    press: Annotated[str, BeforeValidator(_key_text), Field(pattern=r"^[0-9*#A-D]+$")] | None = Field(
        None, description="keys"
    )
    say: Annotated[SayModel, _named("text")] | None = Field(
        None, description="words, or `{text, confidence, alternatives}`"
    )
    silence: Literal[True] | None = Field(None, description="nothing is said until something comes of it")
    wait: float | Literal["joined", "served", "end"] | None = Field(
        None, description="seconds pass, or it is waited for an agent, for the end of the talk, of the call"
    )
    time: Clock | None = Field(None, description="the clock is turned")
    hangup: Literal[True] | None = Field(None, description="the caller hangs up")
    agent: Literal["joins", "leaves"] | None = None
    queue: QueueOutcome | None = Field(None, description="the wait ends so")
    place: int | None = Field(None, description="the caller is told to be at this place now")
    party: Literal["answers"] | TransferOutcome | None = Field(
        None, description="the other party of a transfer"
    )
    recorded: Annotated[float, Field(ge=0)] | Literal["failed"] | None = Field(
        None, description="the message is over, so long (s); `failed`: it could not be recorded"
    )
    speech_fails: Literal["unavailable", "language", "overloaded", "lost"] | None = None
    at_once: bool = Field(False, description="without waiting for the prompts to end")


class Scenario(Strict):
    name: str = Field(min_length=1, max_length=200)
    note: str = Field("", max_length=1000)
    tags: list[str] = Field(default_factory=list, description="`live`: also as a real call")
    given: Given = Field(default_factory=lambda: Given.model_validate({}))
    turns: list[Turn] = Field(min_length=1, max_length=500)


class ScenarioFile(Strict):
    """Scenarios of one hotline; `given` holds for all of them unless they say otherwise."""

    note: str = Field("", max_length=1000)
    given: Given = Field(default_factory=lambda: Given.model_validate({}))
    scenarios: list[Scenario] = Field(min_length=1)
