"""`ivr replay --export`: stored calls as a file that can be replayed elsewhere, and what it does not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ivr.cli.replaying.calls import Wanted, from_database, stored_sources
from ivr.errors import HotlineError
from ivr.flow.findings import FlowLoadError
from ivr.flow.load import load_sources
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.exporting import Told, call_line, header, read_lines, version_line
from ivr.flow.replaying.model import StoredCall
from ivr.flow.replaying.replay import Replayer
from ivr.versions.service import Versions


@dataclass(slots=True)
class Written:
    """lost: calls that cannot be replayed from the file, for what it does not tell; by cause."""

    told: Told
    calls: int = 0
    versions: int = 0
    unreadable: int = 0
    lost: Counter[str] = field(default_factory=Counter)

    def lines(self, path: Path) -> Iterator[str]:
        """For people."""
        yield f"{self.calls} calls and {self.versions} versions of the dialogue are in {path}"
        for what in self.told.withheld():
            yield f"  not told: {what}"
        if self.unreadable:
            yield f"  {self.unreadable} calls have no journal that can be read and are left out"
        total = self.lost.total()
        if total:
            yield f"  {total} of the calls cannot be replayed from it:"
            for why, count in self.lost.most_common(5):
                yield f"    {count}  {why}"
        else:
            yield "  every call can be replayed from it"


class _Versions:
    """Versions that calls ran on, each written before its first call."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self.replayers: dict[str, Replayer | None] = {}
        self.libraries: dict[str, FlowLibrary | None] = {}
        self.lines: dict[str, str] = {}

    async def line(self, version: str) -> str:
        """Its line the first time, "" afterwards, and where it is not stored."""
        if version in self.libraries:
            return ""
        sources = (await stored_sources(self._versions, [version])).get(version)
        library = None
        if sources is not None:
            try:
                library = load_sources(sources)
            except FlowLoadError:
                library = None
        self.libraries[version] = library
        replayer = Replayer(library) if library is not None else None
        if replayer is not None and library is not None:
            replayer.know(library)
        self.replayers[version] = replayer
        return version_line(version, sources) if sources is not None else ""


async def write_export(path: Path, told: Told, versions: Versions, wanted: Wanted) -> Written:
    """Each call is read back and replayed on its own version, to say what was lost. Raises HotlineError."""
    written = Written(told)
    known = _Versions(versions)
    head = header(told)
    try:
        with path.open("w", encoding="utf-8") as file:
            file.write(head + "\n")
            async for found in from_database(versions, wanted):
                if found.stored is None:
                    written.unreadable += 1
                    continue
                version = found.stored.version
                line = await known.line(version)
                if line:
                    file.write(line + "\n")
                    written.versions += 1
                line = call_line(found.journalled, known.libraries[version], told)
                file.write(line + "\n")
                written.calls += 1
                lost = _lost(head, line, known.replayers[version])
                if lost:
                    written.lost[lost] += 1
    except OSError as error:
        raise HotlineError(f"{path} cannot be written: {error}") from error
    return written


def _lost(head: str, line: str, replayer: Replayer | None) -> str:
    """Why the call of this line cannot be replayed, "" when it can."""
    if replayer is None:
        return "its version is not stored here"
    (call,) = read_lines([head, line], "the export")
    if not isinstance(call, StoredCall):
        return "it cannot be read back"
    comparison = replayer.replay(call).comparison
    return comparison.why if comparison.verdict == "cannot_tell" else ""
