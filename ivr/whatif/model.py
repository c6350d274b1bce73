"""A scenario as its author writes it: who calls, who answers, by which rules. Pydantic models, strict. Pure.

Times are in seconds unless they say otherwise (`5 min`). docs/operators/whatif.md is the guide with examples.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ivr.whatif.laws import Law, Strict, Written
from ivr.whatif.quantities import Clock, Longer, Rate, Share, Time, Weekdays
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
    stored: Stored | None = Field(None, alias="calls", description="as calls that were stored came")
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


class Hours(Strict):
    """On these days between these times of the clock; past midnight when `to` is before `from`."""

    days: Weekdays = frozenset(range(7))
    from_: Clock = Field("00:00", alias="from")
    to: Clock = "24:00"


class Staffing(Hours):
    """So many agents then."""

    agents: Annotated[int, Field(ge=0, le=20_000)]


Number = Annotated[int, Field(ge=0, le=20_000)]


class Pauses(Strict):
    """A free agent who has not paused for `every` pauses for `length`."""

    every: Written
    length: Written


class Group(Strict):
    """Agents who are alike. agents: how many, always or by period (the last number holds on); or shifts by the clock.

    serves: the types of call, whose queues they are in; queues: or the queues themselves. in_order: whoever frees takes
    the first type of `serves` that waits, not who waits longest.
    """

    title: Text = ""
    agents: Number | Annotated[list[Number], Field(min_length=1)] | None = None
    shifts: list[Staffing] = Field(default_factory=list)
    serves: list[Name] = Field(default_factory=list)
    queues: list[Name] = Field(default_factory=list)
    in_order: bool = False
    skills: dict[Name, Level] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    rank: Annotated[int, Field(ge=-1000, le=1000)] = Field(
        0, description="for the strategy agent_priority: lower first"
    )
    answer_delay: Written = Field(
        default_factory=lambda: Law(constant=0.0), description="from ringing to the answer"
    )
    no_answer: Share = Field(0.0, description="of the calls that ring, not answered")
    rejects: Share = Field(0.0, description="of the calls that ring, refused at once")
    back_after: Time = Field(300.0, description="paused for missing calls: ready again after so long")
    pauses: Pauses | None = None
    talk: dict[Name, TalkLaw] = Field(
        default_factory=dict, description="by type, where the group does not talk as long as others"
    )
    speed: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="twice as fast: 2; of talk and wrap-up"
    )

    @model_validator(mode="after")
    def _staffed(self) -> Group:
        if (self.agents is None) == (not self.shifts):
            raise ValueError("either `agents` or `shifts` is expected")
        if bool(self.serves) == bool(self.queues):
            raise ValueError("either `serves` (types) or `queues` is expected")
        if self.in_order and not self.serves:
            raise ValueError("`in_order` is the order of `serves`")
        if self.no_answer + self.rejects > 1:
            raise ValueError("`no_answer` and `rejects` are shares of one whole")
        return self


class Columns(Strict):
    """What the columns of a CSV are called. arrived: a time (ISO), or seconds since midnight where there is a `date`.

    wait, talk, wrap_up: seconds. outcome: who was answered has one of the values `answered` there; without it, whoever
    has a talk above 0.
    """

    arrived: str = "arrived"
    date: str | None = None
    wait: str = "wait_s"
    talk: str = "talk_s"
    wrap_up: str | None = None
    outcome: str | None = None
    answered: list[str] = Field(default_factory=lambda: ["answered", "served"])
    kind: str | None = Field(None, description="`where: {kind: ...}` looks there")


class History(Strict):
    """Calls that were: in a CSV beside the scenario, or in the database of the hotline (`""`: that of the settings)."""

    csv: str | None = None
    columns: Columns = Field(default_factory=Columns)
    database: str | None = None
    since: Annotated[str, Field(pattern=r"^\d{1,4}[hdw]$|^\d{4}-\d{2}-\d{2}$")] | None = Field(
        None, description="7d, 4w, or a day"
    )

    @model_validator(mode="after")
    def _one(self) -> History:
        if (self.csv is None) == (self.database is None):
            raise ValueError("either `csv` or `database` is expected")
        return self


class Scenario(Strict):
    """periods: how time is cut for lists of rates and agents and for the report. horizon: the length of a replication;
    nothing: that of all periods. warm_up: not counted at its beginning.

    at_end: calls stop coming at the horizon; `serve`: who waits then is still served, `close`: sent away, while talks
    go on; `cut`: nothing is looked at any more.
    measured: agents' hours are counted until the horizon, or until the last call is over.
    """

    title: Text = ""
    about: Text = ""
    start: str = Field("2026-01-05 00:00", description="where the clock stands at the beginning (a Monday)")
    horizon: Longer | None = None
    periods: Longer | Annotated[list[Longer], Field(min_length=1)] | None = None
    warm_up: Time = 0.0
    at_end: Literal["serve", "close", "cut"] = "serve"
    measured: Literal["horizon", "last_call"] = "horizon"
    replications: Annotated[int, Field(ge=1, le=100_000)] = 20
    seed: Annotated[int, Field(ge=0)] = 1
    lines: Annotated[int, Field(ge=1)] | None = Field(
        None, description="telephone lines: callers waiting and talking at most; one more is blocked"
    )
    goal: Longer | None = Field(None, description="of the service level, for types that say none")
    busyness: Written | None = Field(
        None, description="a factor of all arrivals, drawn once in a replication"
    )
    skills: dict[Name, Any] = Field(default_factory=dict)
    languages: dict[str, Any] = Field(default_factory=dict)
    queues: str | dict[Name, Any] = Field(
        default_factory=dict, description="a file like flows/queues.yaml, or queues as written there"
    )
    hours: dict[Name, list[Hours]] = Field(
        default_factory=dict, description="queue -> when it is open; nothing: always"
    )
    history: dict[Name, History] = Field(default_factory=dict)
    types: Annotated[dict[Name, CallType], Field(min_length=1)]
    groups: Annotated[dict[Name, Group], Field(min_length=1)]

    @field_validator("start")
    @classmethod
    def _time(cls, value: str) -> str:
        try:
            dt.datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("a day and a time are expected: 2026-01-05 08:00") from None
        return value

    @model_validator(mode="after")
    def _long_enough(self) -> Scenario:
        if self.horizon is None and not isinstance(self.periods, list):
            raise ValueError("`horizon` is missing: how long a replication is, as `8 h`")
        if self.warm_up >= self.length_s:
            raise ValueError("`warm_up` is as long as the whole `horizon`")
        return self

    @property
    def length_s(self) -> float:
        if self.horizon is not None:
            return self.horizon
        assert isinstance(self.periods, list)
        return sum(self.periods)

    @property
    def began(self) -> dt.datetime:
        found = dt.datetime.fromisoformat(self.start)
        return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)

    def bounds(self) -> list[float]:
        """Where the periods begin, and where the last one ends: at the horizon."""
        length = self.length_s
        if isinstance(self.periods, list):
            edges = [0.0]
            for each in self.periods:
                edges.append(edges[-1] + each)
            inside = [edge for edge in edges if edge < length]
        else:
            step = self.periods or length
            count = max(1, int(-(-length // step)))
            inside = [index * step for index in range(count)]
        return [*inside, length]


def _stored(value: object) -> object:
    """`{calls: NAME}` for `{calls: {history: NAME}}`."""
    if isinstance(value, dict) and isinstance(value.get("calls"), str):
        return {**value, "calls": {"history": value["calls"]}}
    return value


class FromCalls(Strict):
    """As it was in stored calls: each talk as likely as another; patience: exponential, from who hung up and who did
    not."""

    calls: Stored


def _law(value: object) -> object:
    if isinstance(value, dict) and "calls" in value:
        return FromCalls.model_validate(_stored(value))
    return Law.model_validate(value if isinstance(value, dict | Law) else _scalar(value))


def _scalar(value: object) -> object:
    return {"never": True} if value is None or value == "never" else {"constant": value}


TalkLaw = Annotated[
    Law | FromCalls, BeforeValidator(_law, json_schema_input_type=Law | FromCalls | float | str)
]
PatienceLaw = Annotated[
    Law | FromCalls, BeforeValidator(_law, json_schema_input_type=Law | FromCalls | float | str | None)
]
CallType.model_rebuild()
Group.model_rebuild()
Scenario.model_rebuild()
