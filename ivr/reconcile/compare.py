"""What is not so: pure, from the three views. Each finding says what, of whom, and why it is held to be wrong.

    findings = compare(records, asterisk, telephones)
    due, suspects = overdue(findings, suspects, now_s)   # only what was so for a while

What was not so for long may just be arriving, or ending.

The same comparison is made on a timer, after each gap of the events, by `ivr doctor --live`, and in tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ivr.ids import owner_of
from ivr.reconcile.views import Asterisk, Records, SeenChannel, Telephones
from routing.agents import IN_CALL, OFFERED, PHONE_GONE
from routing.restoring import OWN_TELEPHONE

GRACE_S: Final = 3.0
FREE: Final = frozenset({"available", "wrap_up", "paused"})
OURS_BY_DIALPLAN: Final = frozenset({"feature", "colleague"})
"""What the dialplan says of an agent's telephone that calls us (`FrontDoor`): it is no citizen."""

Code = Literal[
    "channel_without_owner",
    "caller_without_session",
    "bridge_without_owner",
    "session_without_channel",
    "caller_left",
    "telephone_gone_from_talk",
    "citizen_alone",
    "misplaced",
    "entry_without_session",
    "place_not_on_board",
    "agent_in_no_talk",
    "agent_held_for_nobody",
    "board",
    "telephone_gone",
    "telephone_back",
    "telephone_busy",
    "telephone_idle",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: the id of what it is about. call: whose journal it belongs into, "" = nobody's."""

    code: Code
    subject: str
    why: str
    call: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What it is about, however it is worded now."""
        return self.code, self.subject

    def __str__(self) -> str:
        return f"{self.code}: {self.subject}: {self.why}"


def compare(records: Records, asterisk: Asterisk, telephones: Telephones = ()) -> tuple[Finding, ...]:
    return (
        *_channels(records, asterisk),
        *_bridges(records, asterisk),
        *_sessions(records, asterisk),
        *_entries(records),
        *_agents(records),
        *(Finding("board", fault.partition(":")[0], fault) for fault in records.faults),
        *_telephones(records, telephones),
    )


Suspects = Mapping[tuple[str, str], float]
"""`Finding.key` -> since when it was so (a clock's seconds)."""


def overdue(
    findings: Iterable[Finding], suspects: Suspects, now_s: float, grace_s: float = GRACE_S
) -> tuple[tuple[Finding, ...], dict[tuple[str, str], float]]:
    """What was so for `grace_s`, and since when everything was so."""
    found = tuple(findings)
    since = {one.key: suspects.get(one.key, now_s) for one in found}
    return tuple(one for one in found if now_s - since[one.key] >= grace_s), since


def _channels(records: Records, asterisk: Asterisk) -> Iterator[Finding]:
    for channel in asterisk.channels.values():
        ours = records.made_here(channel.id)
        if records.owns(channel.id) or not (ours or channel.in_app):
            continue
        if not is_caller(channel):
            call = owner_of(channel.id) or ""
            yield Finding("channel_without_owner", channel.id, "it belongs to no live call", call)
        else:
            yield Finding("caller_without_session", channel.id, "a caller whom no session has")


def is_caller(channel: SeenChannel) -> bool:
    """Nobody of ours made it, and it is no agent's telephone."""
    return owner_of(channel.id) is None and channel.args[:1] not in [(one,) for one in OURS_BY_DIALPLAN]


def _bridges(records: Records, asterisk: Asterisk) -> Iterator[Finding]:
    gone = {call for channel, call in records.telephones.items() if channel not in asterisk.channels}
    citizens = {channel: call for call, channel in records.calls.items() if call not in gone}
    for bridge, inside in asterisk.bridges.items():
        if records.made_here(bridge) and not records.owns(bridge):
            yield Finding(
                "bridge_without_owner", bridge, "it belongs to no live call", owner_of(bridge) or ""
            )
        elif len(inside) == 1 and records.owns(bridge) and (call := citizens.get(*inside)) is not None:
            yield Finding("citizen_alone", bridge, "the citizen is in it with nobody", call)
    for bridge, channels, call in records.together:
        inside = asterisk.bridges.get(bridge, frozenset())
        there = channels <= asterisk.channels.keys()
        alone = len(inside) == 1 and inside <= records.callers
        if there and not alone and not channels <= inside:
            yield Finding("misplaced", bridge, f"{len(channels - inside)} who are to be in it are not", call)
    for bridge, inside in asterisk.bridges.items():
        # In a bridge that nobody of ours has, nobody of ours would take them out of it either.
        for channel in inside & records.alone.keys() if records.owns(bridge) else ():
            yield Finding("misplaced", channel, f"waits, and is in {bridge}", records.alone[channel])


def _sessions(records: Records, asterisk: Asterisk) -> Iterator[Finding]:
    for session, channel in records.calls.items():
        if session in records.hung_up:
            continue
        seen = asterisk.channels.get(channel)
        if seen is None:
            yield Finding("session_without_channel", channel, "the caller's channel is not there", session)
        elif not seen.in_app and owner_of(channel) is None:
            yield Finding("caller_left", channel, "the dialplan has the caller", session)
    for telephone, call in records.telephones.items():
        if telephone not in asterisk.channels and telephone not in records.callers:
            yield Finding("telephone_gone_from_talk", telephone, "its channel is not there", call)


def _entries(records: Records) -> Iterator[Finding]:
    for id, entry in records.entries.items():
        kept = records.is_live(entry.call_id) or id in records.promises or id in records.coming
        if not kept:
            yield Finding(
                "entry_without_session", id, f"it is {entry.state}, and its call is over", entry.call_id
            )
    for call, place in records.in_line.items():
        if place not in records.entries and call not in records.hung_up:
            why = f"the caller waits by {place}, which is not on the board"
            yield Finding("place_not_on_board", records.calls[call], why, call)


def _agents(records: Records) -> Iterator[Finding]:
    for id, agent in records.agents.items():
        entry = None if agent.entry is None else records.entries.get(agent.entry)
        if agent.state in OFFERED and (entry is None or agent.id not in (entry.agent, *entry.rung)):
            yield Finding("agent_held_for_nobody", id, f"is {agent.state}, and nobody waits for that")
        elif agent.state in IN_CALL and agent.own_call:
            own_telephone = agent.own_call.startswith(OWN_TELEPHONE)
            if not own_telephone and not records.is_live(agent.own_call):
                yield Finding("agent_in_no_talk", id, f"the call {agent.own_call} is over")
        elif (
            agent.state in IN_CALL
            and id not in records.talking
            # Between the answer and the talk the agent may hear an announcement: then the entry's call lives.
            and (entry is None or entry.state != "joined" or entry.agent != agent.id)
        ):
            yield Finding("agent_in_no_talk", id, f"is {agent.state}, and there is no such talk")


def _telephones(records: Records, telephones: Telephones) -> Iterator[Finding]:
    online = {one.agent for one in telephones if one.online}
    for agent_id in dict.fromkeys(one.agent for one in telephones):
        agent = records.agents.get(agent_id)
        if agent is None:
            continue
        if agent.state == "available" and agent_id not in online:
            yield Finding("telephone_gone", agent_id, "is available, and no telephone is registered")
        elif agent.state == "paused" and agent.pause_reason == PHONE_GONE and agent_id in online:
            yield Finding("telephone_back", agent_id, "is paused for a telephone that is registered")
    for one in telephones:
        agent = records.agents.get(one.agent)
        if agent is None:
            continue
        foreign = [channel for channel in one.channels if not records.owns(channel)]
        if foreign and agent.state in FREE and not agent.own_call:
            yield Finding("telephone_busy", one.username, f"is in a call, and {one.agent} is {agent.state}")
        elif not one.channels and agent.own_call == f"{OWN_TELEPHONE}{one.username}":
            yield Finding("telephone_idle", one.username, f"is in no call, and {one.agent} is {agent.state}")
