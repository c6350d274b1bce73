"""What a version consists of: files <-> what is stored."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path

from ivr.flow.folder import QUEUES, in_version
from ivr.flow.load import version_of
from storage.flow_records import FlowFile, FlowVersion


def covered(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a folder that its version consists of: dialogues, queues, prompts, tables."""
    return {name: content for name, content in sources.items() if in_version(name)}


def read_beside(folder: Path) -> dict[str, bytes]:
    """What stands in for the queues of a version that was stored when they were no part of one: those of the folder."""
    try:
        return {QUEUES: (folder / QUEUES).read_bytes()}
    except OSError:
        return {}


def to_store(
    hotline: str,
    sources: Mapping[str, bytes],
    *,
    author: str,
    message: str,
    at: dt.datetime,
    parent: str | None,
) -> tuple[FlowVersion, tuple[FlowFile, ...]]:
    files = {
        name: FlowFile(hashlib.sha256(content).hexdigest(), content)
        for name, content in sorted(covered(sources).items())
    }
    version = FlowVersion(
        hash=version_of(sources),
        name=hotline,
        files={name: file.hash for name, file in files.items()},
        author=author,
        message=message,
        created_at=at,
        parent=parent,
    )
    return version, tuple({file.hash: file for file in files.values()}.values())
