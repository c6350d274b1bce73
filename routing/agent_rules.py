"""The part `agents` of `flows/queues.yaml`: how long agents may be in a state, why they may pause, when misses are
forgotten. The written form, its compiling into `AgentLimits`, and what is wrong with it as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from routing.agent_events import Then
from routing.agent_limits import ALLOWED, LIMITS, AgentLimits, Limit, PauseReason
from routing.agent_table import AgentState

Path = tuple[str | int, ...]
Reason = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
LimitedState = Literal[
    "available", "reserved", "ringing", "talking", "hold", "consulting", "wrap_up", "paused"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitModel(_Strict):
    after_s: Annotated[float, Field(ge=1, le=86_400)] = Field(description="so long in the state")
    then: Then = Field(
        description="remind: supervisors are told, the state stays; available, paused, offline: the agent is that"
    )


class PauseReasonModel(_Strict):
    title: dict[str, str] = Field(default_factory=dict, description="by language")
    key: Annotated[str, Field(pattern=r"^[0-9]{1,2}$")] | None = Field(
        None, description='digits that an agent dials after *47: `key: "1"`'
    )
    limits: list[LimitModel] = Field(
        default_factory=list, description="of this pause (default: those of the state `paused`)"
    )


class ForgottenModel(_Strict):
    by: list[Literal["answer", "unpause", "log_in"]] = Field(
        default=["answer", "unpause", "log_in"], description="what makes the count of missed calls 0"
    )
    after_s: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        None, description="and so long without a miss; null: no time does"
    )


class AgentRulesModel(_Strict):
    """What holds for agents in all queues."""

    limits: dict[LimitedState, list[LimitModel]] = Field(
        default_factory=dict,
        description="state -> what happens after so long in it; those not named here stay as they are usually",
    )
    pauses: dict[Reason, PauseReasonModel] = Field(
        default_factory=dict, description="reasons that may be given for a pause (default: any)"
    )
    misses_forgotten: ForgottenModel = Field(default_factory=ForgottenModel)
    longest_wrap_up_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        1800.0, description="agents can make their wrap-up longer, but no longer than this"
    )


def compiled(model: AgentRulesModel) -> AgentLimits:
    states: dict[AgentState, tuple[Limit, ...]] = dict(LIMITS)
    states.update({state: _limits(limits) for state, limits in model.limits.items()})
    return AgentLimits(
        states=states,
        pauses={
            name: PauseReason(dict(reason.title), reason.key or "", _limits(reason.limits))
            for name, reason in model.pauses.items()
        },
        misses_forgotten_by=frozenset(model.misses_forgotten.by),
        misses_forgotten_after_s=model.misses_forgotten.after_s,
        longest_wrap_up_s=model.longest_wrap_up_s,
    )


def _limits(written: Sequence[LimitModel]) -> tuple[Limit, ...]:
    return tuple(sorted((Limit(one.after_s, one.then) for one in written), key=lambda one: one.after_s))


def wrong(model: AgentRulesModel) -> Iterator[tuple[Path, str, str]]:
    """Where within `agents`, cause, suggestion."""
    for state, limits in model.limits.items():
        yield from _not_allowed(limits, state, ("limits", state))
    keys: dict[str, str] = {}
    for name, reason in model.pauses.items():
        yield from _not_allowed(reason.limits, "paused", ("pauses", name, "limits"))
        if reason.key is not None and keys.setdefault(reason.key, name) != name:
            cause = f"the reason {keys[reason.key]} has the key {reason.key} already"
            yield ("pauses", name, "key"), cause, "give each reason a key of its own"
    reserved = model.limits.get("reserved")
    if reserved is not None and all(limit.then == "remind" for limit in reserved):
        cause = "an agent could stay reserved for ever"
        yield ("limits", "reserved"), cause, "reserved: [{after_s: 10, then: available}]"


def _not_allowed(
    limits: Sequence[LimitModel], state: AgentState, where: Path
) -> Iterator[tuple[Path, str, str]]:
    for index, limit in enumerate(limits):
        if limit.then not in ALLOWED[state]:
            allowed = ", ".join(sorted(ALLOWED[state]))
            cause = f"who is {state} cannot become {limit.then} because the time is over"
            yield (*where, index, "then"), cause, f"one of: {allowed}"
