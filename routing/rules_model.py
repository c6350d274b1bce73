"""The written form of the rules and of the agents' seed, as pydantic models: every key with its meaning and its limits.

Nothing outside `rules_load.py` sees these; it compiles them into `rules.Rules` and `agents.Agent`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
Level = Annotated[int, Field(ge=1, le=5)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Title = dict[str, str]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepModel(Strict):
    """One step of relaxing demands. The last step holds to the end and needs no `for_s`."""

    require: dict[Name, Level] = Field(
        default_factory=dict, description="skill -> least level an agent must have"
    )
    prefer: dict[Name, Level] = Field(default_factory=dict, description="taken first among those who fit")
    for_s: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        None, description="how long this step holds"
    )


class AnnounceModel(Strict):
    first_s: Seconds | None = Field(5.0, description="first announcement of the place after so long")
    every_s: Annotated[float, Field(ge=5, le=3600)] | None = Field(30.0, description="and then so often")


class QueueModel(Strict):
    title: Title = Field(default_factory=dict)
    steps: list[StepModel] = Field(default_factory=list)
    strategy: Literal["longest_idle"] = "longest_idle"
    priority: Annotated[int, Field(ge=-1000, le=1000)] = Field(0, description="added to each entry's own")
    ring_s: Annotated[float, Field(ge=3, le=120)] = 20.0
    wrap_up_s: Seconds | Literal["manual"] = 10.0
    max_wait_s: Annotated[float, Field(gt=0, le=86_400)] | None = 1800.0
    max_length: Annotated[int, Field(ge=1)] | None = None
    no_answer_pause_after: Annotated[int, Field(ge=1)] | None = 3
    retry_s: Annotated[float, Field(ge=1, le=600)] = 5.0
    when_unstaffed: Literal["wait", "end"] = "wait"
    music: str = "default"
    announce: AnnounceModel | None = Field(default_factory=lambda: AnnounceModel(first_s=5.0, every_s=30.0))


class RulesModel(Strict):
    skills: dict[Name, Title] = Field(
        default_factory=dict, description="every skill there is, with its titles"
    )
    languages: dict[str, dict[Name, Level]] = Field(default_factory=dict)
    queues: Annotated[dict[Name, QueueModel], Field(min_length=1)]


class AgentModel(Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,48}$")]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    extension: Annotated[str, Field(pattern=r"^[0-9]{2,8}$")]
    skills: dict[Name, Level] = Field(default_factory=dict)
    queues: Annotated[list[Name], Field(min_length=1)]
    labels: dict[str, str] = Field(
        default_factory=dict, description="site, vendor ...: for reports and shares"
    )


class AgentsModel(Strict):
    agents: list[AgentModel]
