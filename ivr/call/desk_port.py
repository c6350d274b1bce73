"""What an agent's own telephone needs of the desk, as a protocol (`ivr/desk/telephone.py` implements it)."""

from __future__ import annotations

from typing import Protocol

from ivr.flow.actions import DeskAct, JsonValue

DONE = "done"
Answer = tuple[str, JsonValue]
"""DONE, or why not (`inputs.DeskAnswered`); and how the agent is then, null where that is not known."""


class AtDesk(Protocol):
    """On the loop; nothing waits and nothing raises."""

    def act(self, agent: str, wanted: DeskAct, call: str) -> Answer:
        """Anything but a call. agent: the name of the SIP account. call: in which it is dialled; who becomes free by it
        is rung only after `dialled`."""
        ...

    def dialled(self, agent: str, call: str) -> None:
        """That call is over."""
        ...

    def call_out(self, agent: str, call: str) -> Answer:
        """The agent talks from now on, in that call; end it with `call_out_ended`."""
        ...

    def call_out_ended(self, agent: str, call: str) -> JsonValue:
        """How the agent is then."""
        ...
