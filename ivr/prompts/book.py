"""All that a hotline says, and where it says it: the texts of `prompts/` and those written into flows.

Where a prompt is used is read from the flows' YAML itself, so that any kind of node, known or to come, counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr.flow.catalogue import inline_id, texts_in
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load_sources, read_folder
from ivr.flow.plurals import base_id
from ivr.flow.yaml_source import Document
from ivr.flow.yaml_source import read as read_yaml
from ivr.prompts import texts

_NOT_PROMPTS = frozenset(
    {"next", "start", "goto", "kind", "flow", "fallback", "entry", "queue", "calendar", "if"}
)
"""Keys whose value may look like the id of a prompt and never is one."""
_PLAIN_WORDS = frozenset({"nodes", "prompt", "prompts", "id"})
"""Keys that tell a person nothing about the place."""
_SKIPPED = ("prompts/", "queues.yaml", "agents.yaml")


@dataclass(frozen=True, slots=True)
class Use:
    """line: in the file, from 1. place: `question, on no_input`."""

    file: str
    line: int
    place: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.place}"


@dataclass(frozen=True, slots=True)
class Book:
    """uses: prompt -> where flows say it; a plural form is used where its prompt is. problem: why the flows could not
    be read (then texts written into flows are not here), "" when they could."""

    texts: texts.Texts
    uses: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    problem: str = ""

    def used(self, name: str) -> tuple[Use, ...]:
        return self.uses.get(base_id(name), ())


def read(flows: Path) -> Book:
    """The folder with `prompts/` and, mostly, flows. Raises ConfigError when the texts themselves cannot be read."""
    problem = ""
    try:
        sources: Mapping[str, bytes] = read_folder(flows)
        library = load_sources(sources)
        sources = library.texts or sources
        found = texts.by_language(library.prompts, library.languages)
    except FlowLoadError as error:
        found = {language: dict(ours) for language, ours in texts.read(flows / "prompts").items()}
        if any(finding.code != "no-flows" for finding in error.findings if finding.severity == "error"):
            problem = str(error)
        sources = _readable(flows)
    known = {base_id(name) for ours in found.values() for name in ours}
    return Book(found, _uses(sources, known), problem)


def _readable(flows: Path) -> Mapping[str, bytes]:
    try:
        return read_folder(flows)
    except FlowLoadError:
        return {}


def _uses(sources: Mapping[str, bytes], known: set[str]) -> dict[str, tuple[Use, ...]]:
    found: dict[str, list[Use]] = {}
    for name, source in sources.items():
        if name.startswith(_SKIPPED) or name.endswith((".scenario.yaml", "/queues.yaml", "/agents.yaml")):
            continue
        try:
            document = read_yaml(name, source)
        except FlowLoadError:
            continue
        for prompt, path in _walk(document.data, (), known):
            found.setdefault(prompt, []).append(_use(document, path))
    return {prompt: tuple(dict.fromkeys(uses)) for prompt, uses in found.items()}


def _walk(
    data: object, path: tuple[str | int, ...], known: set[str]
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    if isinstance(data, str):
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        if data in known and key not in _NOT_PROMPTS:
            yield data, path
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _walk(item, (*path, index), known)
    elif isinstance(data, dict):
        texts = texts_in(data)
        if texts and (inline := inline_id(texts)) in known:
            yield inline, path
            return
        for name, value in data.items():
            yield from _walk(value, (*path, name), known)


def _use(document: Document, path: tuple[str | int, ...]) -> Use:
    words = [part for part in path if isinstance(part, str) and part not in _PLAIN_WORDS]
    return Use(document.file, document.place(path).line, ", ".join(words))
