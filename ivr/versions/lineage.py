"""Which version follows which, and where a call of an older one goes on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from storage.flow_records import FlowRelease


def lineage(releases: Iterable[FlowRelease]) -> list[str]:
    """The versions that rollbacks go back through, the live one last. releases: oldest first.

    A publish adds one; a rollback takes away what came after the version that it goes back to, so that the next one
    goes further back instead of forth again.
    """
    line: list[str] = []
    for release in releases:
        if release.kind == "rollback" and release.version in line:
            del line[_last(line, release.version) + 1 :]
        elif line[-1:] != [release.version]:
            line.append(release.version)
    return line


def place_after(version: str, node: str, releases: Sequence[FlowRelease]) -> tuple[str, str]:
    """(version, node) where somebody who stands at this node of this version goes on. releases: oldest first.

    Everyone stays on the version they began with, unless a later release dropped the node and said which one takes
    its place.
    """
    versions = [release.version for release in releases]
    if version not in versions:
        return version, node
    for release in releases[_last(versions, version) + 1 :]:
        if node in release.mapping:
            onto = release.mapping[node]
            if onto is None:
                break
            version, node = release.version, onto
    return version, node


def _last(line: Sequence[str], version: str) -> int:
    return len(line) - 1 - line[::-1].index(version)
