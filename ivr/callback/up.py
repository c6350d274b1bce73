"""The telephones of an attempt that another controller had: what its promise's journal says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ivr.ids import CallId


@dataclass(frozen=True, slots=True)
class Up:
    """call: whose id everything bears. bridge: where the citizen is, alone or with the agent. telephone, agent: ""
    while the citizen waits. apart: the bridge in which the citizen was before, "" = the same. said: number of the last
    line of the transcript that is stored; in no journal.
    """

    call: CallId
    citizen: str
    bridge: str
    telephone: str = ""
    agent: str = ""
    apart: str = ""
    said: int = 0

    def noted(self) -> dict[str, str]:
        """For the journal."""
        return {name: value for name, value in asdict(self).items() if value and name != "said"}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Up | None:
        """None: written by an older version."""
        if not data.get("citizen") or not data.get("call"):
            return None

        def told(name: str) -> str:
            return str(data.get(name, ""))

        return cls(
            CallId(str(data["call"])),
            told("citizen"),
            told("bridge"),
            told("telephone"),
            told("agent"),
            told("apart"),
        )
