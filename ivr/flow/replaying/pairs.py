"""Which node of a draft is which of an older version, and what of the two is surely the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.flow.diff import Difference, compare, node_renames
from ivr.flow.folder import AGENTS, QUEUES
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.reading import SUFFIX

EVENTS = "~events"
"""Stands for the handlers of all: a step that raises no event has nothing to do with them."""
_NO_MATTER = (SUFFIX, ".csv")
"""Files that no step of the machine depends on: scenarios; tables, which answer through inputs."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """new_of: old -> new, by name and, where renamed, as `ivr diff` guesses; the way back is old_of. A node in neither
    came or went. changed: nodes of the draft that differ.

    differing: names of nodes and prompts; a step of the machine that has to do with none of them gives the same in both
    versions. None: it may always differ. files: those with the same contents.
    """

    new_of: Mapping[str, str]
    old_of: Mapping[str, str]
    changed: frozenset[str]
    differing: frozenset[str] | None
    files: frozenset[str]


def identity(library: FlowLibrary) -> Pairs:
    same = {name: name for name in library.nodes}
    return Pairs(same, same, frozenset(), frozenset(), frozenset(library.texts))


def paired(old: FlowLibrary, new: FlowLibrary) -> Pairs:
    if old.version == new.version:
        return identity(new)
    differences = compare(old.texts, new.texts)
    new_of = {name: name for name in old.nodes if name in new.nodes}
    for was, now in node_renames(differences).items():
        if was in old.nodes and now in new.nodes:
            new_of[was] = now
    return Pairs(
        new_of,
        {now: was for was, now in new_of.items()},
        frozenset(one.name for one in differences if one.scope == "node"),
        _differing(old, new, differences),
        frozenset(name for name, content in old.texts.items() if new.texts.get(name) == content),
    )


def _differing(
    old: FlowLibrary, new: FlowLibrary, differences: tuple[Difference, ...]
) -> frozenset[str] | None:
    names: set[str] = set()
    for one in differences:
        found = _concerned(one, old, new)
        if found is None:
            return None
        names |= found
    return frozenset(names)


def _concerned(one: Difference, old: FlowLibrary, new: FlowLibrary) -> set[str] | None:
    """The nodes and prompts whose steps may differ for this; None: any."""
    match one.scope:
        case "node":
            return {name for name in (one.name, one.was) if name}
        case "prompt":
            return {one.name}
        case "flow":
            return {*_of_flow(one.name, old, new), *_calling(one.name, old, new)}
        case "handler" | "command":
            owner = one.name.rpartition(" (")[2].removesuffix(")")
            if owner in old.flows or owner in new.flows:
                return set(_of_flow(owner, old, new))
            return {EVENTS} if one.scope == "handler" else None
        case "queue" | "skill" | "wrap-up code":
            return set()
        case "file":
            harmless = one.name.endswith(_NO_MATTER) or one.name in (QUEUES, AGENTS)
            return set() if harmless else None
        case _:
            return None


def _of_flow(flow: str, *libraries: FlowLibrary) -> Iterator[str]:
    return (name for library in libraries for name, node in library.nodes.items() if node.flow == flow)


def _calling(flow: str, *libraries: FlowLibrary) -> Iterator[str]:
    return (name for library in libraries for name, node in library.nodes.items() if node.calls() == flow)
