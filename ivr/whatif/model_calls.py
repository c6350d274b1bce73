"""The callers of a scenario as their author writes them: when they come, what they bring, who calls again. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from ivr.whatif.laws import Law, Strict, Written
from ivr.whatif.quantities import Longer, Rate, Share, Time
from routing.rules_model import Level, Name

Text = str | dict[str, str]
"""In one language, or by language: {zh: ..., en: ...}."""


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _as_rate(value: object) -> object:
    return {"rate": value} if isinstance(value, str | int | float) else value


class Surge(Strict):
    """Between two times of the replication, so many times the calls."""

    from_: Time = Field(0.0, alias="from")
    to: Longer | None = Field(None, description="nothing: to the end")
    factor: Annotated[float, Field(ge=0, le=1000)]


class Stored(Strict):
    """Of the calls in `history` under that name. where: only those with these values (`kind`, `queue`, `language`)."""

    history: Name
    where: dict[str, str] = Field(default_factory=dict)
    as_: Literal["profile", "replay"] = Field(
        "profile",
        alias="as",
        description="profile: Poisson with the mean rates by weekday and hour; replay: the very times, from the first "
        "day on; a replication takes the next day, and after the last one the first again",
    )


def _named(value: object) -> object:
    return {"history": value} if isinstance(value, str) else value


FromStored = Annotated[Stored, BeforeValidator(_named, json_schema_input_type=Stored | str)]


class Arrivals(Strict):
    """When calls come: Poisson with a rate, unless `every` or `history` says otherwise. One form of `FORMS`.

    factor: times so many. busyness: a factor drawn once in a replication (a busy day or a quiet one).
    """

    rate: Rate | None = Field(None, description="all the time: 100/h")
    rates: Annotated[list[Rate], Field(min_length=1)] | None = Field(
        None, description="one a period, from the first on; after the last one they begin again"
    )
    per_hour: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1)] | None = Field(
        None, description="calls in each hour of the clock: 24 numbers, or 168 from Monday 00:00"
    )
    per_day: Annotated[float, Field(ge=0)] | None = Field(
        None, description="calls a day, spread by `hours` and `weekdays`"
    )
    hours: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=24, max_length=24)] | None = None
    weekdays: dict[
        Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], Annotated[float, Field(ge=0)]
    ] = Field(default_factory=dict, description="of `per_day`: times so many; 1 where nothing is said")
    every: Written | None = Field(None, description="the law of the time from one call to the next")
    stored: FromStored | None = Field(None, alias="calls", description="as calls that were stored came")
    factor: Annotated[float, Field(ge=0, le=1000)] = 1.0
    busyness: Written | None = None
    surges: list[Surge] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Arrivals:
        forms = [name for name in ARRIVAL_FORMS if getattr(self, name) is not None]
        if len(forms) != 1:
            raise ValueError("exactly one is expected: rate, rates, per_hour, per_day, every, calls")
        if (self.hours is not None or self.weekdays) and self.per_day is None:
            raise ValueError("`hours` and `weekdays` belong to `per_day`")
        if self.per_hour is not None and len(self.per_hour) not in (24, 168):
            raise ValueError("`per_hour` has 24 numbers, or 168 from Monday 00:00")
        if self.hours is not None and not sum(self.hours):
            raise ValueError("`hours` has a number above 0")
        if (self.every is not None or (self.stored and self.stored.as_ == "replay")) and (
            self.surges or self.busyness or self.factor != 1
        ):
            raise ValueError("`surges`, `busyness` and `factor` go with rates only")
        return self


ARRIVAL_FORMS = ("rate", "rates", "per_hour", "per_day", "every", "stored")


Ending = Literal["abandoned", "blocked", "turned_away"]


def _abandoned() -> list[Ending]:
    return ["abandoned"]


class Retrial(Strict):
    """Who was not served calls again with that probability, after that time.

    attempts: calls at most, the first one included; nothing = no end. after: which ends make them call again.
    same: it is the same matter: as patient and as long to talk to as the first time, else drawn anew.
    """

    probability: Share
    delay: Written
    attempts: Annotated[int, Field(ge=2)] | None = None
    after: Annotated[
        list[Ending],
        BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    ] = Field(default_factory=_abandoned)
    same: bool = False


class VirtualHold(Strict):
    """A caller who waited so long is offered a call back, keeps the place and may take it."""

    after: Time
    accepted: Share
    reached: Share = Field(1.0, description="the citizen answers, each time")
    attempts: Annotated[int, Field(ge=1)] = 2
    again_after: Time = 300.0


class FromCalls(Strict):
    """As it was in stored calls: each talk as likely as another; patience: exponential, from who hung up and who did
    not."""

    calls: FromStored


def _law(value: object) -> object:
    if isinstance(value, dict) and "calls" in value:
        return FromCalls.model_validate(value)
    return Law.model_validate(value if isinstance(value, dict | Law) else _scalar(value))


def _scalar(value: object) -> object:
    return {"never": True} if value is None or value == "never" else {"constant": value}


TalkLaw = Annotated[
    Law | FromCalls, BeforeValidator(_law, json_schema_input_type=Law | FromCalls | float | str)
]
PatienceLaw = Annotated[
    Law | FromCalls, BeforeValidator(_law, json_schema_input_type=Law | FromCalls | float | str | None)
]


class CallType(Strict):
    """One kind of call. talk includes hold; wrap_up: nothing = the queue's own. balk: share who hang up when not served
    at once."""

    title: Text = ""
    queue: Name | None = Field(None, description="nothing: a queue of its own, with the type's name")
    language: str = Field("", description="asks for its skills, as the rules' `languages` say")
    skills: dict[Name, Level] = Field(default_factory=dict, description="asked of an agent by the dialogue")
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    arrivals: Annotated[Arrivals, BeforeValidator(_as_rate, json_schema_input_type=Arrivals | str)]
    talk: TalkLaw
    wrap_up: TalkLaw | None = None
    patience: PatienceLaw = Field(default_factory=lambda: Law(never=True))
    balk: Share = 0.0
    retrial: Retrial | None = None
    callback: VirtualHold | None = None
    goal: Longer | None = Field(None, description="of the service level; nothing: the queue's")
    groups: list[Name] = Field(
        default_factory=list,
        description="groups in the order in which they are asked; nothing: the queue's strategy alone",
    )
