"""The written form of the rules and of the agents' seed, as pydantic models: every key with its meaning and its limits.

Only what reads, checks and describes the written form sees these; they become `rules.Rules` and `agents.Agent`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from routing.agent_rules import AgentRulesModel
from routing.rules import MOST_RUNG, Strategy

LONGEST_S = 86_400
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
Level = Annotated[int, Field(ge=1, le=5)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S)]
SomeSeconds = Annotated[float, Field(gt=0, le=LONGEST_S)]
Title = dict[str, str]


def _calendar(written: object) -> object:
    if isinstance(written, dict) or (isinstance(written, str) and written):
        return written
    raise PydanticCustomError(
        "calendar", "the name of a calendar of hotline.yaml is expected, or hours as a calendar has them"
    )


Hours = Annotated[
    Any,
    BeforeValidator(_calendar),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"written": "CalendarModel"}]}),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepModel(Strict):
    """One step of relaxing demands. The last step holds to the end and needs no `for_s`."""

    require: dict[Name, Level] = Field(
        default_factory=dict, description="skill -> least level an agent must have"
    )
    prefer: dict[Name, Level] = Field(default_factory=dict, description="taken first among those who fit")
    for_s: SomeSeconds | None = Field(None, description="how long this step holds")


class AnnounceModel(Strict):
    first_s: Seconds | None = Field(5.0, description="first announcement of the place after so long")
    every_s: Annotated[float, Field(ge=5, le=3600)] | None = Field(30.0, description="and then so often")


class AgeingModel(Strict):
    """Who waits grows in priority. Nobody starves behind a queue of higher priority."""

    points: Annotated[int, Field(ge=1, le=1000)] = Field(description="so much more priority")
    every_s: Annotated[float, Field(ge=1, le=LONGEST_S)] = Field(description="each time so long was waited")
    most: Annotated[int, Field(ge=1, le=2000)] = Field(description="so much more in all, and no further")


class OverflowModel(Strict):
    """Who waits is moved to another queue, and keeps the age. One condition each; the first that holds counts."""

    to: Name = Field(description="the other queue")
    after_s: SomeSeconds | None = Field(None, description="who has waited so long")
    longer_than: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        None, description="who arrives when more than so many stand in line"
    )
    unstaffed: Literal[True] | None = Field(None, description="while nobody of the queue is logged in")
    closed: Literal[True] | None = Field(None, description="outside the queue's `hours`")


class PreferredModel(Strict):
    """The agent whom the caller had last, or whom the dialogue names."""

    patience_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        0.0, description="wait so long for that agent; 0: only when free at once"
    )


class WrapUpCodeModel(Strict):
    """What a call came to, as the agent says after it."""

    title: Title = Field(default_factory=dict, description="by language")
    key: Annotated[str, Field(pattern=r"^[0-9]{1,4}$")] | None = Field(
        None, description='digits that an agent dials after *48: `key: "1"`'
    )


class QueueModel(Strict):
    title: Title = Field(default_factory=dict, description="by language, for screens and telephones")
    steps: list[StepModel] = Field(
        default_factory=list, description="who may take the call, and how that relaxes with time"
    )
    strategy: Strategy = Field(
        "longest_idle",
        description="who of those who fit equally well is asked: idle for longest, least occupied since the log-in, "
        "best in the skills asked for, in turn, or by the agents' `rank`",
    )
    priority: Annotated[int, Field(ge=-1000, le=1000)] = Field(0, description="added to each entry's own")
    ageing: AgeingModel | None = Field(None, description="priority that grows while somebody waits")
    urgent: bool = Field(False, description="before every queue that is not, whatever the priorities")
    ring: Annotated[int, Field(ge=1, le=MOST_RUNG)] | Literal["all"] = Field(
        1,
        description="so many agents are rung at once for one caller, and the first to answer has the call; `all`: "
        f"every free agent who fits ({MOST_RUNG} at most)",
    )
    ring_s: Annotated[float, Field(ge=3, le=120)] = Field(20.0, description="how long a telephone rings")
    wrap_up_s: Seconds | Literal["manual"] = Field(
        10.0, description="time after a call before the next; `manual`: until the agent ends it"
    )
    wrap_up_codes: list[Name] | None = Field(
        None, description="codes of this queue, of those in `wrap_up_codes` (default: all)"
    )
    wrap_up_code_required: bool = Field(False, description="the agent is to give one after each call")
    max_wait_s: SomeSeconds | None = Field(1800.0, description="then the dialogue goes on; null: no limit")
    max_length: Annotated[int, Field(ge=1)] | None = Field(
        None, description="so many in line, then nobody more; null: no limit"
    )
    overflow: list[OverflowModel] = Field(default_factory=list, description="who goes to another queue")
    no_answer_pause_after: Annotated[int, Field(ge=1)] | None = Field(
        3, description="so many calls in a row not answered pause an agent; null: never"
    )
    retry_s: Annotated[float, Field(ge=1, le=600)] = Field(
        5.0, description="an agent who did not answer gets the same caller again after so long"
    )
    when_unstaffed: Literal["wait", "end"] = Field(
        "wait", description="what becomes of callers while nobody of the queue is logged in"
    )
    hours: Hours | None = Field(
        None,
        description="a calendar of hotline.yaml by name, or hours written as there (default: always open)",
    )
    serve_after_closing: bool = Field(True, description="who waits at the closing is still served")
    preferred_agent: PreferredModel = Field(
        default_factory=PreferredModel, description="the caller's last agent, or one whom the dialogue names"
    )
    shares: dict[Name, dict[str, Annotated[float, Field(ge=0, le=1_000_000)]]] = Field(
        default_factory=dict,
        description="label of agents -> its values -> parts of the calls: `vendor: {north: 60, south: 40}`",
    )
    redial_s: Seconds = Field(
        0.0, description="who hung up and calls again within so long has the old place; 0: never"
    )
    answer_within_s: Annotated[float, Field(ge=1, le=3600)] = Field(
        15.0, description="the goal of the service level: answered within so long"
    )
    music: str = Field("default", description="class of music on hold")
    announce: AnnounceModel | None = Field(
        default_factory=lambda: AnnounceModel(first_s=5.0, every_s=30.0),
        description="when the place is told; null: never",
    )


class RulesModel(Strict):
    skills: dict[Name, Title] = Field(
        default_factory=dict, description="every skill there is, with its titles"
    )
    languages: dict[str, dict[Name, Level]] = Field(
        default_factory=dict, description="language of the caller -> skills that it asks of the agent"
    )
    wrap_up_codes: dict[Name, WrapUpCodeModel] = Field(
        default_factory=dict, description="what calls may come to"
    )
    agents: AgentRulesModel = Field(
        default_factory=AgentRulesModel, description="time limits, reasons of pauses, missed calls"
    )
    queues: Annotated[dict[Name, QueueModel], Field(min_length=1, description="name -> queue")]


class AgentModel(Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,48}$")] = Field(
        description="also the name of the SIP account"
    )
    name: Annotated[str, Field(min_length=1, max_length=80)]
    extension: Annotated[str, Field(pattern=r"^[0-9]{2,8}$")]
    skills: dict[Name, Level] = Field(default_factory=dict, description="skill -> level, 1 to 5")
    queues: Annotated[list[Name], Field(min_length=1)]
    rank: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="with the strategy `agent_priority` a lower one is asked first"
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="site, vendor ...: for reports and shares"
    )


class AgentsModel(Strict):
    agents: list[AgentModel]
