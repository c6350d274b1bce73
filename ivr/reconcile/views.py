"""The three views that are compared: our records, Asterisk, the telephones. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.ids import CallId, owner_of
from routing.agents import Agent
from routing.entries import Entry


@dataclass(frozen=True, slots=True)
class Records:
    """node: this controller's name; other nodes' objects are theirs. calls: live sessions, with the caller's channel.
    hung_up: those whose caller is known to have gone; the dialogue goes on silently.

    others, made: see `CallRegistry`. promises: entries that somebody keeps who has no caller on the line. coming:
    entries whose sessions are still to come (adoption). talking: agents in a talk that goes on, with its call. faults:
    of the board (routing/invariants.py).
    """

    node: str
    app: str
    calls: Mapping[CallId, str] = field(default_factory=dict)
    hung_up: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    promises: frozenset[str] = frozenset()
    coming: frozenset[str] = frozenset()
    talking: Mapping[str, str] = field(default_factory=dict)
    telephones: Mapping[str, str] = field(default_factory=dict)
    """Channels of the telephones in talks, with the call."""
    together: tuple[tuple[str, frozenset[str], str], ...] = ()
    """Bridges, with the channels that are to be in them, and the call."""
    alone: Mapping[str, str] = field(default_factory=dict)
    """Channels in talks that are to be in no bridge, with the call."""
    in_line: Mapping[CallId, str] = field(default_factory=dict)
    """Entries by which callers wait, as their calls believe."""
    agents: Mapping[str, Agent] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    ended: frozenset[str] = frozenset()
    """What was ended, by this controller or after an earlier one, and may be there still: nobody has it, also where its
    call goes on."""
    callers: frozenset[str] = field(init=False, repr=False, compare=False)
    """Channels of `calls`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "callers", frozenset(self.calls.values()))

    def owns(self, object_id: str) -> bool:
        if object_id in self.ended:
            return False
        if object_id in self.others or object_id in self.callers:
            return True
        return self.is_live(owner_of(object_id))

    def is_live(self, call: str | None) -> bool:
        return call in self.calls or call in self.made

    def made_here(self, object_id: str) -> bool:
        """By a controller of this node's name."""
        owner = owner_of(object_id)
        return owner is not None and owner.startswith(f"c-{self.node}-")


@dataclass(frozen=True, slots=True)
class SeenChannel:
    """in_app: it is in our application now. args: with which it entered."""

    id: str
    in_app: bool
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asterisk:
    """bridges: with the channels in them."""

    channels: Mapping[str, SeenChannel] = field(default_factory=dict)
    bridges: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Telephone:
    """agent: whose it is. channels: that it is in."""

    username: str
    agent: str
    online: bool
    channels: tuple[str, ...] = ()


Telephones = tuple[Telephone, ...]
