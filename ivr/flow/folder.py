"""The files of a hotline's folder: which is what, and what may be included. Pure."""

from __future__ import annotations

from ivr.flow.findings import FlowLoadError
from ivr.flow.yaml_source import read

HOTLINE = "hotline.yaml"
LIBRARY = "library.yaml"
QUEUES = "queues.yaml"
AGENTS = "agents.yaml"
CATEGORIES = "categories.yaml"
NAMES = "names.yaml"
PROMPTS = "prompts/"
TABLES = "tables/"
SCENARIOS = ".scenario.yaml"

_NO_FLOWS = frozenset({HOTLINE, LIBRARY, QUEUES, AGENTS, CATEGORIES, NAMES})


def included(source: bytes | None) -> list[str]:
    """What a `hotline.yaml` includes, as far as it can be told: for whoever reads the files."""
    try:
        data = read(HOTLINE, source or b"").data
    except FlowLoadError:
        return []
    names = data.get("include") if isinstance(data, dict) else None
    return (
        [name for name in names if isinstance(name, str) and inside(name)] if isinstance(names, list) else []
    )


def inside(name: str) -> bool:
    """Whether a path stays in the folder, so that a version is whole and can be laid out again anywhere."""
    parts = name.split("/")
    return bool(name) and not any(part in ("", ".", "..") for part in parts) and "\\" not in name


def holds_flow(file: str) -> bool:
    """Whether a file, named within its folder, is that of a flow."""
    return "/" not in file and file not in _NO_FLOWS


def in_version(name: str) -> bool:
    """Whether a version of the hotline consists of this file too.

    Agents come from the database, of which the file is only the seed; scenarios belong to the tests, recordings and
    audio to the prompts' room.
    """
    return name != AGENTS and not name.endswith(SCENARIOS)
