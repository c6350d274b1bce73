"""A telephone that we rang and that talks with the caller: what has to be known of it to go on with the talk."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ivr.flow.actions import JsonValue


@dataclass(frozen=True, slots=True)
class Up:
    """A party that talks with the caller. began_at: seconds since 1970. agent: "" = an outsider."""

    channel: str
    bridge: str
    began_at: float
    agent: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        return asdict(self)
