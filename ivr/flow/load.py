"""A folder of flows -> a library, or all that is wrong with it.

The folder: `*.yaml` (one flow each, and `hotline.yaml` for what they share, which may hold a flow itself),
`prompts/<language>.yaml`, `tables/*`, and the folders that the hotline includes, made alike with a `library.yaml`.
`queues.yaml` and `agents.yaml` belong to the routing and `*.scenario.yaml` to the tests of flows: of these only the
queues' names and hours are read. `load` and `read_folder` are the one place of this package that reads files;
everything else works on bytes.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath

from ivr.flow.assemble import Assembly
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.folder import HOTLINE, in_version, included
from ivr.flow.model import FlowLibrary

MAX_FILES = 2000
MAX_FILE_BYTES = 5_000_000
_PATTERNS = ("*.yaml", "prompts/*.yaml", "tables/*.csv", "tables/*.yaml")


def load(folder: FilePath) -> FlowLibrary:
    """Reads the folder. Raises FlowLoadError with every fault found; the library carries the linter's warnings."""
    return load_sources(read_folder(folder))


def read_folder(folder: FilePath) -> dict[str, bytes]:
    """Name within the folder -> bytes. Raises FlowLoadError when there is nothing to read."""
    try:
        sources = dict(_files(folder, folder))
        for name in included(sources.get(HOTLINE)):
            inside = folder / name
            if inside.is_dir():
                sources.update(_files(folder, inside))
            elif inside.is_file():
                sources[name] = _bytes(inside)
    except OSError as error:
        raise FlowLoadError(
            [Finding(str(folder), 0, 0, "unreadable", f"{error.strerror or error}", "check the path")]
        ) from error
    if not sources:
        raise FlowLoadError(
            [
                Finding(
                    str(folder), 0, 0, "no-flows", "no *.yaml in this folder", "give the folder of the flows"
                )
            ]
        )
    return sources


def _files(folder: FilePath, inside: FilePath) -> Iterator[tuple[str, bytes]]:
    files = sorted(file for pattern in _PATTERNS for file in inside.glob(pattern) if file.is_file())
    for file in files[:MAX_FILES]:
        yield file.relative_to(folder).as_posix(), _bytes(file)


def _bytes(file: FilePath) -> bytes:
    """The file; of one that is far too large, only so much that the reader sees it is."""
    with file.open("rb") as opened:
        return opened.read(MAX_FILE_BYTES + 1)


def version_of(sources: Mapping[str, bytes]) -> str:
    """sha256 over names and contents of all that the dialogue and its queues depend on."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        if in_version(name):
            digest.update(f"{name}\0{len(sources[name])}\0".encode())
            digest.update(sources[name])
    return digest.hexdigest()


def load_sources(sources: Mapping[str, bytes]) -> FlowLibrary:
    """As `load`, from the files' contents. Raises FlowLoadError only."""
    with _nothing_collected():
        return Assembly(sources, version_of(sources)).library()


def hints_of(sources: Mapping[str, bytes]) -> list[Finding]:
    """What is written and does nothing: findings of the severity "hint". Raises FlowLoadError."""
    assembly = Assembly(sources, version_of(sources))
    return assembly.hints(assembly.library())


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """The garbage collector rests: it would look through all that is made, many times while it grows, for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
