"""Of what is said in calls: in writing, to supervisors who listen, to callers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ivr.config.section import Section


class TranscriptSettings(Section):
    """What is said to people, in writing."""

    talks: Literal["off", "agents", "all"] = Field(
        default="agents",
        description="talks written down while they last: with agents, or with outside parties too",
    )
    recordings: bool = Field(default=True, description="recordings put into writing after the call")
    recordings_days: float = Field(
        default=7.0, gt=0, description="older recordings without a transcript stay so, days"
    )
    keep_dialogue_days: float = Field(
        default=1095.0,
        ge=0,
        description="what callers said to the dialogue is erased after so long; 0: never",
    )
    keep_conversation_days: float = Field(default=1095.0, ge=0, description="talks likewise")
    keep_recording_days: float = Field(default=1095.0, ge=0, description="recordings in writing likewise")


class SupervisorSettings(Section):
    """Supervisors who listen to talks, whisper, join and take over."""

    tell_agent: bool = Field(
        default=False, description="the agent hears a tone when somebody begins to listen"
    )
    phones: dict[str, str] = Field(
        default_factory=dict,
        description="supervisors who are no agents: name: ARI endpoint of the telephone, e.g. PJSIP/desk1",
    )


class PromptSettings(Section):
    """What callers hear."""

    render: bool = Field(default=True, description="speak prompts that have no sound yet, while calls go on")
