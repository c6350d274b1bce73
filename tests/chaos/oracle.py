"""Compares what the telephones know with what Asterisk and the controller believe. Pure.

A difference for a moment is how things are while calls come and go: `Watch` remembers since when each one is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ivr.ids import owner_of
from tests.chaos.agents import Truth
from tests.chaos.citizens import Problem

STEADY_S: Final = 1.5
"""A telephone that has been in its state for so long must be believed to be."""
BEHIND: Final = 20
"""Facts not yet in the database, at most, once all is well again."""

BELIEVED: Final[Mapping[Truth, frozenset[str]]] = {
    "idle": frozenset({"available", "wrap_up"}),
    "ringing": frozenset({"reserved", "ringing"}),
    "talking": frozenset({"talking", "holding", "consulting"}),
}
"""What a telephone does -> the agent's states on the board."""


@dataclass(frozen=True, slots=True)
class SeenCitizen:
    number: str
    sip_call: str
    stage: str
    steady_s: float
    greeted: bool
    muddled: bool


@dataclass(frozen=True, slots=True)
class SeenAgent:
    name: str
    truth: Truth
    excused: bool


@dataclass(frozen=True, slots=True)
class View:
    """channels, bridges: of ARI, None = no answer. controller: `inspection.seen`, None = no answer."""

    citizens: Sequence[SeenCitizen]
    agents: Sequence[SeenAgent]
    sip_calls: Mapping[str, str]
    channels: Sequence[Mapping[str, Any]] | None
    bridges: Sequence[Mapping[str, Any]] | None
    controller: Mapping[str, Any] | None


def differences(view: View) -> Iterator[Problem]:
    if view.channels is None or view.bridges is None:
        yield Problem("no_asterisk", "ARI does not answer")
        return
    if view.controller is None:
        yield Problem("no_controller", "the controller does not answer")
        return
    if not view.controller["connected"]:
        yield Problem("not_connected", "the controller has no connection to Asterisk")
    if view.controller["behind"] > BEHIND:
        yield Problem("journal_behind", f"{view.controller['behind']} facts are not in the database")
    yield from _left_in_asterisk(view, view.channels, view.bridges, view.controller)
    yield from _calls(view, view.channels, view.controller)
    yield from _agents(view, view.controller)
    if not all(ear["ready"] for ear in view.controller["ears"]):
        yield Problem("no_ears", "a speech worker is not there")
    for fault in view.controller["faults"]:
        yield Problem("invariant", fault)


def _left_in_asterisk(
    view: View,
    channels: Sequence[Mapping[str, Any]],
    bridges: Sequence[Mapping[str, Any]],
    controller: Mapping[str, Any],
) -> Iterator[Problem]:
    live = {call["call"] for call in controller["calls"]}
    for channel in channels:
        name = f"{channel['name']} {channel['state']} {channel['dialplan'].get('app_data', '')}"
        if channel["name"].startswith("PJSIP/"):
            if channel.get("protocol_id") and channel["protocol_id"] not in view.sip_calls:
                yield Problem("stuck_channel", f"{name} ({channel['id']}): no telephone has this call")
        elif (owner := owner_of(channel["id"])) is None or owner not in live:
            yield Problem("stuck_channel", f"{name} ({channel['id']}) belongs to no live call")
    for bridge in bridges:
        owner = owner_of(bridge["id"])
        if owner is not None and owner not in live:
            yield Problem("stuck_bridge", f"{bridge['id']} belongs to no live call")


def _calls(
    view: View, channels: Sequence[Mapping[str, Any]], controller: Mapping[str, Any]
) -> Iterator[Problem]:
    there = {channel["id"] for channel in channels}
    of_sip = {channel.get("protocol_id"): channel["id"] for channel in channels}
    by_channel = {call["channel"]: call for call in controller["calls"]}
    entries = {entry["call"]: entry for entry in controller["entries"]}
    for call in controller["calls"]:
        if call["channel"] not in there:
            yield Problem(
                "ghost_call", f"{call['call']} in {call['node']}: its channel is gone", call["caller"]
            )
    for entry in controller["entries"]:
        if not entry["callback"] and entry["call"] not in {call["call"] for call in controller["calls"]}:
            yield Problem("stuck_entry", f"{entry['id']} is {entry['state']}, and its call is not live")
    for citizen in view.citizens:
        if not citizen.greeted or not citizen.sip_call or citizen.steady_s < STEADY_S:
            continue
        channel = of_sip.get(citizen.sip_call)
        if channel is None:
            yield Problem("lost_call", f"in {citizen.stage}; Asterisk has no such call", citizen.number)
        elif channel not in by_channel:
            yield Problem("no_session", f"in {citizen.stage}; no session has the call", citizen.number)
        elif citizen.stage in ("waiting", "talking"):
            entry = entries.get(by_channel[channel]["call"])
            if entry is None:
                yield Problem("lost_place", f"{citizen.stage}, and no entry on the board", citizen.number)
            elif (entry["state"] == "joined") != (citizen.stage == "talking"):
                yield Problem(
                    "wrong_entry", f"{citizen.stage}, and the entry is {entry['state']}", citizen.number
                )


def _agents(view: View, controller: Mapping[str, Any]) -> Iterator[Problem]:
    for agent in view.agents:
        believed = controller["agents"].get(agent.name, "nobody")
        right = BELIEVED.get(agent.truth)
        if right is not None and believed not in right and not agent.excused:
            yield Problem(
                "stuck_agent", f"the telephone is {agent.truth}, the board says {believed}", agent.name
            )


@dataclass(slots=True)
class Watch:
    """Since when (s) each difference is there."""

    since: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def look(self, view: View, now_s: float) -> list[Problem]:
        """Those of this look; `lasting` says which were there for long."""
        found = {_key(problem): problem for problem in differences(view)}
        self.since = {key: self.since.get(key, now_s) for key in found}
        return list(found.values())

    def lasting(self, problems: Sequence[Problem], now_s: float, longest_s: float) -> list[Problem]:
        return [one for one in problems if now_s - self.since.get(_key(one), now_s) >= longest_s]


def _key(problem: Problem) -> tuple[str, str, str]:
    return problem.code, problem.about, problem.text


@dataclass(frozen=True, slots=True)
class Before:
    """What was true right before a fault."""

    calls: Mapping[str, Mapping[str, Any]]
    """By caller."""
    lines: Mapping[str, Sequence[str]]
    """Queue -> callers who wait, the first one first."""

    @classmethod
    def of(cls, controller: Mapping[str, Any]) -> Before:
        caller_of = {call["call"]: call["caller"] for call in controller["calls"]}
        placed: dict[str, list[tuple[int, str]]] = {}
        for entry in controller["entries"]:
            if entry["place"] is not None and entry["call"] in caller_of:
                placed.setdefault(entry["queue"], []).append((entry["place"], caller_of[entry["call"]]))
        calls = {call["caller"]: call for call in controller["calls"]}
        return cls(calls, {queue: [who for _, who in sorted(line)] for queue, line in placed.items()})


def kept(before: Before, after: Before, still: Mapping[str, tuple[str, bool]]) -> Iterator[Problem]:
    """still: the citizens who are in the same stage as before the fault and did nothing -> (stage, greeted)."""
    for number, (stage, greeted) in still.items():
        was, now = before.calls.get(number), after.calls.get(number)
        if was is None or now is None or not greeted:
            continue  # told as `no_session`
        if was["call"] != now["call"]:
            yield Problem(
                "other_call", f"in {stage}: was {was['call']}, is {now['call']}: begun anew", number
            )
        elif stage in ("menu", "collect", "record") and was["node"] != now["node"]:
            yield Problem("moved", f"in {stage}: was at {was['node']}, is at {now['node']}", number)
    for queue, line in before.lines.items():
        stayed = [number for number in line if number in still]
        now_in = [number for number in after.lines.get(queue, ()) if number in stayed]
        expected = [number for number in stayed if number in now_in]
        if now_in != expected:
            yield Problem("places", f"in {queue}: {expected} before, {now_in} after")
