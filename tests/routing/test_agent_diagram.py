"""The page of an agent's states shows the table as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

from routing.agent_diagram import WAYS, markdown, mermaid
from routing.agent_events import AgentEvent
from routing.agent_table import AgentState, Special

ROOT = Path(__file__).parents[2]


def test_the_page_is_current() -> None:
    command = [sys.executable, "scripts/generate_agent_states.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_state_and_every_event_is_in_it() -> None:
    assert set(WAYS) | {"LATER", "TIME_UP"} == set(get_args(Special))
    for state in get_args(AgentState):
        assert f"{state} -->" in mermaid()
    for event in get_args(AgentEvent):
        assert f"| {event.__name__} |" in markdown()
    assert "reserved --> talking: Answer" in mermaid()
