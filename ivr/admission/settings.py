"""Limits as an administrator sets them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.admission.overload import OverloadRules
from ivr.admission.rules import AdmissionRules, Nuisance, NuisanceList, Rate


class LimitSettings(BaseModel):
    """Which calls are let in, beside `max_calls`. See docs/administrators/limits.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when_full: Literal["message", "fallback"] = Field(
        default="message",
        description="beyond max_calls: a polite announcement and a call back on the list of missed calls, or the "
        "dialplan's fallback, which rings any agent's phone past all who wait",
    )
    reserved_calls: int = Field(default=0, ge=0, description="of max_calls, kept free for spared callers")
    overload_late_s: float = Field(
        default=1.0,
        ge=0,
        description="so late is the controller with what Asterisk tells it, and new callers are refused until it is "
        "well again, s; 0: never",
    )
    overload_for_s: float = Field(default=2.0, gt=0, description="for so long without a break, s")
    per_caller_per_minute: float = Field(
        default=0.0, ge=0, description="calls of one number, on average; 0: no limit"
    )
    per_caller_burst: int = Field(default=10, ge=1, description="so many of them at once")
    per_trunk_per_minute: float = Field(
        default=0.0, ge=0, description="calls by one trunk or telephone, on average; 0: no limit"
    )
    per_trunk_burst: int = Field(default=60, ge=1, description="so many of them at once")
    trunks: dict[str, float] = Field(
        default_factory=dict, description="other rates by trunk: calls a minute; 0: no limit"
    )
    nuisance: tuple[str, ...] = Field(
        default=(),
        description="numbers and patterns (as in asterisk.outbound_numbers) that are not let in; more by "
        "`ivr nuisance`",
    )
    nuisance_treatment: Literal["message", "reject"] = Field(
        default="message", description="of these: a short announcement, or ended at once"
    )
    spared_numbers: tuple[str, ...] = Field(
        default=(), description="numbers dialled whose callers no rate and no list holds up: a crisis line's"
    )
    spared_queues: tuple[str, ...] = Field(
        default=("crisis",), description="who was in one of these queues may call again as often as needed"
    )
    spared_h: float = Field(default=24.0, gt=0, description="for so long, h")

    @field_validator("nuisance")
    @classmethod
    def _patterns(cls, listed: tuple[str, ...]) -> tuple[str, ...]:
        NuisanceList(map(Nuisance, listed))
        return listed

    def rules(self, most_calls: int) -> AdmissionRules:
        return AdmissionRules(
            most_calls=most_calls,
            reserved=min(self.reserved_calls, most_calls - 1),
            per_caller=_rate(self.per_caller_per_minute, self.per_caller_burst),
            per_trunk=_rate(self.per_trunk_per_minute, self.per_trunk_burst),
            by_trunk={name: _rate(rate, self.per_trunk_burst) for name, rate in self.trunks.items()},
            spared_numbers=frozenset(self.spared_numbers),
        )

    def overload(self) -> OverloadRules | None:
        return OverloadRules(self.overload_late_s, self.overload_for_s) if self.overload_late_s else None

    def nuisances(self) -> tuple[Nuisance, ...]:
        return tuple(Nuisance(pattern, self.nuisance_treatment) for pattern in self.nuisance)


def _rate(per_minute: float, burst: int) -> Rate | None:
    return Rate(per_minute, burst) if per_minute > 0 else None
