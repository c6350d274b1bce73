"""The telephones of an attempt that another controller had: what its promise's journal says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ivr.ids import CallId


@dataclass(frozen=True, slots=True)
class Up:
    """call: whose id everything bears. bridge: where the citizen is, alone or with the agent. telephone, agent: ""
    while the citizen waits. apart: the bridge in which the citizen was before, "" = the same."""

    call: CallId
    citizen: str
    bridge: str
    telephone: str = ""
    agent: str = ""
    apart: str = ""

    def noted(self) -> dict[str, str]:
        """For the journal."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Up | None:
        """None: written by an older version."""
        if not data.get("citizen") or not data.get("call"):
            return None
        told = {
            name: str(data.get(name, "")) for name in ("citizen", "bridge", "telephone", "agent", "apart")
        }
        return cls(CallId(str(data["call"])), **told)
