"""The figures of the service, by the definitions of the field: out of queue entries and agents' histories. Pure.

- offered: calls that entered a queue; the same call twice in one queue is one. Transfers to one person are none.
- answered: offered, and joined to an agent while the caller waited. called_back: joined through a promised callback.
- abandoned: offered, and hung up before an agent answered; abandoned_short: of these, within 5 s.
- not_served: the queue's rules, the caller's own wish or a fault ended the wait. waiting: the wait is not over.
- connection_rate: answered / offered. service_level: answered within `within_s` / offered. abandon_rate: abandoned /
  offered. asa_s: mean wait of the answered.
- handled: talks of agents with callers of a queue, a colleague's who was asked or took over too; aht_s: their talk +
  hold (asking a colleague meanwhile too) + wrap-up, the mean.
- do_not_disturb_s: logged in, with a telephone that refused the last call before it rang.
- occupancy: (ringing + talk + hold + wrap-up) / (the same + available). utilisation: the same / logged in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from storage.records import AgentStateChange, EntryRecord

By = Literal["queue", "agent", "hour"]
WITHIN_S: Final = 15.0
SHORT_S: Final = 5.0
TOTAL: Final = "total"
_AT_WORK: Final = frozenset({"reserved", "ringing", "talking", "hold", "consulting", "wrap_up"})
_HANDLING: Final = frozenset({"talking", "hold", "consulting", "wrap_up"})


@dataclass(frozen=True, slots=True)
class Stay:
    """An agent was in a state from `since` until `until`. entry: what it was about, None = a call of its own, none."""

    agent: str
    state: str
    entry: str | None
    since: dt.datetime
    until: dt.datetime
    refuses: bool = False
    """The telephone was on do-not-disturb."""

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


@dataclass(slots=True)
class Figures:
    """One line. Seconds are sums; the rates are made of them, None where there is nothing to divide by."""

    key: str
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    abandoned_short: int = 0
    called_back: int = 0
    not_served: int = 0
    waiting: int = 0
    within: int = 0
    waited_s: float = 0.0
    talk_s: float = 0.0
    hold_s: float = 0.0
    wrap_up_s: float = 0.0
    at_work_s: float = 0.0
    available_s: float = 0.0
    logged_in_s: float = 0.0
    do_not_disturb_s: float = 0.0
    handled: set[tuple[str, str]] = field(default_factory=set, repr=False)

    @property
    def connection_rate(self) -> float | None:
        return _share(self.answered, self.offered)

    @property
    def service_level(self) -> float | None:
        return _share(self.within, self.offered)

    @property
    def abandon_rate(self) -> float | None:
        return _share(self.abandoned, self.offered)

    @property
    def asa_s(self) -> float | None:
        return _share(self.waited_s, self.answered)

    @property
    def aht_s(self) -> float | None:
        return _share(self.talk_s + self.hold_s + self.wrap_up_s, len(self.handled))

    @property
    def occupancy(self) -> float | None:
        return _share(self.at_work_s, self.at_work_s + self.available_s)

    @property
    def utilisation(self) -> float | None:
        return _share(self.at_work_s, self.logged_in_s)


def figures(
    entries: Sequence[EntryRecord],
    first_joins: Mapping[str, dt.datetime],
    stays: Iterable[Stay],
    *,
    by: By,
    zone: dt.tzinfo,
    within_s: float = WITHIN_S,
) -> list[Figures]:
    """A line for each queue, agent or hour of `zone`, by name, and the sum of all last.

    first_joins: entry -> when an agent had the caller first, where it is known; else the entry's own time of the join
    counts. stays: of all agents, cut to the time asked for.
    """
    lines: dict[str, Figures] = {}
    total = Figures(TOTAL)

    def of(key: str) -> tuple[Figures, Figures]:
        return lines.setdefault(key, Figures(key)), total

    known = {entry.id: entry for entry in entries if entry.only is None}
    of_call = {entry.call_id: entry for entry in reversed(list(known.values()))}
    # A colleague who was asked, or took over, handles the call of the queue too.
    meant = known | {
        entry.id: of_call[entry.call_id] for entry in entries if entry.only and entry.call_id in of_call
    }
    if by != "agent":
        for call in _calls(known.values()):
            key = call[0].queue if by == "queue" else _hour(call[0].enqueued_at, zone)
            for line in of(key):
                _count(line, call, first_joins, within_s)
    for stay in stays:
        about = None if stay.entry is None else meant.get(stay.entry)
        if about is not None and stay.state in _HANDLING:
            key = {"queue": about.queue, "agent": stay.agent, "hour": _hour(about.enqueued_at, zone)}[by]
            for line in of(key):
                _handled(line, stay)
        if by == "agent":
            for line in of(stay.agent):
                _present(line, stay)
        elif by == "hour":
            for part in _by_hour(stay):
                for line in of(_hour(part.since, zone)):
                    _present(line, part)
        else:
            _present(total, stay)
    return [*(lines[key] for key in sorted(lines)), total]


def stays_of(
    before: Iterable[AgentStateChange],
    changes: Iterable[AgentStateChange],
    since: dt.datetime,
    until: dt.datetime,
) -> list[Stay]:
    """before: each agent's last change before `since`. changes: those from then on, each agent's in order."""
    last: dict[str, AgentStateChange] = {change.agent_id: change for change in before}
    stays: list[Stay] = []

    def ended(change: AgentStateChange, at: dt.datetime) -> None:
        begun = max(change.at, since)
        if at > begun and change.after != "offline":
            refuses = bool(change.data.get("do_not_disturb"))
            stays.append(Stay(change.agent_id, change.after, change.entry, begun, at, refuses))

    for change in changes:
        earlier = last.get(change.agent_id)
        if earlier is not None:
            ended(earlier, min(change.at, until))
        last[change.agent_id] = change
    for change in last.values():
        ended(change, until)
    return stays


def _calls(entries: Iterable[EntryRecord]) -> list[list[EntryRecord]]:
    """A call's entries in one queue together, in order."""
    found: dict[tuple[str, str], list[EntryRecord]] = {}
    for entry in entries:
        found.setdefault((entry.call_id, entry.queue), []).append(entry)
    return list(found.values())


def _count(
    line: Figures, call: Sequence[EntryRecord], first_joins: Mapping[str, dt.datetime], within_s: float
) -> None:
    line.offered += 1
    last = call[-1]
    joins = [at for entry in call if (at := _joined_at(entry, first_joins)) is not None]
    if joins:
        waited_s = max((min(joins) - call[0].enqueued_at).total_seconds(), 0.0)
        line.answered += 1
        line.waited_s += waited_s
        line.within += waited_s <= within_s
    elif last.callback:
        served = last.outcome == "served"
        line.called_back += served
        line.waiting += last.ended_at is None
        line.not_served += last.ended_at is not None and not served
    elif last.ended_at is None:
        line.waiting += 1
    elif last.outcome == "abandoned":
        line.abandoned += 1
        line.abandoned_short += (last.ended_at - call[0].enqueued_at).total_seconds() < SHORT_S
    else:
        line.not_served += 1


def _joined_at(entry: EntryRecord, first_joins: Mapping[str, dt.datetime]) -> dt.datetime | None:
    at = first_joins.get(entry.id, entry.joined_at)
    if entry.callback or at is None:
        return None
    # An agent answered, and the caller had hung up before the two were together; no talk was before that.
    alone = entry.outcome == "abandoned" and entry.joined_at is None and entry.limit_from < at
    return None if alone else at


def _handled(line: Figures, stay: Stay) -> None:
    assert stay.entry is not None
    line.handled.add((stay.agent, stay.entry))
    match stay.state:
        case "talking":
            line.talk_s += stay.seconds
        case "hold" | "consulting":
            line.hold_s += stay.seconds
        case _:
            line.wrap_up_s += stay.seconds


def _present(line: Figures, stay: Stay) -> None:
    line.logged_in_s += stay.seconds
    if stay.refuses:
        line.do_not_disturb_s += stay.seconds
    if stay.state in _AT_WORK:
        line.at_work_s += stay.seconds
    elif stay.state == "available":
        line.available_s += stay.seconds


def _by_hour(stay: Stay) -> Iterable[Stay]:
    since = stay.since
    while since < stay.until:
        full = since.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
        until = min(full, stay.until)
        yield Stay(stay.agent, stay.state, stay.entry, since, until, stay.refuses)
        since = until


def _hour(at: dt.datetime, zone: dt.tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%dT%H:00}"


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
