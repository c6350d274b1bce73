"""What an agent does with a call, for the desktop, the telephone and the dialogue: the one way in to every talk.

`who` is the id of an agent who is in a talk, or the id of a call (for acts of the house in the name of its agent).
Nothing here raises for what people or telephones do: each act is `Done` or `Refused` (`results.py`), and returns when
it was carried out (for what rings: when it begins to ring).
"""

from __future__ import annotations

from ivr.talk.events import (
    Add,
    Blind,
    Command,
    Complete,
    Consult,
    Drop,
    GoBack,
    Hold,
    Leave,
    Merge,
    Mute,
    Park,
    Resume,
    Swap,
    ToFlow,
)
from ivr.talk.people import Talk
from ivr.talk.registry import Talks
from ivr.talk.results import Refused, Result
from ivr.talk.talking import Talking
from ivr.talk.targets import Target

KEYS = frozenset("0123456789*#ABCDabcd")
MAX_KEYS = 40


class TalkService:
    """talks: those of this hotline (`CallServices.in_talk`)."""

    def __init__(self, talks: Talks) -> None:
        self._talks = talks

    # --- looking

    def of_agent(self, agent: str) -> Talk | None:
        """The talk that the agent is in, as it stands; `Talk.stage`, `owner`, `other`, `joined` say how."""
        return self._state(self._talks.of_agent(agent))

    def of_call(self, call: str) -> Talk | None:
        return self._state(self._talks.of_call(call))

    def parked(self) -> dict[str, str]:
        """Slot -> the call's id."""
        return {slot: talking.call for slot, talking in self._talks.slots.taken()}

    # --- the citizen waits

    async def hold(self, who: str) -> Result:
        """The citizen hears music; the agent's state is `hold`. Held already: done."""
        return await self._do(who, Hold())

    async def resume(self, who: str) -> Result:
        """Back together after `hold`."""
        return await self._do(who, Resume())

    async def mute(self, who: str, on: bool) -> Result:
        """The agent is not heard by anybody, and still hears."""
        return await self._do(who, Mute(on))

    # --- handing on

    async def transfer(self, who: str, to: Target) -> Result:
        """Blind: the agent is free (wrap-up) at once. An agent or number rings; when nobody takes the call the citizen
        is back in line in the old place. A queue: the citizen waits there, with the age of before."""
        return await self._do(who, Blind(to))

    async def consult(self, who: str, to: Target) -> Result:
        """Talk to somebody aside while the citizen hears music. Over by `complete`, `back`, `three_way`, or when
        either hangs up: the consulted one = `back`, the agent = `complete`."""
        return await self._do(who, Consult(to))

    async def complete(self, who: str) -> Result:
        """The consulted one has the citizen, the agent goes to wrap-up."""
        return await self._do(who, Complete())

    async def back(self, who: str) -> Result:
        """The consulted one (or whoever is still rung) is let go; agent and citizen talk."""
        return await self._do(who, GoBack())

    async def swap(self, who: str) -> Result:
        """Change between the consulted one and the citizen; the other one hears music."""
        return await self._do(who, Swap())

    # --- several

    async def three_way(self, who: str) -> Result:
        """Citizen, agent and the consulted one talk together."""
        return await self._do(who, Merge())

    async def add(self, who: str, to: Target) -> Result:
        """A conference (110, 119, 120, 122, an interpreter): it rings while agent and citizen talk on; whoever answers
        is with both. The agent stays."""
        return await self._do(who, Add(to))

    async def leave(self, who: str) -> Result:
        """Out of a conference: the others talk on, and the agent goes to wrap-up."""
        return await self._do(who, Leave())

    async def drop(self, who: str) -> Result:
        """Let the third party of a conference go."""
        return await self._do(who, Drop())

    # --- parking

    async def park(self, who: str) -> Result:
        """Into a free slot (`Done.slot`), with music; the agent goes to wrap-up. Who parked is rung when nobody has
        picked the call up in time, then the queue has it in the old place."""
        return await self._do(who, Park())

    async def pick_up(self, agent: str, slot: str) -> Result:
        """The call parked there rings at that agent's telephone."""
        talking = self._talks.slots.at(slot)
        if talking is None:
            return Refused("empty_slot")
        return await talking.pick_up(agent)

    # --- keys and dialogues

    async def send_keys(self, who: str, keys: str, *, to_citizen: bool = False) -> Result:
        """Press keys for the other party to hear, or for the citizen. They are journalled as `*` only."""
        if not keys or len(keys) > MAX_KEYS or not KEYS.issuperset(keys):
            return Refused("bad_keys")
        talking = self._find(who)
        return (
            Refused("no_talk") if talking is None else await talking.press(who, keys, to_citizen=to_citizen)
        )

    async def to_flow(self, who: str, flow: str, *, come_back: bool = False) -> Result:
        """The citizen goes on in that flow (survey, identity check). come_back: the agent waits, and has the citizen
        again when the flow is through; else the agent goes to wrap-up."""
        return await self._do(who, ToFlow(flow, come_back))

    # --- within

    def _find(self, who: str) -> Talking | None:
        return self._talks.of_agent(who) or self._talks.of_call(who)

    async def _do(self, who: str, command: Command) -> Result:
        talking = self._find(who)
        return Refused("no_talk") if talking is None else await talking.do(who, command)

    @staticmethod
    def _state(talking: Talking | None) -> Talk | None:
        return None if talking is None else talking.state
