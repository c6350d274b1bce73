"""The settings of how long what is kept. Transcripts and recordings have theirs in their own sections."""

from __future__ import annotations

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

THREE_YEARS: Final = 1095.0


class RetentionSettings(BaseModel):
    """How long what is kept, days; 0: for ever. Transcripts and recordings: in their own sections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    journal_days: float = Field(
        default=THREE_YEARS, ge=0, description="everything that happened in a call, step by step"
    )
    calls_days: float = Field(
        default=THREE_YEARS,
        ge=0,
        description="numbers and topics in calls' records; the record's figures stay for ever",
    )
    decisions_days: float = Field(default=365.0, ge=0, description="why whom was offered which call")
    agents_days: float = Field(
        default=THREE_YEARS, ge=0, description="histories of agents' states, wrap-ups, wait estimates"
    )
    missed_days: float = Field(default=365.0, ge=0, description="missed calls, since they were made good")
    messages_days: float = Field(
        default=365.0, ge=0, description="messages sent and promises to call back, since they are over"
    )
    acts_days: float = Field(
        default=0.0, ge=0, description="who did what with power: listened, looked, exported, erased"
    )

    @model_validator(mode="after")
    def _journal_no_longer_than_calls(self) -> Self:
        journal, calls = (days or float("inf") for days in (self.journal_days, self.calls_days))
        if journal > calls:
            raise ValueError(
                "`journal_days` is longer than `calls_days`: the journal would keep the numbers that the records lose"
            )
        return self
