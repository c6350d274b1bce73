"""Who will come back into the dialogue after a wait, and to which nodes. Pure but for `returning`, which reads.

A caller in a queue stands at its node and goes on at one of the nodes that it leads to; within a called flow the
nodes after the `call` are still to come as well. Where each stands is read from the journal. A callback says itself
where it comes back to: `data["node"]`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ivr.errors import VersionError
from ivr.flow.findings import did_you_mean
from ivr.flow.model import FlowLibrary
from storage.records import JournalEvent
from storage.store import UnitOfWork

KINDS = ("node", "returned")
"""The journal's notes that say where a caller stands."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A call that comes back. node: where it stands. stack: the `call` nodes open around it, outermost first."""

    call: str
    version: str
    node: str
    stack: tuple[str, ...] = ()


Mapped = Mapping[str, str | None]
"""Node before -> the node that takes its place; None: who comes back to it stays on the old version."""


class NodesDropped(VersionError):
    """A draft lacks nodes that callers will come back to. calls: node -> how many of them."""

    def __init__(self, calls: Mapping[str, int], guesses: Mapping[str, str]) -> None:
        self.calls = dict(calls)
        self.guesses = {node: guesses[node] for node in calls if node in guesses}
        told = ", ".join(f"{node} ({calls[node]} waiting)" for node in sorted(calls))
        maps = " ".join(f"--map {node}={self.guesses.get(node, 'FLOW.NODE')}" for node in sorted(calls))
        super().__init__(
            f"callers who wait will come back to nodes that this version does not have: {told}",
            mend=f"say which nodes take their place: {maps}; or --keep: they stay on their version",
        )


async def returning(uow: UnitOfWork) -> list[Standing]:
    """Everybody who waits in a queue, and every callback that says where it comes back to."""
    # Whoever was promised a callback has hung up and comes back by that promise only.
    waiting = {entry.call_id for entry in await uow.entries.live() if not entry.callback}
    callbacks = {
        callback.call_id: node
        for callback in await uow.callbacks.waiting()
        if isinstance(node := callback.data.get("node"), str)
    }
    calls = {call.id: call for call in await uow.calls.some(waiting | callbacks.keys())}
    notes: dict[str, list[JournalEvent]] = {}
    for event in await uow.journal.of_kinds(waiting & calls.keys(), KINDS):
        notes.setdefault(event.call_id, []).append(event)
    found = [Standing(id, calls[id].flow_version, node) for id, node in callbacks.items() if id in calls]
    for id, events in notes.items():
        node, stack = where(events)
        found.append(Standing(id, calls[id].flow_version, node, stack))
    return found


def where(notes: Iterable[JournalEvent]) -> tuple[str, tuple[str, ...]]:
    """(the node where a call stands, the `call` nodes open around it), from its notes in order."""
    node, kind = "", ""
    stack: list[str] = []
    for note in notes:
        if note.kind == "returned":
            node = str(note.data.get("node", ""))
            if node in stack:
                del stack[stack.index(node) :]
            kind = ""
            continue
        if kind == "call":
            stack.append(node)
        node, kind = str(note.data.get("node", "")), str(note.data.get("kind", ""))
    return node, tuple(stack)


def to_come(library: FlowLibrary, standing: Standing) -> set[str]:
    """The nodes that it may come back to, by the version that it runs."""
    leads: set[str] = {standing.node}
    places = {standing.node, *standing.stack}
    leads |= {leaving.target for leaving in library.exits if leaving.source in places}
    return {node for node in leads if node in library.nodes and not node.startswith("~")}


def dropped(
    standings: Iterable[Standing], libraries: Mapping[str, FlowLibrary], draft: Collection[str]
) -> dict[str, int]:
    """Node that the draft does not have -> how many come back to it. libraries: by version; others are left out."""
    calls: dict[str, int] = {}
    for standing in standings:
        library = libraries.get(standing.version)
        if library is None:
            continue
        for node in to_come(library, standing):
            if node not in draft:
                calls[node] = calls.get(node, 0) + 1
    return calls


def settle(
    calls: Mapping[str, int],
    mapping: Mapped,
    draft: Collection[str],
    *,
    keep: bool = False,
    guesses: Mapping[str, str] | None = None,
) -> Mapped:
    """The mapping that goes into the release: a word on every node dropped. Raises VersionError.

    keep: for those without one, callers stay on their version. guesses: what may have become of a node, for whoever
    is asked. NodesDropped: a node is left without a word.
    """
    for node, onto in mapping.items():
        if node in draft:
            raise VersionError(f"`{node}` is still there: nothing to map", mend=f"leave out --map {node}=...")
        if onto is not None and onto not in draft:
            raise VersionError(
                f"`{onto}` is no node of this version, so nobody can come back to it",
                mend=did_you_mean(onto, draft) or "give it as FLOW.NODE",
            )
    silent = {node: count for node, count in calls.items() if node not in mapping}
    if silent and not keep:
        raise NodesDropped(silent, guesses or {})
    return {**mapping, **dict.fromkeys(sorted(silent))}


def parse_mapping(texts: Sequence[str]) -> dict[str, str | None]:
    """`main.old=main.new` ... Raises VersionError."""
    mapping: dict[str, str | None] = {}
    for text in texts:
        before, equals, after = text.partition("=")
        if not (before and equals and after):
            raise VersionError(f"cannot read the mapping `{text}`", mend="write it as FLOW.OLD=FLOW.NEW")
        mapping[before.strip()] = after.strip()
    return mapping
