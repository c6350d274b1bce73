"""The scenarios of a folder, run: one folder's faults are told beside the results of the others."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.flow.findings import Finding, FlowLoadError, sorted_findings
from ivr.flow.folder import LIBRARY
from ivr.flow.load import load_sources, read_folder
from ivr.flow.model import FlowLibrary
from ivr.flow.scenarios.coverage import Coverage
from ivr.flow.scenarios.naming import check_names
from ivr.flow.scenarios.reading import SUFFIX, Case, Reading, read_all
from ivr.flow.scenarios.running import Result, run


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which scenarios: of one file, with these words in their name, with this tag; "" = of any."""

    file: str = ""
    name: str = ""
    tag: str = ""

    def takes(self, case: Case) -> bool:
        return (
            self.file in ("", case.file)
            and self.name.casefold() in case.name.casefold()
            and (not self.tag or self.tag in case.scenario.tags)
        )


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was read. library: None when its flows have faults. findings: those, and what is wrong with the
    scenarios; warnings too."""

    path: Path
    library: FlowLibrary | None
    reading: Reading
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    def place(self, file: str) -> str:
        """A file of it as it is told."""
        return (self.path / file).as_posix() if file else self.path.as_posix()

    def told(self, finding: Finding) -> str:
        mend = f" ({finding.suggestion})" if finding.suggestion else ""
        where = f"{self.place(finding.file)}:{finding.line}:{finding.column}"
        return f"{where}: {finding.severity} {finding.code}: {finding.cause}{mend}"


@dataclass(frozen=True, slots=True)
class Run:
    """The scenarios of one folder. seconds: of each result. coverage: None when nothing could be run."""

    folder: Folder
    results: tuple[Result, ...]
    seconds: tuple[float, ...]
    coverage: Coverage | None

    @property
    def failed(self) -> int:
        return sum(bool(result.failures) for result in self.results)


def folders_of(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """(folder of a hotline, "" or the one scenario file wanted). A folder brings the hotlines below it along."""
    for path in paths:
        if path.is_file():
            folder = path.parent
            while (folder / LIBRARY).is_file() and folder.parent != folder:
                folder = folder.parent
            yield folder, path.relative_to(folder).as_posix() if path.name.endswith(SUFFIX) else ""
            continue
        found = {file.parent for file in path.rglob("*" + SUFFIX)} | {path}
        for folder in sorted(found):
            inside_another = (folder / LIBRARY).is_file()
            if not inside_another and any(folder.glob("*" + SUFFIX)):
                yield folder, ""


def open_folder(path: Path) -> Folder:
    """Never raises: what is wrong with it are findings."""
    try:
        sources = read_folder(path)
    except FlowLoadError as error:
        return Folder(path, None, Reading((), (), ()), error.findings)
    return examine(path, sources)


def examine(path: Path, sources: Mapping[str, bytes]) -> Folder:
    reading = read_all(sources)
    try:
        library = load_sources(sources)
    except FlowLoadError as error:
        return Folder(path, None, reading, tuple(sorted_findings([*error.findings, *reading.findings])))
    names = check_names(reading.files, library, sources, lambda name: _there(path / name))
    return Folder(path, library, reading, tuple(sorted_findings([*reading.findings, *names])))


def _there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a name that no file can have
        return False


def run_folder(folder: Folder, wanted: Wanted | None = None, *, failfast: bool = False) -> Run:
    """failfast: nothing is run after the first failure. Never raises."""
    results: list[Result] = []
    seconds: list[float] = []
    if folder.library is None:
        return Run(folder, (), (), None)
    coverage = Coverage.of(folder.library)
    for case in folder.reading.cases:
        if wanted is not None and not wanted.takes(case):
            continue
        begin = time.perf_counter()
        result = run(folder.library, case)
        seconds.append(time.perf_counter() - begin)
        coverage.add(result.steps)
        results.append(result)
        if failfast and result.failures:
            break
    return Run(folder, tuple(results), tuple(seconds), coverage)
