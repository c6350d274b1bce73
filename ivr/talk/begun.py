"""How a talk begins: agent and citizen have just been joined, or another controller had it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr.talk.ground import Ground
from ivr.talk.moving import Mover
from ivr.talk.party import Party
from ivr.talk.people import Talk
from ivr.talk.reaching import Reached
from ivr.talk.state import begin
from ivr.talk.times import TalkTimes


@dataclass(slots=True)
class Begun:
    """parties: by person. there: those of them whose telephones are up. agents: all who had the citizen, in order.
    slot: where it is parked. second_gone: the owner consulted by a second telephone call that is not gone on with.
    sent_to: as of `Talking`."""

    state: Talk
    parties: dict[str, Party]
    mover: Mover
    times: TalkTimes
    there: frozenset[str]
    agents: list[str] = field(default_factory=list)
    slot: str = ""
    second_gone: bool = False
    longest_s: float | None = None
    sent_to: str = ""


def joined(ground: Ground, owner: Reached, music: str, longest_s: float | None) -> Begun:
    state = begin(owner.agent)
    assert state.owner is not None
    mover = Mover(ground.ari, ground.citizen, owner.leg.give_bridge(), music)
    mover.came(owner.leg.channel, mover.main)
    times = TalkTimes(ground.monotonic)
    person = state.owner.id
    return Begun(
        state, {person: Party(owner)}, mover, times, frozenset({person}), [owner.agent], longest_s=longest_s
    )
