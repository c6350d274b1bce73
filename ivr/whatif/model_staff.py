"""The agents of a scenario as their author writes them: how many when, what they can, how they answer. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from ivr.whatif.laws import Law, Strict, Written
from ivr.whatif.model_calls import TalkLaw, Text
from ivr.whatif.quantities import Clock, Share, Time, Weekdays
from routing.rules_model import Level, Name


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
