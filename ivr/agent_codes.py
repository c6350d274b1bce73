"""What an agent's feature code means in the state that the agent is in. Pure."""

from __future__ import annotations

from typing import assert_never

from ivr.call.feature import FeatureCode, FeatureOutcome
from routing import agents as ag


def act_of(agent: ag.Agent, code: FeatureCode, wrap_up_code: str) -> tuple[ag.AgentAct, FeatureOutcome]:
    """The event for the agent's state machine, and what the telephone says when it is allowed."""
    match code:
        case "login":
            return (ag.Unpause() if agent.state == "paused" else ag.LogIn()), "logged_in"
        case "logout":
            return ag.LogOut(), "logged_out"
        case "pause":
            if agent.state == "paused":
                return ag.Unpause(), "resumed"
            return ag.Pause("break"), "paused"
        case "ready":
            return (ag.WrapUpDone(wrap_up_code) if agent.state == "wrap_up" else ag.Unpause()), "resumed"
        case _:
            assert_never(code)


def as_it_is(state: ag.AgentState) -> FeatureOutcome:
    """What the telephone says when the code changed nothing."""
    match state:
        case "offline":
            return "logged_out"
        case "paused":
            return "paused"
        case _:
            return "logged_in"
