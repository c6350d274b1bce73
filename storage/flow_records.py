"""Dialogues as they are stored: files by content, versions by the hash of their files, and which of them is live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ReleaseKind = Literal["publish", "rollback"]


@dataclass(frozen=True, slots=True)
class FlowFile:
    """hash: sha256 of the content. A thousand versions that share a file store it once."""

    hash: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """hash: of all files (`ivr.flow.load.version_of`); the same content is stored once, with its first author.

    name: the hotline's. files: name within the folder -> hash of the file. parent: the version it was made from.
    """

    hash: str
    name: str
    files: Mapping[str, str] = field(repr=False)
    author: str
    message: str
    created_at: dt.datetime
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class FlowRelease:
    """From `at` on new calls run `version`. seq: 1, 2, 3 ... of this hotline; the highest is live.

    mapping: a node that this release does not have any more -> the node that takes its place for those who come back
    to it; None: they stay on the version they began with.
    """

    name: str
    seq: int
    version: str
    kind: ReleaseKind
    at: dt.datetime
    author: str = ""
    message: str = ""
    mapping: Mapping[str, str | None] = field(default_factory=dict)
