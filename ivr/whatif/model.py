"""A scenario as its author writes it: who calls, who answers, by which rules. Pydantic models, strict. Pure.

Times are in seconds unless they say otherwise (`5 min`). docs/operators/whatif.md is the guide with examples.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ivr.whatif.laws import Strict, Written
from ivr.whatif.model_calls import Arrivals, CallType, FromCalls, Stored, Surge, Text
from ivr.whatif.model_staff import Group, Hours
from ivr.whatif.quantities import Longer, Time
from routing.rules_model import Name

__all__ = [
    "Arrivals",
    "CallType",
    "Columns",
    "FromCalls",
    "Group",
    "History",
    "Hours",
    "Scenario",
    "Stored",
    "Surge",
]


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
